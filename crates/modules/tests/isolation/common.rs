//! What the tests of this target share: modules in jails, and the engine's side of their dialogs.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::server::{DialogCommand, DialogOutput, DialogVerdict};
use openras_modules::process::ProgramConfig;
use openras_modules::{CallInfo, DialogEnds, Module, ModuleConfig, Parts, Registry};

#[path = "../../../sim/src/peers/skip.rs"]
mod skip;

pub(crate) use skip::skip;

/// How long is waited for what must come. It ends a test that hangs, and says nothing of how fast a host is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// How often it is looked whether it has come, where nobody tells.
const LOOK: Duration = Duration::from_millis(5);
/// Reads the begin message, in sh.
pub(crate) const READ: &str = "read -r begin; ";
/// Lets alice in, in sh.
pub(crate) const SUCCESS: &str = r#"echo '{"type":"complete","verdict":"success","user":"alice"}'; "#;
/// Where a test that runs as nobody finds what it needs.
const FOLDER: &str = "OPENRAS_TEST_AS_NOBODY";
/// The user that is nobody.
pub(crate) const NOBODY: u32 = 65_534;

/// The jail's program.
pub(crate) fn helper() -> PathBuf {
    match std::env::var_os(FOLDER) {
        Some(folder) => Path::new(&folder).join("helper"),
        None => env!("CARGO_BIN_EXE_openras-module-jail").into(),
    }
}

pub(crate) fn parts() -> Parts {
    Parts { helper: Some(helper()), ..Parts::default() }
}

/// A registry of one module `x`.
pub(crate) fn registry(config: ProgramConfig, parts: &Parts) -> Result<Registry, String> {
    let configs = BTreeMap::from([("x".to_owned(), ModuleConfig::Program(Box::new(config)))]);
    Registry::build(&configs, parts).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
}

pub(crate) fn module(config: ProgramConfig) -> (Registry, Arc<dyn Module>) {
    let registry = registry(config, &parts()).unwrap();
    let module = registry.module("x").unwrap();
    (registry, module)
}

/// `script` for sh, in a jail; where a limit is what is tested, the test sets that one.
pub(crate) fn sh(script: &str) -> ProgramConfig {
    patient(ProgramConfig::new(["sh", "-c", script]))
}

/// With time enough on any host.
pub(crate) fn patient(mut config: ProgramConfig) -> ProgramConfig {
    (config.limits.begin, config.limits.answer, config.limits.grace) = (PATIENCE, PATIENCE, PATIENCE);
    config
}

/// The engine's side: every question has the same answer.
pub(crate) async fn line(mut ends: DialogEnds, answer: &str) -> (DialogVerdict, String) {
    let mut screen = Vec::new();
    loop {
        match ends.commands.recv().await.expect("a verdict always comes") {
            DialogCommand::Send(bytes) => screen.extend(bytes),
            DialogCommand::Extend(time) => screen.extend(format!("[{}s]", time.as_secs()).bytes()),
            DialogCommand::Ppp(_) => {}
            DialogCommand::Complete(verdict) => {
                return (verdict, String::from_utf8_lossy(&screen).into_owned());
            }
            DialogCommand::Ask(_) | DialogCommand::Receive { .. } => {
                // a module that is gone hears nothing
                let _ = ends.events.send(DialogOutput::Line(answer.into())).await;
            }
        }
    }
}

/// One call.
pub(crate) async fn call(module: &Arc<dyn Module>, answer: &str) -> (DialogVerdict, String) {
    line(openras_modules::start(module.clone(), CallInfo::default()), answer).await
}

pub(crate) fn alice() -> DialogVerdict {
    DialogVerdict::Success { user: "alice".into(), domain: String::new() }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs the test of this name again as nobody, if this process is root; `false` where this already is nobody.
pub(crate) fn again_as_nobody(test: &str) -> bool {
    if !is_root() {
        return false;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for (from, to) in [(std::env::current_exe().unwrap(), "test"), (helper(), "helper")] {
        std::fs::copy(from, folder.path().join(to)).unwrap();
    }
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = Command::new(folder.path().join("test"));
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, folder.path()).env("TMPDIR", &own);
    command.current_dir("/").env_remove("OPENRAS_SKIPS");
    std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
    std::os::unix::process::CommandExt::gid(&mut command, NOBODY);
    let told = command.output().unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "as nobody:\n{text}\n{}", String::from_utf8_lossy(&told.stderr));
    for skipped in text.lines().filter_map(|line| line.strip_prefix(&format!("SKIP {test}: "))) {
        skip(test, skipped);
    }
    assert!(text.contains("1 passed"), "{text}");
    true
}

/// Processes whose command line has this in it.
pub(crate) fn running(marker: &str) -> Vec<String> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = numbers.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(marker)).collect()
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let wait = async {
        while !is() {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "never so: {what}");
}

/// Waits until no process has this in its command line.
pub(crate) async fn gone(marker: &str) {
    let wait = async {
        while !running(marker).is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "still running: {:?}", running(marker));
}
