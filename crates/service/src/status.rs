//! The service as it is shown, and what an administrator should know: opt-outs of defence in force, a clock that is
//! wrong, a record that cannot be written, a port that does not answer.

use std::path::Path;

use openras_api::types::call::CallDirection;
use openras_api::types::server::{Level, Note, Server};
use openras_engine::server::port::NameCheck;
use openras_modules::Condition as ModuleCondition;
use openras_modules::jail::Wall;
use openras_modules::process::Isolation;

use crate::audit::{Record, What};
use crate::calls::nat_statistics;
use crate::config::{AuditFull, Config, Limits, ModuleConfig, PortConfig};
use crate::host::unix_seconds;
use crate::service::{Current, Shared};

/// 2025-01-01: a clock before this was never set.
const NEVER_SET: u64 = 1_735_689_600;
/// Failures of a module's processes that are no accident.
const OFTEN: u64 = 3;

/// `GET /v1/server`.
pub(crate) fn server(shared: &Shared) -> Server {
    let current = shared.current();
    let census = shared.doors.census();
    let calls = shared.calls.list().into_iter().map(|story| story.info());
    let dialled = calls.filter(|call| call.over.is_none() && call.direction == CallDirection::Dialled);
    Server {
        version: env!("CARGO_PKG_VERSION").into(),
        api: openras_api::VERSION,
        pid: std::process::id(),
        uid: rustix::process::geteuid().as_raw(),
        private: current.config.private,
        config: current.config.file.as_ref().map(|file| file.display().to_string()),
        started: shared.started,
        ports: u32::try_from(census.conditions.len()).unwrap_or(u32::MAX),
        ports_in_use: census.in_use,
        connections: u32::try_from(dialled.count()).unwrap_or(u32::MAX),
        nat: shared
            .networks
            .by_port()
            .into_iter()
            .map(|(port, counted)| (port, nat_statistics(&counted.stats, &counted.open)))
            .collect(),
        notes: notes(shared, &current, &census.problems),
    }
}

fn notes(
    shared: &Shared,
    current: &Current,
    problems: &[(String, openras_api::types::problem::Problem)],
) -> Vec<Note> {
    let config = &current.config;
    let mut notes = Vec::new();
    let mut add = |level, text: String| notes.push(Note { level, text });
    if shared.audit().is_some_and(|audit| audit.is_failing()) {
        let then = match config.audit_full {
            AuditFull::Refuse => "new calls are refused",
            AuditFull::GoOn => "calls go on without a record",
        };
        add(Level::Bad, format!("The audit record cannot be written; {then}. Free some space on its disk."));
    }
    for (port, problem) in problems {
        add(Level::Bad, format!("The port {port} does not answer: {problem}"));
    }
    for (modem, problem) in shared.virtual_modems.problems() {
        add(Level::Bad, format!("The modem {modem} takes no computers: {problem}"));
    }
    for (module, condition) in current.modules.conditions() {
        failing(module, &condition).into_iter().for_each(|text| add(Level::Bad, text));
        low_wall(module, &condition).into_iter().for_each(|text| add(Level::Note, text));
    }
    if let Some(Err(error)) = shared.users().map(|users| users.probe()) {
        add(Level::Bad, format!("The user store cannot be used, and nobody can prove a password: {error}."));
    }
    clock(shared, &mut add);
    crate::network::ping_note(config).into_iter().for_each(|text| add(Level::Note, text));
    opt_outs(config).into_iter().for_each(|text| add(Level::Note, text));
    notes
}

/// A module whose processes do not last until a call comes. Of one that works, some wait or most have done well.
fn failing(module: &str, condition: &ModuleCondition) -> Option<String> {
    let &ModuleCondition { waiting, started, failed, .. } = condition;
    (waiting == 0 && failed >= OFTEN && failed.saturating_mul(2) >= started).then(|| {
        format!(
            "The module {module} does not run: {failed} of its {started} processes failed before a call came or under \
             their calls. The log says what they said; callers of its ports are refused until it runs."
        )
    })
}

/// Defence rule 7: a clock that is wrong is said, and locks nobody out.
fn clock(shared: &Shared, add: &mut impl FnMut(Level, String)) {
    let now = unix_seconds();
    let remedy = "Set it, or have it set: codes that change with the time are refused until then.";
    if now < NEVER_SET {
        return add(Level::Bad, format!("The clock was never set. {remedy}"));
    }
    match shared.users().map(|users| users.newest_code()) {
        Some(Ok(Some(newest))) if newest > now => {
            let behind = newest - now;
            add(
                Level::Bad,
                format!("The clock is {behind} s behind a code that was taken already. {remedy}"),
            );
        }
        // of one user; what fails for all is said already
        Some(Err(error)) if !error.is_of_all() => {
            add(Level::Bad, format!("Something in the user store cannot be read: {error}."));
        }
        _ => {}
    }
    if is_synchronised() == Some(false) {
        let text =
            "The time daemon has not synchronised the clock; codes that change with the time depend on it.";
        add(Level::Note, text.into());
    }
}

/// Whether the clock stands before this program was made.
pub(crate) fn is_never_set() -> bool {
    unix_seconds() < NEVER_SET
}

/// What systemd-timesyncd leaves behind about its work; `None` where it does not run. The kernel's own word can only be
/// asked for by unsafe code.
pub(crate) fn is_synchronised() -> Option<bool> {
    let daemon = Path::new("/run/systemd/timesync");
    daemon.exists().then(|| daemon.join("synchronized").exists())
}

