//! A service a client starts for its user.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Service, get, until};

fn socket(lab: &Lab) -> PathBuf {
    lab.path("openras/api.sock")
}

/// `serve --private` in front of us.
fn private(lab: &Lab, more: &[&str]) -> Command {
    let socket = socket(lab).display().to_string();
    lab.command(PROGRAM, &[&["serve", "--private", &socket], more].concat())
}

fn log(lab: &Lab) -> PathBuf {
    lab.path("home-state/openras/private.log")
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn the_helper_starts_it_in_the_background_and_it_ends_by_itself() {
    let lab = Lab::new();
    let at = socket(&lab).display().to_string();
    let mut helper = lab.command(PROGRAM, &["private-service", "--idle", "1", &at]);
    // were these inherited, this would wait for the service's end
    let done = helper.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    let (status, body) = until("the service", || get(&socket(&lab), "/v1/server").ok());
    assert_eq!(status, 200, "{body}");
    let server: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&server["private"], &server["config"]), (&Value::Bool(true), &Value::Null), "{body}");
    let pid = server["pid"].as_u64().unwrap();
    let own = |what: &str| std::fs::read_link(format!("/proc/{pid}/{what}")).ok();
    assert_eq!(own("cwd"), Some(PathBuf::from("/")), "no folder stays in use");
    assert_eq!(own("fd/0"), Some(PathBuf::from("/dev/null")));
    assert_eq!(own("fd/2"), Some(log(&lab)));
    let session =
        rustix::process::getsid(rustix::process::Pid::from_raw(i32::try_from(pid).unwrap())).unwrap();
    assert_eq!(session.as_raw_nonzero().get() as u64, pid, "a session of its own");
    assert_eq!((mode(&log(&lab)), mode(log(&lab).parent().unwrap())), (0o600, 0o700));
    until("its end", || (!socket(&lab).exists()).then_some(()));
    until("the end of its process", || gone(pid).then_some(()));
    let said = std::fs::read_to_string(log(&lab)).unwrap();
    assert!(said.contains("nothing to do any more"), "{said}");
}

/// Whether a process has ended; one that nobody has asked about yet counts.
fn gone(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn of_two_that_start_at_once_one_stays_and_the_other_says_nothing() {
    let lab = Lab::new();
    let mut both = [Service::start(private(&lab, &[])), Service::start(private(&lab, &[]))];
    let loser =
        until("the loser's end", || both.iter_mut().position(|one| one.child.try_wait().unwrap().is_some()));
    assert!(both[loser].end().success(), "{:?}", both[loser].said);
    // both write to the same log; what the loser was started with stays empty
    assert_eq!(both[loser].said, Vec::<String>::new());
    assert_eq!(get(&socket(&lab), "/v1/server").unwrap().0, 200);
    assert!(both[1 - loser].child.try_wait().unwrap().is_none());
}

#[test]
fn a_client_keeps_it() {
    let lab = Lab::new();
    let mut service = Service::start(private(&lab, &["--idle", "1"]));
    let mut client = until("the service", || std::os::unix::net::UnixStream::connect(socket(&lab)).ok());
    std::io::Write::write_all(&mut client, b"GET /v1/events HTTP/1.1\r\nHost: openras\r\n\r\n").unwrap();
    std::io::Read::read_exact(&mut client, &mut [0; 12]).unwrap();
    // twice as long as it would have stayed
    client.set_read_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
    let mut rest = Vec::new();
    let waited = std::io::Read::read_to_end(&mut client, &mut rest).unwrap_err();
    assert_eq!(waited.kind(), std::io::ErrorKind::WouldBlock, "the service hung up");
    assert!(service.child.try_wait().unwrap().is_none());
    drop(client);
    assert!(service.end().success(), "{:?}", service.said);
}

#[test]
fn its_log_does_not_grow_for_ever() {
    let lab = Lab::new();
    std::fs::create_dir_all(log(&lab).parent().unwrap()).unwrap();
    std::fs::write(log(&lab), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    let at = socket(&lab).display().to_string();
    assert!(lab.command(PROGRAM, &["private-service", "--idle", "0", &at]).status().unwrap().success());
    let said = until("its log", || {
        let said = std::fs::read_to_string(log(&lab)).ok()?;
        said.contains("nothing to do any more").then_some(said)
    });
    assert!(said.len() < 10_000, "{}", said.len());
    assert_eq!(log(&lab).with_extension("log.1").metadata().unwrap().len(), 1024 * 1024 + 1);
}

#[test]
fn its_log_is_turned_over_while_it_runs() {
    let lab = Lab::new();
    std::fs::create_dir_all(log(&lab).parent().unwrap()).unwrap();
    // the first line of the service is one too many
    std::fs::write(log(&lab), vec![b'x'; 1024 * 1024 - 10]).unwrap();
    let at = socket(&lab).display().to_string();
    assert!(lab.command(PROGRAM, &["private-service", "--idle", "0", &at]).status().unwrap().success());
    let said = until("its log", || {
        let said = std::fs::read_to_string(log(&lab)).ok()?;
        (said.len() < 10_000 && said.contains("nothing to do any more")).then_some(said)
    });
    assert!(said.contains("answering"), "{said}");
    assert_eq!(log(&lab).with_extension("log.1").metadata().unwrap().len(), 1024 * 1024 - 10);
    assert_eq!(mode(&log(&lab)), 0o600);
}

#[test]
fn a_folder_that_others_use_is_refused_with_a_sentence() {
    let lab = Lab::new();
    std::fs::create_dir(lab.path("openras")).unwrap();
    std::fs::set_permissions(lab.path("openras"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut service = Service::start(private(&lab, &[]));
    assert_eq!(service.end().code(), Some(3));
    let said = service.said.concat();
    assert!(said.contains("711") && said.contains("chmod 700"), "{said}");
    // something else where the socket should be
    std::fs::set_permissions(lab.path("openras"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(socket(&lab), "mine").unwrap();
    let mut service = Service::start(private(&lab, &[]));
    assert_eq!(service.end().code(), Some(3));
    assert!(service.said.concat().contains("no socket"), "{:?}", service.said);
    assert_eq!(std::fs::read(socket(&lab)).unwrap(), b"mine");
}

#[test]
fn it_opens_no_port_and_takes_no_configuration() {
    let lab = Lab::with(crate::lab::LINE);
    let done = private(&lab, &["--config", "openras.toml"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", String::from_utf8_lossy(&done.stderr));
}
