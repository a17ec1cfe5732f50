//! What systemd is told, by a socket that stands for it.

use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::lab::{LINE, Lab, PATIENCE, PROGRAM, Service};

/// A service that talks to us as if we were systemd.
fn service(lab: &Lab, watchdog: Option<&str>) -> (Service, UnixDatagram) {
    let path = lab.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let socket = lab.path("api.sock").display().to_string();
    let mut command = lab.command(PROGRAM, &["serve", "--config", "openras.toml", "--socket", &socket]);
    command.env("NOTIFY_SOCKET", &path);
    if let Some(micros) = watchdog {
        command.env("WATCHDOG_USEC", micros);
    }
    (Service::start(command), systemd)
}

fn next(systemd: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 4096];
    let length = systemd.recv(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned).collect()
}

#[test]
fn ready_reloading_ready_stopping_come_in_this_order() {
    let lab = Lab::with(LINE);
    let (mut service, systemd) = service(&lab, None);
    assert_eq!(next(&systemd), ["READY=1", "STATUS=answering 1 port"]);
    assert!(lab.path("api.sock").exists(), "ready means that the socket is there");
    // who is told twice does it twice, one after the other
    for _ in 0..2 {
        service.signal(Signal::HUP);
        let reloading = next(&systemd);
        assert_eq!(reloading[0], "RELOADING=1");
        let since: u64 = reloading[1].strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
        assert!(since > 0);
        assert_eq!(next(&systemd)[0], "READY=1");
    }
    service.signal(Signal::TERM);
    assert_eq!(next(&systemd)[0], "STOPPING=1");
    assert!(service.end().success());
}

#[test]
fn the_watchdog_is_fed_while_it_answers() {
    let lab = Lab::with(LINE);
    let (mut service, systemd) = service(&lab, Some("200000"));
    assert_eq!(next(&systemd)[0], "READY=1");
    for _ in 0..5 {
        assert_eq!(next(&systemd), ["WATCHDOG=1"]);
    }
    // one that stands still does not feed it
    service.signal(Signal::STOP);
    systemd.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    while systemd.recv(&mut buffer).is_ok() {}
    systemd.set_nonblocking(false).unwrap();
    systemd.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    assert!(systemd.recv(&mut buffer).is_err(), "a stopped process feeds nothing");
    service.signal(Signal::CONT);
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(next(&systemd), ["WATCHDOG=1"]);
    service.signal(Signal::TERM);
    assert!(service.end().success());
}

#[test]
fn a_configuration_with_a_mistake_is_never_ready_and_ends_with_3() {
    let lab = Lab::with("lime = 1\n");
    let (mut service, systemd) = service(&lab, None);
    assert_eq!(service.end().code(), Some(3));
    systemd.set_nonblocking(true).unwrap();
    assert!(systemd.recv(&mut [0; 64]).is_err());
    // by which the unit does not start it again and again
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib/systemd/openras.service");
    assert!(std::fs::read_to_string(unit).unwrap().contains("RestartPreventExitStatus=3\n"));
}
