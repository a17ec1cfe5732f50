//! Callback: who may be called where, and what the called-back person must prove (defence rules 2 and 3).

use openras_engine::server::port::{Admission, Answer, Command, Condition, PortConfig, PortEvent};
use openras_engine::users::CallbackRight;
use openras_engine::{LineEvent, LineOp, RasError};
use openras_ppp::ask::CallbackChoice;
use openras_ppp::config::{CallbackConfig, Timers};
use openras_ppp::{Config, Machine};

use crate::bench::{config, secs};
use crate::call::{Call, PASSWORD, client, frame};

fn port() -> PortConfig {
    PortConfig { callback: true, ..config(&[]) }
}

fn callable(user: &str, delay: u8) -> Config {
    Config { callback: CallbackConfig { enabled: true, delay }, ..client(user, PASSWORD) }
}

fn caller_right(prefixes: &[&str]) -> CallbackRight {
    CallbackRight::Caller { allow: prefixes.iter().map(|&prefix| prefix.to_owned()).collect() }
}

/// A call of alice that ends in the hang-up for a callback.
fn agreed(right: CallbackRight, choice: CallbackChoice, delay: u8) -> Call {
    let mut call = Call::new(port(), callable("alice", delay));
    call.owner.right = right;
    call.choice = choice;
    call.start();
    // one restart period after the Terminate-Ack (RFC 1661 §4.6), unless the caller drops the line itself
    call.pass(secs(3));
    call
}

fn by_number(number: &str) -> Call {
    agreed(caller_right(&["555", "+49"]), CallbackChoice::Number(number.into()), 5)
}

fn preset() -> Call {
    agreed(CallbackRight::Preset("+49 711 555".into()), CallbackChoice::Preset, 5)
}

#[test]
fn a_number_of_the_callers_is_normalised_asked_for_and_dialled() {
    let mut call = by_number("(555) 12-12");
    assert_eq!(call.owner.asked, ["verify alice", "admit alice", "callback alice 5551212"]);
    assert!(call.offers[0].none && call.offers[0].caller && !call.offers[0].preset, "{:?}", call.offers);
    assert!(call.bench.ops.contains(&LineOp::HangUp) && call.dialled().is_empty());
    assert_eq!(call.bench.port.condition(), Condition::CallingBack);
    call.assert_never_up();
    call.pass(secs(10));
    assert_eq!(call.dialled(), ["5551212"]);
    call.pick_up(client("alice", PASSWORD));
    assert!(call.is_up(), "{:?}", call.bench.downs);
    assert_eq!(call.owner.asked[3..], ["verify alice", "admit alice", "address alice"]);
    let events = &call.bench.events;
    let at = |wanted: fn(&PortEvent) -> bool| events.iter().position(wanted).unwrap();
    let pending = at(|event| matches!(event, PortEvent::CallbackPending(number) if number == "5551212"));
    let calling = at(|event| matches!(event, PortEvent::CallingBack(number) if number == "5551212"));
    let second = at(|event| matches!(event, PortEvent::Authenticating { leg: 2 }));
    assert!(pending < calling && calling < second);
}

#[test]
fn a_preset_number_is_dialled_after_the_caps_were_asked() {
    let mut call = preset();
    assert_eq!(call.owner.asked, ["verify alice", "admit alice", "callback alice +49711555"]);
    assert!(call.offers.iter().all(|offer| offer.preset && !offer.none), "{:?}", call.offers);
    call.pass(secs(10));
    assert_eq!(call.dialled(), ["+49711555"]);
    call.pick_up(client("alice", PASSWORD));
    assert!(call.is_up());
}

#[test]
fn a_caller_may_decline() {
    let mut call = agreed(caller_right(&["555"]), CallbackChoice::None, 5);
    call.pass(secs(5));
    assert!(call.is_up());
    assert!(call.dialled().is_empty());
}

#[test]
fn a_number_outside_the_list_or_that_is_none_is_never_dialled() {
    for number in ["0900123", "555W1", "555;ATH", "555,,1", "5551234567890123456789"] {
        let mut call = by_number(number);
        call.pass(secs(300));
        assert!(call.dialled().is_empty(), "{number}");
        assert!(!call.owner.asked.iter().any(|asked| asked.starts_with("callback")), "{number}");
        call.bench.end();
        call.assert_never_up();
    }
}

#[test]
fn caps_refuse_both_kinds() {
    let mut call = Call::new(port(), callable("alice", 5));
    call.owner.right = caller_right(&["555"]);
    call.owner.may_call = false;
    call.choice = CallbackChoice::Number("5551212".into());
    call.start();
    call.pass(secs(300));
    call.bench.end();
    assert!(call.dialled().is_empty());
    let mut call = Call::new(port(), callable("alice", 5));
    call.owner.right = CallbackRight::Preset("555".into());
    call.owner.may_call = false;
    call.start();
    call.pass(secs(30));
    call.bench.ended_with(704, "does not dial 555");
    call.assert_never_up();
}

