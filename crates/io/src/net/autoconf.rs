//! IPv6 of the calling side: an address out of what the router at the other end advertises (RFC 4862), the router itself, the MTU
//! and name servers (RFC 4861 §6.3, RFC 8106). Pure: packets and the time come in, packets go out.
//!
//! IPV6CP has seen to it that the interface identifiers differ (RFC 5072 §4.1): there is nothing to detect. A router of a link of
//! two may only speak when it is spoken to, so it is asked again before what it said has run out.

use std::net::Ipv6Addr;
use std::time::Duration;

use smoltcp::wire::{Icmpv6Packet, IpProtocol, Ipv6Packet};
use tokio::time::Instant;

/// All routers of the link.
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Solicitations that go unanswered, and the time between two (RFC 4861 §10).
const SOLICITATIONS: u8 = 3;
const INTERVAL: Duration = Duration::from_secs(4);
/// The least time between an advertisement and the next solicitation.
const LEAST: Duration = Duration::from_secs(60);
/// What is kept of each: a router may advertise more than one network, and one of them is enough.
const ADDRESSES: usize = 2;
const SERVERS: usize = 3;
/// The smallest MTU of IPv6 (RFC 8200 §5).
const MTU: u32 = 1280;
const SOLICITATION: u8 = 133;
const ADVERTISEMENT: u8 = 134;
/// Octets of an advertisement before its options.
const FIXED: usize = 16;

/// What counts until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Until<T> {
    what: T,
    until: Instant,
}

/// What a packet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// No advertisement: somebody else's.
    Nothing,
    /// One that changed nothing, or that is not to be believed.
    Same,
    /// One that did.
    Changed,
}

/// One link's configuration.
#[derive(Debug)]
pub(super) struct Autoconf {
    identifier: u64,
    /// How many solicitations are still to go, and when the next one does.
    left: u8,
    next: Option<Instant>,
    addresses: Vec<Until<Ipv6Addr>>,
    router: Option<Until<Ipv6Addr>>,
    servers: Vec<Until<Ipv6Addr>>,
    mtu: Option<u32>,
    /// A router has spoken.
    heard: bool,
}

/// The link-local address of an interface identifier, RFC 5072 §5.
pub(super) fn link_local(identifier: [u8; 8]) -> Ipv6Addr {
    Ipv6Addr::from((0xfe80_u128 << 112) | u128::from(u64::from_be_bytes(identifier)))
}

impl Autoconf {
    /// For a link whose own end has this interface identifier; the first solicitation is due at once.
    pub(super) fn new(identifier: [u8; 8], now: Instant) -> Self {
        Self {
            identifier: u64::from_be_bytes(identifier),
            left: SOLICITATIONS,
            next: Some(now),
            addresses: Vec::new(),
            router: None,
            servers: Vec::new(),
            mtu: None,
            heard: false,
        }
    }

    fn own(&self) -> Ipv6Addr {
        link_local(self.identifier.to_be_bytes())
    }

