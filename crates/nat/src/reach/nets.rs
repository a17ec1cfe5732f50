//! The networks that are not the internet: RFC 6890 and what came after it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Why;

/// Destinations no flow can have, whatever the words say. IPv4 addresses are bare here, not mapped.
pub(super) fn never(to: IpAddr) -> Option<Why> {
    match to {
        _ if to.is_unspecified() => Some(Why::Unspecified),
        _ if to.is_multicast() => Some(Why::Multicast),
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some(Why::Broadcast),
        _ => None,
    }
}

/// IPv4 networks that `internet` does not include.
const V4: [(Ipv4Addr, u32, Why); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, Why::Private),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Why::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Why::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Why::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Why::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Why::Private),
    // protocol assignments, among them DS-Lite's and NAT64 discovery's
    (Ipv4Addr::new(192, 0, 0, 0), 24, Why::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Why::Reserved),
    // relays of 6to4, RFC 7526
    (Ipv4Addr::new(192, 88, 99, 0), 24, Why::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Why::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Why::Reserved),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Why::Reserved),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Why::Reserved),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Why::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Why::Reserved),
];

/// IPv6 networks that `internet` does not include. What is not global unicast (`2000::/3`) is reserved, but for the
/// well-known prefix of NAT64.
const V6: [(Ipv6Addr, u32, Why); 9] = [
    (Ipv6Addr::LOCALHOST, 128, Why::Loopback),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Why::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Why::LinkLocal),
    // site-local of old, RFC 3879
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Why::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Why::Multicast),
    // measurements, RFC 5180, and hash identifiers that are no addresses, RFC 4843
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Why::Reserved),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, Why::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Why::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Why::Reserved),
];

/// Why an address is not on the internet, by itself.
pub(super) fn class(to: IpAddr) -> Option<Why> {
    match to {
        IpAddr::V4(to) => V4
            .iter()
            .find(|(net, length, _)| (net.to_bits() ^ to.to_bits()) >> (32 - length) == 0)
            .map(|(_, _, why)| *why),
        IpAddr::V6(to) => {
            let listed = V6
                .iter()
                .find(|(net, length, _)| (net.to_bits() ^ to.to_bits()) >> (128 - length) == 0)
                .map(|(_, _, why)| *why);
            let global = to.to_bits() >> 125 == 1 || is_nat64(to);
            listed.or_else(|| (!global).then_some(Why::Reserved))
        }
    }
}

/// RFC 6052 §2.1.
fn is_nat64(to: Ipv6Addr) -> bool {
    to.to_bits() >> 32 == Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0).to_bits() >> 32
}

/// The IPv4 address that a packet to this IPv6 address ends at, by a translator or a tunnel on its way.
pub(super) fn embedded(to: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = to.to_bits();
    let four = |shift: u32| u32::try_from((bits >> shift) & 0xffff_ffff).ok().map(Ipv4Addr::from_bits);
    match bits >> 112 {
        _ if is_nat64(to) => four(0),
        // 6to4, RFC 3056
        0x2002 => four(80),
        // Teredo, RFC 4380 §4: the client's address, inverted
        0x2001 if bits >> 96 == 0x2001_0000 => four(0).map(|client| Ipv4Addr::from_bits(!client.to_bits())),
        // IPv4-compatible, RFC 4291 §2.5.5.1
        0 if bits >> 32 == 0 && bits > 0xffff => four(0),
        // ISATAP in a global prefix, RFC 5214 §6.1
        _ if matches!((bits >> 32) & 0xffff_ffff, 0x0000_5efe | 0x0200_5efe) => four(0),
        _ => None,
    }
}
