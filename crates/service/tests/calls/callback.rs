//! Calling back over a cable, by the directory, and what is refused.

use std::fs::File;
use std::io::copy;
use std::os::fd::OwnedFd;
use std::time::Duration;

use openras_engine::client::dial::TerminalMode;
use openras_engine::users::CallbackRight;
use openras_service::config::{Config, RingsAt};
use openras_service::connections::{DialRequest, Rings};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::lab::{Lab, over, request};

/// A serial port with nobody at it: its far side, and the path to open. The file keeps it there while nobody has it open.
fn serial_port() -> (File, String, File) {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let keep = File::options().read(true).write(true).open(&path).unwrap();
    (File::from(master), path, keep)
}

/// A cable of three wires between two serial ports.
fn cable() -> ([String; 2], [File; 2]) {
    let (mut one, near, keep_near) = serial_port();
    let (mut other, far, keep_far) = serial_port();
    let (mut back_from, mut back_to) = (other.try_clone().unwrap(), one.try_clone().unwrap());
    std::thread::spawn(move || copy(&mut one, &mut other));
    std::thread::spawn(move || copy(&mut back_from, &mut back_to));
    ([near, far], [keep_near, keep_far])
}

/// A service with the port `line1` of this line and keys, and frank, who is always called back.
async fn lab(line: &str, keys: &str) -> Lab {
    let text = format!("[[port]]\nname = \"line1\"\nline = \"{line}\"\nip = \"loopback\"\n{keys}\n");
    let config = Config::parse(&text, "test").unwrap_or_else(|error| panic!("{error}"));
    let lab =
        Lab::start_with(|base| Config { ports: config.ports, directory: config.directory, ..base }).await;
    lab.add("frank", CallbackRight::Preset("555".into()));
    lab
}

fn rung(line: &str, user: &str, on: &str) -> DialRequest {
    let rings = Some(Rings { at: on.parse::<RingsAt>().unwrap(), tls: None });
    DialRequest { rings, terminal: TerminalMode::Never, ..request(line, user) }
}

async fn listening(lab: &Lab) {
    while lab.service.ports().remove(0).condition != "listening" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn called_back(lab: &Lab) -> usize {
    lab.record().lines().filter(|line| line.contains("\"calling-back\"") && line.contains("\"555\"")).count()
}

/// Both ends hang up, and the port calls over the same cable; a computer at it that says CLIENT says it once.
#[tokio::test]
async fn a_port_calls_back_over_its_own_cable() {
    let ([near, far], _ports) = cable();
    let keys = "flow = \"none\"\nnull_modem = true\ncallback_line = \"same\"\ncallback_delay = \"1s\"";
    let lab = lab(&format!("serial:{far}"), keys).await;
    for (turn, null_modem) in [false, true].into_iter().enumerate() {
        listening(&lab).await;
        let call = DialRequest { null_modem, ..rung(&format!("serial:{near}"), "frank", "same") };
        let end = over(lab.dial(call)).await;
        assert!(end.was_connected && end.error.is_none(), "{null_modem}: {end:?}\n{}", lab.record());
        assert_eq!(called_back(&lab), turn + 1);
    }
    // who need not be called back is not
    listening(&lab).await;
    let end = over(lab.dial(rung(&format!("serial:{near}"), "alice", "same"))).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}");
    assert_eq!(called_back(&lab), 2);
}

/// A call over one line comes back over a cable to another.
#[tokio::test]
async fn the_directory_leads_to_a_cable_and_other_numbers_nowhere() {
    let ([near, far], _ports) = cable();
    let folder = tempfile::tempdir().unwrap();
    let keys = format!(
        "calls = 2\ncallback_line = \"directory\"\ncallback_delay = \"1s\"\n[directory]\n555 = \"serial:{far}\""
    );
    let path = folder.path().join("line");
    let line = format!("listen:unix:{}", path.display());
    let lab = lab(&line, &keys).await;
    let unix = format!("unix:{}", path.display());
    let end = over(lab.dial(rung(&unix, "frank", &format!("serial:{near}")))).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}\n{}", lab.record());
    assert_eq!(called_back(&lab), 1);
    lab.add("gina", CallbackRight::Preset("556".into()));
    let end = over(lab.dial(rung(&unix, "gina", &format!("serial:{near}")))).await;
    assert!(!end.was_connected && end.error.is_some(), "{end:?}");
    assert_eq!(called_back(&lab), 1, "a number that is not there is never dialled");
    let refused = "openras_callbacks_refused_total{reason=\"directory\"} 1";
    assert!(lab.service.metrics().contains(refused), "{}", lab.service.metrics());
}
