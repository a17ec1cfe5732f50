//! Devices and cables that lack signals, and questions.

use super::*;

#[test]
fn a_device_without_signals_is_driven_by_text_whatever_the_settings_say() {
    let mut bench = Bench::new(short());
    bench.has_signals = false;
    bench.op(LineOp::Open);
    bench.pass(2 * SEC);
    assert_eq!(bench.look(), hear("DTR true\n> ATZ\n> ATE0\n> ATS2=43\nOpened"));
    bench.answers.push(("ATDT", Some("\r\nCONNECT 9600\r\n")));
    bench.op(LineOp::Dial("5".into()));
    bench.say("x\r\nNO CARRIER\r\n");
    bench.look();
    bench.pass(2 * SEC);
    assert_eq!(bench.look()[0], "Disconnected");
    bench.pass(5 * SEC);
    bench.op(LineOp::Dial("5".into()));
    bench.look();
    bench.op(LineOp::HangUp);
    bench.pass(4 * SEC);
    assert_eq!(bench.look()[..3], ["> +++", "> ATH0", "DTR true"]);
}

#[test]
fn without_dtr_a_line_that_is_given_back_in_a_call_hangs_up_first() {
    for hung_up in [false, true] {
        let mut bench =
            Bench::online(Settings { carrier: Carrier::Text, hang_up: HangUp::Escape, ..short() });
        if hung_up {
            bench.op(LineOp::HangUp);
            bench.pass(SEC);
        }
        bench.op(LineOp::Close);
        bench.pass(7 * SEC);
        let story = bench.look();
        assert_eq!(story[..2], ["> +++", "> ATH0"], "{hung_up}");
        assert_eq!(story.last().unwrap(), "Closed");
        assert_eq!(story.contains(&"Disconnected".to_owned()), hung_up);
    }
}

#[test]
fn a_question_may_be_answered_by_anything_and_by_nothing() {
    let ask = ["ATI", "AT+GMM", "AT#MFR?"].map(str::to_owned).to_vec();
    let mut bench = Bench::new(Settings { ask, ..short() });
    bench.answers.push(("ATI", Some("Sportster\r\nOK\r\n")));
    bench.answers.push(("AT+GMM", Some("ERROR\r\n")));
    bench.answers.push(("AT#", None));
    bench.op(LineOp::Open);
    bench.pass(10 * SEC);
    assert_eq!(bench.look(), hear("DTR true\n> ATZ\n> ATE0\n> ATI\n> AT+GMM\n> AT#MFR?\nOpened"));
}

#[test]
fn a_cable_that_never_shows_a_carrier_ends_its_calls_by_text() {
    let mut bench = Bench::open(short());
    bench.answers.push(("ATDT", Some("\r\nCONNECT\r\n")));
    bench.op(LineOp::Dial("5".into()));
    bench.say("~");
    assert!(!bench.driver.passes_through());
    bench.say("\r\nNO CARRIER\r\n");
    bench.look();
    bench.pass(2 * SEC);
    assert_eq!(bench.look()[0], "Disconnected");
}
