//! IP-Address, RFC 1332 §3.3: the sender's own address; zero asks for one by Nak.

use std::net::Ipv4Addr;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng;

use crate::wire::{Malformed, Reader, emit_option};

/// Its type.
pub(crate) const KIND: u8 = 3;

/// Reads the four octets that this option and those of RFC 1877 carry.
pub(crate) fn parse(data: &[u8]) -> Result<Ipv4Addr, Malformed> {
    let mut reader = Reader::new(data);
    let address = reader.array::<4>("IP address")?;
    reader.finish("IP address")?;
    Ok(Ipv4Addr::from(address))
}

/// Appends an option of `kind` with `address`.
pub(crate) fn emit(kind: u8, address: Ipv4Addr, out: &mut Vec<u8>) {
    emit_option(kind, &address.octets(), out);
}

/// Whether an end of a line can have this address: the peer's word alone must not make us 127.0.0.1 or everybody.
pub(crate) fn is_host(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || address.is_broadcast())
}

/// An address for a peer that has none and asks us, who have none to give either.
///
/// Some answering ends (slirp) ask for 0.0.0.0 as their own address and end IPCP unless they are told one.
/// Nobody routes by it, so any private one does: random in 10.64.0.0/16, so that two ends which both ask
/// settle on different ones.
pub(crate) fn made_up(rng: &mut ChaCha12Rng, other: Ipv4Addr) -> Ipv4Addr {
    loop {
        let [high, low, ..] = rng.next_u32().to_be_bytes();
        let address = Ipv4Addr::new(10, 64, high, low.clamp(1, 254));
        if address != other {
            return address;
        }
    }
}
