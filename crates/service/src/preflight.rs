//! What is worth knowing of a configuration before a service runs by it: opt-outs of defence, the clock, and what its
//! lines, modules and files will meet on this machine. Nothing is started and nothing is changed.

mod lines;
mod nat;
mod store;

pub use openras_io::line::{group_of, right_to};

use std::path::Path;

use crate::config::{Config, ConfigError, Lines};
use crate::status;

/// Something worth knowing. No mistake: a service starts with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Line, from 1; 0 where it is about no line.
    pub line: usize,
    /// What.
    pub what: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}

/// Where warnings are gathered.
struct Desk {
    found: Vec<Warning>,
    lines: Lines,
}

impl Desk {
    fn add(&mut self, line: usize, what: impl Into<String>, remedy: impl Into<String>) {
        self.found.push(Warning { line, what: what.into(), remedy: remedy.into() });
    }

    fn port(&mut self, port: usize, key: &'static str, what: impl Into<String>, remedy: impl Into<String>) {
        let line = self.lines.port(port, key);
        self.add(line, what, remedy);
    }
}

/// Reads and checks a file as [`Config::load`], and gives what is worth knowing of it, in the order of its lines.
/// Waits while modules are tried; call it within a tokio runtime, on a thread that may wait.
///
/// # Errors
/// All mistakes of the file.
pub fn examine(file: &Path) -> Result<(Config, Vec<Warning>), ConfigError> {
    let (config, lines) = Config::load_with_lines(file)?;
    let mut desk = Desk { found: Vec::new(), lines };
    if config.ports.is_empty() {
        desk.add(
            0,
            "there is no [[port]]: no call is answered",
            "add one, or leave it so for a machine that only dials",
        );
    }
    opt_outs(&config, &mut desk);
    clock(&config, &mut desk);
    lines::look(&config, &mut desk);
    nat::look(&config, &mut desk);
    let users = store::look(&config, &mut desk);
    store::groups(&config, users.as_deref(), &mut desk);
    modules(&config, users, &mut desk);
    let mut found = desk.found;
    found.sort_by_key(|warning| warning.line);
    found.dedup();
    Ok((config, found))
}

/// Defence: what is switched off, with its line (rules 3, 11, 17, 20).
fn opt_outs(config: &Config, desk: &mut Desk) {
    for (index, port) in config.ports.iter().enumerate() {
        for text in status::port(port) {
            let line = desk.lines.named(index, &text);
            desk.add(line, plain(&text), "leave it so only if it is meant");
        }
        if port.capture {
            desk.port(
                index,
                "capture",
                format!("every call of {} is recorded (capture = true), secrets blanked", port.name),
                "switch it off when it has been seen: captures are kept until you remove them",
            );
        }
    }
    for text in status::opt_outs(&Config { ports: Vec::new(), ..config.clone() }) {
        let module = config.modules.keys().find(|name| text.starts_with(&format!("The module {name} ")));
        let service = config.services.keys().find(|name| text.contains(&format!("the service {name} ")));
        let line = match (module, service) {
            (Some(name), _) => desk.lines.module(name),
            (None, Some(name)) => desk.lines.service(name),
            (None, None) => desk.lines.top("audit_full"),
        };
        desk.add(line, plain(&text), "leave it so only if it is meant");
    }
}

/// A sentence as the end of `file:line: warning: …`.
fn plain(text: &str) -> String {
    text.trim_end_matches('.').to_owned()
}

/// Defence rule 7, where codes depend on it.
fn clock(config: &Config, desk: &mut Desk) {
    let totp =
        config.modules.iter().find(|(_, module)| matches!(module, crate::config::ModuleConfig::Totp(_)));
    let Some((name, _)) = totp else { return };
    let line = desk.lines.module(name);
    let remedy = "set it, or have it set: codes that change with the time depend on it";
    if status::is_never_set() {
        desk.add(line, "the clock of this machine was never set", remedy);
    } else if status::is_synchronised() == Some(false) {
        desk.add(line, "the time daemon has not synchronised the clock", remedy);
    }
}

/// Modules that do not start.
fn modules(config: &Config, users: Option<std::sync::Arc<crate::users::Users>>, desk: &mut Desk) {
    for (name, module) in &config.modules {
        if users.is_none() && matches!(module, crate::config::ModuleConfig::Totp(_)) {
            continue;
        }
        let one = std::iter::once((name.clone(), module.clone())).collect();
        let alone = Config { modules: one, ..config.clone() };
        if let Err(error) = crate::service::modules(&alone, users.clone()) {
            let line = desk.lines.module(name);
            desk.add(
                line,
                format!("a module does not start: {error}"),
                "the service does not start until it does",
            );
        }
    }
    for name in config.modules.keys() {
        if !config.ports.iter().any(|port| port.modules.contains(name)) {
            let line = desk.lines.module(name);
            desk.add(
                line,
                format!("no port names the module {name} in its modules"),
                "name it, or remove the table",
            );
        }
    }
}

#[cfg(test)]
mod tests;
