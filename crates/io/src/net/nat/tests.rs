//! A caller's own stack, or packets made by hand, before the NAT; servers of this machine behind it.

mod datagrams;
mod descriptors;
mod limits;
mod streams;

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

use openras_nat::Dropped;
use openras_ppp::event::{Ipv4, LinkOptions};
use tokio::task::JoinHandle;

use super::*;
use crate::net::MAX_PACKET;
use crate::net::loopback::{FarEnd, LoopbackHandle, LoopbackPort, loopback};

const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 1);
const CALLER: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);
/// Longer than anything here takes, on a machine that does much else.
const LONG: Duration = Duration::from_secs(180);

fn agreed(local: Ipv4Addr, remote: Ipv4Addr) -> Negotiated {
    Negotiated {
        ipv4: Some(Ipv4 { local, remote, dns: [None; 2], nbns: [None; 2] }),
        link: LinkOptions { send_mru: 1500, receive_mru: 1500, ..LinkOptions::default() },
        ..Negotiated::default()
    }
}

/// What calls share, with these words of `reach`.
fn settings(words: &[&str]) -> Settings {
    Settings {
        reach: Reach::parse(words).unwrap(),
        host: Host::fixed([]),
        resolver: Arc::new(Resolver::fixed(&["127.0.0.1:9".parse().unwrap()])),
        forwards: Vec::new(),
        caps: Caps { new_flows: 100_000, ..Caps::default() },
        times: Times::default(),
    }
}

/// A NAT that is up.
fn up(settings: Settings) -> NatPort {
    let mut port = NatPort::new(Arc::new(settings), None, [7; 32]);
    port.up(&agreed(GATEWAY, CALLER));
    port
}

/// A caller's stack before a NAT.
struct Call {
    caller: LoopbackHandle,
    nat: Arc<Mutex<NatPort>>,
    wire: JoinHandle<()>,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.wire.abort();
    }
}

impl Call {
    async fn new(settings: Settings) -> Self {
        let nat = Arc::new(Mutex::new(up(settings)));
        let (mut stack, caller) = loopback(FarEnd::Gateway);
        let wire = tokio::spawn({
            let nat = nat.clone();
            async move {
                stack.up(&agreed(CALLER, GATEWAY));
                let stack = Mutex::new(stack);
                poll_fn(|cx| carry(cx, &stack, &nat)).await
            }
        });
        caller.until_up().await.unwrap();
        Self { caller, nat, wire }
    }

    fn stats(&self) -> Stats {
        self.nat.lock().unwrap().stats()
    }

    /// Waits until the NAT is as it should be.
    async fn until(&self, what: &str, is: impl Fn(&NatPort) -> bool) {
        let waiting = async {
            while !is(&self.nat.lock().unwrap()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LONG, waiting)
            .await
            .unwrap_or_else(|_| panic!("not {what}: {:?}", self.stats()));
    }
}

/// Carries packets both ways, as the driver does, in one task.
fn carry(cx: &mut Context<'_>, stack: &Mutex<LoopbackPort>, nat: &Mutex<NatPort>) -> Poll<()> {
    let (mut stack, mut nat) = (stack.lock().unwrap(), nat.lock().unwrap());
    let mut memory = vec![0; MAX_PACKET];
    for _ in 0..64 {
        let mut moved = false;
        let mut buf = ReadBuf::new(&mut memory);
        while nat.poll_ready(cx).is_ready() && stack.poll_recv(cx, &mut buf).is_ready() {
            nat.send(buf.filled().to_vec());
            buf.clear();
            moved = true;
        }
        if stack.poll_ready(cx).is_ready() && nat.poll_recv(cx, &mut buf).is_ready() {
            stack.send(buf.filled().to_vec());
            moved = true;
        }
        if !moved {
            return Poll::Pending;
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// The next packet for the caller.
async fn next(nat: &mut NatPort) -> Vec<u8> {
    let mut memory = vec![0; MAX_PACKET];
    let mut buf = ReadBuf::new(&mut memory);
    tokio::time::timeout(LONG, poll_fn(|cx| nat.poll_recv(cx, &mut buf))).await.expect("no packet");
    buf.filled().to_vec()
}

/// What there is for the caller at once.
async fn now_there(nat: &mut NatPort) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut memory = vec![0; MAX_PACKET];
    loop {
        let mut buf = ReadBuf::new(&mut memory);
        match poll_fn(|cx| Poll::Ready(nat.poll_recv(cx, &mut buf))).await {
            Poll::Ready(()) => packets.push(buf.filled().to_vec()),
            Poll::Pending => return packets,
        }
    }
}

/// Open sockets and questions of a NAT.
fn held(nat: &NatPort) -> (usize, usize) {
    nat.session.as_ref().map_or((0, 0), |session| session.held())
}

/// An IPv4 packet; the checksum of what is in it is its own affair.
fn packet(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    header.extend(from.octets());
    header.extend(to.octets());
    let length = u16::try_from(20 + payload.len()).unwrap();
    header[2..4].copy_from_slice(&length.to_be_bytes());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header.extend_from_slice(payload);
    header
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(*two.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap()
}

/// A datagram without checksum, which IPv4 allows.
fn udp(from: u16, to: (Ipv4Addr, u16), data: &[u8]) -> Vec<u8> {
    let mut datagram = [from.to_be_bytes(), to.1.to_be_bytes()].concat();
    datagram.extend(u16::try_from(8 + data.len()).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(data);
    packet(CALLER, to.0, 17, &datagram)
}

/// A SYN.
fn syn(from: u16, to: (Ipv4Addr, u16)) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.1.to_be_bytes()].concat();
    segment.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0x20, 0, 0, 0, 0, 0]);
    let mut pseudo = [CALLER.octets(), to.0.octets()].concat();
    pseudo.extend([0, 6, 0, 20]);
    pseudo.extend_from_slice(&segment);
    let sum = checksum(&pseudo);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    packet(CALLER, to.0, 6, &segment)
}

/// An echo request.
fn ping(to: Ipv4Addr) -> Vec<u8> {
    let mut echo = vec![8, 0, 0, 0, 0x12, 0x34, 0, 9, b'h', b'i'];
    let sum = checksum(&echo);
    echo[2..4].copy_from_slice(&sum.to_be_bytes());
    packet(CALLER, to, 1, &echo)
}
