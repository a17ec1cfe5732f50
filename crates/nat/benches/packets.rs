//! What one packet costs with 1, 64 and 1024 flows, and what a TCP connection carries at an MTU of 1500.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)] // a bench needs a beginning of time

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use openras_nat::{Caps, Config, FlowId, Input, Nat, Order, Reach, V4};
use openras_ppp::Machine;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{IpProtocol, IpRepr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket, UdpRepr};

const PEER: &str = "8.8.8.8:80";

fn peer() -> SocketAddr {
    PEER.parse().unwrap()
}

fn caller(port: u16) -> SocketAddr {
    format!("10.64.0.2:{port}").parse().unwrap()
}

fn nat(now: Instant) -> Nat {
    let mut config =
        Config::new(V4 { caller: "10.64.0.2".parse().unwrap(), gateway: "10.64.0.1".parse().unwrap() });
    config.caps = Caps { new_flows: 1_000_000, flows: 4096, memory: 64 << 20, ..Caps::default() };
    Nat::new(now, config, Reach::default(), [1; 32])
}

fn packet(
    from: SocketAddr,
    to: SocketAddr,
    protocol: IpProtocol,
    length: usize,
    body: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let ip = IpRepr::new(from.ip().into(), to.ip().into(), protocol, length, 64);
    let mut bytes = vec![0; ip.buffer_len()];
    ip.emit(&mut bytes[..], &ChecksumCapabilities::default());
    body(&mut bytes[ip.header_len()..]);
    bytes
}

fn segment(port: u16, control: TcpControl, seq: u32, ack: Option<u32>, data: &[u8]) -> Vec<u8> {
    let (from, to) = (caller(port), peer());
    let repr = TcpRepr {
        src_port: from.port(),
        dst_port: to.port(),
        control,
        seq_number: TcpSeqNumber(seq as i32),
        ack_number: ack.map(|ack| TcpSeqNumber(ack as i32)),
        window_len: 65535,
        window_scale: (control == TcpControl::Syn).then_some(2),
        max_seg_size: (control == TcpControl::Syn).then_some(1460),
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: data,
    };
    packet(from, to, IpProtocol::Tcp, repr.buffer_len(), |bytes| {
        let checksums = ChecksumCapabilities::default();
        repr.emit(&mut TcpPacket::new_unchecked(bytes), &from.ip().into(), &to.ip().into(), &checksums);
    })
}

fn datagram(port: u16, size: usize) -> Vec<u8> {
    let (from, to) = (caller(port), peer());
    packet(from, to, IpProtocol::Udp, 8 + size, |bytes| {
        UdpRepr { src_port: from.port(), dst_port: to.port() }.emit(
            &mut UdpPacket::new_unchecked(bytes),
            &from.ip().into(),
            &to.ip().into(),
            size,
            |room| room.fill(7),
            &ChecksumCapabilities::default(),
        );
    })
}

fn drain(nat: &mut Nat) -> Option<Order> {
    let mut last = None;
    while let Some(order) = nat.poll_output() {
        last = Some(order);
    }
    last
}

/// The latest segment's sequence number and the octets it holds.
fn next(nat: &mut Nat, now: Instant, out: &mut Vec<u8>) -> Option<(u32, usize)> {
    if !nat.poll_packet(now, out) {
        return None;
    }
    let tcp = TcpPacket::new_unchecked(&out[20..]);
    Some((tcp.seq_number().0 as u32, tcp.payload().len()))
}

/// A connection that stands: its flow, and the sequence number of its first octet to the caller.
fn connect(nat: &mut Nat, now: Instant, port: u16) -> (FlowId, u32) {
    nat.handle(now, Input::Packet(&segment(port, TcpControl::Syn, 999, None, &[])));
    let Some(Order::Connect { flow, .. }) = drain(nat) else { panic!("no connection") };
    nat.handle(now, Input::Connected(flow));
    let mut out = Vec::new();
    let (seq, _) = next(nat, now, &mut out).expect("an answer");
    nat.handle(now, Input::Packet(&segment(port, TcpControl::None, 1000, Some(seq + 1), &[])));
    drain(nat);
    (flow, seq.wrapping_add(1))
}

/// One datagram out, one of its answer back, with so many mappings open.
fn datagrams(c: &mut Criterion) {
    let mut group = c.benchmark_group("udp round trip");
    for flows in [1_u16, 64, 1024] {
        let now = Instant::now();
        let mut nat = nat(now);
        let packets: Vec<_> = (0..flows).map(|flow| datagram(1000 + flow, 64)).collect();
        let mut turn = 0;
        let mut out = Vec::new();
        group.throughput(Throughput::Elements(2));
        group.bench_function(BenchmarkId::from_parameter(flows), |b| {
            b.iter(|| {
                // a step that meets all of them, in no order a cache could learn
                turn = (turn + 389) % packets.len();
                nat.handle(now, Input::Packet(&packets[turn]));
                let Some(Order::Datagram { flow, to, data, .. }) = drain(&mut nat) else {
                    panic!("no order")
                };
                nat.handle(now, Input::Datagram { flow, from: to, data: &data });
                assert!(nat.poll_packet(now, &mut out));
            });
        });
    }
}

