//! The modem we play where others listen: we connect to an emulator's port or a terminal server's, are its modem, and come back
//! when it does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod played;

use std::net::SocketAddr;
use std::time::Duration;

use openras_service::Service;
use openras_sim::peers::{ser2net, skip};
use played::{Machine, certificate, config, free, host, machine, says, speaks, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn text(kind: &str, at: SocketAddr, host: SocketAddr, speed: u32) -> String {
    let trust = if ["tls", "wss"].contains(&kind) { "tls = { ca = \"FOLDER/m.pem\" }\n" } else { "" };
    format!(
        "[[virtual_modem]]\nname = \"m\"\nline = \"{kind}:{at}\"\nspeed = {speed}\n{trust}
        [directory]\n1 = \"tcp:{host}\"\n"
    )
}

async fn dials(machine: &mut Machine) -> String {
    machine.says("ATE0\r", "OK\r\n").await;
    machine.says("ATDT1\r", "Welcome\r\n").await
}

/// Nobody is there; a machine comes, dials, goes, comes again; other settings are taken.
async fn is_a_modem_wherever_it_listens(kind: &str) {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let (at, host) = (free(), host().await);
    let with_speed = |speed| config(folder.path(), &text(kind, at, host, speed));
    let service = Service::start(with_speed(33_600)).await.unwrap();
    let nobody = format!("The device at {at} cannot be had");
    until(&service, |modem| says(modem, &nobody) && modem.state == "waiting").await;
    let listener = TcpListener::bind(at).await.unwrap();
    let speaks = speaks(kind, folder.path());
    let mut one = machine(&listener, speaks.as_ref()).await;
    assert!(dials(&mut one).await.contains("CONNECT 33600"));
    until(&service, |modem| modem.problem.is_none() && modem.state == "connected" && modem.calls == 1).await;
    drop(one);
    until(&service, |modem| says(modem, "was lost")).await;
    // what is wrong is shown until the other end is there again
    let mut two = machine(&listener, speaks.as_ref()).await;
    two.says("AT\r", "OK\r\n").await;
    until(&service, |modem| modem.problem.is_none() && modem.state == "command").await;
    let told = service.reload(with_speed(2400)).await.unwrap();
    assert_eq!(told.changed, ["m"]);
    let mut three = machine(&listener, speaks.as_ref()).await;
    assert!(dials(&mut three).await.contains("CONNECT 2400"));
    // gone from the configuration, gone from the line
    let told = service.reload(config(folder.path(), "")).await.unwrap();
    assert_eq!(told.removed, ["m"]);
    let stopped = tokio::time::timeout(Duration::from_secs(60), service.stop()).await;
    assert!(stopped.is_ok());
}

#[tokio::test]
async fn over_tcp() {
    is_a_modem_wherever_it_listens("tcp").await;
}

#[tokio::test]
async fn over_telnet() {
    is_a_modem_wherever_it_listens("telnet").await;
}

#[tokio::test]
async fn over_rfc2217() {
    is_a_modem_wherever_it_listens("rfc2217").await;
}

#[tokio::test]
async fn over_tls() {
    is_a_modem_wherever_it_listens("tls").await;
}

#[tokio::test]
async fn over_websocket() {
    is_a_modem_wherever_it_listens("ws").await;
}

#[tokio::test]
async fn over_websocket_in_tls() {
    is_a_modem_wherever_it_listens("wss").await;
}

/// The signals of a serial port at a terminal server: its DTR is the computer's carrier, its DSR the computer's DTR.
async fn has_the_signals(between: impl FnOnce(SocketAddr) -> (SocketAddr, Option<ser2net::Ser2net>)) {
    let folder = tempfile::tempdir().unwrap();
    let (listener, host) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), host().await);
    let (at, program) = between(listener.local_addr().unwrap());
    let text = format!(
        "[[virtual_modem]]\nname = \"m\"\nline = \"rfc2217:{at},57600\"\nnumber = \"77\"\n
        [[virtual_modem]]\nname = \"caller\"\nline = \"listen:tcp:127.0.0.1:0\"\n
        [directory]\n1 = \"tcp:{host}\"\n9 = \"modem:m\"\n"
    );
    let service = Service::start(config(folder.path(), &text)).await.unwrap();
    let Machine::Behind(mut computer) = machine(&listener, None).await else { panic!("a terminal server") };
    computer.types("ATE0\r").await;
    computer.reads("OK\r\n").await;
    assert_eq!(computer.baud(), 57_600);
    computer.carrier(false).await;
    computer.types("ATDT1\r").await;
    computer.reads("Welcome\r\n").await;
    computer.carrier(true).await;
    // &D2: the call ends, and the line stays
    computer.dtr(false).await;
    computer.reads("NO CARRIER\r\n").await;
    computer.carrier(false).await;
    computer.dtr(true).await;
    computer.types("AT\r").await;
    computer.reads("OK\r\n").await;
    // it is called, and the caller hangs up
    let address = service.addresses().into_iter().find(|(name, _)| name == "caller").unwrap().1;
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(b"ATD9\r").await.unwrap();
    computer.reads("RING\r\n").await;
    computer.types("ATA\r").await;
    computer.carrier(true).await;
    computer.reads("CONNECT 115200\r\n").await;
    let mut seen = Vec::new();
    while !seen.ends_with(b"CONNECT 115200\r\n") {
        seen.push(caller.read_u8().await.unwrap());
    }
    drop(caller);
    computer.carrier(false).await;
    computer.reads("NO CARRIER\r\n").await;
    service.stop().await;
    drop(program);
}

#[tokio::test]
async fn a_terminal_server_gives_the_computer_carrier_and_us_its_dtr() {
    has_the_signals(|at| (at, None)).await;
}

#[tokio::test]
async fn ser2net_gives_the_computer_carrier_and_us_its_dtr() {
    let program = match ser2net::available() {
        Ok(program) => program,
        Err(reason) => return skip("ser2net_gives_the_computer_carrier_and_us_its_dtr", &reason),
    };
    let folder = tempfile::tempdir().unwrap();
    has_the_signals(|at| {
        let connector = format!("telnet(rfc2217),tcp,{},{}", at.ip(), at.port());
        let between =
            ser2net::Ser2net::start(&program, folder.path(), "telnet(rfc2217)", &connector).unwrap();
        (between.address, Some(between))
    })
    .await;
}

/// Who is at the other end is asked in TLS, and what is wrong with our own files is said.
#[tokio::test]
async fn a_host_that_nobody_vouches_for_gets_no_modem() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let speaks = speaks("tls", folder.path()).unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(speaks.receive(stream, None).await);
        }
    });
    let text = |trust: &str| format!("[[virtual_modem]]\nname = \"m\"\nline = \"tls:{at}\"\n{trust}\n");
    let other = tempfile::tempdir().unwrap();
    certificate(other.path());
    let trusts = |ca: String| config(folder.path(), &text(&format!("tls = {{ ca = \"{ca}\" }}")));
    let other = trusts(format!("{}/m.pem", other.path().display()));
    let service = Service::start(other).await.unwrap();
    until(&service, |modem| modem.problem.as_ref().is_some_and(|problem| problem.error == 801)).await;
    service.reload(trusts("/no/such/file.pem".into())).await.unwrap();
    until(&service, |modem| says(modem, "/no/such/file.pem cannot be read")).await;
    service.stop().await;
    serving.abort();
}
