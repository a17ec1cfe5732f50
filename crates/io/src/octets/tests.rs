use std::future::poll_fn;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::net::NoIp;

fn joined(stream: impl Octets + 'static) -> OrOctets<NoIp> {
    let slot = Slot::default();
    let mut port = OrOctets::new(NoIp, slot.clone());
    slot.put(Box::new(stream));
    port.up(&Negotiated::default());
    port
}

/// The next octets for the line; empty is the end.
async fn next(port: &mut OrOctets<NoIp>) -> Vec<u8> {
    let mut memory = [0; crate::net::MAX_PACKET];
    poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut memory);
        port.poll_recv(cx, &mut buf).map(|()| buf.filled().to_vec())
    })
    .await
}

async fn until(port: &mut OrOctets<NoIp>, word: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(word) {
        let came = tokio::time::timeout(Duration::from_secs(10), next(port)).await.expect(&seen);
        assert!(!came.is_empty(), "it ended: {seen}");
        seen += &String::from_utf8_lossy(&came);
    }
    seen
}

async fn say(port: &mut OrOctets<NoIp>, text: &str) {
    poll_fn(|cx| port.poll_ready(cx)).await;
    port.send(text.into());
    poll_fn(|cx| port.poll_ready(cx)).await;
}

#[tokio::test]
async fn octets_go_both_ways_and_the_end_is_told_once() {
    let (near, mut far) = duplex(64);
    let mut port = joined(near);
    say(&mut port, "hello").await;
    let mut heard = [0; 5];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    far.write_all(b"welcome").await.unwrap();
    assert_eq!(next(&mut port).await, b"welcome");
    drop(far);
    assert_eq!(next(&mut port).await, b"");
    let again = poll_fn(|cx| {
        let mut memory = [0; 16];
        Poll::Ready(port.poll_recv(cx, &mut ReadBuf::new(&mut memory)).is_pending())
    });
    assert!(again.await);
}

#[tokio::test]
async fn a_stream_that_takes_nothing_holds_back_and_costs_no_more_than_was_given() {
    let (near, _far) = duplex(16);
    let mut port = joined(near);
    port.send(vec![0; 1000]);
    let ready = poll_fn(|cx| Poll::Ready(port.poll_ready(cx).is_ready()));
    assert!(!ready.await);
}

#[tokio::test]
async fn a_program_has_a_terminal_of_its_own_and_an_empty_environment() {
    let arguments = ["-c".to_owned(), "tty; env; read line; echo got $line".to_owned()];
    let home = Path::new("/");
    let program = Command::start(Path::new("/bin/sh"), &arguments, None, ("nobody", home)).unwrap();
    let mut port = joined(program);
    say(&mut port, "a word\r").await;
    let seen = until(&mut port, "got a word").await;
    assert!(seen.contains("/dev/pts/") && seen.contains("TERM=vt100"), "{seen}");
    assert!(!seen.contains("CARGO"), "{seen}");
    while !next(&mut port).await.is_empty() {}
}

/// Runs a script that writes process numbers to `$PIDS` and then says "up".
async fn up(script: &str) -> (OrOctets<NoIp>, Vec<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let script = script.replace("$PIDS", &file.display().to_string());
    let arguments = ["-c".to_owned(), script];
    let program = Command::start(Path::new("/bin/sh"), &arguments, None, ("x", Path::new("/"))).unwrap();
    let mut port = joined(program);
    until(&mut port, "up").await;
    let pids = std::fs::read_to_string(&file).unwrap();
    (port, pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect())
}

async fn gone(pids: Vec<i32>) {
    let gone = async {
        for pid in pids {
            let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            while !state().is_empty() && !state().contains(") Z ") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("they are gone");
}

#[tokio::test]
async fn a_program_and_what_it_started_end_with_the_call() {
    // deaf to the hang-up, with a child that is too; and with a job that has a group of its own
    for jobs in ["", "set -m; "] {
        let script = format!("trap '' HUP; {jobs}sleep 1000 & echo $$ $! > $PIDS; echo up; wait");
        let (mut port, pids) = up(&script).await;
        assert_eq!(pids.len(), 2);
        port.down();
        gone(pids).await;
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let script = "trap '' HUP; set -m; (sleep 1000) & echo $! > $PIDS; echo up; read line";
    let (mut port, pids) = up(script).await;
    say(&mut port, "\r").await;
    while !next(&mut port).await.is_empty() {}
    gone(pids).await;
}

#[test]
fn a_program_ends_with_the_runtime_of_its_service() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = runtime();
    let script = "trap '' HUP; set -m; sleep 1000 & echo $$ $! > $PIDS; echo up; wait";
    let (port, pids) = service.block_on(up(script));
    drop(service);
    drop(port);
    runtime().block_on(gone(pids));
}

#[tokio::test]
async fn a_program_has_none_of_the_capabilities_that_a_service_passes_on() {
    use rustix::thread::{
        CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities,
    };
    let mut sets = capabilities(None).unwrap();
    sets.inheritable |= CapabilitySet::NET_ADMIN;
    let may = set_capabilities(None, sets).is_ok()
        && configure_capability_in_ambient_set(rustix::thread::CapabilitySet::NET_ADMIN, true).is_ok();
    if !may {
        return eprintln!("skipped: this user has no capability to pass on");
    }
    let arguments = ["-c".to_owned(), "grep CapAmb /proc/self/status; echo over".to_owned()];
    let program = Command::start(Path::new("/bin/sh"), &arguments, None, ("x", Path::new("/"))).unwrap();
    let seen = until(&mut joined(program), "over").await;
    assert!(seen.contains("0000000000000000"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_nothing_for_long_has_ended() {
    let (near, _far) = duplex(16);
    let mut port = joined(near);
    poll_fn(|cx| port.poll_ready(cx)).await;
    port.send(vec![0; 1000]);
    let began = tokio::time::Instant::now();
    assert!(tokio::time::timeout(super::STUCK - Duration::from_secs(1), next(&mut port)).await.is_err());
    assert_eq!(next(&mut port).await, b"", "its end is told");
    assert!(began.elapsed() < super::STUCK + Duration::from_secs(2));
}

#[tokio::test]
async fn a_program_that_is_not_there_ends_with_its_sentence() {
    let program = Command::start(Path::new("/nowhere/bbs"), &[], None, ("x", Path::new("/"))).unwrap();
    let mut port = joined(program);
    let seen = until(&mut port, "No such file").await;
    assert!(seen.contains("/nowhere/bbs"));
}
