//! The sequences of ras-states.md §3.

use std::time::Duration;

use openras_engine::client::{DialConfig, DialEvent, DialParams};
use openras_engine::{ConnState, LineOp};
use openras_ppp::AuthMethod;
use openras_ppp::ask::CallbackPolicy;

use crate::world::server::Server;
use crate::world::{Line, World, config, params};

const V2: &[AuthMethod] = &[AuthMethod::MsChapV2];
const PAP: &[AuthMethod] = &[AuthMethod::Pap];

fn server(methods: &[AuthMethod]) -> Option<Server> {
    Some(Server::new(methods))
}

fn without_pauses() -> DialConfig {
    DialConfig { pauses: false, ..config() }
}

fn with_password(password: &str) -> DialConfig {
    DialConfig { params: params(password), ..config() }
}

#[test]
fn every_method_goes_through_the_same_states() {
    for methods in [&[][..], PAP, &[AuthMethod::ChapMd5], V2] {
        let world = World::started(config(), server(methods));
        assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192", "{methods:?}");
        assert_eq!(world.ups, 1);
        let none = world.events.iter().any(|event| matches!(event, DialEvent::NoAuthentication));
        assert_eq!(none, methods.is_empty(), "a server that asks for nothing is named");
        assert!(world.events.iter().any(|event| matches!(event, DialEvent::Projection(_))));
        assert_eq!(world.ops[1], LineOp::Dial("100".into()));
    }
}

#[test]
fn a_line_that_fails_repeats_the_state_with_its_number() {
    for (open, dial, states) in [
        (Line::Fails(633), Line::Works, "0 0:633"),
        (Line::Silent, Line::Works, "0 0:692"),
        (Line::Works, Line::Fails(676), "0 1 2 2:676"),
        (Line::Works, Line::Fails(680), "0 1 2 2:680"),
        (Line::Works, Line::Silent, "0 1 2 2:678"),
    ] {
        let mut world = World::new(config(), None);
        (world.on_open, world.on_dial) = (open, dial);
        world.input(openras_engine::CallInput::Tick);
        world.rest();
        assert_eq!(world.states, states);
        assert!(world.ended);
        assert_eq!(world.error(), states.rsplit(':').next().map(|number| number.parse().unwrap()));
    }
}

#[test]
fn a_wrong_password_without_pauses_is_691() {
    for methods in [PAP, V2] {
        let dial = DialConfig { params: params("wrong"), ..without_pauses() };
        let mut server = Server::new(methods);
        server.retry = true;
        let world = World::started(dial, Some(server));
        assert_eq!(world.states, "0 1 2 3 4 5 6:691", "{methods:?}");
        assert_eq!(world.error(), Some(691));
        let why = &world.end.as_ref().unwrap().why;
        assert!(!why.contains('\x1b'), "text from outside is escaped: {why}");
        assert!(why.contains("The packet that decided it, received: ["), "{why}");
    }
}

#[test]
fn a_method_without_another_try_fails_even_with_pauses() {
    let world = World::started(with_password("wrong"), server(PAP));
    assert_eq!(world.states, "0 1 2 3 4 5 6:691");
    assert!(!world.end.unwrap().was_connected);
}

#[test]
fn retry_by_the_pause_until_the_server_has_enough() {
    let mut server = Server::new(V2);
    server.retry = true;
    let mut world = World::started(with_password("wrong"), Some(server));
    assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691");
    assert_eq!(world.resume(params("wrong again")), Ok(()));
    world.rest();
    assert_eq!(world.resume(params("secret")), Ok(()));
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691 7 6 4097:691 7 14 10 18 8192");
}

#[test]
fn the_link_stays_alive_through_a_long_pause() {
    let mut server = Server::new(V2);
    server.retry = true;
    let mut world = World::started(with_password("wrong"), Some(server));
    world.run(Duration::from_secs(170));
    assert_eq!(world.status().0, ConnState::RETRY_AUTHENTICATION);
    world.resume(params("secret")).unwrap();
    world.rest();
    assert_eq!(world.status().0, ConnState::CONNECTED);
}

#[test]
fn an_expired_password_is_changed_and_only_the_new_one_works() {
    let mut server = Server::new(V2);
    (server.expired, server.retry) = (true, true);
    let mut world = World::started(config(), Some(server));
    assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648");
    world.resume(params("better")).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648 9 14 10 18 8192");
    assert_eq!(world.server.unwrap().password.expose(), b"better");
}

#[test]
fn a_refused_new_password_is_709_in_its_own_state() {
    let mut server = Server::new(V2);
    (server.expired, server.refuses_change) = (true, true);
    server.retry = false;
    let mut world = World::started(config(), Some(server));
    world.resume(params("better")).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648 9 9:709");
}

#[test]
fn an_expired_password_without_pauses_is_648() {
    let mut server = Server::new(V2);
    (server.expired, server.retry) = (true, true);
    let world = World::started(without_pauses(), Some(server));
    assert_eq!(world.states, "0 1 2 3 4 5 6:648");
}