    /// Our addresses beyond the link.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> + '_ {
        self.addresses.iter().map(|address| address.what)
    }

    /// Who carries what goes beyond the link.
    pub(super) fn router(&self) -> Option<Ipv6Addr> {
        self.router.map(|router| router.what)
    }

    /// Whom to ask for names.
    pub(super) fn servers(&self) -> impl Iterator<Item = Ipv6Addr> + '_ {
        self.servers.iter().map(|server| server.what)
    }

    /// The largest packet the router wants; what the link carries goes before it.
    pub(super) fn mtu(&self) -> Option<u32> {
        self.mtu
    }

    /// Whether a router is still to be heard of.
    pub(super) fn is_asking(&self) -> bool {
        !self.heard && self.next.is_some()
    }

    /// When [`due`](Self::due) has something to do.
    pub(super) fn timeout(&self) -> Option<Instant> {
        let ends = self.addresses.iter().chain(&self.router).chain(&self.servers).map(|one| one.until);
        ends.chain(self.next).min()
    }

    /// What the time brings: the next solicitation, and whether something has run out or nobody is asked any more.
    pub(super) fn due(&mut self, now: Instant) -> (Option<Vec<u8>>, bool) {
        let before = (self.addresses.len(), self.router.is_some(), self.servers.len(), self.is_asking());
        self.addresses.retain(|one| one.until > now);
        self.servers.retain(|one| one.until > now);
        self.router = self.router.filter(|one| one.until > now);
        let mut packet = None;
        if self.next.is_some_and(|next| next <= now) {
            packet = (self.left > 0).then(|| solicitation(self.own()));
            self.next = (self.left > 0).then(|| now + INTERVAL);
            self.left = self.left.saturating_sub(1);
        }
        let after = (self.addresses.len(), self.router.is_some(), self.servers.len(), self.is_asking());
        (packet, before != after)
    }

    /// A packet of the link.
    pub(super) fn handle(&mut self, packet: &[u8], now: Instant) -> Heard {
        let Some(packet) = Ipv6Packet::new_checked(packet).ok().filter(|packet| packet.version() == 6) else {
            return Heard::Nothing;
        };
        let bytes = packet.payload();
        if packet.next_header() != IpProtocol::Icmpv6 || bytes.first() != Some(&ADVERTISEMENT) {
            return Heard::Nothing;
        }
        let (from, to) = (packet.src_addr(), packet.dst_addr());
        // RFC 4861 §6.1.2: from this link, and whole
        let whole = Icmpv6Packet::new_checked(bytes).is_ok_and(|icmp| icmp.verify_checksum(&from, &to));
        let local = packet.hop_limit() == 255 && from.is_unicast_link_local() && bytes.get(1) == Some(&0);
        let Some(options) = bytes.get(FIXED..).filter(|_| whole && local).and_then(options) else {
            return Heard::Same;
        };
        self.heard = true;
        let before = self.known();
        let lifetime = bytes.get(6..8).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes);
        self.router = until(from, lifetime.into(), now);
        for (kind, body) in options {
            self.option(kind, body, now);
        }
        let soonest = self.timeout_of_what_is_known().map(|end| (end - now) / 2);
        self.left = SOLICITATIONS;
        self.next = soonest.map(|half| now + half.max(LEAST));
        if before == self.known() { Heard::Same } else { Heard::Changed }
    }

    fn timeout_of_what_is_known(&self) -> Option<Instant> {
        self.addresses.iter().chain(&self.router).chain(&self.servers).map(|one| one.until).min()
    }

    fn known(&self) -> (Vec<Ipv6Addr>, Option<Ipv6Addr>, Vec<Ipv6Addr>, Option<u32>) {
        (self.addresses().collect(), self.router(), self.servers().collect(), self.mtu)
    }

    fn option(&mut self, kind: u8, body: &[u8], now: Instant) {
        let word =
            |at: usize| body.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
        match kind {
            // prefix information: length, flags, valid and preferred lifetime, 4 octets, the prefix
            3 => {
                let flags = body.get(1).copied().unwrap_or(0);
                if let (Some(64), Some(valid), Some(preferred), Some(prefix)) =
                    (body.first(), word(2), word(6), address(body.get(14..30)))
                    && flags & 0x40 != 0
                    && preferred <= valid
                    && is_network(prefix)
                {
                    let own = Ipv6Addr::from(prefix.to_bits() >> 64 << 64 | u128::from(self.identifier));
                    learn(&mut self.addresses, ADDRESSES, own, valid, now);
                }
            }
            // MTU: 2 octets, the MTU
            5 => self.mtu = word(2).filter(|mtu| *mtu >= MTU).or(self.mtu),
            // name servers: 2 octets, lifetime, addresses
            25 => {
                for server in
                    body.get(6..).unwrap_or_default().chunks_exact(16).filter_map(|one| address(Some(one)))
                {
                    learn(&mut self.servers, SERVERS, server, word(2).unwrap_or(0), now);
                }
            }
            _ => {}
        }
    }
}

/// The options of an advertisement: kind and body. `None`: it is broken, and none of it counts.
fn options(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut found = Vec::new();
    while let [kind, length, ..] = bytes {
        let (option, rest) =
            bytes.split_at_checked(usize::from(*length) * 8).filter(|(option, _)| !option.is_empty())?;
        found.push((*kind, option.get(2..)?));
        bytes = rest;
    }
    bytes.is_empty().then_some(found)
}

fn address(octets: Option<&[u8]>) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(octets?).ok().map(Ipv6Addr::from)
}

/// Whether hosts can have addresses in a network: one of the internet, or a unique local one.
fn is_network(prefix: Ipv6Addr) -> bool {
    let [first, ..] = prefix.octets();
    first >> 5 == 1 || first >> 1 == 0xfc >> 1
}

fn until(what: Ipv6Addr, seconds: u32, now: Instant) -> Option<Until<Ipv6Addr>> {
    let until = now.checked_add(Duration::from_secs(seconds.into()))?;
    (seconds > 0).then_some(Until { what, until })
}

/// Keeps what was said with its time; none is the end of it.
fn learn(known: &mut Vec<Until<Ipv6Addr>>, most: usize, what: Ipv6Addr, seconds: u32, now: Instant) {
    let at = known.iter().position(|one| one.what == what);
    match (at, until(what, seconds, now)) {
        (Some(at), Some(new)) => known.get_mut(at).into_iter().for_each(|old| *old = new),
        (Some(at), None) => drop(known.remove(at)),
        (None, Some(new)) if known.len() < most => known.push(new),
        (None, _) => {}
    }
}

fn solicitation(from: Ipv6Addr) -> Vec<u8> {
    let mut packet = vec![0; 48];
    let mut ip = Ipv6Packet::new_unchecked(&mut packet[..]);
    ip.set_version(6);
    ip.set_payload_len(8);
    ip.set_next_header(IpProtocol::Icmpv6);
    ip.set_hop_limit(255);
    ip.set_src_addr(from);
    ip.set_dst_addr(ALL_ROUTERS);
    if let Some(kind) = ip.payload_mut().first_mut() {
        *kind = SOLICITATION;
    }
    Icmpv6Packet::new_unchecked(ip.payload_mut()).fill_checksum(&from, &ALL_ROUTERS);
    packet
}

#[cfg(test)]
mod tests;
