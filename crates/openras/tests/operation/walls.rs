//! What a service's process keeps from its starter, and what it has too little of.

use std::io::Read;
use std::process::Stdio;

use crate::lab::{LINE, Lab, PROGRAM, Service};

#[test]
fn files_of_whoever_started_it_are_closed() {
    let lab = Lab::with(LINE);
    let socket = lab.path("api.sock").display().to_string();
    let script = "exec 9>&1 1>/dev/null; exec \"$0\" serve --config openras.toml --socket \"$1\"";
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = lab.command("sh", &["-c", script, PROGRAM, &socket]);
    command.stdout(Stdio::from(writer));
    let mut service = Service::start(command);
    service.until("answering: ");
    // comes to an end only when nobody holds the other end: not the service, which runs
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    assert!(all.is_empty());
    assert!(service.child.try_wait().unwrap().is_none());
    service.stop();
}

#[test]
fn no_core_is_left_and_no_process_of_its_user_reads_it() {
    let lab = Lab::with(LINE);
    let service = lab.serve(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
    // what a process's user may read belongs to that user, and else to root; root's own look the same either way
    let owner = std::fs::metadata(format!("/proc/{}/mem", service.child.id())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&owner), 0);
    service.stop();
}

#[test]
fn too_few_files_are_said_with_the_number_that_would_do() {
    let lab = Lab::with(&format!("{LINE}calls = 200\n"));
    let socket = lab.path("api.sock").display().to_string();
    let script = "ulimit -n 100; exec \"$0\" serve --config openras.toml --socket \"$1\"";
    let mut service = Service::start(lab.command("sh", &["-c", script, PROGRAM, &socket]));
    let line = service.until("only 100 files");
    assert!(line.contains("`ulimit -n 464`") && line.contains("LimitNOFILE=464"), "{line}");
    service.until("answering: ");
    service.stop();
    // a soft limit is no limit: it is raised
    let script = "ulimit -S -n 100; exec \"$0\" serve --config openras.toml --socket \"$1\"";
    let mut service = Service::start(lab.command("sh", &["-c", script, PROGRAM, &socket]));
    service.until("answering: ");
    assert!(!service.stop().concat().contains("files may be open"));
}

#[test]
fn a_socket_that_is_taken_or_not_safe_is_said() {
    let lab = Lab::with(LINE);
    let socket = lab.path("api.sock").display().to_string();
    let first = lab.serve(&[]);
    let args = ["serve", "--config", "openras.toml", "--socket", &socket];
    let done = lab.command(PROGRAM, &args).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3), "{err}");
    assert!(err.contains("another service answers there"), "{err}");
    first.stop();
    // a folder that another could swap for one of his own
    std::os::unix::fs::symlink(&lab.folder, lab.path("link")).unwrap();
    let linked = lab.path("link/api.sock").display().to_string();
    let done =
        lab.command(PROGRAM, &["serve", "--config", "openras.toml", "--socket", &linked]).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(3) && err.contains("symbolic link"), "{err}");
}
