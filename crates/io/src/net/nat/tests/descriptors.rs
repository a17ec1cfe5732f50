//! Descriptors of a process, and the memory of calls. The former need a process of their own: the tests beside them open some
//! hundreds, and would have none.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::*;

const CHILD: &str = "OPENRAS_TEST_OWN_PROCESS";

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a test of this file in a process of its own.
fn alone(test: &str, says: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("net::nat::tests::descriptors::{test}"), "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(says), "{said}");
}

/// Flows are refused and a forward rests; nothing spins, and when descriptors are back so is everything.
#[test]
fn without_descriptors_flows_are_refused_and_the_service_goes_on() {
    alone("none_left_in_a_process_of_its_own", "@@ went on");
}

/// A call that ends gives everything back, whatever was open.
#[test]
fn a_hundred_calls_leave_no_descriptor_behind() {
    alone("counted_in_a_process_of_its_own", "@@ none left behind");
}

#[tokio::test]
#[ignore = "run by the other test"]
async fn counted_in_a_process_of_its_own() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let sink = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = [sink.local_addr().unwrap().port(), server.local_addr().unwrap().port()];
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    let forwards = vec![Forward { listen: free, to: 80 }];
    let words = at.map(|port| format!("127.0.0.1:{port}"));
    let words = [words[0].as_str(), words[1].as_str()];
    let mut nat = up(Settings { forwards, ..settings(&words) });
    for _ in 0..100 {
        for port in 0..100 {
            nat.send(udp(2000 + port, (GATEWAY, at[0]), b"x"));
        }
        nat.send(syn(3000, (GATEWAY, at[1])));
        assert_eq!(held(&nat).0, 101);
        // the server has its end, and lets go of it
        drop(server.accept().await.unwrap());
        assert!(descriptors() > before + 100, "they are counted");
        nat.down();
        nat.up(&agreed(GATEWAY, CALLER));
    }
    nat.down();
    assert_eq!(descriptors(), before, "ten thousand were opened");
    println!("@@ none left behind");
}

#[tokio::test]
#[ignore = "run by the other test"]
async fn none_left_in_a_process_of_its_own() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let open = server.local_addr().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let forwards = vec![Forward { listen: free, to: 80 }];
    let mut nat = up(Settings { forwards, ..settings(&[&open.to_string()]) });
    // in the listener's queue before there are none left
    let outside = tokio::net::TcpSocket::new_v4().unwrap();
    let mut connecting = std::pin::pin!(outside.connect(free));
    let mut none = Vec::new();
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) }).unwrap();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        none.push(file);
    }
    let _ = poll_fn(|cx| Poll::Ready(connecting.as_mut().poll(cx))).await;

    nat.send(syn(2000, (GATEWAY, open.port())));
    nat.send(udp(2001, (GATEWAY, open.port()), b"x"));
    nat.send(udp(2002, (GATEWAY, 53), &[9, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1]));
    let mut packets = Vec::new();
    while packets.len() < 3 {
        packets.push(next(&mut nat).await);
    }
    packets.sort();
    let kinds: Vec<_> = packets.iter().map(|packet| (packet[9], packet[20])).collect();
    assert!(
        kinds.contains(&(17, 0)) && kinds.iter().filter(|kind| **kind == (1, 3)).count() == 2,
        "{kinds:?}"
    );

    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let began = Instant::now();
    let mut polls = 0;
    while began.elapsed() < Duration::from_millis(500) {
        let before = woken.0.load(Ordering::Relaxed);
        let mut memory = [0; MAX_PACKET];
        let polled = nat.poll_recv(&mut Context::from_waker(&waker), &mut ReadBuf::new(&mut memory));
        assert!(polled.is_pending());
        polls += 1;
        while woken.0.load(Ordering::Relaxed) == before && began.elapsed() < Duration::from_millis(500) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(polls < 20, "asked {polls} times in half a second for a connection it cannot take");

    drop(none);
    let packet = next(&mut nat).await;
    assert_eq!(
        (packet[9], &packet[22..24], packet[33] & 0x12),
        (6, &[0, 80][..], 2),
        "the connection came after all"
    );
    nat.send(udp(2001, (GATEWAY, open.port()), b"x"));
    println!("@@ went on");
}

/// What a call holds in memory that says nothing: its NAT and its session, without what its line and PPP hold.
#[tokio::test]
async fn a_call_without_flows_is_small() {
    let nat = up(settings(&["internet"]));
    let sizes = (size_of::<NatPort>(), size_of::<Session>());
    assert!(sizes.0 + sizes.1 < 4096, "{sizes:?}");
    assert_eq!(nat.session.as_ref().unwrap().nat.memory(), 0);
}