fn callable(number: &str) -> DialConfig {
    let params = DialParams { callback_number: number.into(), ..params("secret") };
    DialConfig { callable: true, params, ..config() }
}

fn calling_back(policy: CallbackPolicy) -> Option<Server> {
    Some(Server::new(V2).calling_back(policy))
}

#[test]
fn callback_preset_by_the_administrator() {
    let world = World::started(callable(""), calling_back(CallbackPolicy::Preset("5551212".into())));
    assert_eq!(world.states, "0 1 2 3 4 5 6 15 16 17 13 14 10 18 8192");
    assert!(world.ops.contains(&LineOp::Answer));
}

#[test]
fn callback_with_the_number_given_in_advance() {
    let world = World::started(callable("555-1212"), calling_back(CallbackPolicy::Caller));
    assert_eq!(world.states, "0 1 2 3 4 5 6 8 15 16 17 13 14 10 18 8192");
}

#[test]
fn callback_asked_for_by_the_pause() {
    let mut world = World::started(callable("*"), calling_back(CallbackPolicy::Caller));
    assert_eq!(world.states, "0 1 2 3 4 5 6 8 4098");
    world.run(Duration::from_secs(40));
    for (number, answer) in [("*", Err(704)), ("ATD", Err(704)), ("5551212", Ok(()))] {
        assert_eq!(world.resume(DialParams { callback_number: number.into(), ..params("") }), answer);
    }
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 8 4098 15 16 17 13 14 10 18 8192");
}

#[test]
fn no_callback_after_all() {
    let mut world = World::started(callable("*"), calling_back(CallbackPolicy::Caller));
    world.resume(params("")).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 8 4098 14 10 18 8192");
    let world = World::started(callable(""), calling_back(CallbackPolicy::Caller));
    assert_eq!(world.states, "0 1 2 3 4 5 6 8 14 10 18 8192");
}

#[test]
fn a_star_without_pauses_is_704() {
    let dial = DialConfig { pauses: false, ..callable("*") };
    let world = World::started(dial, calling_back(CallbackPolicy::Caller));
    assert_eq!(world.states, "0 1 2 3 4 5 6 8 8:704");
}

#[test]
fn a_bad_callback_number_is_704_before_anything_is_opened() {
    let world = World::started(callable("ATH0"), None);
    assert_eq!(world.states, "0:704");
    assert!(world.ops.is_empty() && world.ended);
}

#[test]
fn a_callback_that_never_comes_is_678() {
    let mut server = Server::new(V2).calling_back(CallbackPolicy::Preset("5551212".into()));
    server.forgets = true;
    let world = World::started(callable(""), Some(server));
    assert_eq!(world.states, "0 1 2 3 4 5 6 15 16 17 17:678");
    assert!(world.elapsed() < Duration::from_secs(150));
}

#[test]
fn a_callback_that_stops_ringing_may_come_again() {
    let mut server = Server::new(V2).calling_back(CallbackPolicy::Preset("5551212".into()));
    server.gives_up_once = true;
    let world = World::started(callable(""), Some(server));
    assert_eq!(world.states, "0 1 2 3 4 5 6 15 16 17 13 14 10 18 8192");
    assert!(world.elapsed() > Duration::from_secs(30));
}

#[test]
fn option_13_is_offered_only_by_a_line_that_can_be_called() {
    let dial = DialConfig { callable: false, ..callable("5551212") };
    let world = World::started(dial, calling_back(CallbackPolicy::Caller));
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192");
}

#[test]
fn nobody_who_speaks_ppp_is_721() {
    let world = World::started(config(), None);
    assert_eq!(world.states, "0 1 2 3 4 5 5:721");
}

#[test]
fn a_method_that_is_not_allowed_here_is_812_and_named() {
    let mut dial = config();
    dial.ppp.authenticate_us = vec![AuthMethod::MsChapV2];
    let world = World::started(dial, server(PAP));
    assert_eq!(world.states, "0 1 2 3 4 5 6:812");
    let end = world.end.unwrap();
    assert!(end.why.contains("pap") && end.why.contains("mschapv2"), "{}", end.why);
    assert!(end.remedy.contains("pap"), "{}", end.remedy);
}

#[test]
fn a_required_method_that_is_not_asked_for_is_812() {
    let mut dial = config();
    dial.ppp.insist_on_authentication = true;
    let world = World::started(dial, server(&[]));
    assert_eq!(world.states, "0 1 2 3 4 5 6:812");
}

#[test]
fn after_connected_the_end_is_no_state() {
    for polite in [true, false] {
        let mut world = World::started(config(), server(V2));
        let now = world.now;
        if polite {
            world.server.as_mut().unwrap().close(now);
            world.run(Duration::from_millis(1));
            world.say(b"");
        }
        world.tell(crate::world::Told::Event(openras_engine::LineEvent::Disconnected));
        world.rest();
        assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192");
        assert!(world.end.as_ref().unwrap().was_connected && world.ended);
        assert_eq!(world.status().0, ConnState::DISCONNECTED);
        assert!(matches!(world.error(), Some(628 | 629)), "{:?}", world.error());
    }
}
