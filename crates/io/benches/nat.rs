//! Our NAT beside slirp4netns: the same program in a network namespace of its own sends to and takes from the same
//! server outside, once through a TUN device that our NAT serves and once through slirp4netns, at an MTU of 1500. TCP
//! with 1 and 64 flows each way, with the processor time of the NAT's process, and the time a small datagram takes, in
//! turn with one that goes straight over the loopback, so that whatever else the machine does shows in both.
//!
//! Needs root (for the namespace and the device), `unshare`, `nsenter`, `ip` and `slirp4netns`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::poll_fn;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use openras_io::IpPort;
use openras_io::net::nat::{Host, NatPort, Resolver, Settings};
use openras_nat::{Caps, Reach, Times};
use openras_ppp::Negotiated;
use openras_ppp::event::{Ipv4, LinkOptions};
use tokio::io::{AsyncRead, ReadBuf};

/// As slirp4netns has them by itself: the caller, and the gateway, which is the host's loopback.
const CALLER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 100);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
const MTU: u16 = 1500;
/// Octets of one run, over all its flows.
const OCTETS: usize = 512 << 20;
/// Datagrams there and back in one block; blocks through a NAT and straight ones take turns.
const ROUNDS: usize = 2_000;
const BLOCKS: usize = 20;
/// Runs of each cell; the best counts.
const RUNS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let arg = |n: usize| args.get(n).map_or("", String::as_str);
    match arg(1) {
        "nat" => nat(arg(2).parse().unwrap()),
        "client" => client(arg(2), arg(3).parse().unwrap(), arg(4).parse().unwrap(), arg(5)),
        _ if args.iter().any(|arg| arg == "--bench") => compare(),
        _ => println!("run it by `cargo bench -p openras-io --bench nat`"),
    }
}

/// A process that ends with this one.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and waits for a line of it.
fn start(program: &str, args: &[&str], ready: &str) -> Process {
    let spawned = Command::new(program).args(args).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{program}: {error}"));
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let process = Process(child);
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line.contains(ready)), "{program} ended without {ready:?}");
    // it may go on writing
    thread::spawn(move || lines.for_each(drop));
    process
}

/// A network namespace, held by a process.
fn namespace() -> Process {
    start("unshare", &["--net", "sh", "-c", "ip link set lo up; echo ready; exec sleep infinity"], "ready")
}

fn inside(namespace: &Process) -> Command {
    let mut command = Command::new("nsenter");
    command.arg("-t").arg(namespace.0.id().to_string()).arg("-n");
    command
}