/// Every rule of defence that the configuration switches off, as a sentence each.
pub(crate) fn opt_outs(config: &Config) -> Vec<String> {
    let mut found: Vec<String> = config.ports.iter().flat_map(port).collect();
    for (name, module) in &config.modules {
        match module {
            ModuleConfig::Program(it) => {
                found.extend(of_program(name, it.isolation, it.network, it.limits.memory_mib));
            }
            ModuleConfig::Library(it) => {
                found.extend(of_program(name, it.isolation, it.network, it.limits.memory_mib));
            }
            ModuleConfig::Totp(_) => {}
        }
    }
    found.extend(crate::config::own_users(config));
    for modem in &config.virtual_modems {
        if modem.free_dial {
            let reach = modem.reach.join(", ");
            found.push(format!(
                "The modem {} dials any host that `reach` opens: {reach} (free_dial = true).",
                modem.name
            ));
        }
        if modem.insecure {
            found.push(format!(
                "Passwords may cross a network in the clear at the modem {} (insecure = true).",
                modem.name
            ));
        }
    }
    if config.audit_full == AuditFull::GoOn {
        found.push("Calls go on while the audit record cannot be written (audit_full = \"go-on\").".into());
    }
    found
}

fn of_program(name: &str, isolation: Isolation, network: bool, memory_mib: u64) -> Vec<String> {
    let mut found = Vec::new();
    if isolation == Isolation::None {
        found.push(format!("The module {name} runs without isolation: it can do what the service can."));
    } else if network {
        found.push(format!("The module {name} may use the network of this host (network = true)."));
    }
    if memory_mib == 0 {
        found.push(format!("The module {name} may take all memory (memory_mib = 0)."));
    }
    found
}

/// A wall that is lower than it could be, on another system.
fn low_wall(module: &str, condition: &ModuleCondition) -> Option<String> {
    (condition.wall == Wall::OwnUid).then(|| {
        format!(
            "The module {module} has a user of its own and no namespaces, which this system does not let the service \
             make: it sees processes and the network of this host."
        )
    })
}

/// Those of one port.
pub(crate) fn port(port: &PortConfig) -> Vec<String> {
    let mut found = Vec::new();
    let name = &port.name;
    if port.auth.is_empty() {
        found.push(format!("The port {name} asks for no proof (auth = [\"none\"])."));
    }
    if port.insecure && port.line.crosses_network() && crate::config::in_the_clear(port).is_some() {
        found.push(format!("The port {name} lets passwords cross a network in the clear (insecure = true)."));
    }
    match port.name_check {
        NameCheck::Require => {}
        NameCheck::Warn => {
            found.push(format!("The port {name} only warns of another name in PPP (name_check = \"warn\")."));
        }
        NameCheck::Off => {
            found.push(format!("The port {name} does not compare names (name_check = \"off\")."));
        }
    }
    if port.unauthenticated() > port.calls.div_ceil(2) {
        let most = port.unauthenticated();
        found.push(format!("The port {name} may have {most} of its {} calls unauthenticated.", port.calls));
    }
    // rules 4 and 8 name these figures; the defaults are theirs
    let (limits, usual) = (&port.limits, Limits::default());
    if limits.auth_tries > usual.auth_tries {
        found.push(format!("The port {name} asks for a password {} times in a call.", limits.auth_tries));
    }
    if limits.per_source > usual.per_source {
        let most = limits.per_source;
        found.push(format!("The port {name} may have {most} unauthenticated callers of one source."));
    }
    if limits.before_auth > usual.before_auth {
        let time = limits.before_auth.as_secs();
        found.push(format!("A caller of the port {name} may stay unauthenticated for {time} s."));
    }
    found
}

/// Puts the opt-outs in force on record.
pub(crate) fn record_opt_outs(shared: &Shared) {
    for text in opt_outs(&shared.current().config) {
        tracing::info!("{text}");
        shared.record(&Record { reason: Some(&text), ..Record::new(What::OptOut) });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_module_that_never_gets_ready_is_said_and_one_that_failed_once_is_not() {
        let condition = |waiting, started, failed| ModuleCondition {
            wall: Wall::None,
            waiting,
            started,
            failed,
            refused: 0,
        };
        assert_eq!(failing("m", &condition(1, 8, 7)), None, "it runs again");
        assert_eq!(failing("m", &condition(0, 1000, 7)), None, "all are taken by calls");
        assert_eq!(failing("m", &condition(0, 2, 2)), None, "it has only begun");
        let text = failing("m", &condition(0, 8, 7)).unwrap();
        assert!(text.contains("The module m does not run: 7 of its 8 processes failed"), "{text}");
    }

    #[test]
    fn figures_that_are_weaker_than_the_rules_are_opt_outs() {
        let usual = PortConfig::new("line1", "exchange:100".parse().unwrap());
        assert_eq!(port(&usual), Vec::<String>::new());
        let mut weak = usual;
        weak.limits.auth_tries = 10;
        weak.limits.per_source = 5;
        weak.limits.before_auth = Duration::from_secs(600);
        assert_eq!(port(&weak).len(), 3);
    }

    #[test]
    fn a_module_that_may_do_more_is_an_opt_out_and_a_low_wall_is_said() {
        assert_eq!(of_program("m", Isolation::Call, false, 1024), Vec::<String>::new());
        assert_eq!(of_program("m", Isolation::Call, true, 0).len(), 2);
        assert_eq!(of_program("m", Isolation::None, false, 1024).len(), 1);
        let wall = |wall| ModuleCondition { wall, waiting: 1, started: 1, failed: 0, refused: 0 };
        assert!(low_wall("m", &wall(Wall::OwnUid)).unwrap().contains("no namespaces"));
        assert_eq!(low_wall("m", &wall(Wall::Namespaces { own_uid: true })), None);
    }
}
