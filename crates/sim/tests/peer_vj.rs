//! Header compression with Debian's pppd and with slirp, both roles; and a program of ours through the call to a server in pppd's
//! guest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod lab;

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use lab::{Answering, Dialling, LONG, alice, story};
use openras_io::net::forward::{Counts, Forward, To, serve};
use openras_sim::peers::pppd::{After, Guest, Job, available};
use openras_sim::peers::skip;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const MEGABYTE: usize = 1_048_576;

fn guest(test: &str, job: &Job) -> Option<(Guest, UnixStream)> {
    match available() {
        Ok(folder) => Some(Guest::start(&folder, job).expect("the guest starts")),
        Err(reason) => {
            skip(test, &reason);
            None
        }
    }
}

/// pppd fetches a megabyte from us; with VJ both ways, few octets beside the page go over the line.
#[tokio::test(flavor = "multi_thread")]
async fn pppd_fetches_a_page_with_compressed_headers() {
    let job = Job {
        run: format!(
            "wget -q -O /run/page http://$REMOTE/bytes/{MEGABYTE} && wget -q -O /run/sum http://$REMOTE/bytes/{MEGABYTE}.sha256 \
             && [ \"$(sha256sum </run/page | cut -d' ' -f1)\" = \"$(cat /run/sum)\" ]"
        ),
        ..Job::new("noauth user alice lcp-restart 1".to_owned())
    };
    let Some((mut guest, line)) = guest("pppd_fetches_a_page_with_compressed_headers", &job) else { return };
    let mut us = Answering::start(|port| port.auth.clear(), alice()).await;
    us.join(line);
    let (status, guest) = tokio::task::spawn_blocking(move || {
        (guest.status(LONG).unwrap_or_else(|error| panic!("{error}")), guest)
    })
    .await
    .unwrap();
    let events = us.until("down").await;
    assert_eq!(status, 0, "{}\n{}", guest.console(), story(&events));
    assert!(guest.console().contains("<compress VJ 0f 01>"), "{}", guest.console());
}

/// We call pppd, and a program of this machine fetches a megabyte through a port from a server in the guest.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_reaches_a_server_behind_pppd_through_a_port() {
    let job = Job {
        after: After::Hold,
        run: format!(
            "dd if=/dev/urandom of=/run/page bs=1024 count={} 2>/dev/null; nc -l -p 8080 </run/page >/run/got & sleep 1; echo '@@ listens'",
            MEGABYTE / 1024
        ),
        ..Job::new("lcp-restart 1 10.9.0.1:10.9.0.2 noauth".to_owned())
    };
    let Some((mut guest, line)) = guest("a_program_reaches_a_server_behind_pppd_through_a_port", &job) else {
        return;
    };
    let mut us = Dialling::start(line, "pw", &[]).await;
    if let Err(end) = us.connected().await {
        panic!("{end:?}\n{}", us.story);
    }
    assert_eq!(us.agreed.as_ref().map(|agreed| agreed.vj), Some((true, true)), "{}", us.story);
    let guest = tokio::task::spawn_blocking(move || {
        guest.wait_for("@@ listens", LONG).unwrap_or_else(|error| panic!("{error}"));
        guest
    })
    .await
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let forward = Forward {
        to: To::One("10.9.0.1:8080".parse().unwrap()),
        owner: rustix::process::geteuid().as_raw(),
        seats: [Arc::new(Semaphore::new(8)), Arc::new(Semaphore::new(8))],
        counts: Arc::<Counts>::default(),
    };
    tokio::spawn(serve(listener, forward, us.connection.stack().clone()));
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut page = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut page)).await.expect("the page comes");
    assert!(read.is_ok() && page.len() == MEGABYTE, "{read:?}, {} octets", page.len());
    us.hang_up().await;
    drop(guest);
}

/// slirp compresses too, and its own address answers.
#[tokio::test(flavor = "multi_thread")]
async fn slirp_agrees_to_compressed_headers() {
    use openras_sim::peers::slirp::{Slirp, available};
    let program = match available() {
        Ok(program) => program,
        Err(reason) => return skip("slirp_agrees_to_compressed_headers", &reason),
    };
    let home = tempfile::tempdir().unwrap();
    let (slirp, master) = Slirp::start(&program, home.path(), &["-P"]).expect("slirp starts");
    let (near, far) = UnixStream::pair().unwrap();
    let master = std::fs::File::from(master);
    let halves = [(master.try_clone().unwrap(), far.try_clone().unwrap())];
    for (mut from, mut to) in halves {
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
    let (mut from, mut to) = (far, master);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let mut us = Dialling::start(near, "pw", &[]).await;
    if let Err(end) = us.connected().await {
        panic!("{end:?}\n{}", us.story);
    }
    assert_eq!(us.agreed.as_ref().map(|agreed| agreed.vj), Some((true, true)), "{}", us.story);
    us.hang_up().await;
    drop(slirp);
}
