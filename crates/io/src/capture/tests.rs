use std::process::Command;

use openras_ppp::hdlc::{Framing, frame};

use super::*;

#[path = "../../../sim/src/peers/skip.rs"]
mod skip;

fn framed(protocol: Protocol, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame(protocol, packet, Framing::DEFAULT, false, &mut out);
    out
}

/// A PAP request for `alice` with the password `geheim`.
fn pap() -> Vec<u8> {
    [b"\x01\x07\x00\x11\x05alice\x06geheim".as_slice()].concat()
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// A capture of one call, and its file.
fn capture() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.pcap");
    let mut capture = Capture::create(&path).unwrap();
    capture.connected();
    capture.received(b"login: ");
    capture.sent(b"alice\r\n123456\r\n");
    capture.sent(&framed(Protocol::LCP, b"\x01\x01\x00\x0e\x02\x06\x00\x00\x00\x00\x07\x02\x08\x02"));
    let all = framed(Protocol::PAP, &pap());
    // any cut of the bytes
    all.chunks(3).for_each(|bytes| capture.sent(bytes));
    capture.received(&framed(Protocol::PAP, b"\x02\x07\x00\x05\x00"));
    let mut change = b"\x07\x09\x02\x4a".to_vec();
    change.extend([b'S'; 582]);
    capture.sent(&framed(Protocol::CHAP, &change));
    let mut reject = b"\x08\x0a\x00\x17\xc0\x23".to_vec();
    reject.extend(pap());
    capture.received(&framed(Protocol::LCP, &reject));
    capture.sent(&framed(
        Protocol::IP,
        b"\x45\x00\x00\x14\x00\x01\x00\x00\x40\x01\x00\x00\x0a\x40\x00\x01\x0a\x40\x00\x02",
    ));
    (folder, path)
}

#[test]
fn secrets_and_what_came_before_ppp_are_not_in_the_file() {
    let (_folder, path) = capture();
    let all = std::fs::read(&path).unwrap();
    assert!(contains(&all, b"\xc0\x23\x01\x07\x00\x11\x05alice\x06\0\0\0\0\0\0"));
    for secret in [b"geheim".as_slice(), b"SSSS", b"123456", b"login"] {
        assert!(!contains(&all, secret), "{secret:?}");
    }
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_pap_request_with_wrong_lengths_is_blanked_whole() {
    let mut body = pap();
    body[4] = 200;
    blank_pap(&mut body);
    assert!(!contains(&body, b"geheim"));
    let mut short = b"\x01\x07\x00".to_vec();
    blank_pap(&mut short);
    assert_eq!(short, b"\x01\x07\x00");
}

#[test]
fn a_compressed_protocol_field_is_written_whole() {
    assert_eq!(redact(b"\x21\x45\x00"), b"\x00\x21\x45\x00");
    assert_eq!(redact(b"\x00\x21\x45"), b"\x00\x21\x45");
    assert_eq!(redact(b"\xc0"), b"\xc0");
}

#[test]
fn tshark_reads_every_frame_with_its_direction() {
    let (_folder, path) = capture();
    let fields = ["-T", "fields", "-e", "ppp.direction", "-e", "ppp.protocol"];
    let shown = match Command::new("tshark").arg("-r").arg(&path).args(fields).output() {
        Ok(shown) => shown,
        Err(error) => {
            let reason = format!("tshark does not run ({error}); run peers/install as root");
            return skip::skip("tshark_reads_every_frame_with_its_direction", &reason);
        }
    };
    let text = String::from_utf8_lossy(&shown.stdout).replace('\t', " ").to_lowercase();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text} {}", String::from_utf8_lossy(&shown.stderr));
    // in its own numbers: 0 is sent, 1 is received
    let want = ["0 0xc021", "0 0xc023", "1 0xc023", "0 0xc223", "1 0xc021", "0 0x0021"];
    for (line, want) in lines.iter().zip(want) {
        assert!(line.starts_with(want), "{line} is not {want}");
    }
}
