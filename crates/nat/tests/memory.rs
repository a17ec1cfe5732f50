//! What a session holds: little when silent, nothing after it was busy.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers outside #[test]

use std::time::Instant;

use openras_nat::{Config, Input, Nat, Order, Reach, V4};
use openras_ppp::Machine;

#[allow(clippy::disallowed_methods)] // the beginning of time of these tests
fn t0() -> Instant {
    Instant::now()
}

fn nat(now: Instant) -> Nat {
    let v4 = V4 { caller: "10.64.0.2".parse().unwrap(), gateway: "10.64.0.1".parse().unwrap() };
    Nat::new(now, Config::new(v4), Reach::default(), [1; 32])
}

/// A UDP datagram with no checksum, which IPv4 allows; its header's is right.
fn datagram(port: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 64, 0, 2, 8, 8, 8, 8];
    let sum: u32 = packet.chunks(2).map(|two| u32::from(u16::from_be_bytes([two[0], two[1]]))).sum();
    let sum = !(((sum & 0xffff) + (sum >> 16)) as u16);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(&port.to_be_bytes());
    packet.extend_from_slice(&[0, 7, 0, 10, 0, 0, 1, 2]);
    packet
}

/// Of the 32 KiB that a silent call may cost, the NAT takes less than a tenth.
#[test]
fn a_silent_session_is_small() {
    let mut session = None;
    let heap = allocation_counter::measure(|| session = Some(nat(t0()))).bytes_current;
    let size = i64::try_from(std::mem::size_of::<Nat>()).unwrap();
    assert!(heap + size < 3 << 10, "{heap} and {size} octets");
}

#[test]
fn a_session_that_was_busy_gives_back_what_it_held() {
    let mut now = t0();
    let mut nat = nat(now);
    let before = allocation_counter::measure(|| {
        for port in 1000..1900 {
            now += std::time::Duration::from_millis(10);
            nat.handle(now, Input::Packet(&datagram(port)));
            while let Some(order) = nat.poll_output() {
                assert!(matches!(order, Order::Datagram { .. }), "{order:?}");
            }
        }
        assert_eq!(nat.flows(), 900);
        while let Some(at) = nat.poll_timeout() {
            now = at;
            nat.handle(now, Input::Tick);
            while nat.poll_output().is_some() {}
        }
        assert_eq!(nat.flows(), 0);
    });
    assert!(before.bytes_current < 2 << 10, "{} octets", before.bytes_current);
}
