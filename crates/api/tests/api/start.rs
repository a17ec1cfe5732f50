//! Starting a private service: which program, how long it may take, and what is said when it fails.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openras_api::Problem;
use openras_api::start::{Programs, READY, Start};
use tempfile::TempDir;
use tokio::net::UnixListener;

/// A limit that is to be reached.
const SHORT: Duration = Duration::from_millis(300);

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A program of one's own. A child writes it: were the file open in this process, another test's child could hold it open
    /// too, and it could not be run.
    fn program(&self, text: &str) -> PathBuf {
        let program = self.at("openras");
        let done = std::process::Command::new("sh")
            .arg("-c")
            .arg("printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 755 \"$0\"")
            .arg(&program)
            .arg(text)
            .status();
        assert!(done.unwrap().success());
        program
    }

    fn start(&self, program: PathBuf) -> Start {
        Start {
            socket: self.at("runtime/openras/api.sock"),
            program,
            log: self.at("state/openras/private.log"),
            uid: rustix::process::geteuid().as_raw(),
            ready: READY,
        }
    }
}

/// As [`fails`], once its helper has come to its end: the first limits may be too short for that on a slow host.
async fn waits_in_vain(mut start: Start) -> Problem {
    start.ready = SHORT;
    loop {
        let problem = fails(&start).await;
        if !problem.message.contains("did not return") {
            return problem;
        }
        start.ready *= 2;
        assert!(start.ready < Duration::from_secs(120), "{problem}");
    }
}

async fn fails(start: &Start) -> Problem {
    let problem = start.run().await.unwrap_err();
    assert_eq!(problem.error, 711, "{problem}");
    problem
}

#[tokio::test]
async fn a_program_that_fails_is_quoted_made_safe() {
    let home = Home::new();
    let program = home.program("echo first >&2; printf '711: no \\033[2Jroom here.\\n' >&2; exit 3");
    let problem = fails(&home.start(program)).await;
    assert_eq!(problem.message, "The service did not start: 711: no \\u{1b}[2Jroom here.");
    assert!(problem.remedy.contains("private.log"), "{problem}");
}

#[tokio::test]
async fn a_program_that_fails_silently_is_told_by_its_status() {
    let home = Home::new();
    let problem = fails(&home.start(home.program("exit 4"))).await;
    assert!(problem.message.ends_with("openras ended with exit status: 4."), "{problem}");
}

#[tokio::test]
async fn a_program_that_is_none_is_told() {
    let home = Home::new();
    let problem = fails(&home.start(home.at("missing"))).await;
    assert!(problem.message.contains("cannot be run: No such file"), "{problem}");
}

#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    let home = Home::new();
    let start = Start { ready: SHORT, ..home.start(home.program("exec sleep 3600")) };
    let problem = fails(&start).await;
    assert!(problem.message.contains("did not return"), "{problem}");
}

#[tokio::test]
async fn a_service_that_never_answers_is_told_by_the_last_line_of_its_log() {
    let home = Home::new();
    let log = home.at("state/openras/private.log");
    let program = home
        .program(&format!("echo begin >>{0}; echo 'The line was busy.' >>{0}; echo >>{0}", log.display()));
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    fs::write(&log, "yesterday's trouble\n").unwrap();
    let problem = waits_in_vain(home.start(program)).await;
    assert_eq!(problem.message, "The service did not start: The line was busy.");
}

#[tokio::test]
async fn what_the_log_said_before_is_not_taken_for_the_reason() {
    let home = Home::new();
    let start = home.start(home.program("exit 0"));
    fs::create_dir_all(start.log.parent().unwrap()).unwrap();
    fs::write(&start.log, "yesterday's trouble\n").unwrap();
    let problem = waits_in_vain(start).await;
    assert!(problem.message.contains("its log says nothing"), "{problem}");
}

#[tokio::test]
async fn a_socket_of_somebody_elses_that_appears_is_not_used() {
    let home = Home::new();
    let start = home.start(home.program("chmod 777 \"${2%/*}\"; exit 0"));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(start.socket.parent().unwrap()).unwrap();
    let _listener = UnixListener::bind(&start.socket).unwrap();
    let problem = start.run().await.unwrap_err();
    assert_eq!(problem.error, 5, "{problem}");
}

/// A helper that says on a fifo that it ran, and two clients that start at once: both find the one socket.
#[tokio::test]
async fn two_at_once_wait_for_the_same_socket() {
    let home = Home::new();
    let fifo = home.at("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let program = home.program(&format!("test \"$1\" = private-service && echo \"$2\" >{}", fifo.display()));
    let start = home.start(program);
    let (first, second) = (start.clone(), start.clone());
    let first = tokio::spawn(async move { first.run().await });
    let second = tokio::spawn(async move { second.run().await });
    // both helpers have run when two lines are there; until then nothing listens
    let said = tokio::task::spawn_blocking(move || {
        use std::io::{BufRead, BufReader};
        let mut lines = Vec::new();
        while lines.len() < 2 {
            lines.extend(BufReader::new(fs::File::open(&fifo).unwrap()).lines().map(Result::unwrap));
        }
        lines
    });
    let said = said.await.unwrap();
    assert!(said.iter().all(|line| Path::new(line) == start.socket), "{said:?}");
    let folder = start.socket.parent().unwrap().metadata().unwrap();
    assert_eq!(folder.mode() & 0o777, 0o700);
    let _listener = UnixListener::bind(&start.socket).unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[test]
fn the_program_is_the_named_one_the_one_beside_or_that_in_the_path() {
    let (home, beside, path) = (Home::new(), Home::new(), Home::new());
    let named = home.program("exit 0");
    let all = Programs {
        named: Some(named.clone().into()),
        caller: Some(beside.at("caller")),
        path: Some(std::env::join_paths([PathBuf::from("relative"), path.at("")]).unwrap()),
    };
    assert_eq!(all.find().unwrap(), named);
    let unnamed = Programs { named: Some(OsString::new()), ..all.clone() };
    let in_path = path.program("exit 0");
    assert_eq!(unnamed.find().unwrap(), in_path);
    let next_to_it = beside.program("exit 0");
    assert_eq!(unnamed.find().unwrap(), next_to_it);
    // a named one that is none is an error: no other is taken in its place
    fs::remove_file(&named).unwrap();
    let problem = all.find().unwrap_err();
    assert!(problem.error == 711 && problem.message.contains("OPENRAS_BIN names"), "{problem}");
}

#[test]
fn no_program_is_told_with_what_to_do() {
    let problem = Programs::default().find().unwrap_err();
    assert_eq!(problem.error, 711);
    assert!(problem.message.contains("was not found") && problem.remedy.contains("OPENRAS_BIN"), "{problem}");
}
