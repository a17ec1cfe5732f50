//! Any control packet on one line, as `[LCP ConfReq id=1 <mru 1500> <auth chap MD5>]`.
//!
//! Never a password, never a byte that could move a terminal's cursor, never longer than a few lines.

mod auth;
mod options;
mod text;

use std::fmt::Write;

pub use text::escape;
use text::{hex, quoted};

use crate::wire::{Code, ControlPacket, Options, Protocol, RawOption, Reader};

/// Longest text of one packet, in characters, brackets included.
pub const LONGEST: usize = 1000;

/// The packet `bytes`, given from its code octet on, of `protocol` as one line of printable text.
///
/// Passwords are `***`, packets that change one show sizes only. Text from outside is escaped and cut. Garbage
/// is shown as such.
pub fn show(protocol: Protocol, bytes: &[u8]) -> String {
    let mut out = format!("[{protocol} ");
    match ControlPacket::parse(bytes) {
        Ok(packet) => body(protocol, packet, &mut out),
        Err(malformed) if carries_secrets(protocol) => {
            let _ = write!(out, "{malformed}: {} octets", bytes.len());
        }
        Err(malformed) => {
            let _ = write!(out, "{malformed}: ");
            hex(bytes, &mut out);
        }
    }
    if out.chars().count() >= LONGEST {
        out = out.chars().take(LONGEST - 2).collect();
        out.push('…');
    }
    out.push(']');
    out
}

/// One configuration option as [`show`] writes it, without its angle brackets.
pub fn option_text(protocol: Protocol, option: RawOption<'_>) -> String {
    let mut out = String::new();
    options::option(protocol, option, &mut out);
    out
}

/// Protocols whose packets may hold a password.
fn carries_secrets(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::PAP | Protocol::CHAP)
}

/// A copy of the packet with the secrets in it blanked: PAP's password by asterisks, packets that change a
/// password by zeros, also where a Protocol-Reject brings one back. Lengths stay.
pub(crate) fn redacted(protocol: Protocol, bytes: &[u8]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    match (protocol, &mut *copy) {
        (Protocol::LCP, [code, _, _, _, high, low, inner @ ..]) if *code == Code::PROTOCOL_REJECT.0 => {
            blank(Protocol(u16::from_be_bytes([*high, *low])), inner);
        }
        (_, bytes) => blank(protocol, bytes),
    }
    copy
}

fn blank(protocol: Protocol, bytes: &mut [u8]) {
    match (protocol, bytes.first()) {
        (Protocol::PAP, Some(1)) => {
            // also where the lengths lie: everything behind the name is taken for the password
            let name = bytes.get(4).copied().map_or(0, usize::from);
            bytes.iter_mut().skip(6 + name).for_each(|octet| *octet = b'*');
        }
        (Protocol::CHAP, Some(5..=7)) => bytes.iter_mut().skip(4).for_each(|octet| *octet = 0),
        _ => {}
    }
}

fn body(protocol: Protocol, packet: ControlPacket<'_>, out: &mut String) {
    match protocol {
        Protocol::PAP => auth::pap(packet, out),
        Protocol::CHAP => auth::chap(packet, out),
        Protocol::CBCP => auth::cbcp(packet, out),
        Protocol::LCP | Protocol::IPCP | Protocol::IPV6CP | Protocol::CCP => control(protocol, packet, out),
        _ => {
            head(&format!("code={}", packet.code.0), packet, out);
            out.push(' ');
            hex(packet.body, out);
        }
    }
}

/// Name of the packet and its identifier.
fn head(name: &str, packet: ControlPacket<'_>, out: &mut String) {
    let _ = write!(out, "{name} id={}", packet.identifier);
}

