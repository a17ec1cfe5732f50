//! The demo's world: a service with four ports on its own exchange, a temporary store, and users.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use openras_engine::users::CallbackRight;
use openras_modules::ModuleConfig;
use openras_modules::process::ProgramConfig;
use openras_modules::totp::{Seed, TotpConfig};
use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{CallbackLine, Config, IpKind, PortConfig, PortLine};
use openras_service::users::{NewUser, Users};

/// Numbers of the exchange: the ports, and the phones they can call back.
pub(super) const PLAIN: &str = "100";
pub(super) const TOTP: &str = "200";
pub(super) const CALLBACK: &str = "300";
pub(super) const PYTHON: &str = "400";
pub(super) const PHONE: &str = "5550101";
pub(super) const OFFICE: &str = "5550199";

/// The password of every user who has one that works.
pub(super) const PASSWORD: &str = "correct horse";
/// What dave's expired password becomes.
pub(super) const NEW_PASSWORD: &str = "battery staple";
/// The seed bob's and carol's codes come from (RFC 6238's test key).
pub(super) const SEED: &[u8] = b"12345678901234567890";

/// A running service and the folder it lives in.
pub(super) struct World {
    pub(super) service: Service,
    /// Why the Python module cannot be shown, if it cannot.
    pub(super) no_python: Option<String>,
    folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn build() -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("openras-demo-").tempdir().context("no temporary folder")?;
        let module = python_module(folder.path())?;
        let (service, no_python) = start(folder.path(), python(), &module).await?;
        let users = service.users().context("the demo's service has ports")?.clone();
        tokio::task::spawn_blocking(move || add_users(&users)).await??;
        Ok(Self { service, no_python, folder })
    }

    /// Ends the calls and removes the folder.
    pub(super) async fn stop(self) {
        self.service.stop().await;
        drop(self.folder);
    }
}

/// Starts the service, without the Python module where that cannot be; with the reason then.
async fn start(folder: &Path, python: Option<PathBuf>, module: &Path) -> Result<(Service, Option<String>)> {
    let mut why = "python3 is not on the PATH".to_string();
    if let Some(python) = python {
        match Service::start(config(folder, Some(&python), module)?).await {
            Ok(service) => return Ok((service, None)),
            // where a module cannot be shut in, it does not run
            Err(error) => why = format!("{:#}", anyhow::Error::from(error)),
        }
    }
    let service = Service::start(config(folder, None, module)?).await;
    Ok((service.context("the demo's service did not start")?, Some(why)))
}

/// The system's python3, which a module's jail can see, else one in the PATH.
fn python() -> Option<PathBuf> {
    let usual = [PathBuf::from("/usr/bin/python3"), PathBuf::from("/usr/local/bin/python3")];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).map(|folder| folder.join("python3"));
    usual.into_iter().chain(others).find(|file| file.is_file())
}

/// The example module is part of the program, so that the demo runs from anywhere.
fn python_module(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("challenge.py");
    std::fs::write(&path, include_str!("../../../../../examples/modules/challenge.py"))?;
    Ok(path)
}

fn config(state: &Path, python: Option<&Path>, module: &Path) -> Result<Config> {
    let port = |name: &str, number: &str| PortConfig {
        calls: 2,
        // the page at the port's own address, and nothing further
        ip: IpKind::Loopback,
        ..PortConfig::new(name, PortLine::Exchange(number.into()))
    };
    let mut ports = vec![
        port("plain", PLAIN),
        PortConfig { modules: vec!["totp".into()], ..port("totp", TOTP) },
        PortConfig { callback_line: Some(CallbackLine::Exchange), ..port("callback", CALLBACK) },
    ];
    let mut modules = BTreeMap::from([("totp".to_string(), ModuleConfig::Totp(TotpConfig::default()))]);
    if python.is_some() {
        let keys = state.join("tokens.json");
        let text = serde_json::json!({ "heidi": base16(SEED) }).to_string();
        std::fs::write(&keys, text).with_context(|| format!("cannot write {}", keys.display()))?;
        // by name: a module's jail shows the system's python3, and not one of a person's own
        let command = [Path::new("python3"), module, &keys].map(|part| part.display().to_string());
        ports.push(PortConfig { modules: vec!["challenge".into()], ..port("python", PYTHON) });
        let mut program = ProgramConfig::new(command);
        program.readable = vec![module.into(), keys];
        modules.insert("challenge".into(), ModuleConfig::Program(Box::new(program)));
    }
    Ok(Config { state: state.join("state"), ports, modules, ..Config::default() })
}

/// Bytes in hexadecimal.
fn base16(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn add_users(users: &Users) -> Result<()> {
    let user = || NewUser { password: Some(Secret::from(PASSWORD)), ..NewUser::default() };
    let coded = || NewUser { totp: Some(Seed::new(Secret::new(SEED))), ..user() };
    let callback = |callback| NewUser { callback, ..user() };
    users.add("alice", &user())?;
    users.add("bob", &coded())?;
    users.add("carol", &coded())?;
    users.add("dave", &NewUser { must_change: true, ..user() })?;
    users.add("erin", &callback(CallbackRight::Caller { allow: vec!["555".into()] }))?;
    users.add("frank", &callback(CallbackRight::Preset(OFFICE.into())))?;
    users.add("grace", &user())?;
    users.add("heidi", &user())?;
    Ok(())
}
