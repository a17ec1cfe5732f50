//! The private service: started by whoever dials first, once, and gone by itself.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::lab::{Done, Lab, PORT, PROGRAM, Process, chmod, mode, until};

/// A lab without a service, whose private ones end after this many idle seconds, and one that can be dialled.
fn labs(idle: u32) -> (Lab, Lab) {
    let (mine, other) = (Lab::with(""), Lab::with(PORT));
    std::fs::create_dir(mine.path("runtime")).unwrap();
    chmod(&mine.path("runtime"), 0o700);
    // the same program, which its helper step is told more
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = private-service ] && exec {PROGRAM} \"$@\" --idle {idle}\nexec {PROGRAM} \"$@\"\n"
    );
    std::fs::write(mine.path("starter"), script).unwrap();
    chmod(&mine.path("starter"), 0o755);
    (mine, other)
}

fn socket(lab: &Lab) -> PathBuf {
    lab.path("runtime/openras/api.sock")
}

/// Runs a command as a user would who has no service.
fn run(lab: &Lab, args: &[&str]) -> Done {
    let mut command = lab.command(args);
    command.env("OPENRAS_BIN", lab.path("starter"));
    Done::of(command)
}

/// The private services of this lab.
fn services(lab: &Lab) -> Vec<Process> {
    lab.processes().into_iter().filter(|process| process.command.contains(" --private ")).collect()
}

fn gone(lab: &Lab) {
    until("the private service ends by itself", || services(lab).is_empty().then_some(()));
    assert!(!socket(lab).exists(), "its socket is left");
}

fn log(lab: &Lab) -> String {
    std::fs::read_to_string(lab.path("home-state/openras/private.log")).unwrap_or_default()
}

/// So many clients at once: one service, and all have their call.
fn race(clients: usize) {
    let (lab, other) = labs(2);
    let server = other.serve(&[]);
    let line = other.line("line1");
    let barrier = std::sync::Barrier::new(clients);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let args = ["dial", "--line", &line, "--user", "alice", "--password-file", "pw", "--detach"];
                barrier.wait();
                let done = run(&lab, &args);
                assert_eq!(done.code, 0, "{}{}\n{}", done.out, done.err, log(&lab));
            });
        }
    });
    // the others settle by the lock which of them stays; those that lost are on their way out
    until("one service is left", || (services(&lab).len() == 1).then_some(()));
    let status: Value = serde_json::from_str(&run(&lab, &["status", "--json"]).out).unwrap();
    let server_part = if status["server"].is_object() { &status["server"] } else { &status };
    assert_eq!(server_part["private"], true, "{status}");
    assert_eq!(server_part["connections"], clients, "{status}");
    assert_eq!(server_part["pid"], services(&lab)[0].pid);
    let done = run(&lab, &["hangup", "all"]);
    assert_eq!(done.code, 0, "{}", done.err);
    gone(&lab);
    server.stop();
}

#[test]
fn two_clients_at_once_start_one_private_service_and_both_have_their_call() {
    race(2);
}

#[test]
fn eight_clients_at_once_start_one_private_service_and_all_have_their_call() {
    race(8);
}

#[test]
fn it_stands_apart_from_the_client_that_started_it() {
    let (lab, other) = labs(2);
    let server = other.serve(&[]);
    let line = other.line("line1");
    let args = ["dial", "--line", &line, "--user", "alice", "--password-file", "pw", "--detach"];
    // that this returns shows that the service keeps no pipe of the client's
    assert_eq!(run(&lab, &args).code, 0, "{}", log(&lab));
    let [service] = &services(&lab)[..] else { panic!("{:?}", services(&lab)) };
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", service.pid)).unwrap();
    let session: i32 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(session, service.pid, "a session of its own");
    // only root may look at a process that is not dumpable
    if let Ok(cwd) = std::fs::read_link(format!("/proc/{}/cwd", service.pid)) {
        assert_eq!(cwd, PathBuf::from("/"));
    }
    assert_eq!((mode(&lab.path("runtime/openras")), mode(&socket(&lab))), (0o700, 0o600));
    assert_eq!(mode(&lab.path("home-state/openras/private.log")), 0o600);
    assert!(run(&lab, &["ports", "--json"]).out.trim().is_empty(), "it answers no calls");
    run(&lab, &["hangup", "all"]);
    gone(&lab);
    server.stop();
}

