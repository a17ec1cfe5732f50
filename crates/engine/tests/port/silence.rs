//! A port that has answered is not held for ever by a caller who says nothing more, whatever was reached before.

use std::time::Duration;

use openras_engine::LineOp;
use openras_engine::server::port::{Answer, PortConfig};
use openras_engine::users::CallbackRight;
use openras_ppp::ask::CallbackChoice;
use openras_ppp::config::CallbackConfig;
use openras_ppp::{AuthMethod, Config, Machine, Verdict};

use crate::bench::{Bench, config, secs};
use crate::call::{Call, PASSWORD, client, frame};

const LCP: u16 = 0xc021;
const IPCP: u16 = 0x8021;
const PAP: u16 = 0xc023;
const CHAP: u16 = 0xc223;
const CBCP: u16 = 0xc029;

/// Lets the port alone with its clock, which has a deadline in every phase; gives how long it took to end.
fn ends(bench: &mut Bench, limit: u64) -> Duration {
    let begin = bench.now;
    while bench.ended == 0 {
        let next = bench.port.poll_timeout().unwrap();
        assert!(
            next.saturating_duration_since(begin) <= secs(limit),
            "it waits beyond {limit} s: {:?}",
            bench.events.last()
        );
        bench.now = bench.now.max(next);
        bench.tick();
        bench.asks.clear();
    }
    assert!(bench.ops.contains(&LineOp::Close));
    bench.now - begin
}

/// A call whose client goes on as always but hears nothing of this protocol.
fn deaf_to(protocol: u16, port: PortConfig, client: Config) -> Call {
    let mut call = Call::new(port, client);
    call.tamper = Some(Box::new(move |got, _| (got == protocol).then(Vec::new)));
    call.start();
    call
}

fn with(method: AuthMethod) -> PortConfig {
    let mut port = config(&[]);
    port.ppp.authenticate_peer = vec![method];
    port
}

#[test]
fn silence_ends_the_security_dialog() {
    let mut bench = Bench::begun(config(&["totp"]));
    bench.receive(1, None);
    assert_eq!(ends(&mut bench, 302), secs(300));
}

#[test]
fn silence_ends_lcp_and_authentication() {
    let mut bench = Bench::answered(config(&[]));
    ends(&mut bench, 45);
    // LCP is open, and no proof comes
    for (method, protocol) in [(AuthMethod::Pap, PAP), (AuthMethod::MsChapV2, CHAP)] {
        let silent = Config { credentials: None, ..client("alice", PASSWORD) };
        let mut call = deaf_to(protocol, with(method), silent);
        ends(&mut call.bench, 45);
        let mut call = Call::new(with(method), client("alice", PASSWORD));
        call.start();
        assert!(call.is_up(), "or the rest proves nothing");
    }
    // Configure-Requests, and no answer to ours
    let mut call = deaf_to(LCP, config(&[]), client("alice", PASSWORD));
    ends(&mut call.bench, 45);
}

#[test]
fn a_person_who_does_not_answer_an_open_failure_has_three_minutes() {
    for (error, retry) in [(691, true), (648, false)] {
        let mut call = Call::new(with(AuthMethod::MsChapV2), client("alice", "wrong"));
        call.owner.silent.push("verify");
        call.start();
        let refuse = Verdict::Refuse { error, retry, challenge: None, message: String::new() };
        call.bench.answer(Answer::Verdict(refuse));
        // the person's program answers every echo
        call.pass(secs(175));
        assert_eq!(call.bench.ended, 0, "{error}");
        call.pass(secs(25));
        assert_eq!(call.bench.ended, 1, "{error}");
    }
}

#[test]
fn silence_ends_callback_and_the_network_phase() {
    let callable =
        || Config { callback: CallbackConfig { enabled: true, delay: 5 }, ..client("alice", PASSWORD) };
    let rights =
        [CallbackRight::Caller { allow: vec!["555".into()] }, CallbackRight::Preset("5551212".into())];
    for right in rights {
        let mut call = Call::new(PortConfig { callback: true, ..config(&[]) }, callable());
        call.owner.right = right;
        call.choice = CallbackChoice::Preset;
        call.tamper = Some(Box::new(|got, _| (got == CBCP).then(Vec::new)));
        call.start();
        ends(&mut call.bench, 150);
        call.assert_never_up();
    }
    let ipv4_only = openras_ppp::Config { ipv6cp: None, ..config(&[]).ppp };
    let mut call = deaf_to(IPCP, PortConfig { ppp: ipv4_only, ..config(&[]) }, client("alice", PASSWORD));
    assert!(call.bench.ups.is_empty());
    ends(&mut call.bench, 60);
}

#[test]
fn silence_ends_a_call_that_is_up() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.start();
    assert!(call.is_up());
    ends(&mut call.bench, 100);
}

#[test]
fn silence_on_the_second_leg_ends_it() {
    let mut call = Call::new(
        PortConfig { callback: true, ..config(&[]) },
        Config { callback: CallbackConfig { enabled: true, delay: 5 }, ..client("alice", PASSWORD) },
    );
    call.owner.right = CallbackRight::Preset("5551212".into());
    call.choice = CallbackChoice::Preset;
    call.start();
    call.pass(secs(20));
    assert_eq!(call.dialled(), ["5551212"]);
    call.bench.line(openras_engine::LineEvent::Connected { text: String::new() });
    ends(&mut call.bench, 130);
}

/// One that talks without end, and never proves anything.
#[test]
fn a_caller_that_negotiates_anew_again_and_again_is_ended_too() {
    let mut call = Call::new(with(AuthMethod::MsChapV2), Config { credentials: None, ..client("", "") });
    call.start();
    let begin = call.bench.now;
    for identifier in 0..=255 {
        if call.bench.ended > 0 {
            break;
        }
        call.bench.bytes(&frame(LCP, &[1, identifier, 0, 4]));
        call.run();
        call.pass(secs(10));
    }
    assert!(call.bench.ended > 0 && call.bench.now - begin <= secs(16 * 60));
}
