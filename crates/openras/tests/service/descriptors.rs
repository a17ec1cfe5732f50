//! Too many open files: whoever comes then is refused with a number or waits, nobody else is affected, and the service
//! recovers by itself.

use std::os::unix::net::UnixStream;
use std::process::Command;

use serde_json::json;

use crate::lab::{Lab, PORT, Process, until};

/// Files the service may have open.
const FILES: usize = 64;

fn few_files(lab: &Lab) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &FILES.to_string()]);
    let serve = lab.serve_command(&[]);
    command.arg(serve.get_program()).args(serve.get_args());
    lab.at_home(&mut command);
    command
}

#[test]
fn too_many_open_files_stop_only_who_comes_then_and_for_as_long() {
    let lab = Lab::with(&PORT.replace("calls = 16", "calls = 100").replace("= 16", "= 100"));
    let server = lab.serve_by(few_files(&lab));
    let line = lab.line("line1");
    let api = lab.api();
    let mut call = api.dial(&line, "alice", &json!({})).unwrap();
    call.connected().unwrap_or_else(|end| panic!("{end}"));
    let mut heard = api.stream(&format!("/v1/calls/{}", call.id)).unwrap();
    assert!(heard.next().is_none() || heard.status == 200);

    // clients that ask nothing take the files, on the socket and on the port
    let mut idle: Vec<UnixStream> = Vec::new();
    for n in 0..2 * FILES {
        let at = if n % 2 == 0 { server.socket().to_path_buf() } else { lab.path("line1") };
        idle.extend(UnixStream::connect(at));
    }
    until("there are no more, and it says so", || {
        server.said().to_lowercase().contains("too many open files").then_some(())
    });
    // the call is as alive as before: it answers a ping through the link, on a connection that stands
    assert!(Process::read(server.pid()).is_some(), "{}", server.said());
    drop(idle);
    // what is refused or waits is over as soon as there is room
    until("it answers again", || api.request("GET", "/v1/server", None).ok().filter(|a| a.status == 200));
    assert!(api.over(call.id).is_none(), "the call went on: {}", server.said());
    let pinged = api.post(&format!("/v1/connections/{}/ping", call.id), &json!({ "count": 1 })).good();
    assert!(pinged["rtts"][0].is_number(), "{pinged}");
    let mut next = until("another call stands", || {
        let mut dial = api.dial(&line, "alice", &json!({})).ok()?;
        dial.connected().is_ok().then_some(dial)
    });
    api.post(&format!("/v1/connections/{}/hangup", next.id), &json!({})).good();
    while next.events.next().is_some() {}
    lab.told(&["hangup", "all"]);
    let said = server.stop();
    // the log was not flooded by trying again without a pause
    assert!(said.lines().count() < 2000, "{} lines", said.lines().count());
}