fn compare() {
    if !rustix::process::geteuid().is_root() {
        return println!("it needs root, for a network namespace and a TUN device");
    }
    let (sink, source, echo) = servers();
    let me = std::env::current_exe().unwrap();
    let me = me.to_str().unwrap();
    println!("through          TCP         MB/s   processor ms/100 MB");
    for (name, one) in [("openras", true), ("slirp4netns", false)] {
        let ns = namespace();
        let pid = ns.0.id().to_string();
        let nat = if one {
            let nat = start(me, &["nat", &pid], "ready");
            let setup = format!(
                "ip addr add {CALLER}/24 dev tun0 && ip link set tun0 mtu {MTU} txqueuelen 1000 up && ip route add default via {GATEWAY}"
            );
            assert!(inside(&ns).args(["sh", "-c", &setup]).status().unwrap().success());
            nat
        } else {
            let mtu = format!("--mtu={MTU}");
            let args = ["--configure", &mtu, &pid, "tap0"];
            // what it says goes to its standard error; whether it works is tried below
            Process(
                Command::new("slirp4netns")
                    .args(args)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap(),
            )
        };
        let run = |way: &str, port: u16, flows: usize| {
            let args = [me, "client", way, &port.to_string(), &flows.to_string(), &GATEWAY.to_string()]
                .map(str::to_owned);
            let output = inside(&ns).args(args).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        wait_for(&run, echo);
        for (way, port) in [("out", sink), ("in", source)] {
            for flows in [1, 64] {
                let best = (0..RUNS).map(|_| {
                    let before = processor(nat.0.id());
                    let seconds: f64 = run(way, port, flows).trim().parse().unwrap();
                    (seconds, processor(nat.0.id()) - before)
                });
                let (seconds, used) = best.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
                let octets = OCTETS as f64;
                let (speed, cost) = (octets / seconds / 1e6, used * 1e3 / (octets / 1e8));
                println!("{name:12} {way:>4}, {flows:2} flows {speed:8.0} {cost:10.1}");
            }
        }
        datagrams(name, || run("echo", echo, 1), || straight(me, echo));
    }
}

/// The program, not in the namespace, and without a NAT.
fn straight(me: &str, echo: u16) -> String {
    let args = ["client", "echo", &echo.to_string(), "1", "127.0.0.1"];
    let output = Command::new(me).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Datagrams through the NAT and straight ones, block by block in turn. What a block had once in a hundred is told as the
/// median of all blocks, beside the worst of them: one that met something else on the machine decides nothing alone.
fn datagrams(name: &str, through: impl Fn() -> String, straight: impl Fn() -> String) {
    let (through, straight): (Vec<Block>, Vec<Block>) =
        (0..BLOCKS).map(|_| (Block::read(&through()), Block::read(&straight()))).unzip();
    let [far, near] = [&through, &straight].map(|blocks| {
        let of: [fn(&Block) -> f64; 2] = [|block| block.p50, |block| block.p99];
        let [mut halves, mut rares]: [Vec<f64>; 2] = of.map(|of| blocks.iter().map(of).collect());
        (median(&mut halves), median(&mut rares), rares.last().copied().unwrap())
    });
    for (what, (p50, p99, worst), blocks) in [("through it", far, &through), ("straight", near, &straight)] {
        let lost: usize = blocks.iter().map(|block| block.lost).sum();
        println!(
            "{name:12} a datagram there and back, {what:10}: p50 {p50:.1} µs, p99 {p99:.1} µs (worst block {worst:.1}), {lost} lost"
        );
    }
    println!(
        "{name:12} added one way: p50 {:.1} µs, p99 {:.1} µs",
        (far.0 - near.0) / 2.0,
        (far.1 - near.1) / 2.0
    );
}

/// What one block of datagrams took, in µs.
struct Block {
    p50: f64,
    p99: f64,
    lost: usize,
}

impl Block {
    /// From nanoseconds, one on a line.
    fn read(times: &str) -> Self {
        let mut times: Vec<u64> = times.lines().map(|line| line.parse().unwrap()).collect();
        times.sort_unstable();
        assert!(!times.is_empty(), "nothing comes back");
        let at = |part: usize| times[(times.len() - 1) * part / 100] as f64 / 1e3;
        Self { p50: at(50), p99: at(99), lost: ROUNDS - times.len() }
    }
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Waits until the way through is open.
fn wait_for(run: &impl Fn(&str, u16, usize) -> String, echo: u16) {
    for _ in 0..50 {
        if !run("try", echo, 1).is_empty() {
            return;
        }
    }
    panic!("nothing comes through");
}

/// Seconds of processor time a process has used.
fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

/// Sink, source and echo on this machine's loopback.
fn servers() -> (u16, u16, u16) {
    let serve = |talk: fn(TcpStream)| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            listener
                .incoming()
                .map_while(Result::ok)
                .for_each(|stream| drop(thread::spawn(move || talk(stream))));
        });
        port
    };
    let sink = serve(|mut stream| {
        let mut buffer = vec![0; 256 << 10];
        while stream.read(&mut buffer).is_ok_and(|n| n > 0) {}
        let _ = stream.write_all(b"k");
    });
    let source = serve(|mut stream| {
        let mut octets = [0; 8];
        if stream.read_exact(&mut octets).is_err() {
            return;
        }
        let (mut left, block) = (usize::from_be_bytes(octets), vec![7; 256 << 10]);
        while left > 0 {
            let n = left.min(block.len());
            if stream.write_all(&block[..n]).is_err() {
                return;
            }
            left -= n;
        }
    });
    let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = echo.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = echo.recv_from(&mut buffer) {
            let _ = echo.send_to(&buffer[..length], from);
        }
    });
    (sink, source, port)
}

