//! `ip = "tun"` and `dial --ip tun`, each in a network namespace of its own: what goes between them goes over the call. Where
//! that is not allowed the tests say SKIP.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
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
        command.arg("--net").arg("--mount").arg(program);
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

/// Whether the network this thread is in has a route for all of IPv6.
fn has_default_of_ipv6() -> bool {
    let table = std::fs::read_to_string("/proc/thread-self/net/ipv6_route").unwrap();
    let everything = format!("{} 00 ", "0".repeat(32));
    table.lines().any(|line| line.starts_with(&everything) && line.trim_end().ends_with("ras0"))
}

/// Takes one connection, and sends back all it got once that has ended.
fn echo(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    stream.write_all(&all).unwrap();
}

fn a_megabyte_to(host: impl Into<IpAddr>, port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect((host.into(), port)).unwrap();
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

/// The counters of the service that answers.
fn metrics(lab: &Lab) -> String {
    let mut stream = UnixStream::connect(lab.socket()).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: openras\r\nconnection: close\r\n\r\n").unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    all
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
    let mut program = dial(&lab, &["--route", "192.168.7.0/24"]);
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
    let metrics = metrics(&lab);
    for direction in ["received", "sent"] {
        let name = format!("openras_tun_octets_total{{device=\"rasport\",direction=\"{direction}\"}} ");
        let octets =
            metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_else(|| panic!("{metrics}"));
        assert!(octets.parse::<usize>().unwrap() > 2 * MEGABYTE, "{direction} {octets}");
    }
    program.say(&json!({ "hangup": true }));
    let begun = Instant::now();
    while there(&far, devices) != ["lo"] {
        assert!(begun.elapsed() < PATIENCE, "the device has stayed");
        std::thread::yield_now();
    }
    assert!(!there(&far, routes).contains("ras0"));
    assert_eq!(program.end().0, 0);
}

/// /etc of this mount namespace becomes a copy, in which a file may be put in another's place.
fn own_etc(lab: &Lab) -> bool {
    let copy = lab.path("etc");
    let done = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    done(Command::new("cp").arg("-a").arg("/etc").arg(&copy))
        && done(Command::new("mount").arg("--bind").arg(&copy).arg("/etc"))
}

fn resolv_conf() -> String {
    std::fs::read_to_string("/etc/resolv.conf").unwrap()
}

/// A dial with a device, in a network of its own and in this test's mounts.
fn dial(lab: &Lab, more: &[&str]) -> Program {
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
    dial.args(more).arg("--line").arg(format!("unix:{}", lab.path("line").display()));
    lab.at_home(&mut dial);
    Program::start(dial)
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

/// Whether a process has ended with all it had open, fetched by its parent or not: no thread of it is left but the first, which
/// waits for that.
fn is_over(process: rustix::process::Pid) -> bool {
    let of = |what: &str| format!("/proc/{}/{what}", process.as_raw_nonzero());
    let threads = std::fs::read_dir(of("task")).map_or(0, Iterator::count);
    let stat = std::fs::read_to_string(of("stat"));
    let ended = |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z"));
    threads <= 1 && stat.map_or(true, ended)
}

const BEFORE: &str = "# by hand\nsearch example.test\nnameserver 192.0.2.1\noptions ndots:2";

#[test]
fn name_servers_of_a_dial_are_the_systems_until_it_ends_or_its_killer_is_followed_by_another() {
    if !in_a_network_of_its_own(
        "tun::name_servers_of_a_dial_are_the_systems_until_it_ends_or_its_killer_is_followed_by_another",
    ) {
        return;
    }
    let lab = Lab::with(&PORT.replace("reach", "dns = [\"198.51.100.7\"]\ncalls = 4\nreach"));
    if !own_etc(&lab) {
        println!("SKIP: nothing can be mounted here");
        return;
    }
    std::fs::write("/etc/resolv.conf", BEFORE).unwrap();
    let _server = lab.serve(&[]);
    // without being asked to nothing is touched
    let mut plain = dial(&lab, &[]);
    plain.state("Connected");
    assert_eq!(resolv_conf(), BEFORE);
    plain.say(&json!({ "hangup": true }));
    assert_eq!(plain.end().0, 0);
    let mut program = dial(&lab, &["--dns"]);
    let told = program.until(|event| event["event"] == "network");
    assert_eq!(told["kind"], "name_servers", "{told}");
    let during = resolv_conf();
    assert!(during.contains("\nnameserver 198.51.100.7\n") && !during.contains("192.0.2.1"), "{during}");
    assert!(during.contains("search example.test\n"), "{during}");
    program.say(&json!({ "hangup": true }));
    let beside = || Path::new("/etc/resolv.conf.openras").exists();
    until("they stay after the call", || resolv_conf() == BEFORE && !beside());
    assert_eq!(program.end().0, 0);
    // killed without a chance to undo anything: the next service does
    let mut program = dial(&lab, &["--dns"]);
    program.until(|event| event["event"] == "network");
    let services = lab.private_services();
    services.iter().for_each(|service| {
        rustix::process::kill_process(*service, rustix::process::Signal::KILL).unwrap();
    });
    drop(program);
    // only then is its socket closed: before, the next dial could still be taken by it
    until("it lives", || services.iter().all(|service| is_over(*service)));
    assert!(resolv_conf().contains("198.51.100.7"));
    let mut next = dial(&lab, &[]);
    next.state("Connected");
    assert_eq!(resolv_conf(), BEFORE);
    assert!(!beside());
    // and what somebody else writes meanwhile is left
    let mut program = dial(&lab, &["--dns"]);
    program.until(|event| event["event"] == "network");
    std::fs::write("/etc/resolv.conf", "nameserver 203.0.113.1\n").unwrap();
    program.say(&json!({ "hangup": true }));
    program.end();
    assert_eq!(resolv_conf(), "nameserver 203.0.113.1\n");
    assert_eq!(std::fs::read_to_string("/etc/resolv.conf.openras").ok().as_deref(), Some(BEFORE));
}

#[test]
fn a_dials_device_has_ipv6_of_the_network_that_is_advertised() {
    if !in_a_network_of_its_own("tun::a_dials_device_has_ipv6_of_the_network_that_is_advertised") {
        return;
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    if !up.is_ok_and(|status| status.success()) || TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        println!("SKIP: no ip command, or no IPv6 here");
        return;
    }
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let lab = Lab::with(&format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line\"\nipv6 = \"fd12:3456:789a::/56\"\n\
         reach = [\"[::1]:{port}\"]\n"
    ));
    let _server = lab.serve(&[]);
    let mut program = dial(&lab, &["--route", "::/0"]);
    program.state("Connected");
    let service = lab.private_services()[0].as_raw_nonzero();
    let far = File::open(format!("/proc/{service}/ns/net")).unwrap();
    let addresses = || there(&far, || std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap());
    until("no address", || addresses().contains("fd123456789a"));
    until("no route", || there(&far, has_default_of_ipv6));
    // ours for this machine's loopback is the first of the first network
    let gateway: Ipv6Addr = "fd12:3456:789a::1".parse().unwrap();
    let here = std::thread::spawn(move || echo(&listener));
    let back = there(&far, || a_megabyte_to(gateway, port));
    assert!(back == megabyte(), "{} octets", back.len());
    here.join().unwrap();
    program.say(&json!({ "hangup": true }));
    until("the device has stayed", || there(&far, devices) == ["lo"]);
    assert_eq!(program.end().0, 0);
}

/// The addresses of the network this thread is in that begin so, as the kernel writes them.
fn addresses(begin: &str) -> Vec<Ipv6Addr> {
    let table = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
    let found = table.lines().filter(|line| line.starts_with(begin));
    found.map(|line| Ipv6Addr::from_bits(u128::from_str_radix(&line[..32], 16).unwrap())).collect()
}

#[test]
fn a_caller_of_a_device_has_an_ipv6_network_that_the_system_routes() {
    if !in_a_network_of_its_own("tun::a_caller_of_a_device_has_an_ipv6_network_that_the_system_routes") {
        return;
    }
    if TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_err() {
        println!("SKIP: no IPv6 here");
        return;
    }
    let gateway: Ipv6Addr = "fd12:3456:789a::1".parse().unwrap();
    let keys = format!("ipv6 = \"fd12:3456:789a::/56\"\nreach = [\"{gateway}\", ");
    let lab = Lab::with(&PORT.replace("reach = [", &keys));
    let server = lab.serve(&[]);
    let mut program = dial(&lab, &["--route", "::/0"]);
    program.state("Connected");
    let service = lab.private_services()[0].as_raw_nonzero();
    let far = File::open(format!("/proc/{service}/ns/net")).unwrap();
    let address = || there(&far, || addresses("fd123456789a").first().copied());
    until("no address", || address().is_some());
    until("no route", || there(&far, has_default_of_ipv6));
    let address = address().unwrap();
    assert_eq!(address.segments()[3], 1, "{address}: the network of the first call");
    // from the caller's system to this one
    let listener = TcpListener::bind((gateway, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let here = std::thread::spawn(move || echo(&listener));
    let back = there(&far, || a_megabyte_to(gateway, port));
    assert!(back == megabyte(), "{} octets: {}", back.len(), server.said());
    here.join().unwrap();
    // and from this one to the caller's
    let listener = there(&far, || TcpListener::bind((address, 0)).unwrap());
    let port = listener.local_addr().unwrap().port();
    let caller = std::thread::spawn(move || echo(&listener));
    assert!(a_megabyte_to(address, port) == megabyte());
    caller.join().unwrap();
    program.say(&json!({ "hangup": true }));
    assert_eq!(program.end().0, 0);
}