fn control(protocol: Protocol, packet: ControlPacket<'_>, out: &mut String) {
    let Some(name) = code_name(protocol, packet.code) else {
        head(&format!("code={}", packet.code.0), packet, out);
        out.push(' ');
        return hex(packet.body, out);
    };
    head(name, packet, out);
    match packet.code {
        Code::CONFIGURE_REQUEST | Code::CONFIGURE_ACK | Code::CONFIGURE_NAK | Code::CONFIGURE_REJECT => {
            list(protocol, packet.body, out);
        }
        Code::TERMINATE_REQUEST | Code::TERMINATE_ACK if !packet.body.is_empty() => {
            out.push(' ');
            quoted(packet.body, out);
        }
        Code::CODE_REJECT => {
            out.push(' ');
            hex(packet.body, out);
        }
        Code::PROTOCOL_REJECT => rejected(packet.body, out),
        Code(9..=13) if protocol == Protocol::LCP => magic(packet, out),
        _ => {}
    }
}

fn code_name(protocol: Protocol, code: Code) -> Option<&'static str> {
    Some(match (code, protocol) {
        (Code::CONFIGURE_REQUEST, _) => "ConfReq",
        (Code::CONFIGURE_ACK, _) => "ConfAck",
        (Code::CONFIGURE_NAK, _) => "ConfNak",
        (Code::CONFIGURE_REJECT, _) => "ConfRej",
        (Code::TERMINATE_REQUEST, _) => "TermReq",
        (Code::TERMINATE_ACK, _) => "TermAck",
        (Code::CODE_REJECT, _) => "CodeRej",
        (Code::PROTOCOL_REJECT, Protocol::LCP) => "ProtRej",
        (Code::ECHO_REQUEST, Protocol::LCP) => "EchoReq",
        (Code::ECHO_REPLY, Protocol::LCP) => "EchoRep",
        (Code::DISCARD_REQUEST, Protocol::LCP) => "DiscReq",
        (Code::IDENTIFICATION, Protocol::LCP) => "Ident",
        (Code::TIME_REMAINING, Protocol::LCP) => "TimeRem",
        (Code::RESET_REQUEST, Protocol::CCP) => "ResetReq",
        (Code::RESET_ACK, Protocol::CCP) => "ResetAck",
        _ => return None,
    })
}

fn list(protocol: Protocol, body: &[u8], out: &mut String) {
    for option in Options::new(body) {
        match option {
            Ok(option) => {
                out.push_str(" <");
                options::option(protocol, option, out);
                out.push('>');
            }
            Err(malformed) => {
                let _ = write!(out, " <{malformed}>");
            }
        }
    }
}

/// The rejected protocol and what there was of it.
fn rejected(body: &[u8], out: &mut String) {
    let mut reader = Reader::new(body);
    match reader.u16("protocol") {
        Ok(protocol) if carries_secrets(Protocol(protocol)) => {
            let _ = write!(out, " {} {} octets", Protocol(protocol), reader.rest().len());
        }
        Ok(protocol) => {
            let _ = write!(out, " {} ", Protocol(protocol));
            hex(reader.rest(), out);
        }
        Err(malformed) => {
            let _ = write!(out, " {malformed}");
        }
    }
}

/// Codes 9 to 13 of LCP start with a magic number.
fn magic(packet: ControlPacket<'_>, out: &mut String) {
    let mut reader = Reader::new(packet.body);
    let Ok(magic) = reader.u32("magic number") else { return out.push_str(" malformed") };
    let _ = write!(out, " magic=0x{magic:08x}");
    if packet.code == Code::TIME_REMAINING {
        match reader.u32("seconds") {
            Ok(u32::MAX) => out.push_str(" forever"),
            Ok(seconds) => {
                let _ = write!(out, " seconds={seconds}");
            }
            Err(_) => return out.push_str(" malformed"),
        }
    }
    if reader.is_empty() {
        return;
    }
    out.push(' ');
    match packet.code {
        Code::IDENTIFICATION | Code::TIME_REMAINING => quoted(reader.rest(), out),
        _ => hex(reader.rest(), out),
    }
}

#[cfg(test)]
mod tests;
