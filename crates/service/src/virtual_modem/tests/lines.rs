//! Modems on lines in TLS and on serial ports.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;

use openras_io::line::{TcpDial, TlsClient, TlsClientFiles};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// A certificate for 127.0.0.1 in this folder; who signed it.
fn certificate(folder: &tempfile::TempDir) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.path().join("m.pem"), made.cert.pem()).unwrap();
    let key = folder.path().join("m.key");
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    made.cert.pem()
}

#[tokio::test]
async fn our_own_client_is_a_computer_in_tls_and_who_shakes_no_hands_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let ca = certificate(&folder);
    let text = [("tls", 2), ("wss", 4)].map(|(word, calls)| {
        format!(
            "[[virtual_modem]]\nname = \"{word}\"\nline = \"listen:{word}:127.0.0.1:0\"\ncalls = {calls}\n
            tls = {{ certificate = \"FOLDER/m.pem\", key = \"FOLDER/m.key\" }}\n"
        )
    });
    let service = Service::start(config(&folder, &text.concat())).await.unwrap();
    let at = |name: &str| service.addresses().into_iter().find(|(it, _)| it == name).unwrap().1;
    let trust = |ca: String| TlsClient::new(&TlsClientFiles { ca: Some(ca), own: None }).unwrap();
    // says nothing, and has one of the two places
    let silent = TcpStream::connect(at("tls")).await.unwrap();
    let mut line = TcpDial::tls(at("tls").to_string(), trust(ca.clone()));
    assert!(says(&mut line, b"ATE0\rATI3\r", "OK\r\n").await.contains("OK"));
    let mut third = TcpStream::connect(at("tls")).await.unwrap();
    assert!(!matches!(third.read(&mut [0; 8]).await, Ok(1..)), "there is no third place");
    let mut line = TcpDial::websocket(at("wss").to_string(), "/", Some(trust(ca)));
    says(&mut line, b"AT\r", "OK\r\n").await;
    drop(silent);
    // another certificate is taken by a reload, and one that is broken is said and not taken
    let ca = certificate(&folder);
    let told = service.reload(config(&folder, &text.concat())).await;
    assert!(told.is_ok(), "{told:?}");
    let mut line = TcpDial::websocket(at("wss").to_string(), "/", Some(trust(ca.clone())));
    says(&mut line, b"AT\r", "OK\r\n").await;
    std::fs::write(folder.path().join("m.pem"), "broken").unwrap();
    drop(service.reload(config(&folder, &text.concat())).await);
    assert!(service.virtual_modems().iter().all(|modem| modem.problem.is_some()));
    let mut line = TcpDial::websocket(at("wss").to_string(), "/", Some(trust(ca)));
    says(&mut line, b"AT\r", "OK\r\n").await;
    service.stop().await;
}

/// A computer's end of a serial port, and the path of ours.
fn serial_port() -> (OwnedFd, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    (master, path)
}

/// Types a line, and reads until this has come.
async fn types(computer: &OwnedFd, line: &str, until: &str) -> String {
    let (mut file, until) = (std::fs::File::from(computer.try_clone().unwrap()), until.to_owned());
    let line = line.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        file.write_all(line.as_bytes()).unwrap();
        let mut seen = String::new();
        let mut octet = [0];
        while !seen.ends_with(&until) {
            file.read_exact(&mut octet).unwrap();
            seen.push(char::from(octet[0]));
        }
        seen
    });
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("no answer for 20 s").unwrap()
}

/// Until the one modem is so.
async fn until(service: &Service, is: impl Fn(&openras_api::types::modem::Modem) -> bool) {
    let looking = async {
        while !service.virtual_modems().iter().all(&is) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), looking).await;
    assert!(found.is_ok(), "{:?}", service.virtual_modems());
}

#[tokio::test]
async fn a_computer_at_a_serial_port_dials_and_a_port_that_is_missing_is_found_when_it_comes() {
    let bbs = bbs("Welcome\r\n").await;
    let text = |speed: u32| {
        format!(
            "[[virtual_modem]]\nname = \"m\"\nline = \"serial:FOLDER/tty,9600\"\nflow = \"none\"\nspeed = {speed}\n
            [directory]\n1 = \"tcp:127.0.0.1:{bbs}\"\n"
        )
    };
    let (service, folder) = service(&text(9600)).await;
    until(&service, |modem| {
        modem
            .problem
            .as_ref()
            .is_some_and(|problem| format!("{problem:?}").contains("There is no serial port"))
    })
    .await;
    let (computer, path) = serial_port();
    std::os::unix::fs::symlink(path, folder.path().join("tty")).unwrap();
    until(&service, |modem| modem.problem.is_none() && modem.state == "command").await;
    types(&computer, "ATE0\r", "OK\r\n").await;
    let seen = types(&computer, "ATDT1\r", "Welcome\r\n").await;
    assert!(seen.contains("CONNECT 9600"), "{seen:?}");
    // other settings wait for the end of the call
    service.reload(config(&folder, &text(2400))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    types(&computer, "+++", "OK\r\n").await;
    types(&computer, "ATH\r", "OK\r\n").await;
    until(&service, |modem| modem.dials == 0 && modem.state == "command").await;
    let seen = types(&computer, "ATDT1\r", "Welcome\r\n").await;
    assert!(seen.contains("CONNECT 2400"), "{seen:?}");
    // unplugged
    drop(computer);
    until(&service, |modem| modem.state != "connected").await;
    service.stop().await;
}
