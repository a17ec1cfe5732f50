//! `ip = "tun"` and `dial --ip tun`, each in a network namespace of its own: what goes between them goes over the call. Where
//! that is not allowed the tests say SKIP.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

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

/// Does something in another network.
fn there<T: Send>(network: &File, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let moved = scope.spawn(|| {
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

/// The routes of the network this thread is in, addresses as the kernel has them.
fn routes() -> String {
    std::fs::read_to_string("/proc/thread-self/net/route").unwrap()
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
    let set = |args: &[&str]| Command::new("ip").args(args).status().is_ok_and(|status| status.success());
    let ip = set(&["link", "set", "lo", "up"]) && set(&["addr", "add", "192.168.7.1/24", "dev", "lo"]);
    let mut dial = Command::new("unshare");
    dial.args([
        "--net",
        PROGRAM,
        "dial",
        "--json",
        "--ip",
        "tun",
        "--route",
        "192.168.7.0/24",
        "--user",
        "alice",
        "--password-file",
        "pw",
    ]);
    dial.arg("--line").arg(format!("unix:{}", lab.path("line").display()));
    lab.at_home(&mut dial);
    let mut program = Program::start(dial);
    program.state("Connected");
    // the service ends with its last call, its network stays as long as we hold it
    let service = lab.private_services()[0].as_raw_nonzero();
    let far = File::open(format!("/proc/{service}/ns/net")).unwrap();
    assert_eq!(there(&far, devices), ["lo", "ras0"]);
    assert!(devices().contains(&"rasport".to_owned()), "{}", server.said());
    let led = there(&far, routes);
    assert!(led.contains("ras0\t0007A8C0"), "{led}");
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
        let back = there(&far, || a_megabyte_to(host, port));
        assert!(back == megabyte(), "{host}: {} octets", back.len());
    }
    here.join().unwrap();
    // and from this one to the caller's
    let listener = there(&far, || TcpListener::bind((Ipv4Addr::new(10, 64, 0, 2), 0)).unwrap());
    let port = listener.local_addr().unwrap().port();
    let caller = std::thread::spawn(move || echo(&listener));
    assert!(a_megabyte_to(Ipv4Addr::new(10, 64, 0, 2), port) == megabyte());
    caller.join().unwrap();
    program.say(&json!({ "hangup": true }));
    let begun = Instant::now();
    while there(&far, devices) != ["lo"] {
        assert!(begun.elapsed() < PATIENCE, "the device has stayed");
        std::thread::yield_now();
    }
    assert!(!there(&far, routes).contains("ras0"));
    assert_eq!(program.end().0, 0);
}
