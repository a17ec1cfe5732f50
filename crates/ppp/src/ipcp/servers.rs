//! Name server addresses, RFC 1877: zero asks for one by Nak.

use std::net::Ipv4Addr;

/// Primary DNS, primary NBNS, secondary DNS, secondary NBNS, in the order of their types.
pub(crate) const KINDS: [u8; 4] = [129, 130, 131, 132];

/// Where the value of `kind` stands among the four.
pub(crate) fn index(kind: u8) -> Option<usize> {
    KINDS.iter().position(|known| *known == kind)
}

/// One list (primary, secondary) of DNS and one of NBNS servers as the four options.
pub(crate) fn from_lists(dns: &[Ipv4Addr], nbns: &[Ipv4Addr]) -> [Option<Ipv4Addr>; 4] {
    let usable = |address: Option<&Ipv4Addr>| address.copied().filter(|address| !address.is_unspecified());
    [usable(dns.first()), usable(nbns.first()), usable(dns.get(1)), usable(nbns.get(1))]
}