#[test]
fn it_stays_while_it_has_a_call_and_ends_when_idle() {
    let (lab, other) = labs(1);
    let server = other.serve(&[]);
    let line = other.line("line1");
    let args = ["dial", "--line", &line, "--user", "alice", "--password-file", "pw", "--for", "3s"];
    let done = run(&lab, &args);
    assert_eq!(done.code, 0, "three idle seconds are no idle seconds while there is a call: {}", done.out);
    gone(&lab);
    // and the next dial starts another
    assert_eq!(run(&lab, &[&args[..7], &["--for", "1s"]].concat()).code, 0);
    gone(&lab);
    server.stop();
}

#[test]
fn commands_that_only_ask_start_none() {
    let (lab, _) = labs(1);
    for words in
        [&["calls"][..], &["status"], &["status", "--check"], &["hangup", "all"], &["ports"], &["reload"]]
    {
        let done = run(&lab, words);
        assert_eq!(done.code, 11, "{words:?}: {}{}", done.out, done.err);
        assert!((done.out + &done.err).len() > 20, "{words:?} says why");
    }
    assert!(services(&lab).is_empty() && !socket(&lab).exists());
}

#[test]
fn one_that_cannot_start_is_told_with_the_last_line_of_its_log() {
    let (lab, _) = labs(1);
    let args = ["dial", "--line", "tcp:127.0.0.1:1", "--user", "alice", "--password-file", "pw"];
    let mut command = lab.command(&args);
    command.env("OPENRAS_BIN", lab.path("nothing"));
    let done = Done::of(command);
    assert_eq!(done.code, 11, "{}{}", done.out, done.err);
    assert!((done.out + &done.err).contains("OPENRAS_BIN"));
    // something that is no socket stands where the socket belongs
    std::fs::create_dir(lab.path("runtime/openras")).unwrap();
    chmod(&lab.path("runtime/openras"), 0o700);
    std::fs::write(socket(&lab), "mine").unwrap();
    let done = run(&lab, &args);
    let text = done.out + &done.err;
    assert!(done.code == 11 && text.contains("socket"), "{}: {text}", done.code);
    assert_eq!(std::fs::read_to_string(socket(&lab)).unwrap(), "mine", "what was there is left alone");
}

#[test]
fn a_dead_ones_socket_is_no_obstacle() {
    let (lab, other) = labs(2);
    let server = other.serve(&[]);
    let line = other.line("line1");
    let args = ["dial", "--line", &line, "--user", "alice", "--password-file", "pw", "--detach"];
    assert_eq!(run(&lab, &args).code, 0, "{}", log(&lab));
    let first = services(&lab)[0].clone();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(first.pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    until("it is gone", || (!first.runs()).then_some(()));
    until("nobody answers", || UnixStream::connect(socket(&lab)).err());
    assert!(socket(&lab).exists(), "this shows nothing without a dead socket");
    let done = run(&lab, &args);
    assert_eq!(done.code, 0, "{}{}", done.out, log(&lab));
    assert_ne!(services(&lab)[0].pid, first.pid);
    run(&lab, &["hangup", "all"]);
    gone(&lab);
    server.stop();
}

#[test]
fn a_client_killed_while_it_starts_one_leaves_nothing_broken() {
    let (lab, other) = labs(2);
    let server = other.serve(&[]);
    let line = other.line("line1");
    let args = ["dial", "--line", &line, "--user", "alice", "--password-file", "pw", "--detach"];
    let mut command = lab.command(&args);
    command.env("OPENRAS_BIN", lab.path("starter")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // as soon as anything of the service is to be seen
    until("its folder is there", || lab.path("runtime/openras").exists().then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    let done = run(&lab, &args);
    assert_eq!(done.code, 0, "{}{}\n{}", done.out, done.err, log(&lab));
    run(&lab, &["hangup", "all"]);
    gone(&lab);
    server.stop();
}
