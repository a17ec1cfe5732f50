//! `ip = "tun"` and `dial --ip tun`, each in a network namespace of its own: what goes between them goes over the call. Where
//! that is not allowed the tests say SKIP.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::json;

use crate::lab::{Lab, PATIENCE, PROGRAM, Program};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line\"\nip = \"tun\"\n\
                    tun_device = \"rasport\"\nreach = [\"10.64.0.1\", \"192.168.7.0/24\"]\n";
const MEGABYTE: usize = 1_048_576;

/// Runs a test in a network namespace of its own: this program again, in `unshare`. `false`: this process is not in it.
fn in_a_network_of_its_own(test: &str) -> bool {
    if std::env::var_os("OPENRAS_TUN_TEST").is_some() {
        return true;
    }
    let unshared = |program: &std::ffi::OsStr| {
        let mut command = Command::new("unshare");
        command.arg("--net").arg(program);
        command
    };
    let may = unshared("true".as_ref()).output().is_ok_and(|done| done.status.success());
    if !may || !Path::new("/dev/net/tun").exists() {
        println!("SKIP: no network devices are allowed here");
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let mut again = unshared(program.as_os_str());
    let ran = again.args(["--exact", test, "--nocapture"]).env("OPENRAS_TUN_TEST", "1").output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && text.contains("1 passed"), "{text}{errors}");
    false
}

/// Does something in the network of another process.
fn there<T: Send>(pid: i32, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let moved = scope.spawn(|| {
            let network = std::fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        });
        moved.join().unwrap()
    })
}

/// The devices of the network this thread is in.
fn devices() -> Vec<String> {
    let table = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let names = table.lines().skip(2).filter_map(|line| line.split(':').next());
    names.map(|name| name.trim().to_owned()).collect()
}

/// The routes of another process's network, addresses as the kernel has them.
fn routes(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/net/route")).unwrap()
}

/// Takes one connection, and sends back all it got once that has ended.
fn echo(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    stream.write_all(&all).unwrap();
}

fn a_megabyte_to(host: Ipv4Addr, port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect((host, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&megabyte()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    back
}

fn megabyte() -> Vec<u8> {
    (0..MEGABYTE).map(|n| (n % 251) as u8).collect()
}

#[test]
fn a_call_between_two_devices_carries_the_programs_of_both_systems() {
    if !in_a_network_of_its_own("tun::a_call_between_two_devices_carries_the_programs_of_both_systems") {
        return;
    }
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    // this system has another network, which the caller reaches by a route of its own
    let loopback = Command::new("ip").args(["addr", "add", "192.168.7.1/24", "dev", "lo"]).status();
    let ip = loopback.is_ok_and(|status| status.success());
    let mut dial = Command::new("unshare");
    dial.args([
        "--net",
        PROGRAM,
        "dial",
        "--json",
        "--ip",
        "tun",
        "--user",
        "alice",
        "--password-file",
        "pw",
    ]);
    dial.arg("--line").arg(format!("unix:{}", lab.path("line").display()));
    lab.at_home(&mut dial);
    let mut program = Program::start(dial);
    program.state("Connected");
    let service = lab.private_services()[0].as_raw_nonzero().get();
    assert_eq!(there(service, devices), ["lo", "ras0"]);
    assert!(devices().contains(&"rasport".to_owned()), "{}", server.said());
    // from the caller's system to this one
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut hosts = vec![Ipv4Addr::new(10, 64, 0, 1)];
    if ip {
        hosts.push(Ipv4Addr::new(192, 168, 7, 1));
    } else {
        println!("SKIP the route: no ip command");
    }
    let count = hosts.len();
    let here = std::thread::spawn(move || (0..count).for_each(|_| echo(&listener)));
    for host in hosts {
        let back = there(service, || a_megabyte_to(host, port));
        assert!(back == megabyte(), "{host}: {} octets", back.len());
    }
    here.join().unwrap();
    // and from this one to the caller's
    let listener = there(service, || TcpListener::bind((Ipv4Addr::new(10, 64, 0, 2), 0)).unwrap());
    let port = listener.local_addr().unwrap().port();
    let far = std::thread::spawn(move || echo(&listener));
    assert!(a_megabyte_to(Ipv4Addr::new(10, 64, 0, 2), port) == megabyte());
    far.join().unwrap();
    assert!(routes(service).contains("ras0\t0007A8C0"), "{}", routes(service));
    program.say(&json!({ "hangup": true }));
    let seen_from = |pid| there(pid, devices);
    let mut left = seen_from(service);
    let begun = std::time::Instant::now();
    while left != ["lo"] && begun.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
        left = seen_from(service);
    }
    assert!(!routes(service).contains("ras0"));
    assert_eq!(left, ["lo"], "address and routes go with the device");
    assert_eq!(program.end().0, 0);
}