#[test]
fn an_empty_allow_list_and_a_port_without_callback_line_offer_nothing() {
    let no_line = PortConfig { callback: false, ..port() };
    for (port, allow) in [(port(), &[][..]), (no_line, &["555"][..])] {
        let mut call = Call::new(port, callable("alice", 5));
        call.owner.right = caller_right(allow);
        call.choice = CallbackChoice::Number("5551212".into());
        call.start();
        call.pass(secs(300));
        assert!(call.dialled().is_empty());
        assert!(call.offers.iter().all(|offer| !offer.caller), "{:?}", call.offers);
    }
}

#[test]
fn a_preset_user_gets_in_by_no_other_way() {
    let start = |port: PortConfig, client: Config, number: &str| {
        let mut call = Call::new(port, client);
        call.owner.right = CallbackRight::Preset(number.into());
        call.start();
        call.pass(secs(300));
        call.assert_never_up();
        assert!(call.dialled().is_empty());
        call
    };
    // option 13 missing
    start(port(), client("alice", PASSWORD), "555").bench.ended_with(812, "must be called back");
    // option 13 rejected: a port without a callback line does not agree to it
    let no_line = PortConfig { callback: false, ..port() };
    start(no_line, callable("alice", 5), "555").bench.ended_with(633, "callback_line");
    // nothing that can be dialled
    start(port(), callable("alice", 5), "host:23").bench.ended_with(704, "is no number");
    // nobody proved anything
    let mut open = port();
    open.ppp.authenticate_peer.clear();
    start(open, callable("alice", 5), "555").bench.ended_with(812, "not authenticated");
}

