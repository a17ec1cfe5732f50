//! `openras answer --stdio` under an inetd, killed in the middle of call after call: the next one is answered, and the record
//! that the processes share holds.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::lab::{Lab, PATIENCE};

/// Calls whose process is killed.
const KILLS: usize = 12;

/// What inetd does: a program for each call on a socket, with the call as its standard input and output. Gives the programs in
/// their order.
fn inetd(lab: &Lab) -> Receiver<Child> {
    let listener = UnixListener::bind(lab.path("calls")).unwrap();
    let (tell, started) = channel();
    let args = ["answer", "--stdio", "--port", "inetd", "--log", "answer.log", "--config", "openras.toml"];
    let lab = lab.command(&args);
    let (program, home) = (lab.get_program().to_owned(), lab.get_current_dir().unwrap().to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (input, output) = (OwnedFd::from(stream.try_clone().unwrap()), OwnedFd::from(stream));
            let mut command = std::process::Command::new(&program);
            command.args(args).current_dir(&home).env("HOME", &home).env_remove("RUST_LOG");
            command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::null());
            if tell.send(command.spawn().unwrap()).is_err() {
                return;
            }
        }
    });
    started
}

#[test]
fn killed_in_the_middle_of_a_call_it_answers_the_next() {
    let lab = Lab::with("[[port]]\nname = \"inetd\"\nline = \"stdio\"\n");
    let started = inetd(&lab);
    // who dials is another process
    let server = lab.serve(&[]);
    let api = lab.api();
    for kill in 0..KILLS {
        let mut dial = api.dial(&lab.line("calls"), "alice", &json!({})).unwrap();
        let mut program = started.recv_timeout(PATIENCE).expect("a program for each call");
        // at its beginning, in its middle, and when it stands
        match kill % 3 {
            0 => {}
            1 => drop(dial.events.until(|event| event["name"] == "RASCS_Authenticate")),
            _ => dial.connected().unwrap_or_else(|end| panic!("{kill}: {end}")),
        }
        kill_process(Pid::from_child(&program), Signal::KILL).unwrap();
        program.wait().unwrap();
        let ended = dial.events.until(|event| event["event"] == "ended");
        assert_ne!(ended["error"], Value::Null, "{kill}: {ended}");
        let mut next = api.dial(&lab.line("calls"), "alice", &json!({})).unwrap();
        let mut program = started.recv_timeout(PATIENCE).expect("a program for each call");
        next.connected().unwrap_or_else(|end| panic!("after kill {kill}: {end}"));
        api.post(&format!("/v1/connections/{}/hangup", next.id), &json!({})).good();
        while next.events.next().is_some() {}
        assert_eq!(program.wait().unwrap().code(), Some(0), "after kill {kill}");
    }
    let chain = api.get("/v1/audit/verify").good();
    assert_eq!(chain["problem"], Value::Null, "{chain}");
    assert!(chain["records"].as_u64().unwrap() > KILLS as u64, "{chain}");
    server.stop();
}
