//! A full disk and too many open files: each in a process of its own, whose limits stand in for those of a system.

use std::process::Command;
use std::time::Duration;

use openras_engine::users::CallbackRight;
use openras_service::audit::{Record, What};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

use crate::lab::{Lab, exchange, over, request, tcp};

/// Runs the test of this name again, alone in a process in which a file that is too long is an error and no signal.
/// `true` in that process.
fn alone(test: &str) -> bool {
    if std::env::var_os("OPENRAS_TEST_ALONE").is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
    let run = Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env("OPENRAS_TEST_ALONE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    false
}

fn limit(resource: Resource, most: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(resource);
    setrlimit(resource, Rlimit { current: most.or(maximum), maximum }).unwrap();
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rule 20: new calls are refused and that is said, calls that run go on, and all of it ends with the full disk.
#[tokio::test]
async fn a_full_disk_refuses_new_calls_and_those_that_run_go_on() {
    if !alone("full::a_full_disk_refuses_new_calls_and_those_that_run_go_on") {
        return;
    }
    let lab = Lab::start(vec![exchange("line1", "100", 4)]).await;
    lab.add("bob", CallbackRight::None);
    let mut running = lab.dial(request("exchange:100", "alice"));
    while !matches!(
        running.notice().await,
        Some(openras_engine::client::dial::Notice::State { state: openras_engine::ConnState::CONNECTED, .. })
    ) {}
    let audit = lab.service.audit().unwrap().clone();
    let length = std::fs::metadata(lab.state.path().join("state/audit.jsonl")).unwrap().len();
    limit(Resource::Fsize, Some(length + 300));
    until("it is never full", || audit.record(&Record::new(What::Changed)).is_err()).await;
    let notes = lab.service.server().notes;
    assert!(notes.iter().any(|note| note.text.contains("new calls are refused")), "{notes:?}");
    let refused = over(lab.dial(request("exchange:100", "bob"))).await;
    assert!(!refused.was_connected, "{refused:?}");
    assert_eq!(lab.service.ports().iter().filter(|port| port.call.is_some()).count(), 1);
    limit(Resource::Fsize, None);
    until("it never recovers", || audit.is_writable()).await;
    lab.works("exchange:100").await;
    running.command(openras_engine::client::dial::Command::HangUp).await;
    let end = over(running).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}");
    lab.service.stop().await;
    assert!(lab.record().contains("\"lost\":"), "it owns up to what is missing");
    assert_eq!(audit.verify().problem, None);
}

#[tokio::test]
async fn too_many_open_files_hold_up_new_callers_only_until_there_is_room() {
    if !alone("full::too_many_open_files_hold_up_new_callers_only_until_there_is_room") {
        return;
    }
    let lab = Lab::start(vec![tcp("line1"), exchange("line2", "100", 1)]).await;
    let at = lab.address("line1");
    // every descriptor but that of the caller's own end is taken
    limit(Resource::Nofile, Some(200));
    let mut taken: Vec<std::fs::File> = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    taken.pop();
    let caller = TcpStream::connect(at).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let busy = |lab: &Lab| lab.service.ports().iter().filter(|port| port.call.is_some()).count();
    assert_eq!(busy(&lab), 0);
    // others are not affected
    lab.works("exchange:100").await;
    drop(taken);
    until("the caller is never answered", || busy(&lab) == 1).await;
    drop(caller);
    lab.works(&format!("tcp:{at}")).await;
}
