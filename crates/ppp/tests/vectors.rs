//! Packets as octets and as text: each line of `tests/vectors/control.txt` is parsed, shown and emitted back.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use openras_ppp::show;
use openras_ppp::wire::{ControlPacket, Options, Protocol, emit_option};

fn octets(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
}

fn vectors() -> impl Iterator<Item = (Protocol, Vec<u8>, &'static str)> {
    let lines = include_str!("vectors/control.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut parts = line.splitn(3, '|').map(str::trim);
        let protocol = u16::from_str_radix(parts.next().unwrap(), 16).unwrap();
        (Protocol(protocol), octets(parts.next().unwrap()), parts.next().unwrap())
    })
}

#[test]
fn every_packet_has_its_text() {
    for (protocol, bytes, text) in vectors() {
        assert_eq!(show(protocol, &bytes), text);
    }
    assert!(vectors().count() > 40);
}

#[test]
fn every_well_formed_packet_is_emitted_back_octet_for_octet() {
    for (protocol, bytes, _) in vectors() {
        let Ok(packet) = ControlPacket::parse(&bytes) else { continue };
        let mut out = Vec::new();
        packet.emit(&mut out);
        assert_eq!(out, bytes);
        let configures = (1..=4).contains(&packet.code.0) && matches!(protocol.0, 0xc021 | 0x8000..=0xbfff);
        if let (true, Ok(options)) = (configures, Options::parse(packet.body)) {
            let mut body = Vec::new();
            options.flat().for_each(|option| emit_option(option.kind, option.data, &mut body));
            assert_eq!(body, packet.body);
        }
    }
}
