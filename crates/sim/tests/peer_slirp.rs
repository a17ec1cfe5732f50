//! slirp: a PPP server in user space that prints a banner first and gives addresses of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod lab;

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;

use lab::Dialling;
use openras_ppp::AuthMethod::{self, ChapMd5, Pap};
use openras_sim::peers::skip;
use openras_sim::peers::slirp::{Slirp, available};

/// Starts slirp with its pty joined to a socket, or says why not.
fn slirp(test: &str, arguments: &[&str]) -> Option<(Slirp, tempfile::TempDir, UnixStream)> {
    let program = match available() {
        Ok(program) => program,
        Err(reason) => {
            skip(test, &reason);
            return None;
        }
    };
    let home = tempfile::tempdir().unwrap();
    for file in [".pap-secrets", ".chap-secrets"] {
        std::fs::write(home.path().join(file), "alice * pw 10.0.2.15\n").unwrap();
    }
    let (slirp, master) = Slirp::start(&program, home.path(), arguments).expect("slirp starts");
    let (near, far) = UnixStream::pair().unwrap();
    let master = std::fs::File::from(master);
    let (read, write) = (master.try_clone().unwrap(), master);
    let (from, to) = (far.try_clone().unwrap(), far);
    std::thread::spawn(move || copy(read, to));
    std::thread::spawn(move || copy(from, write));
    Some((slirp, home, near))
}

fn copy(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
}

async fn we_call(test: &str, arguments: &[&str], auth: &[AuthMethod]) {
    let Some((slirp, _home, line)) = slirp(test, arguments) else { return };
    let mut us = Dialling::start(line, "pw", auth).await;
    if let Err(end) = us.connected().await {
        panic!("{end:?}\n{}", us.story);
    }
    let agreed = us.agreed.clone().expect("a projection");
    assert_eq!(agreed.ipv4.map(|ip| ip.local), Some(Ipv4Addr::new(10, 0, 2, 15)), "{}", us.story);
    assert!(us.story.contains("Slirp"), "the banner was not told:\n{}", us.story);
    // slirp itself answers at 10.0.2.2
    assert_ne!(us.ping(Ipv4Addr::new(10, 0, 2, 2)).await, 0, "{}", us.story);
    us.hang_up().await;
    drop(slirp);
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_slirp_without_authentication() {
    we_call("we_call_slirp_without_authentication", &["-P"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_slirp_with_pap() {
    we_call("we_call_slirp_with_pap", &["-P", "+pap"], &[Pap]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_slirp_with_chap_md5() {
    we_call("we_call_slirp_with_chap_md5", &["-P", "+chap"], &[ChapMd5]).await;
}
