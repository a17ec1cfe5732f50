use proptest::prelude::*;

use super::*;

#[test]
fn a_password_is_blanked_wherever_the_lengths_point() {
    let kept = redacted(Protocol::PAP, b"\x01\x01\x00\x10\x04user\x06secret");
    assert_eq!(kept, b"\x01\x01\x00\x10\x04user\x06******");
    // a name length that lies keeps no more than it says
    let kept = redacted(Protocol::PAP, b"\x01\x01\x00\x10\x00user\x06secret");
    assert!(!kept.windows(6).any(|window| window == b"secret"));
    let kept = redacted(Protocol::CHAP, &[7, 1, 0, 8, 1, 2, 3, 4]);
    assert_eq!(kept, [7, 1, 0, 8, 0, 0, 0, 0]);
    // a reply has no secret in it
    assert_eq!(redacted(Protocol::CHAP, &[3, 1, 0, 5, 9]), [3, 1, 0, 5, 9]);
}

#[test]
fn a_password_is_not_shown_where_a_protocol_reject_or_a_wrong_length_brings_it_back() {
    const REJECT: &[u8] = b"\x08\x07\x00\x16\xc0\x23\x01\x01\x00\x10\x04user\x06secret";
    let hides = |octets: &[u8]| !octets.windows(6).any(|window| window == b"secret");
    assert!(hides(&redacted(Protocol::LCP, REJECT)));
    let secret = "736563726574";
    for (protocol, packet) in
        [(Protocol::LCP, REJECT), (Protocol::PAP, b"\x01\x01\x00\x11\x04user\x06secret")]
    {
        let text = show(protocol, packet);
        assert!(!text.contains(secret) && text.contains("octets"), "{text}");
    }
    let change = redacted(Protocol::LCP, &[8, 7, 0, 12, 0xc2, 0x23, 7, 1, 0, 6, 9, 9]);
    assert_eq!(change, [8, 7, 0, 12, 0xc2, 0x23, 7, 1, 0, 6, 0, 0]);
    // a reject of anything else still shows what came back
    assert!(show(Protocol::LCP, &[8, 1, 0, 8, 0x80, 0x2b, 0xab, 0xcd]).contains("abcd"));
}

#[test]
fn text_that_would_command_a_terminal_is_escaped() {
    assert_eq!(escape("a\u{1b}[2J\u{9b}1m\u{202e}b\r\n\"\\"), "a\\u{1b}[2J\\u{9b}1m\\u{202e}b\\r\\n\\\"\\\\");
    assert_eq!(escape("Müller 東京 €"), "Müller 東京 €");
    assert_eq!(escape("\u{200b}\u{feff}\u{2028}"), "\\u{200b}\\u{feff}\\u{2028}");
}

#[test]
fn the_longest_packet_still_is_a_short_line() {
    let mut packet = vec![1, 1, 0xff, 0xff];
    packet.resize(0xffff, 2);
    for protocol in [Protocol::LCP, Protocol::CHAP, Protocol::PAP, Protocol::CBCP, Protocol(0x9999)] {
        let text = show(protocol, &packet);
        assert!(text.chars().count() <= LONGEST && text.ends_with(']'), "{}", text.len());
    }
}

proptest! {
    #[test]
    fn any_octets_are_shown_printable_and_short(
        number in prop::sample::select(vec![0xc021u16, 0xc023, 0xc223, 0xc029, 0x8021, 0x8057, 0x80fd, 0x1235]),
        mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
        honest: bool,
    ) {
        if honest && bytes.len() >= 4 {
            bytes[0] %= 16;
            (bytes[2], bytes[3]) = ((bytes.len() >> 8) as u8, bytes.len() as u8);
        }
        let text = show(Protocol(number), &bytes);
        prop_assert!(text.chars().count() <= LONGEST);
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert_eq!(redacted(Protocol(number), &bytes).len(), bytes.len());
    }
}
