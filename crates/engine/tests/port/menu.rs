//! What somebody who has logged in gets: PPP, SLIP, a service, or a choice of them.

use openras_engine::server::login::LoginMode;
use openras_engine::server::port::{Answer, Ask, Condition, PortEvent};
use openras_engine::users::CallbackRight;
use openras_engine::{CallInput, LineEvent, RasError};
use openras_ppp::config::Limits;

use crate::bench::secs;
use crate::call::{Call, PASSWORD, client};
use crate::login::{at_prompt, shown, type_in, with_login};
use crate::openings::SLIP_DATAGRAM;

/// Logged in, with these services.
fn logged_in(services: &[&str], change: impl FnOnce(&mut Call)) -> (Call, String) {
    let mut call = at_prompt(with_login(&[], LoginMode::Auto), client("alice", PASSWORD));
    call.owner.services = services.iter().map(|one| (*one).to_owned()).collect();
    change(&mut call);
    shown(&mut call);
    let text = type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
    (call, text)
}

#[test]
fn slip_is_told_its_address_and_runs_until_the_line_drops() {
    for word in ["slip", "cslip"] {
        let (mut call, text) = logged_in(&[word], |_| ());
        assert!(
            text.contains("Your IP address is 10.64.0.2. The server's IP address is 10.64.0.1."),
            "{text}"
        );
        let ip = call.bench.ups[0].ipv4.unwrap();
        assert_eq!((ip.local, ip.remote), ([10, 64, 0, 1].into(), [10, 64, 0, 2].into()));
        assert_eq!(call.bench.ups[0].link.send_mru, 1006);
        assert_eq!(call.bench.port.condition(), Condition::Authenticated);
        let packet = &SLIP_DATAGRAM[1..SLIP_DATAGRAM.len() - 1];
        call.bench.bytes(SLIP_DATAGRAM);
        assert_eq!(call.bench.ip, [packet]);
        call.bench.input(CallInput::Ip(packet));
        assert_eq!(call.bench.sent, SLIP_DATAGRAM, "UDP goes as it is");
        call.bench.line(LineEvent::Disconnected);
        call.bench.ended_with(None, "hung up");
    }
}

#[test]
fn slip_that_is_silent_for_too_long_ends() {
    let (mut call, _) = logged_in(&["slip"], |_| ());
    call.pass(secs(29 * 60));
    call.bench.bytes(SLIP_DATAGRAM);
    call.pass(secs(29 * 60));
    assert_eq!(call.bench.ended, 0);
    call.pass(secs(61));
    call.bench.ended_with(828, "idle_limit");
}

/// Ours are longer than the user's here, and shorter there.
#[test]
fn a_users_own_limits_count_where_they_are_shorter() {
    let limited = |idle, session| {
        let limits = Limits::of(Some(secs(idle)), Some(secs(session)));
        logged_in(&["slip"], |call| call.owner.limits = limits).0
    };
    let mut call = limited(300, 3600);
    call.pass(secs(299));
    assert_eq!(call.bench.ended, 0);
    call.pass(secs(2));
    call.bench.ended_with(828, "idle_limit");
    // silent for as long as the port lets it be, not for as long as the user may
    let mut call = limited(3600, 36_000);
    call.pass(secs(30 * 60 + 1));
    call.bench.ended_with(828, "idle_limit");
    // in all, however busy
    let mut call = limited(300, 600);
    for _ in 0..3 {
        call.pass(secs(199));
        call.bench.bytes(SLIP_DATAGRAM);
    }
    assert_eq!(call.bench.ended, 0);
    call.pass(secs(4));
    call.bench.ended_with(812, "session_limit");
}

#[test]
fn no_address_is_said_and_ends_the_call() {
    let (call, text) = logged_in(&["slip"], |call| call.owner.address = None);
    assert!(text.contains("No address is left."));
    call.bench.ended_with(738, "alice");
}

#[test]
fn a_menu_takes_numbers_names_and_what_old_scripts_say() {
    for (typed, what) in [("2\r", "SLIP"), ("ppp default\r", "PPP"), ("PPP\r", "PPP"), (" slip \r", "SLIP")] {
        let (mut call, text) = logged_in(&["ppp", "slip"], |_| ());
        assert!(text.ends_with("\r\n  1  ppp\r\n  2  slip\r\n> "), "{text:?}");
        let text = type_in(&mut call, typed);
        assert!(text.contains(&format!("Starting {what}.")), "{typed:?}: {text:?}");
    }
    let (mut call, _) = logged_in(&["ppp", "slip"], |_| ());
    assert!(type_in(&mut call, "bbs\r3\r\r").contains("There is no such service."));
    type_in(&mut call, "exit\r");
    call.bench.ended_with(None, "left the menu");
    let (mut call, _) = logged_in(&["ppp", "slip"], |_| ());
    call.pass(secs(181));
    call.bench.ended_with(638, "chose no service");
}