/// One segment of the caller's taken by the outside and acknowledged, with so many connections open.
fn segments(c: &mut Criterion) {
    let mut group = c.benchmark_group("tcp segment in, ack out");
    for flows in [1_u16, 64, 1024] {
        let now = Instant::now();
        let mut nat = nat(now);
        let mut open: Vec<_> =
            (0..flows).map(|flow| (1000 + flow, 1000_u32, connect(&mut nat, now, 1000 + flow))).collect();
        let mut turn = 0;
        let mut out = Vec::new();
        // two at a time: an acknowledgement is due with the second
        let data = [7; 512];
        group.throughput(Throughput::Elements(2));
        group.bench_function(BenchmarkId::from_parameter(flows), |b| {
            b.iter_custom(|rounds| {
                let mut time = std::time::Duration::ZERO;
                for _ in 0..rounds {
                    turn = (turn + 389) % open.len();
                    let (port, seq, (flow, ack)) = &mut open[turn];
                    let packets = [0, 1]
                        .map(|more| segment(*port, TcpControl::None, *seq + more * 512, Some(*ack), &data));
                    *seq = seq.wrapping_add(1024);
                    let begin = Instant::now();
                    for packet in &packets {
                        nat.handle(now, Input::Packet(packet));
                        while nat.poll_output().is_some() {}
                    }
                    let waiting = nat.waiting(*flow).len();
                    nat.take(now, *flow, waiting);
                    while nat.poll_packet(now, &mut out) {}
                    time += begin.elapsed();
                }
                time
            });
        });
    }
}

/// A mebibyte to the caller and from it, at an MTU of 1500: without the caller's own stack.
fn bytes(c: &mut Criterion) {
    const ALL: usize = 1 << 20;
    let mut group = c.benchmark_group("tcp 1 MiB");
    group.throughput(Throughput::Bytes(ALL as u64));
    let now = Instant::now();
    let chunk = vec![7; 65536];

    let mut down = nat(now);
    let (flow, mut acked) = connect(&mut down, now, 1000);
    group.bench_function("to the caller", |b| {
        b.iter_custom(|rounds| {
            let (mut time, mut out) = (std::time::Duration::ZERO, Vec::new());
            for _ in 0..rounds {
                let (mut given, mut received) = (0, 0);
                while received < ALL {
                    let begin = Instant::now();
                    given += down.give(now, flow, &chunk[..chunk.len().min(ALL - given)]);
                    let mut got = 0;
                    while let Some((_, octets)) = next(&mut down, now, &mut out) {
                        got += octets;
                        if got >= 2920 {
                            break;
                        }
                    }
                    time += begin.elapsed();
                    received += got;
                    acked = acked.wrapping_add(got as u32);
                    let ack = segment(1000, TcpControl::None, 1000, Some(acked), &[]);
                    let begin = Instant::now();
                    down.handle(now, Input::Packet(&ack));
                    drain(&mut down);
                    time += begin.elapsed();
                }
            }
            time
        });
    });

    let mut up = nat(now);
    let (flow, ack) = connect(&mut up, now, 1000);
    let mut seq = 1000_u32;
    let data = vec![7; 1460];
    group.bench_function("from the caller", |b| {
        b.iter_custom(|rounds| {
            let (mut time, mut out) = (std::time::Duration::ZERO, Vec::new());
            for _ in 0..rounds {
                let mut sent = 0;
                while sent < ALL {
                    let packets: Vec<_> = (0..16)
                        .map(|_| {
                            let packet = segment(1000, TcpControl::None, seq, Some(ack), &data);
                            seq = seq.wrapping_add(1460);
                            packet
                        })
                        .collect();
                    sent += 16 * 1460;
                    let begin = Instant::now();
                    for packet in &packets {
                        up.handle(now, Input::Packet(packet));
                        drain(&mut up);
                        while up.poll_packet(now, &mut out) {}
                    }
                    loop {
                        let waiting = black_box(up.waiting(flow)).len();
                        if waiting == 0 {
                            break;
                        }
                        up.take(now, flow, waiting);
                    }
                    while up.poll_packet(now, &mut out) {}
                    time += begin.elapsed();
                }
            }
            time
        });
    });
}

criterion_group!(benches, datagrams, segments, bytes);
criterion_main!(benches);
