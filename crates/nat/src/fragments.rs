//! Putting fragmented packets together, within caps.
//!
//! A part that overlaps another ends its whole packet (RFC 5722 for IPv6; done for IPv4 too, RFC 1858 §4); an exact
//! repeat is ignored. A part that does not come in time, or that came when too many packets were open, is counted.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::wire::{Fragment, Packet, ip_packet};

/// Parts of one packet: an IPv6 datagram of 64 KiB on a link of the smallest MTU has 53.
const PARTS: usize = 128;
/// Octets an IP packet may carry.
const LARGEST: usize = 65535 - 40;

/// What makes parts belong together.
type Key = (IpAddr, IpAddr, u8, u32);

/// One packet whose parts have not all come.
#[derive(Debug)]
struct Partial {
    key: Key,
    until: Instant,
    /// Where parts begin and end, in order.
    parts: Vec<(usize, usize)>,
    /// Known from the last part.
    total: Option<usize>,
    data: Vec<u8>,
}

/// What a fragment came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reassembly {
    /// It was the last one missing: the packet, with a plain header.
    Whole(Vec<u8>),
    /// Others are missing.
    Waiting,
    /// It is counted as dropped, and with it what had come of its packet.
    Dropped,
}

/// The packets being put together.
#[derive(Debug)]
pub(crate) struct Fragments {
    open: Vec<Partial>,
    most: usize,
    patience: Duration,
}

impl Fragments {
    pub(crate) fn new(most: usize, patience: Duration) -> Self {
        Self { open: Vec::new(), most, patience }
    }

    /// Takes one part. `budget` is how many octets may be held in addition.
    pub(crate) fn add(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        part: Fragment,
        budget: usize,
    ) -> Reassembly {
        let key = (packet.src, packet.dst, packet.protocol, part.id);
        let (begin, end) = (part.offset, part.offset + packet.payload.len());
        let odd = part.more && !packet.payload.len().is_multiple_of(8);
        let place = self.open.iter().position(|partial| partial.key == key);
        if odd || packet.payload.is_empty() || end > LARGEST {
            place.map(|place| self.open.swap_remove(place));
            return Reassembly::Dropped;
        }
        let place = match place {
            Some(place) => place,
            None if self.open.len() >= self.most => return Reassembly::Dropped,
            None => {
                let until = now + self.patience;
                self.open.push(Partial { key, until, parts: Vec::new(), total: None, data: Vec::new() });
                self.open.len() - 1
            }
        };
        let Some(partial) = self.open.get_mut(place) else { return Reassembly::Dropped };
        let growth = end.saturating_sub(partial.data.len());
        let fits = growth <= budget && partial.parts.len() < PARTS;
        if !fits || !partial.add(begin, end, part.more, packet.payload) {
            self.open.swap_remove(place);
            return Reassembly::Dropped;
        }
        if !partial.is_whole() {
            return Reassembly::Waiting;
        }
        let whole = self.open.swap_remove(place);
        let id = u16::try_from(part.id & 0xffff).unwrap_or_default();
        match ip_packet(packet.src, packet.dst, packet.protocol, id, &whole.data) {
            Some(packet) => Reassembly::Whole(packet),
            None => Reassembly::Dropped,
        }
    }

    /// Gives up what has waited too long, and tells how many packets that were.
    pub(crate) fn expire(&mut self, now: Instant) -> usize {
        let before = self.open.len();
        self.open.retain(|partial| partial.until > now);
        before - self.open.len()
    }

    /// When the next one is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open.iter().map(|partial| partial.until).min()
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.open.iter().map(|partial| partial.data.capacity()).sum()
    }
}

impl Partial {
    /// Whether the part fits to the others; if not, the packet is spoilt.
    fn add(&mut self, begin: usize, end: usize, more: bool, payload: &[u8]) -> bool {
        if self.parts.contains(&(begin, end)) {
            return true;
        }
        let overlaps = self.parts.iter().any(|(from, to)| begin < *to && *from < end);
        let beyond = self.total.is_some_and(|total| end > total || !more);
        let last = self.parts.last().map_or(0, |(_, to)| *to);
        if overlaps || beyond || (!more && last > end) {
            return false;
        }
        if !more {
            self.total = Some(end);
        }
        let place = self.parts.partition_point(|(from, _)| *from < begin);
        self.parts.insert(place, (begin, end));
        if self.data.len() < end {
            self.data.reserve_exact(end - self.data.len());
            self.data.resize(end, 0);
        }
        if let Some(room) = self.data.get_mut(begin..end) {
            room.copy_from_slice(payload);
        }
        true
    }

