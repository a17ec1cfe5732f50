use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[allow(clippy::disallowed_methods)]
fn t0() -> Instant {
    Instant::now()
}

const LCP: &[u8] = b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7d\x20\x7d\x24\xd1\xb5\x7e";

fn push_all(recogniser: &mut Recogniser, chunks: &[&[u8]]) -> Seen {
    let (now, mut all) = (t0(), Seen::default());
    for chunk in chunks {
        match &mut all.ppp {
            Some((_, frame)) => frame.extend_from_slice(chunk),
            None => {
                let seen = recogniser.push(now, chunk);
                all.text.extend(seen.text);
                all.ppp = seen.ppp;
            }
        }
    }
    all
}

#[test]
fn each_header_of_the_reference_is_recognised() {
    for (header, _) in HEADERS {
        let mut stream = b"Welcome\r\n".to_vec();
        stream.extend_from_slice(header);
        stream.extend_from_slice(b"rest");
        let seen = push_all(&mut Recogniser::new(), &[&stream]);
        assert_eq!(seen.text, b"Welcome\r\n");
        assert_eq!(seen.ppp.unwrap().1, &stream[9..]);
    }
}

#[test]
fn a_stripped_line_is_named() {
    let stripped: Vec<u8> = LCP.iter().map(|b| b & 0x7f).collect();
    let seen = push_all(&mut Recogniser::new(), &[&stripped]);
    assert_eq!(seen.ppp.unwrap().0, Header::SevenBit);
}

#[test]
fn a_second_flag_starts_again() {
    let seen = push_all(&mut Recogniser::new(), &[b"\x7e\x7e\xff\x7e", LCP]);
    assert_eq!(seen.text, b"\x7e\x7e\xff\x7e");
    assert_eq!(seen.ppp.unwrap().1, LCP);
}

#[test]
fn a_tilde_in_a_prompt_is_text() {
    let mut recogniser = Recogniser::new();
    assert_eq!(push_all(&mut recogniser, &[b"host:~", b"$ "]).text, b"host:~$ ");
    assert!(recogniser.unfinished());
}

#[test]
fn a_prompt_is_an_unfinished_line_and_a_banner_is_not() {
    for (text, unfinished) in [
        (&b"login: "[..], true),
        (b"Welcome\r\n", false),
        (b"Welcome\r\nname? ", true),
        (b"\r\n  \x00\xff", false),
        (b"", false),
    ] {
        let mut recogniser = Recogniser::new();
        push_all(&mut recogniser, &[text]);
        assert_eq!(recogniser.unfinished(), unfinished, "{text:?}");
    }
}

#[test]
fn what_was_shown_meanwhile_still_reaches_ppp_once_the_header_is_whole() {
    let (mut recogniser, now) = (Recogniser::new(), t0());
    assert_eq!(recogniser.push(now, b"ok\r\n\x7e\xff").text, b"ok\r\n");
    assert_eq!(recogniser.settle(), b"\x7e\xff");
    assert_eq!(recogniser.settle(), b"", "shown once");
    let seen = recogniser.push(now + Duration::from_secs(5), &LCP[2..]);
    assert_eq!(seen, Seen { text: vec![], ppp: Some((Header::Ppp, LCP.to_vec())) });
    assert_eq!(recogniser.last_byte(), Some(now + Duration::from_secs(5)));
}

#[test]
fn what_was_shown_meanwhile_is_not_shown_again_when_no_header_follows() {
    let (mut recogniser, now) = (Recogniser::new(), t0());
    recogniser.push(now, b"\x7e\xff");
    assert_eq!(recogniser.settle(), b"\x7e\xff");
    assert_eq!(recogniser.push(now, b"abc").text, b"abc");
}

#[test]
fn our_own_frames_coming_back_are_no_peer_but_a_peers_are() {
    for stripped in [false, true] {
        let mut recogniser = Recogniser::new();
        recogniser.note_sent(LCP);
        let echo: Vec<u8> = LCP.iter().map(|b| if stripped { b & 0x7f } else { *b }).collect();
        let seen = push_all(&mut recogniser, &[&echo]);
        assert_eq!((seen.ppp, seen.text), (None, echo));
        assert!(!recogniser.unfinished(), "an echo asks nothing");
        let seen = push_all(&mut recogniser, &[LCP]);
        assert!(seen.ppp.is_some(), "one frame sent explains one echo");
    }
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_text_and_the_same_frame(
        before in prop::collection::vec(prop_oneof![Just(0x7e), Just(0xff), Just(0x7d), any::<u8>()], 0..40),
        cuts in prop::collection::vec(1usize..6, 0..60),
        with_frame in any::<bool>(),
    ) {
        let mut stream = before;
        if with_frame {
            stream.extend_from_slice(LCP);
        }
        let whole = push_all(&mut Recogniser::new(), &[&stream]);
        let (mut chunks, mut rest) = (vec![], &stream[..]);
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        let mut cut = Recogniser::new();
        prop_assert_eq!(&push_all(&mut cut, &chunks), &whole);
        let mut all = whole.text;
        match whole.ppp {
            Some((_, frame)) => all.extend(frame),
            None => all.extend(cut.finish()),
        }
        prop_assert_eq!(all, stream, "no byte is lost or made up");
    }
}
