//! ser2net between two ends of ours: as the terminal server we call in telnet and RFC 2217, and as the program that calls
//! our ports so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod through;

use openras_sim::peers::ser2net::{Ser2net, available};
use through::lab;

/// We call ser2net, which has our port's pseudo-terminal for its serial port.
#[tokio::test(flavor = "multi_thread")]
async fn we_call_a_terminal_server() {
    let Some(lab) = lab("we_call_a_terminal_server", available(), "pty:FOLDER/tty").await else { return };
    let device = format!("serialdev,{},115200n81,local", lab.folder.path().join("tty").display());
    for (spoken, dial) in
        [("", "tcp"), ("telnet", "telnet"), ("telnet(rfc2217)", "telnet"), ("telnet(rfc2217)", "rfc2217")]
    {
        let ser2net = Ser2net::start(&lab.program, lab.folder.path(), spoken, &device).unwrap();
        let end = lab.call(&format!("{dial}:{}", ser2net.address)).await;
        assert!(end.was_connected && end.error.is_none(), "{spoken} {dial}: {end:?}");
    }
}

/// ser2net calls our ports, as a program that has a serial port over the network does.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_server_calls_us() {
    for (port, connector) in [
        ("listen:tcp:127.0.0.1:0", "tcp"),
        // who greets in telnet on a plain port is answered so
        ("listen:tcp:127.0.0.1:0", "telnet,tcp"),
        ("listen:telnet:127.0.0.1:0", "telnet,tcp"),
        ("listen:rfc2217:127.0.0.1:0", "telnet(rfc2217),tcp"),
    ] {
        let Some(lab) = lab("a_terminal_server_calls_us", available(), port).await else { return };
        let at = lab.address();
        let connector = format!("{connector},{},{}", at.ip(), at.port());
        let ser2net = Ser2net::start(&lab.program, lab.folder.path(), "", &connector).unwrap();
        println!("{port} {connector}");
        let end = lab.call(&format!("tcp:{}", ser2net.address)).await;
        assert!(end.was_connected && end.error.is_none(), "{port} {connector}: {end:?}");
    }
}