/// The program in the namespace.
fn client(way: &str, port: u16, flows: usize, server: &str) {
    match way {
        "out" | "in" => {
            let begin = Instant::now();
            let each = OCTETS / flows;
            let out = way == "out";
            let threads: Vec<_> = (0..flows)
                .map(|_| {
                    let server = format!("{server}:{port}");
                    thread::spawn(move || if out { send(&server, each) } else { take(&server, each) })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            println!("{}", begin.elapsed().as_secs_f64());
        }
        _ => {
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            if socket.connect((server, port)).is_err() {
                return;
            }
            let rounds = if way == "try" { 1 } else { ROUNDS };
            let mut times = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                let begin = Instant::now();
                let _ = socket.send(&[5; 64]);
                if socket.recv(&mut [0; 64]).is_ok() {
                    times.push(begin.elapsed().as_nanos());
                }
            }
            times.iter().for_each(|time| println!("{time}"));
        }
    }
}

fn send(server: &str, octets: usize) {
    let mut stream = TcpStream::connect(server).unwrap();
    let block = vec![7; 256 << 10];
    let mut left = octets;
    while left > 0 {
        let n = left.min(block.len());
        stream.write_all(&block[..n]).unwrap();
        left -= n;
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.read_exact(&mut [0]).unwrap();
}

fn take(server: &str, octets: usize) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(&octets.to_be_bytes()).unwrap();
    let (mut buffer, mut taken) = (vec![0; 256 << 10], 0);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => taken += n,
        }
    }
    assert_eq!(taken, octets);
}

/// Our NAT on a TUN device of that process's namespace.
fn nat(pid: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    // only this thread goes there; the NAT's sockets stay outside
    let made = thread::spawn(move || {
        let namespace = std::fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
        nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        let _entered = handle.enter();
        tokio_tun::TunBuilder::new().name("tun0").build().unwrap().pop().unwrap()
    });
    let mut tun = made.join().unwrap();
    let settings = Settings {
        reach: Reach::parse(["127.0.0.1"]).unwrap(),
        host: Host::fixed([]),
        resolver: Arc::new(Resolver::system()),
        forwards: Vec::new(),
        caps: Caps { new_flows: 1000, ..Caps::default() },
        times: Times::default(),
    };
    println!("ready");
    runtime.block_on(async {
        let mut nat = NatPort::new(Arc::new(settings), None, [3; 32]);
        nat.up(&Negotiated {
            ipv4: Some(Ipv4 { local: GATEWAY, remote: CALLER, dns: [None; 2], nbns: [None; 2] }),
            link: LinkOptions { send_mru: MTU, receive_mru: MTU, ..LinkOptions::default() },
            ..Negotiated::default()
        });
        let (mut taken, mut given) = (vec![0; 2048], vec![0; 16 << 10]);
        poll_fn(|cx| -> Poll<()> {
            // as the driver: so many packets each way, then the other
            for _ in 0..16 {
                let mut moved = false;
                for _ in 0..32 {
                    // past tokio's budget for a task, which would throw packets away below
                    let length = match tun.try_recv(&mut taken) {
                        Ok(length) => length,
                        Err(_) => {
                            let mut packet = ReadBuf::new(&mut taken);
                            match Pin::new(&mut tun).poll_read(cx, &mut packet) {
                                Poll::Ready(read) => read.map(|()| packet.filled().len()).unwrap(),
                                Poll::Pending => break,
                            }
                        }
                    };
                    nat.send(taken[..length].to_vec());
                    moved = true;
                }
                for _ in 0..32 {
                    let mut packet = ReadBuf::new(&mut given);
                    if nat.poll_recv(cx, &mut packet).is_pending() {
                        break;
                    }
                    // a device that is down drops what comes
                    let _ = tun.try_send(packet.filled());
                    moved = true;
                }
                if !moved {
                    return Poll::Pending;
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    });
}