#[test]
fn what_begins_at_the_menu_is_chosen_by_beginning_if_the_user_has_it() {
    let (mut call, _) = logged_in(&["ppp", "slip"], |_| ());
    call.start();
    assert!(call.is_up());
    let (mut call, _) = logged_in(&["ppp", "slip"], |_| ());
    call.bench.bytes(SLIP_DATAGRAM);
    assert!(shown(&mut call).contains("Starting SLIP."));
    let (mut call, _) = logged_in(&["bbs", "slip"], |_| ());
    call.start();
    call.bench.ended_with(649, "none of this user's services");
    let (mut call, _) = logged_in(&["bbs", "ppp"], |_| ());
    call.bench.bytes(SLIP_DATAGRAM);
    call.bench.ended_with(649, "SLIP");
}

/// The right to PPP is the user's also where no prompt is used.
#[test]
fn a_user_without_ppp_gets_none_by_ppps_own_authentication() {
    let mut call = Call::new(with_login(&[], LoginMode::Ppp), client("alice", PASSWORD));
    call.owner.services = vec!["slip".into()];
    call.start();
    call.pass(secs(20));
    call.assert_never_up();
    call.bench.ended_with(649, "PPP");
}

#[test]
fn octets_go_both_ways_to_a_service_until_it_ends() {
    let (mut call, _) = logged_in(&["bbs"], |_| ());
    assert_eq!(call.owner.asked.last().map(String::as_str), Some("target bbs alice"));
    assert_eq!(call.bench.ups.len(), 1);
    assert_eq!(call.bench.ups[0].ipv4, None);
    call.bench.bytes(b"~\xff\x03hello\xc0");
    assert_eq!(call.bench.ip, [b"~\xff\x03hello\xc0"]);
    call.bench.input(CallInput::Ip(b"welcome"));
    assert_eq!(call.bench.sent, b"welcome");
    call.bench.input(CallInput::Ip(&[]));
    call.bench.ended_with(None, "\"bbs\" ended");
}

#[test]
fn what_is_typed_ahead_goes_to_the_service() {
    let mut call = at_prompt(with_login(&[], LoginMode::Auto), client("alice", PASSWORD));
    call.owner.services = vec!["bbs".into()];
    type_in(&mut call, &format!("alice\r{PASSWORD}\rhello"));
    assert_eq!(call.bench.ip, [b"hello"]);
    let told = |event: &PortEvent| matches!(event, PortEvent::Service(name) if name == "bbs");
    assert!(call.bench.events.iter().any(told));
}

#[test]
fn a_service_that_cannot_be_reached_leads_back_to_the_menu_or_ends_the_call() {
    for services in [&["bbs", "ppp"][..], &["bbs"]] {
        let mut call = at_prompt(with_login(&[], LoginMode::Auto), client("alice", PASSWORD));
        call.owner.services = services.iter().map(|one| (*one).to_owned()).collect();
        call.owner.silent.push("target");
        type_in(&mut call, &format!("alice\r{PASSWORD}\rbbs\r"));
        call.bench.answer(Answer::Target(Err(RasError::PORT_NOT_AVAILABLE)));
        assert!(shown(&mut call).contains("cannot be reached"));
        if services.len() > 1 {
            assert!(type_in(&mut call, "ppp\r").contains("Starting PPP."));
        } else {
            call.bench.ended_with(633, "bbs");
        }
    }
}

/// Rule 2: where a callback is preset nothing but PPP may follow, which can do it.
#[test]
fn who_must_be_called_back_gets_neither_slip_nor_a_service() {
    for services in [&["slip"][..], &["bbs", "slip"]] {
        let (call, _) =
            logged_in(services, |call| call.owner.right = CallbackRight::Preset("5551212".into()));
        call.bench.ended_with(812, "called back");
        assert!(call.bench.ups.is_empty());
        assert!(!call.bench.asks.iter().any(|ask| matches!(ask, Ask::Target { .. } | Ask::Address { .. })));
    }
    let (mut call, text) = logged_in(&["slip", "ppp"], |call| {
        call.owner.right = CallbackRight::Preset("5551212".into());
    });
    assert!(text.contains("Starting PPP."), "the one that is left");
    call.start();
    call.pass(secs(30));
    call.assert_never_up();
}

/// The answer to a null modem's `CLIENT` never stands among a service's octets.
#[test]
fn what_looks_like_a_null_modem_in_a_service_is_the_services() {
    let mut port = with_login(&[], LoginMode::Auto);
    port.login.null_modem = true;
    let mut call = at_prompt(port, client("alice", PASSWORD));
    call.owner.services = vec!["bbs".into()];
    type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
    call.bench.bytes(b"CLIENT");
    assert_eq!(call.bench.ip.last().map(Vec::as_slice), Some(&b"CLIENT"[..]));
    assert_eq!(shown(&mut call), "");
}