/// Answers CBCP in the client's place.
fn with_cbcp(answer: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Call {
    let mut call = Call::new(port(), callable("alice", 5));
    call.owner.right = CallbackRight::Preset("555".into());
    call.tamper = Some(Box::new(move |protocol, packet| (protocol == 0xc029).then(|| answer(packet))));
    call.start();
    call.pass(secs(300));
    call
}

#[test]
fn a_preset_user_whose_cbcp_is_rejected_or_of_the_wrong_type_is_ended() {
    let rejected = with_cbcp(|packet| {
        let length = u16::try_from(packet.len() + 6).unwrap();
        let mut reject = vec![8, 77];
        reject.extend(length.to_be_bytes());
        reject.extend([0xc0, 0x29]);
        reject.extend(packet);
        frame(0xc021, &reject)
    });
    let no_callback = with_cbcp(|packet| frame(0xc029, &[2, packet[1], 0, 6, 1, 2]));
    let own_number = with_cbcp(|packet| {
        let mut response = vec![2, packet[1], 0, 13, 2, 9, 5, 1];
        response.extend(b"0900\0");
        frame(0xc029, &response)
    });
    let silent = with_cbcp(|_| Vec::new());
    for call in [rejected, no_callback, own_number, silent] {
        call.bench.ended_with(812, "must be called back");
        call.assert_never_up();
        assert!(call.dialled().is_empty());
    }
}

#[test]
fn only_the_same_user_completes_the_callback() {
    let mut call = preset();
    call.pass(secs(10));
    call.pick_up(client("bob", PASSWORD));
    call.pass(secs(15));
    let end = call.bench.ended_with(691, "\"bob\" is not \"alice\"");
    assert!(end.counts_as_try && end.why.contains("called back"));
    call.assert_never_up();

    let mut call = preset();
    call.pass(secs(10));
    call.pick_up(client("alice", "wrong"));
    call.pass(secs(15));
    assert!(call.bench.ended_with(691, "refused").counts_as_try);
}

#[test]
fn a_called_back_person_has_a_limit() {
    let mut call = Call::new(PortConfig { answer_limit: secs(1000), ..port() }, callable("alice", 5));
    call.owner.right = CallbackRight::Preset("555".into());
    call.choice = CallbackChoice::Preset;
    call.start();
    call.pass(secs(20));
    call.owner.silent.push("verify");
    let timers = Timers { max_configure: 100, ..Timers::default() };
    call.pick_up(Config { timers, auth_wait: secs(1000), ..client("alice", PASSWORD) });
    call.pass(secs(119));
    assert!(call.bench.downs.is_empty(), "{:?}", call.bench.downs);
    call.pass(secs(10));
    call.bench.ended_with(718, "callback_expiry");
    call.assert_never_up();
}

#[test]
fn the_delay_is_the_callers_between_the_ports_own_and_a_minute() {
    for (asked, waited) in [(0, 2), (5, 5), (255, 60)] {
        let mut call = agreed(caller_right(&["555"]), CallbackChoice::Number("555".into()), asked);
        let hung_up = call.bench.now;
        assert!(call.dialled().is_empty());
        while call.dialled().is_empty() {
            let next = call.bench.port.poll_timeout().unwrap();
            call.bench.now = next;
            call.bench.tick();
        }
        assert_eq!(call.bench.now - hung_up, secs(waited), "asked for {asked}");
    }
}

#[test]
fn the_number_is_tried_three_times_half_a_minute_apart() {
    let mut call = preset();
    call.pass(secs(10));
    for tries in 1..=3 {
        assert_eq!(call.dialled().len(), tries);
        call.bench.line(LineEvent::Failed(RasError::LINE_BUSY));
        call.pass(secs(29));
        assert_eq!(call.dialled().len(), tries);
        call.pass(secs(1));
    }
    let end = call.bench.ended_with(676, "+49711555 failed 3 times");
    assert!(!end.counts_as_try);
    assert_eq!(end.name.as_deref(), Some("alice"));
    call.assert_never_up();
}

#[test]
fn a_number_that_rings_for_ever_is_hung_up_and_tried_again() {
    let mut call = preset();
    call.pass(secs(10));
    let hang_ups = |call: &Call| call.bench.ops.iter().filter(|op| matches!(op, LineOp::HangUp)).count();
    assert_eq!(hang_ups(&call), 1);
    call.pass(secs(160));
    assert_eq!((hang_ups(&call), call.dialled().len()), (2, 2));
    call.pick_up(client("alice", PASSWORD));
    assert!(call.is_up());
}

#[test]
fn a_line_that_does_not_hang_up_is_not_dialled() {
    let mut call = Call::new(port(), callable("alice", 5));
    call.owner.right = CallbackRight::Preset("555".into());
    call.choice = CallbackChoice::Preset;
    call.bench.obliging = false;
    call.start();
    call.pass(secs(60));
    assert!(call.dialled().is_empty());
    call.bench.ended_with(692, "hung up");
}

#[test]
fn an_administrator_ends_a_callback_in_every_state() {
    let waiting = preset;
    let ringing = || {
        let mut call = preset();
        call.pass(secs(10));
        call
    };
    let answered = || {
        let mut call = preset();
        call.pass(secs(10));
        call.owner.silent.push("admit");
        call.pick_up(client("alice", PASSWORD));
        call
    };
    let states: [&dyn Fn() -> Call; 3] = [&waiting, &ringing, &answered];
    for state in states {
        let mut call = state();
        let before = call.bench.ops.iter().filter(|op| matches!(op, LineOp::HangUp)).count();
        let busy = call.dialled().len();
        call.bench.command(Command::Disconnect);
        call.run();
        call.bench.ended_with(631, "administrator");
        let after = call.bench.ops.iter().filter(|op| matches!(op, LineOp::HangUp)).count();
        assert_eq!(after - before, busy, "only what stands or rings is hung up");
    }
}

#[test]
fn carrier_lost_on_the_second_leg_ends_the_call() {
    let mut call = preset();
    call.pass(secs(10));
    call.owner.silent.push("verify");
    call.pick_up(client("alice", PASSWORD));
    call.bench.line(LineEvent::Disconnected);
    call.bench.ended_with(628, "dropped");
}

#[test]
fn the_limit_of_the_called_back_person_ends_with_the_proof() {
    let mut call = Call::new(PortConfig { answer_limit: secs(1000), ..port() }, callable("alice", 5));
    call.owner.right = CallbackRight::Preset("555".into());
    call.choice = CallbackChoice::Preset;
    call.start();
    call.pass(secs(20));
    call.owner.silent.push("admit");
    let timers = Timers { max_configure: 100, ..Timers::default() };
    call.pick_up(Config { timers, ..client("alice", PASSWORD) });
    call.pass(secs(130));
    assert!(call.bench.downs.is_empty(), "{:?}", call.bench.downs);
    call.bench.answer(Answer::Admit(Ok(Admission::default())));
    call.run();
    assert!(call.is_up());
}

/// ras-security-host §9 point 34: the dialog is the first leg's; whom it let in must be called back, and nobody else.
#[test]
fn the_dialog_is_not_repeated_on_the_callback() {
    let mut call = Call::new(PortConfig { callback: true, ..config(&["totp"]) }, callable("alice", 5));
    call.owner.right = CallbackRight::Preset("+49 711 555".into());
    call.choice = CallbackChoice::Preset;
    call.run();
    call.bench.succeed("alice");
    call.start();
    call.pass(secs(13));
    call.pick_up(client("alice", PASSWORD));
    assert!(call.is_up(), "{:?}", call.bench.downs);
    assert_eq!(call.bench.ends_heard(), 1);
    let dialogs = call.bench.events.iter().filter(|event| matches!(event, PortEvent::Dialog(_))).count();
    assert_eq!(dialogs, 1);
}
