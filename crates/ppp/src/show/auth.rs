//! PAP, CHAP and CBCP packets as text.

use std::fmt::Write;

use super::head;
use super::text::{hex, quoted};
use crate::wire::{ControlPacket, Malformed, Options, Reader};

/// A packet of PAP, RFC 1334 §2.
pub(super) fn pap(packet: ControlPacket<'_>, out: &mut String) {
    match packet.code.0 {
        1 => {
            head("AuthReq", packet, out);
            let mut reader = Reader::new(packet.body);
            let name = reader.u8("name length").and_then(|length| reader.take(usize::from(length), "name"));
            match name {
                Ok(name) => {
                    out.push_str(" user=");
                    quoted(name, out);
                    out.push_str(" password=***");
                }
                Err(malformed) => fault(malformed, out),
            }
        }
        2 => message("AuthAck", packet, out),
        3 => message("AuthNak", packet, out),
        _ => unknown(packet, out),
    }
}

/// PAP's replies: a length octet, which sloppy peers leave out, and text.
fn message(name: &str, packet: ControlPacket<'_>, out: &mut String) {
    head(name, packet, out);
    if let Some((_, text)) = packet.body.split_first().filter(|(_, text)| !text.is_empty()) {
        out.push(' ');
        quoted(text, out);
    }
}

/// A packet of CHAP and its Microsoft versions.
pub(super) fn chap(packet: ControlPacket<'_>, out: &mut String) {
    match packet.code.0 {
        1 => value("Challenge", packet, out),
        2 => value("Response", packet, out),
        code @ (3 | 4) => {
            head(if code == 3 { "Success" } else { "Failure" }, packet, out);
            if !packet.body.is_empty() {
                out.push(' ');
                quoted(packet.body, out);
            }
        }
        5..=7 => {
            head("ChangePassword", packet, out);
            let version = packet.code.0 - 4;
            let _ = write!(out, " v{version} {} octets", packet.body.len());
        }
        _ => unknown(packet, out),
    }
}

fn value(name: &str, packet: ControlPacket<'_>, out: &mut String) {
    head(name, packet, out);
    let mut reader = Reader::new(packet.body);
    match reader.u8("value size").and_then(|size| reader.take(usize::from(size), "value")) {
        Ok(value) => {
            out.push_str(" value=");
            hex(value, out);
            out.push_str(" name=");
            quoted(reader.rest(), out);
        }
        Err(malformed) => fault(malformed, out),
    }
}

/// A packet of CBCP, MS-CBCP §2.2.
pub(super) fn cbcp(packet: ControlPacket<'_>, out: &mut String) {
    let name = match packet.code.0 {
        1 => "Request",
        2 => "Response",
        3 => "Ack",
        _ => return unknown(packet, out),
    };
    head(name, packet, out);
    for option in Options::new(packet.body) {
        out.push_str(" <");
        match option {
            Ok(option) => callback(option.kind, option.data, out),
            Err(malformed) => {
                let _ = write!(out, "{malformed}");
            }
        }
        out.push('>');
    }
}

fn callback(kind: u8, data: &[u8], out: &mut String) {
    let name = match kind {
        1 => "none",
        2 => "caller",
        3 => "preset",
        4 => "list",
        _ => {
            let _ = write!(out, "{kind} ");
            return hex(data, out);
        }
    };
    out.push_str(name);
    let Some((delay, mut addresses)) = data.split_first() else { return };
    let _ = write!(out, " delay={delay}");
    while let [_kind, rest @ ..] = addresses {
        let end = rest.iter().position(|octet| *octet == 0).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if !digits.is_empty() {
            out.push(' ');
            quoted(digits, out);
        }
        addresses = rest.get(1..).unwrap_or_default();
    }
}

fn unknown(packet: ControlPacket<'_>, out: &mut String) {
    head(&format!("code={}", packet.code.0), packet, out);
    // whatever it is, it travels where passwords do
    let _ = write!(out, " {} octets", packet.body.len());
}

fn fault(malformed: Malformed, out: &mut String) {
    let _ = write!(out, " {malformed}");
}