    fn is_whole(&self) -> bool {
        let mut expected = 0;
        for (begin, end) in &self.parts {
            if *begin != expected {
                return false;
            }
            expected = *end;
        }
        self.total == Some(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{fragments, parse, udp_packet};

    fn parts(size: usize, mtu: usize, v6: bool) -> (Vec<u8>, Vec<Vec<u8>>) {
        let data: Vec<u8> = (0..size).map(|at| (at / 7) as u8).collect();
        let (from, to) = match v6 {
            false => ("10.0.0.2:4000".parse().unwrap(), "192.0.2.1:53".parse().unwrap()),
            true => ("[fd00::2]:4000".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()),
        };
        let packet = udp_packet(from, to, 77, &data).unwrap();
        (packet.clone(), fragments(packet, mtu, 77))
    }

    fn feed(fragments: &mut Fragments, now: Instant, bytes: &[u8]) -> Reassembly {
        let packet = parse(bytes).unwrap();
        fragments.add(now, &packet, packet.fragment.unwrap(), 1 << 20)
    }

    fn payload(bytes: &[u8]) -> Vec<u8> {
        parse(bytes).unwrap().payload.to_vec()
    }

    #[allow(clippy::disallowed_methods)] // the one beginning of time of these tests
    fn t0() -> Instant {
        Instant::now()
    }

    #[test]
    fn parts_in_any_order_make_the_packet() {
        for v6 in [false, true] {
            let (whole, mut parts) = parts(6000, 1280, v6);
            assert!(parts.len() > 4);
            parts.reverse();
            parts.swap(0, 2);
            let mut open = Fragments::new(8, Duration::from_secs(30));
            let (last, first) = parts.split_last().unwrap();
            for part in first {
                assert_eq!(feed(&mut open, t0(), part), Reassembly::Waiting);
                assert_eq!(feed(&mut open, t0(), part), Reassembly::Waiting, "a repeat changes nothing");
            }
            let Reassembly::Whole(packet) = feed(&mut open, t0(), last) else { panic!("not whole") };
            assert_eq!(payload(&packet), payload(&whole));
            assert_eq!(open.memory(), 0);
        }
    }

    #[test]
    fn a_part_that_overlaps_spoils_its_packet() {
        let (_, parts) = parts(3000, 1500, false);
        let mut open = Fragments::new(8, Duration::from_secs(30));
        assert_eq!(feed(&mut open, t0(), &parts[0]), Reassembly::Waiting);
        let packet = parse(&parts[1]).unwrap();
        let shifted = Fragment { offset: 8, ..packet.fragment.unwrap() };
        assert_eq!(open.add(t0(), &packet, shifted, 1 << 20), Reassembly::Dropped);
        assert_eq!(open.memory(), 0);
    }

    #[test]
    fn caps_hold_and_time_runs_out() {
        let mut open = Fragments::new(2, Duration::from_secs(30));
        let now = t0();
        let (_, parts) = parts(3000, 1500, false);
        let packet = parse(&parts[0]).unwrap();
        let part = packet.fragment.unwrap();
        for id in 0..2 {
            assert_eq!(open.add(now, &packet, Fragment { id, ..part }, 1 << 20), Reassembly::Waiting);
        }
        assert_eq!(open.add(now, &packet, Fragment { id: 9, ..part }, 1 << 20), Reassembly::Dropped);
        assert_eq!(open.deadline(), Some(now + Duration::from_secs(30)));
        assert_eq!(open.expire(now + Duration::from_secs(29)), 0);
        assert_eq!(open.expire(now + Duration::from_secs(30)), 2);
        assert_eq!(open.add(now, &packet, part, 100), Reassembly::Dropped, "the budget");
    }
}
