//! Defence rule 1: recognition chooses a framing, never a right. Every detectable opening × every kind of port.

use openras_engine::server::dialog::{DialogCommand, Echo};
use openras_engine::server::port::Answer;

use crate::bench::{Bench, config, secs};

/// What can be told from text in the first bytes of a caller (ppp-wire §2.7, §8).
pub(crate) const PPP_OPENINGS: [&[u8]; 5] = [
    &[0x7e, 0xff, 0x03, 0xc0, 0x21],
    &[0x7e, 0xff, 0x7d, 0x23, 0xc0, 0x21],
    &[0x7e, 0x7d, 0xdf, 0x7d, 0x23, 0xc0, 0x21],
    &[0x7e, 0x7f, 0x7d, 0x23, 0x40, 0x21],
    &[0x7e, 0x7d, 0x5f, 0x7d, 0x23, 0x40, 0x21],
];
/// A datagram of SLIP that is whole: UDP without data, with a good checksum.
pub(crate) const SLIP_DATAGRAM: &[u8] = &[
    0xc0, 0x45, 0x00, 0x00, 0x1c, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x66, 0x4e, 0x0a, 0x40, 0x00, 0x02,
    0x0a, 0x40, 0x00, 0x01, 0x00, 0x07, 0x00, 0x07, 0x00, 0x08, 0x00, 0x00, 0xc0,
];
const SLIP_OPENING: &[u8] = &[0xc0, 0x45, 0x00, 0x00, 0x1c, 0xc0];

/// All ways of cutting the opening in two, and one byte at a time.
fn cuts(opening: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let two = (0..opening.len()).map(|at| vec![opening[..at].to_vec(), opening[at..].to_vec()]);
    let each = opening.iter().map(|&byte| vec![byte]).collect();
    two.chain([each]).collect()
}

#[test]
fn a_ppp_opening_while_a_module_waits_ends_the_call_with_a_reason_and_is_no_try() {
    for opening in PPP_OPENINGS {
        for cut in cuts(opening) {
            for wants_line in [false, true] {
                let mut bench = Bench::begun(config(&["totp"]));
                if wants_line {
                    bench.ask_line("Code: ", Echo::No, None);
                } else {
                    bench.receive(1, None);
                }
                for part in &cut {
                    bench.bytes(part);
                }
                let end = bench.ended_with(703, "no terminal");
                assert!(!end.counts_as_try);
                assert_eq!(bench.all_heard(), ["end"], "no byte of it is an answer");
                assert!(!bench.is_authenticating() && bench.ups.is_empty());
            }
        }
    }
}

#[test]
fn a_ppp_opening_that_waits_ends_the_call_at_the_next_question() {
    for opening in PPP_OPENINGS {
        let mut bench = Bench::begun(config(&["totp"]));
        bench.bytes(opening);
        bench.dialog(DialogCommand::Send(b"Hello\r\n".to_vec()));
        assert_eq!(bench.ended, 0);
        bench.ask_line("Code: ", Echo::No, Some(30));
        bench.ended_with(703, "no terminal");
    }
}

#[test]
fn a_ppp_opening_goes_to_ppp_when_the_modules_have_nothing_to_ask() {
    for opening in PPP_OPENINGS {
        let mut bench = Bench::begun(config(&["a", "b"]));
        bench.bytes(opening);
        bench.succeed("alice");
        assert!(!bench.is_authenticating(), "the second module decides too");
        bench.answer(Answer::Begun(Ok(())));
        bench.succeed("alice");
        assert!(bench.is_authenticating());
        assert_eq!(bench.ended, 0);
    }
}

#[test]
fn an_answer_before_the_opening_is_still_an_answer() {
    for opening in PPP_OPENINGS {
        let mut bench = Bench::begun(config(&["totp"]));
        bench.ask_line("Code: ", Echo::No, None);
        bench.bytes(&[b"123456\r", opening].concat());
        assert_eq!(bench.all_heard(), ["line \"123456\""]);
        assert_eq!(bench.ended, 0);
        bench.succeed("alice");
        assert!(bench.is_authenticating());
    }
}

#[test]
fn without_modules_ppp_starts_at_once_and_waits_for_the_opening() {
    for opening in PPP_OPENINGS.iter().chain([&SLIP_OPENING]) {
        let mut bench = Bench::answered(config(&[]));
        assert!(bench.is_authenticating());
        bench.bytes(opening);
        assert!(bench.asks.is_empty() && bench.ups.is_empty(), "an opening alone proves nothing");
    }
}

#[test]
fn slip_before_the_modules_are_done_is_bytes_for_the_module_and_opens_nothing() {
    let mut bench = Bench::begun(config(&["totp"]));
    bench.receive(SLIP_OPENING.len(), Some(5));
    bench.bytes(SLIP_OPENING);
    assert_eq!(bench.heard.len(), 1);
    bench.pass(secs(200));
    assert!(!bench.is_authenticating() && bench.ups.is_empty() && bench.ip.is_empty());
}

#[test]
fn ppp_held_for_later_is_bounded() {
    let mut bench = Bench::begun(config(&["totp"]));
    bench.bytes(PPP_OPENINGS[1]);
    bench.bytes(&[0x7d; 65_000]);
    assert_eq!(bench.ended, 0);
    bench.bytes(&[0x7d; 1000]);
    bench.ended_with(699, "64 KiB");
}
