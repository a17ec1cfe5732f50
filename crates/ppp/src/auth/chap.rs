//! Challenge Handshake Authentication Protocol (RFC 1994) with MD5 and both versions of MS-CHAP.

mod authenticator;
mod client;

pub(super) use authenticator::Authenticator;
pub(super) use client::Client;

use crate::config::AuthMethod;
use crate::wire::{Malformed, Reader};

const CHALLENGE: u8 = 1;
const RESPONSE: u8 = 2;
const SUCCESS: u8 = 3;
const FAILURE: u8 = 4;

/// Value and Name of a Challenge or Response (RFC 1994 §4.1).
fn parse_value(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = Reader::new(body);
    let size = reader.u8("Value-Size")?;
    Ok((reader.take(usize::from(size), "Value")?, reader.rest()))
}

/// Octets of the challenges we send, and of those a client of this method takes (any but none with MD5).
fn challenge_size(method: AuthMethod) -> usize {
    if method == AuthMethod::MsChapV1 { 8 } else { 16 }
}

#[cfg(test)]
#[path = "tests/chap.rs"]
mod tests;
