//! Defence rule 8: how long a caller may stay unauthenticated in all, and how that meets a person's own time.

use std::time::Duration;

use openras_engine::RasError;
use openras_engine::server::dialog::DialogCommand;
use openras_engine::server::port::{Answer, Command, PortConfig};
use openras_ppp::{AuthMethod, Config, Machine, Verdict};

use crate::bench::{Bench, config, secs};
use crate::call::{Call, PASSWORD, client, frame};

fn limited(modules: &[&str]) -> PortConfig {
    PortConfig { before_auth: secs(120), before_auth_most: secs(300), ..config(modules) }
}

/// Lets the port alone with its clock; gives how long it took to end and with which number.
fn ends(bench: &mut Bench) -> (Duration, Option<RasError>) {
    let begin = bench.now;
    while bench.ended == 0 {
        bench.now = bench.now.max(bench.port.poll_timeout().unwrap());
        bench.tick();
        bench.asks.clear();
    }
    (bench.now - begin, bench.downs[0].error)
}

#[test]
fn a_dialog_has_two_minutes_unless_its_module_asks_for_more() {
    let mut bench = Bench::begun(limited(&["totp"]));
    bench.receive(1, None);
    assert_eq!(ends(&mut bench), (secs(120), Some(RasError(638))));
    for (more, until) in [(60, 120), (200, 200), (u64::MAX, 300)] {
        let mut bench = Bench::begun(limited(&["totp"]));
        bench.command(Command::Dialog(DialogCommand::Extend(secs(more))));
        bench.receive(1, None);
        assert_eq!(ends(&mut bench), (secs(until), Some(RasError(638))), "{more} s more");
    }
}

/// A person who was refused with this number and says nothing more, whose program answers every echo.
fn refused(error: u32, retry: bool) -> Call {
    let mut port = limited(&[]);
    port.ppp.authenticate_peer = vec![AuthMethod::MsChapV2];
    let mut call = Call::new(port, client("alice", "wrong"));
    call.owner.silent.push("verify");
    call.start();
    let refuse = Verdict::Refuse { error, retry, challenge: None, message: String::new() };
    call.bench.answer(Answer::Verdict(refuse));
    call
}

#[test]
fn another_try_earns_no_time_and_a_proved_password_that_must_be_changed_has_its_own() {
    let mut wrong = refused(691, true);
    wrong.pass(secs(115));
    assert_eq!(wrong.bench.ended, 0);
    wrong.pass(secs(20));
    wrong.bench.ended_with(638, "before_auth");
    let mut expired = refused(648, false);
    expired.pass(secs(175));
    assert_eq!(expired.bench.ended, 0);
    expired.pass(secs(25));
    assert_eq!(expired.bench.ended, 1);
}

#[test]
fn a_caller_that_negotiates_without_end_has_no_more_time_than_others() {
    let mut port = limited(&[]);
    port.ppp.authenticate_peer = vec![AuthMethod::MsChapV2];
    let mut call = Call::new(port, Config { credentials: None, ..client("", "") });
    call.start();
    let begin = call.bench.now;
    for identifier in 0..=255 {
        if call.bench.ended > 0 {
            break;
        }
        call.bench.bytes(&frame(0xc021, &[1, identifier, 0, 4]));
        call.run();
        call.pass(secs(10));
    }
    assert!(call.bench.ended > 0 && call.bench.now - begin <= secs(135), "{:?}", call.bench.now - begin);
}

#[test]
fn who_has_passed_has_no_limit_any_more() {
    let mut call = Call::new(limited(&[]), client("alice", PASSWORD));
    call.start();
    assert!(call.is_up());
    call.pass(secs(600));
    assert_eq!(call.bench.ended, 0);
}
