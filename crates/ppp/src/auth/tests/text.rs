use proptest::prelude::*;

use super::*;

fn failure(text: &str) -> Failure {
    Failure::parse(text.as_bytes())
}

#[test]
fn a_failure_of_windows_is_read_whole() {
    let text = "E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Access denied, E=5 or not";
    let read = failure(text);
    assert_eq!((read.error, read.retry, read.version), (691, true, 3));
    assert_eq!(
        read.challenge.as_deref(),
        Some(&crate::auth::tests::hex("00112233445566778899aabbccddeeff")[..])
    );
    assert_eq!(read.message, "Access denied, E=5 or not");
    assert_eq!(read.emit(), text);
}

#[test]
fn fields_may_come_in_any_order_and_case_of_hex_among_strange_words() {
    let read = failure("V=2 hello C=aAbBcCdDeEfF0011 X=1 R=0 E=648");
    assert_eq!((read.error, read.retry, read.version), (648, false, 2));
    assert_eq!(read.challenge, Some(crate::auth::tests::hex("aabbccddeeff0011")));
    let read = failure("M=first E=647 R=1");
    assert_eq!((read.error, read.retry), (647, true));
}

#[test]
fn what_is_missing_has_the_values_of_rfc_2433() {
    let read = failure("E=646");
    assert_eq!(
        read,
        Failure { error: 646, retry: false, challenge: None, version: 1, message: String::new() }
    );
    let read = failure("Login incorrect");
    assert_eq!((read.error, read.retry, &*read.message), (691, false, "Login incorrect"));
    assert_eq!(failure("").error, 691);
}

#[test]
fn broken_fields_are_as_good_as_missing() {
    let read = failure("E=691 R=yes C=123 V=x");
    assert_eq!((read.retry, read.challenge, read.version), (false, None, 1));
    assert_eq!(failure("E=99999999999 R=1").error, 691);
    assert!(!failure("E=99999999999 R=1").retry);
    assert_eq!(failure("E=691 C=zz V=3").challenge, None);
}

#[test]
fn success_is_read_with_and_without_message() {
    let proof = Some(crate::auth::tests::hexed("407A5589115FD0D6209F510FE9C04566932CDA56"));
    for (text, message) in [
        ("S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Welcome here", "Welcome here"),
        ("S=407a5589115fd0d6209f510fe9c04566932cda56M=x", "x"),
        ("S=407A5589115FD0D6209F510FE9C04566932CDA56", ""),
        ("S=407A5589115FD0D6209F510FE9C04566932CDA56 ", ""),
    ] {
        let read = Success::parse(text.as_bytes());
        assert_eq!((read.authenticator_response, &*read.message), (proof, message), "{text}");
    }
    for text in ["", "S=", "S=407A", "M=fine", "S=407A5589115FD0D6209F510FE9C04566932CDA5G", "Welcome"] {
        assert_eq!(Success::parse(text.as_bytes()).authenticator_response, None, "{text}");
    }
}

#[test]
fn long_messages_are_cut_between_characters() {
    let long = Failure { error: 691, version: 3, message: "ä".repeat(4000), ..Failure::default() };
    assert!(long.emit().len() < 300);
}

proptest! {
    #[test]
    fn what_was_emitted_is_parsed_again(
        error: u32, retry: bool, challenge in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..20)),
        version: u32, message in "[a-z =]{0,40}",
    ) {
        let made = Failure { error, retry, challenge, version, message };
        prop_assert_eq!(Failure::parse(made.emit().as_bytes()), made);
    }

    #[test]
    fn a_success_survives_both_ways(proof: [u8; 20], message in "[a-z][a-z =]{0,40}") {
        let made = Success { authenticator_response: Some(proof), message };
        prop_assert_eq!(Success::parse(made.emit().as_bytes()), made);
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Failure::parse(&bytes);
        let _ = Success::parse(&bytes);
    }
}
