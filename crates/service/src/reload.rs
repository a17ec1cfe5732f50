//! Another configuration for a service that runs: checked whole before anything changes, then taken port by port.

use std::sync::Arc;

use openras_api::types::problem::Problem;
use openras_api::types::server::Reloaded;
use openras_engine::RasError;
use tracing::{info, warn};

use crate::Config;
use crate::audit::{Record, What};
use crate::service::{Current, Shared, StartError, Stores, modules, stores};
use crate::status;
use crate::tenure::Tenant;

/// ERROR_FILE_NOT_FOUND.
const NO_FILE: RasError = RasError(2);

/// Reads the configuration file again and takes it; `by` is who asked over the socket.
pub(crate) async fn reload_file(shared: &Arc<Shared>, by: Option<u32>) -> Result<Reloaded, Problem> {
    let none = || {
        let what = "the service was started without a configuration file";
        Problem::new(NO_FILE, what).remedy("start it with --config FILE")
    };
    let file = shared.current().config.file.clone().ok_or_else(none)?;
    let wrong = |what: String| {
        warn!("the configuration was not reloaded: {what}");
        let message = format!("nothing was changed: {what}");
        Problem::new(RasError::INVALID_PARAMETER, message).remedy("correct the file and reload again")
    };
    let read = tokio::task::spawn_blocking(move || Config::load(&file)).await;
    let config = match read {
        Ok(config) => config.map_err(|error| wrong(error.to_string()))?,
        Err(_) => return Err(wrong("the file could not be read".into())),
    };
    reload(shared, config, by).await.map_err(|error| match error {
        // nothing is wrong with the file then
        StartError::Store(error) => {
            warn!("the configuration was not reloaded: {error}");
            let problem = error.problem();
            Problem { message: format!("nothing was changed: {}", problem.message), ..problem }
        }
        error => wrong(error.to_string()),
    })
}

/// Takes a configuration.
pub(crate) async fn reload(
    shared: &Arc<Shared>,
    config: Config,
    by: Option<u32>,
) -> Result<Reloaded, StartError> {
    let _one_at_a_time = shared.reloading.lock().await;
    config.check().map_err(StartError::Config)?;
    let old = shared.current();
    let (config, needs_restart) = kept(&old.config, config);
    let users = shared.users().cloned();
    // what can fail comes before the first change
    let opening = tokio::task::spawn_blocking(move || prepare(config, users)).await;
    let (new, opened) = opening.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    let mut reloaded = Reloaded { needs_restart, ..Reloaded::default() };
    reloaded.modules = changed_modules(&old.config, &new.config);
    let config = new.config.clone();
    shared.set_stores(opened);
    shared.set_current(new);
    take_ports(shared, &config, &mut reloaded).await;
    shared.virtual_modems.reload(shared, &config.virtual_modems, &mut reloaded).await;
    // where callers may go holds for calls that run, too
    crate::ruling::refresh(shared).await;
    let after = serde_json::to_string(&reloaded).unwrap_or_default();
    shared.record(&Record { uid: by, after: Some(&after), ..Record::new(What::Reloaded) });
    status::record_opt_outs(shared);
    info!(
        added = ?reloaded.added, changed = ?reloaded.changed, removed = ?reloaded.removed,
        needs_restart = ?reloaded.needs_restart, "the configuration was reloaded"
    );
    Ok(reloaded)
}

/// The new configuration with what only a restart can change left as it was, and the names of that.
fn kept(old: &Config, new: Config) -> (Config, Vec<String>) {
    let differs = [
        ("state", old.state != new.state),
        ("key_file", old.key_file != new.key_file),
        ("password_min", old.password_min != new.password_min),
        ("audit_syslog", old.audit_syslog != new.audit_syslog),
    ];
    let kept = Config {
        state: old.state.clone(),
        key_file: old.key_file.clone(),
        password_min: old.password_min,
        audit_syslog: old.audit_syslog,
        private: old.private,
        helper: old.helper.clone(),
        ..new
    };
    (kept, differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key.into()).collect())
}

/// Everything that touches files.
fn prepare(
    config: Config,
    users: Option<Arc<crate::Users>>,
) -> Result<(Current, Option<Stores>), StartError> {
    let opened = if users.is_none() { stores(&config)? } else { None };
    let users = users.or_else(|| opened.as_ref().map(Stores::users));
    let modules = modules(&config, users)?;
    Ok((Current { config, modules }, opened))
}

fn changed_modules(old: &Config, new: &Config) -> Vec<String> {
    let changed = new.modules.iter().filter(|(name, module)| old.modules.get(*name) != Some(*module));
    changed.map(|(name, _)| name.clone()).collect()
}

async fn take_ports(shared: &Arc<Shared>, new: &Config, reloaded: &mut Reloaded) {
    let order: Vec<String> = new.ports.iter().map(|port| port.name.clone()).collect();
    // lines are let go of first: another port may want them
    for name in shared.doors.names() {
        if !order.contains(&name)
            && let Some(door) = shared.doors.named(&name)
        {
            door.leave().await;
            reloaded.removed.push(name);
        }
    }
    for port in &new.ports {
        let name = port.name.clone();
        let Some(door) = shared.doors.named(&name) else {
            reloaded.problems.extend(shared.doors.open_sometime(shared, port.clone()).await);
            reloaded.added.push(name);
            continue;
        };
        // certificates are renewed in files of the same name
        if *door.config() == *port && port.tls.is_none() {
            // its modules are looked up anew for each dialog
            reloaded.unchanged.push(name);
        } else {
            reloaded.problems.extend(door.change(shared, port.clone()).await);
            reloaded.changed.push(name);
        }
    }
    shared.doors.arrange(&order);
}
