//! What counts as one source.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// The source by which limits count. An IPv6 host has a whole /64 of addresses to choose from, so those are one
/// source; link-local addresses, which all neighbours take from one /64, stand each for itself.
pub(crate) fn place(source: &str) -> Cow<'_, str> {
    let Ok(address) = source.parse::<Ipv6Addr>() else { return source.into() };
    if address.is_unicast_link_local() || address.is_loopback() || address.to_ipv4_mapped().is_some() {
        return source.into();
    }
    let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64));
    format!("{network}/64").into()
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_source_and_all_else_is_itself() {
        assert_eq!(place("2001:db8:1:2::7"), "2001:db8:1:2::/64");
        assert_eq!(place("2001:db8:1:2:ffff::1"), place("2001:db8:1:2::7"));
        assert_ne!(place("2001:db8:1:3::7"), place("2001:db8:1:2::7"));
        for source in
            ["192.0.2.7", "uid 1000", "5550101", "exchange:100", "::1", "fe80::7", "::ffff:192.0.2.7"]
        {
            assert_eq!(place(source), source);
        }
    }
}
