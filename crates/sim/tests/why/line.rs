//! The line itself.

use openras_engine::client::dial::{Dial, DialConfig, Notice};
use openras_engine::why::{Role, Transcript, explain};
use openras_engine::{CallInput, CallOutput, LineEvent, LineOp, RasError};
use openras_ppp::{Config, Machine};
use openras_sim::pair::t0;

use crate::far::{Does, Far, ppp, seven_bit};
use crate::stage::{Actor, V2, answerer, both, called, caller, dial, dialler, port, store};

/// A dial whose line fails with this number when it dials.
fn fails_with(number: u32) -> String {
    let mut machine = Dial::new(dial(V2), [1; 32]);
    machine.handle(t0(), CallInput::Tick);
    let mut end = None;
    while let Some(output) = machine.poll_output() {
        match output {
            CallOutput::Line(LineOp::Open) => machine.handle(t0(), CallInput::Line(LineEvent::Opened)),
            CallOutput::Line(LineOp::Dial(_)) => {
                machine.handle(t0(), CallInput::Line(LineEvent::Failed(RasError(number))));
            }
            CallOutput::Line(LineOp::Close) => machine.handle(t0(), CallInput::Line(LineEvent::Closed)),
            CallOutput::Notice(Notice::Ended(ended)) => end = Some(ended),
            _ => {}
        }
    }
    let end = end.unwrap();
    let transcript = Transcript {
        role: Role::Dialled,
        line: "exchange:5551212".into(),
        over: true,
        error: end.error,
        why: end.why,
        remedy: end.remedy,
        ..Transcript::default()
    };
    let explanation = explain(&transcript);
    format!("[{}]\n{explanation}", explanation.diagnosis)
}

#[test]
fn a_busy_number() {
    insta::assert_snapshot!(fails_with(676));
}

#[test]
fn a_number_nobody_answers() {
    insta::assert_snapshot!(fails_with(678));
}

#[test]
fn no_carrier() {
    insta::assert_snapshot!(fails_with(679));
}

#[test]
fn no_dial_tone() {
    insta::assert_snapshot!(fails_with(680));
}

#[test]
fn a_modem_that_answers_nothing() {
    insta::assert_snapshot!(fails_with(666));
}

#[test]
fn a_server_whose_certificate_nobody_signed() {
    insta::assert_snapshot!(fails_with(801));
}

#[test]
fn a_server_that_wants_another_certificate_of_ours() {
    insta::assert_snapshot!(fails_with(853));
}

#[test]
fn an_end_that_echoes() {
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(Far::answers(Does::Echo))));
}

#[test]
fn a_caller_that_echoes() {
    insta::assert_snapshot!(called(Actor::Far(Far::dials(Does::Echo)), answerer(port(), store())));
}

#[test]
fn a_line_that_strips_the_eighth_bit() {
    let far = Far::answers(seven_bit(Config { authenticate_peer: V2.to_vec(), ..Config::default() }));
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(far)));
}

#[test]
fn an_end_that_is_silent() {
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(Far::answers(Does::Silence))));
}

#[test]
fn a_caller_that_is_silent() {
    insta::assert_snapshot!(called(Actor::Far(Far::dials(Does::Silence)), answerer(port(), store())));
}

#[test]
fn a_login_prompt_and_nobody_to_answer_it() {
    let far = Far::answers(Does::Says(b"Welcome to example\r\nlogin: ".to_vec()));
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(far)));
}

#[test]
fn a_login_prompt_where_ppp_was_expected_at_once() {
    let far = Far::answers(Does::Says(b"Welcome to example\r\nlogin: ".to_vec()));
    let config = DialConfig { terminal: openras_engine::client::dial::TerminalMode::Never, ..dial(V2) };
    insta::assert_snapshot!(caller(dialler(config), Actor::Far(far)));
}

#[test]
fn a_carrier_that_is_lost_while_they_negotiate() {
    let far = Far::dials(ppp(crate::network::as_alice())).for_writes(2);
    insta::assert_snapshot!(called(Actor::Far(far), answerer(port(), store())));
}

#[test]
fn a_call_that_goes_well_has_nothing_to_change() {
    let said = both(dialler(dial(V2)), answerer(port(), store()));
    assert!(!said.contains("change"), "{said}");
    insta::assert_snapshot!(said);
}
