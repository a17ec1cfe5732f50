//! In which order the service is looked for.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use openras_api::find::{Environment, Place};
use openras_api::trust::{Refusal, Whose};
use tempfile::TempDir;

/// A machine of one's own below a folder.
struct Machine {
    folder: TempDir,
    environment: Environment,
    listeners: Vec<UnixListener>,
}

fn machine() -> Machine {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let uid = rustix::process::geteuid().as_raw();
    make(&at.join("runtime"));
    make(&at.join("home"));
    let environment = Environment {
        socket: None,
        runtime: Some(at.join("runtime").into()),
        state_home: None,
        home: Some(at.join("home").into()),
        uid,
        system: at.join("system/api.sock"),
        run_user: at.join("user"),
    };
    Machine { folder, environment, listeners: Vec::new() }
}

fn make(folder: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).unwrap();
}

impl Machine {
    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn listen(&mut self, path: &str) -> PathBuf {
        let socket = self.at(path);
        make(socket.parent().unwrap());
        self.listeners.push(UnixListener::bind(&socket).unwrap());
        socket
    }
}

#[test]
fn what_is_named_is_taken_before_what_answers_elsewhere() {
    let mut machine = machine();
    machine.listen("system/api.sock");
    let option = machine.listen("option/api.sock");
    let variable = machine.listen("variable/api.sock");
    let found = machine.environment.find(Some(&option));
    assert_eq!((found.socket, found.place, found.answers), (option.clone(), Place::Option, Ok(())));
    machine.environment.socket = Some(variable.clone().into());
    let found = machine.environment.find(None);
    assert_eq!((found.socket, found.place, found.answers), (variable, Place::Variable, Ok(())));
    let found = machine.environment.find(Some(&option));
    assert_eq!(found.place, Place::Option);
    machine.environment.socket = Some("".into());
    assert_eq!(machine.environment.find(None).place, Place::System);
}

#[test]
fn what_is_named_and_does_not_answer_is_an_error() {
    let mut machine = machine();
    machine.listen("system/api.sock");
    machine.listen("runtime/openras/api.sock");
    let found = machine.environment.find(Some(&machine.at("no.sock")));
    assert!(!found.may_start());
    let Err(Refusal::Missing(problem)) = found.answers else { panic!("{found:?}") };
    assert_eq!(problem.error, 711);
}

#[test]
fn the_systems_service_comes_before_ones_own() {
    let mut machine = machine();
    machine.listen("runtime/openras/api.sock");
    let system = machine.listen("system/api.sock");
    let found = machine.environment.find(None);
    assert_eq!((&found.socket, found.place, &found.answers), (&system, Place::System, &Ok(())));
    assert_eq!(found.whose(), Whose::System);
}

#[test]
fn a_dead_system_socket_is_passed_over_and_said() {
    let mut machine = machine();
    machine.listen("system/api.sock");
    machine.listeners.clear();
    let own = machine.listen("runtime/openras/api.sock");
    let found = machine.environment.find(None);
    assert_eq!((&found.socket, found.place, &found.answers), (&own, Place::Private, &Ok(())));
    assert_eq!(found.whose(), Whose::Private);
    let (passed, why) = &found.passed[0];
    assert_eq!(passed, &machine.environment.system);
    assert!(why.message.contains("has ended"), "{why}");
}

#[test]
fn a_system_socket_not_to_be_trusted_is_an_error_and_nothing_is_started() {
    let mut machine = machine();
    machine.listen("system/api.sock");
    machine.listen("runtime/openras/api.sock");
    fs::set_permissions(machine.at("system"), Permissions::from_mode(0o777)).unwrap();
    let found = machine.environment.find(None);
    assert!(matches!(found.answers, Err(Refusal::Untrusted(_))), "{found:?}");
    assert!(!found.may_start());
}

#[test]
fn a_system_socket_for_others_leaves_one_ones_own() {
    if rustix::process::geteuid().is_root() {
        eprintln!("root: no folder is closed to root");
        return;
    }
    let mut machine = machine();
    machine.listen("system/api.sock");
    fs::set_permissions(machine.at("system"), Permissions::from_mode(0o000)).unwrap();
    let found = machine.environment.find(None);
    fs::set_permissions(machine.at("system"), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(found.place, Place::Private);
    assert!(found.may_start());
    assert_eq!(found.passed[0].1.error, 5);
}

#[test]
fn nothing_anywhere_leads_to_a_service_of_ones_own() {
    let machine = machine();
    let found = machine.environment.find(None);
    assert_eq!(found.socket, machine.at("runtime/openras/api.sock"));
    assert!(found.may_start());
}

#[test]
fn the_place_of_a_private_service_is_never_a_shared_folder() {
    let mut machine = machine();
    let uid = machine.environment.uid;
    let runtime = machine.at("runtime");
    assert_eq!(machine.environment.private_socket().unwrap(), runtime.join("openras/api.sock"));
    for open in [0o755, 0o750, 0o1777] {
        fs::set_permissions(&runtime, Permissions::from_mode(open)).unwrap();
        assert_eq!(
            machine.environment.private_socket().unwrap(),
            machine.at("home/.local/state/openras/run/api.sock")
        );
    }
    let usual = machine.at(&format!("user/{uid}"));
    make(&usual);
    assert_eq!(machine.environment.private_socket().unwrap(), usual.join("openras/api.sock"));
    fs::set_permissions(&usual, Permissions::from_mode(0o755)).unwrap();
    machine.environment.state_home = Some("relative/folder".into());
    assert_eq!(
        machine.environment.private_socket().unwrap(),
        machine.at("home/.local/state/openras/run/api.sock")
    );
    make(&machine.at("state"));
    machine.environment.state_home = Some(machine.at("state").into());
    assert_eq!(machine.environment.private_socket().unwrap(), machine.at("state/openras/run/api.sock"));
}

#[test]
fn a_relative_runtime_folder_is_not_taken() {
    let mut machine = machine();
    machine.environment.runtime = Some(".".into());
    assert_eq!(
        machine.environment.private_socket().unwrap(),
        machine.at("home/.local/state/openras/run/api.sock")
    );
}

#[test]
fn a_home_behind_a_symbolic_link_is_named_by_its_real_place() {
    let mut machine = machine();
    machine.environment.runtime = None;
    symlink(machine.at("home"), machine.at("link")).unwrap();
    make(&machine.at("home/.local/state"));
    machine.environment.home = Some(machine.at("link").into());
    assert_eq!(machine.environment.state_folder().unwrap(), machine.at("home/.local/state/openras"));
}

#[test]
fn without_a_home_there_is_no_place_and_that_is_said() {
    let mut machine = machine();
    machine.environment.runtime = None;
    machine.environment.home = None;
    let found = machine.environment.find(None);
    assert!(!found.may_start());
    let Err(refusal) = found.answers else { panic!("found") };
    assert!(refusal.problem().message.contains("neither XDG_STATE_HOME nor HOME"), "{refusal:?}");
}
