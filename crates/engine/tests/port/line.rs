//! Opening, ringing, answering, hanging up and giving the line back.

use openras_engine::server::port::{Answer, Command, Condition, PortEvent};
use openras_engine::{CallOutput, LineEvent, LineOp, RasError};
use openras_ppp::Machine;

use crate::bench::{Bench, config, secs};
use crate::call::{Call, PASSWORD, client};

#[test]
fn a_new_port_opens_its_line_before_anything_else_and_waits_without_a_deadline() {
    let mut bench = Bench::new(config(&[]));
    assert!(matches!(bench.port.poll_output(), Some(CallOutput::Line(LineOp::Open))));
    bench.line(LineEvent::Opened);
    assert_eq!(bench.port.poll_timeout(), None);
    assert_eq!(bench.ended, 0);
}

#[test]
fn a_line_that_does_not_open_ends_the_port_with_its_number() {
    let mut bench = Bench::new(config(&[]));
    bench.obliging = false;
    bench.line(LineEvent::Failed(RasError::PORT_ALREADY_OPEN));
    bench.ended_with(602, "could not be opened");
    assert!(!bench.ops.contains(&LineOp::Close), "it was never ours");
}

#[test]
fn a_ring_is_told_and_answered() {
    let bench = Bench::answered(config(&["totp"]));
    assert!(
        matches!(&bench.events[..], [PortEvent::Ring(Some(number)), PortEvent::Answered(_), PortEvent::Dialog(_)]
        if number == "5551212")
    );
}

#[test]
fn a_call_that_does_not_come_to_stand_ends() {
    for (event, error) in
        [(LineEvent::Failed(RasError::NO_CARRIER), Some(679)), (LineEvent::Disconnected, None)]
    {
        let mut bench = Bench::new(config(&[]));
        bench.tick();
        bench.obliging = false;
        bench.line(LineEvent::Ring { caller: None });
        bench.line(event);
        bench.line(LineEvent::Closed);
        bench.ended_with(error, "call");
    }
    let mut bench = Bench::new(config(&[]));
    bench.tick();
    bench.obliging = false;
    bench.line(LineEvent::Ring { caller: None });
    bench.pass(secs(70));
    bench.ended_with(679, "No carrier");
}

#[test]
fn an_administrator_may_end_the_port_in_every_state_before_ppp() {
    let listening = || {
        let mut bench = Bench::new(config(&["m"]));
        bench.tick();
        bench
    };
    let ringing = || {
        let mut bench = listening();
        bench.obliging = false;
        bench.line(LineEvent::Ring { caller: None });
        bench.obliging = true;
        bench
    };
    let opening = || {
        let mut bench = Bench::new(config(&[]));
        bench.obliging = false;
        bench.tick();
        bench.obliging = true;
        bench
    };
    let beginning = || Bench::answered(config(&["m"]));
    let talking = || Bench::begun(config(&["m"]));
    let states: [&dyn Fn() -> Bench; 5] = [&opening, &listening, &ringing, &beginning, &talking];
    for (index, state) in states.iter().enumerate() {
        let mut bench = state();
        bench.command(Command::Disconnect);
        bench.ended_with(631, "administrator");
        assert_eq!(bench.ops.contains(&LineOp::HangUp), index >= 2, "state {index}");
        assert_eq!(bench.ends_heard(), usize::from(index >= 3), "state {index}");
        bench.command(Command::Disconnect);
        bench.answer(Answer::Begun(Ok(())));
        bench.line(LineEvent::Closed);
        bench.end();
    }
}

#[test]
fn a_line_that_never_hangs_up_is_given_back_after_two_seconds() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.obliging = false;
    bench.command(Command::Disconnect);
    assert_eq!(bench.ops.last(), Some(&LineOp::HangUp));
    bench.pass(secs(1));
    assert_eq!(bench.ops.last(), Some(&LineOp::HangUp));
    bench.pass(secs(1));
    assert_eq!(bench.ops.last(), Some(&LineOp::Close));
    assert_eq!(bench.ended, 0);
    bench.pass(secs(10));
    bench.ended_with(631, "administrator");
}

#[test]
fn a_line_that_is_taken_away_ends_the_port_in_every_state() {
    let mut opening = Bench::new(config(&[]));
    opening.obliging = false;
    opening.tick();
    let mut listening = Bench::new(config(&[]));
    listening.tick();
    for mut bench in [opening, listening, Bench::begun(config(&["m"])), Bench::answered(config(&[]))] {
        bench.obliging = false;
        bench.line(LineEvent::Closed);
        bench.end();
        assert!(!bench.ops.contains(&LineOp::Close), "there is nothing to give back");
    }
}

#[test]
fn the_condition_follows_the_call() {
    let mut bench = Bench::new(config(&["m"]));
    assert_eq!(bench.port.condition(), Condition::Initializing);
    bench.tick();
    assert_eq!(bench.port.condition(), Condition::Listening);
    bench.line(LineEvent::Ring { caller: None });
    assert_eq!(bench.port.condition(), Condition::Authenticating);
    bench.command(Command::Disconnect);
    assert_eq!(bench.port.condition(), Condition::NonOperational);
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    assert_eq!(call.bench.port.condition(), Condition::Authenticating);
    call.start();
    assert_eq!(call.bench.port.condition(), Condition::Authenticated);
    call.bench.command(Command::Disconnect);
    assert_eq!(call.bench.port.condition(), Condition::Disconnected);
    assert_eq!((Condition::Authenticated.mprapi(), Condition::Authenticated.rassapi()), (5, 6));
}

/// A port whose settings change gives a line back on which nobody has called, and leaves one alone on which somebody
/// just has.
#[test]
fn a_line_that_is_not_wanted_any_more_is_given_back_unless_a_call_has_come() {
    let mut bench = Bench::new(config(&[]));
    bench.tick();
    bench.command(Command::Retire);
    assert_eq!(bench.ended, 1);
    assert!(bench.ops.contains(&LineOp::Close));
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.bench.command(Command::Retire);
    call.start();
    call.bench.command(Command::Retire);
    assert!(call.is_up() && call.bench.ended == 0);
    let mut dialog = Bench::begun(config(&["totp"]));
    dialog.command(Command::Retire);
    assert_eq!(dialog.ended, 0);
}
