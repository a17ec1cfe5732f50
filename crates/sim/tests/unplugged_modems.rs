//! The lines of modems we play where others listen, unplugged twenty times each: nothing is left of them. Alone in its process,
//! whose descriptors and tasks it counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod played;

use std::time::Duration;

use openras_io::line::Reception;
use openras_service::Service;
use played::{certificate, config, host, machine, speaks, until};
use tokio::net::TcpListener;

const TIMES: usize = 20;
const KINDS: [&str; 6] = ["tcp", "telnet", "rfc2217", "tls", "ws", "wss"];

/// Descriptors of this process and tasks of its runtime.
fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    (descriptors, tokio::runtime::Handle::current().metrics().num_alive_tasks())
}

/// A machine comes, is in a call, and is unplugged.
async fn unplugged(service: &Service, listener: &TcpListener, speaks: Option<&Reception>) {
    let mut one = machine(listener, speaks).await;
    let said = one.says("ATE0S7=255D1\r", "Welcome\r\n").await;
    assert!(said.contains("CONNECT 115200"), "{said:?}");
    drop(one);
    until(service, |modem| modem.state == "waiting" && modem.problem.is_some()).await;
}

/// The pauses between the tries are the clock's: it goes by itself.
#[tokio::test(start_paused = true)]
async fn a_modem_unplugged_twenty_times_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let host = host().await;
    for kind in KINDS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let trust = if ["tls", "wss"].contains(&kind) { "tls = { ca = \"FOLDER/m.pem\" }\n" } else { "" };
        let text = format!(
            "[[virtual_modem]]\nname = \"m\"\nline = \"{kind}:{at}\"\ndials = 600\n{trust}[directory]\n1 = \"tcp:{host}\"\n"
        );
        let service = Service::start(config(folder.path(), &text)).await.unwrap();
        let speaks = speaks(kind, folder.path());
        // what is made once is made by the first
        unplugged(&service, &listener, speaks.as_ref()).await;
        let before = held();
        for _ in 0..TIMES {
            unplugged(&service, &listener, speaks.as_ref()).await;
        }
        // sockets that linger are given up within seconds
        for _ in 0..600 {
            if held().0 <= before.0 && held().1 <= before.1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let after = held();
        assert!(after.0 <= before.0 && after.1 <= before.1, "{kind}: {before:?} before, {after:?} after");
        service.stop().await;
    }
}
