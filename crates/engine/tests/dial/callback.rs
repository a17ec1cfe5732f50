//! The leg the server calls: what may ring when, and who it is that calls.

use std::time::Duration;

use openras_engine::client::{Command, DialConfig, DialParams};
use openras_engine::{CallInput, ConnState, LineEvent, LineOp};
use openras_ppp::AuthMethod;
use openras_ppp::ask::CallbackPolicy;

use crate::seen::held_at;
use crate::world::server::Server;
use crate::world::{Told, World, config, params};

const CALLED_BACK: &str = "0 1 2 3 4 5 6 15 16 17 13 14 10 18 8192";

fn callable(number: &str) -> DialConfig {
    let params = DialParams { callback_number: number.into(), ..params("secret") };
    DialConfig { callable: true, params, ..config() }
}

fn preset() -> Server {
    Server::new(&[AuthMethod::MsChapV2]).calling_back(CallbackPolicy::Preset("1".into()))
}

fn ring() -> Told {
    Told::Event(LineEvent::Ring { caller: None })
}

/// A dial that has just announced this state of the callback; the server itself never calls.
fn at(state: ConnState, dial: DialConfig) -> World {
    let mut server = preset();
    server.forgets = true;
    let mut world = World::new(dial, Some(server));
    world.input(CallInput::Tick);
    while world.status().0 != state {
        let until = world.now + Duration::from_secs(60);
        assert!(world.step(until) && !world.ended, "{} passed {state} by", world.states);
    }
    world
}

#[test]
fn a_number_of_the_list_is_called_back() {
    let list = || {
        Server::new(&[AuthMethod::MsChapV2])
            .calling_back(CallbackPolicy::List(vec!["12".into(), "34".into()]))
    };
    let world = World::started(callable("34"), Some(list()));
    assert_eq!(world.states, CALLED_BACK);
    let world = World::started(callable("56"), Some(list()));
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192", "a number that is not listed is ignored");
    let mut world = World::started(callable("*"), Some(list()));
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192", "a list is no right to any number");
    assert_eq!(world.ask(Command::HangUp), Ok(()));
}

#[test]
fn one_ring_at_any_time_is_answered() {
    for state in
        [ConnState::PREPARE_FOR_CALLBACK, ConnState::WAIT_FOR_MODEM_RESET, ConnState::WAIT_FOR_CALLBACK]
    {
        let mut dial = callable("");
        dial.ppp.callback.delay = 5;
        let mut world = at(state, dial);
        world.tell(ring());
        world.run(Duration::from_secs(30));
        assert_eq!(world.states, CALLED_BACK, "a ring in {state}");
        assert_eq!(world.ops.iter().filter(|op| **op == LineOp::Answer).count(), 1);
    }
}

#[test]
fn a_second_ring_is_not_answered_again() {
    let mut world = at(ConnState::WAIT_FOR_CALLBACK, callable(""));
    world.tell(ring());
    world.tell(ring());
    world.run(Duration::from_secs(30));
    assert_eq!(world.states, CALLED_BACK);
    assert_eq!(world.ops.iter().filter(|op| **op == LineOp::Answer).count(), 1);
}

#[test]
fn rings_before_the_state_was_seen_wait_for_it() {
    let dial = callable("");
    for held in
        [ConnState::PREPARE_FOR_CALLBACK, ConnState::WAIT_FOR_MODEM_RESET, ConnState::WAIT_FOR_CALLBACK]
    {
        let mut server = preset();
        server.forgets = true;
        let mut world = held_at(held, dial.clone(), Some(server));
        world.tell(Told::Event(LineEvent::Disconnected));
        world.tell(ring());
        world.run(Duration::from_secs(20));
        assert!(!world.ops.contains(&LineOp::Answer), "answered before {held} was seen");
        world.auto_seen = true;
        let seq = world.seq;
        world.ask(Command::Seen(seq)).unwrap();
        world.run(Duration::from_secs(30));
        assert_eq!(world.states, CALLED_BACK, "{held}");
    }
}

/// Whoever calls while the dial waits could be anybody; it once was given the password in clear.
#[test]
fn a_caller_that_asks_for_less_than_the_first_call_did_is_not_the_server() {
    for (methods, states) in [
        (vec![], "0 1 2 3 4 5 6 15 16 17 13 6:812"),
        (vec![AuthMethod::Pap], "0 1 2 3 4 5 6 15 16 17 13 6:812"),
        (vec![AuthMethod::ChapMd5], "0 1 2 3 4 5 6 15 16 17 13 6:812"),
        (vec![AuthMethod::MsChapV2], CALLED_BACK),
    ] {
        let mut server = preset();
        server.second_leg = Some(methods.clone());
        let world = World::started(callable(""), Some(server));
        assert_eq!(world.states, states, "{methods:?}");
        if let Some(end) = world.end {
            assert!(end.why.contains("The first call was authenticated by mschapv2"), "{}", end.why);
            assert!(end.remedy.contains("Somebody else"), "{}", end.remedy);
        }
    }
}

#[test]
fn a_server_that_asks_for_nothing_may_call_back_so() {
    let server = Server::new(&[]).calling_back(CallbackPolicy::Preset("1".into()));
    assert_eq!(World::started(callable(""), Some(server)).states, CALLED_BACK);
}
