//! A caller's packets, what the outside says, and time, against the promises of the NAT. The body stands beside the code
//! it watches: it makes packets with what that crate keeps to itself.

/// The story that these bytes tell; see [`openras_nat::fuzz::fuzz_packets`].
pub fn run(data: &[u8]) {
    openras_nat::fuzz::fuzz_packets(data);
}
