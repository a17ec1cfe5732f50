//! Resuming: what is taken, what is refused, and what ends a pause.

use std::time::Duration;

use openras_engine::client::{Command, DialConfig, DialEvent, DialParams, TerminalMode};
use openras_engine::{LineEvent, RasError};
use openras_ppp::AuthMethod;
use openras_ppp::ask::CallbackPolicy;

use crate::world::server::Server;
use crate::world::{NOTIFIER, Told, World, config, params};

fn v2() -> Server {
    let mut server = Server::new(&[AuthMethod::MsChapV2]);
    server.retry = true;
    server
}

fn at_retry() -> World {
    World::started(DialConfig { params: params("wrong"), ..config() }, Some(v2()))
}

fn at_expired() -> World {
    let mut server = v2();
    server.expired = true;
    World::started(config(), Some(server))
}

fn at_callback() -> World {
    let params = DialParams { callback_number: "*".into(), ..params("secret") };
    let dial = DialConfig { callable: true, params, ..config() };
    World::started(dial, Some(v2().calling_back(CallbackPolicy::Caller)))
}

fn at_terminal() -> World {
    let mut server = v2();
    server.speaks = false;
    World::started(DialConfig { terminal: TerminalMode::AfterDial, ..config() }, Some(server))
}

fn pauses() -> [(&'static str, World); 4] {
    [
        ("retry", at_retry()),
        ("expired", at_expired()),
        ("callback", at_callback()),
        ("terminal", at_terminal()),
    ]
}

#[test]
fn another_notifier_is_87_and_changes_nothing() {
    for (name, mut world) in pauses() {
        let before = world.status();
        let resume = Command::Resume { notifier: NOTIFIER + 1, params: params("secret") };
        assert_eq!(world.ask(resume), Err(87), "{name}");
        assert_eq!(world.status(), before, "{name}");
        assert_eq!(world.resume(params("secret")), Ok(()), "{name}");
    }
}

#[test]
fn a_running_dial_is_756() {
    let mut world = World::new(config(), Some(v2()));
    world.input(openras_engine::CallInput::Tick);
    let mut checked = 0;
    while !world.rests() {
        if !world.status().0.is_paused() {
            assert_eq!(world.resume(params("secret")), Err(756), "in {}", world.states);
            checked += 1;
        }
        let until = world.now + Duration::from_secs(60);
        world.step(until);
    }
    assert!(checked > 10);
    assert_eq!(world.resume(params("secret")), Err(756), "connected is not paused");
}

#[test]
fn an_ended_dial_is_6() {
    for (name, mut world) in pauses() {
        world.ask(Command::HangUp).unwrap();
        assert_eq!(world.resume(params("secret")), Err(6), "{name}, ending");
        world.run(Duration::from_secs(60));
        assert!(world.ended, "{name}");
        for command in [
            Command::Resume { notifier: NOTIFIER, params: params("secret") },
            Command::HangUp,
            Command::Seen(1),
        ] {
            assert_eq!(world.ask(command), Err(6), "{name}, ended");
        }
    }
}

#[test]
fn other_members_stay_as_they_were() {
    let mut world = at_expired();
    let new = DialParams { user: "someone else".into(), callback_number: "*".into(), ..params("better") };
    world.resume(new).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648 9 14 10 18 8192");
}

#[test]
fn an_empty_new_password_goes_to_the_server() {
    let mut world = at_expired();
    assert_eq!(world.resume(params("")), Ok(()));
    world.rest();
    assert!(world.states.starts_with("0 1 2 3 4 5 6 4099:648 9 "), "{}", world.states);
}

#[test]
fn the_terminal_takes_the_credentials_that_are_passed_now() {
    let mut server = v2();
    server.speaks = false;
    server.config.lcp.passive = true;
    let dial = DialConfig { terminal: TerminalMode::AfterDial, params: params("wrong"), ..config() };
    let mut world = World::started(dial, Some(server));
    let now = world.now;
    world.server.as_mut().unwrap().start(now);
    world.resume(params("secret")).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 4096 5 6 14 10 18 8192");
}

#[test]
fn the_servers_words_are_told_and_not_yet_escaped() {
    let world = at_retry();
    let said = |event: &DialEvent| matches!(event, DialEvent::Message(text) if text == "no\x1b[2J");
    assert!(world.events.iter().any(said), "{:?}", world.events);
    let mut world = World::started(DialConfig { params: params("secret"), ..config() }, Some(v2()));
    world.rest();
    let said = |event: &&DialEvent| matches!(event, DialEvent::Message(text) if text == "welcome");
    assert_eq!(world.events.iter().filter(said).count(), 1, "also those of a success");
}

#[test]
fn a_peer_that_gives_up_in_a_pause_is_628_and_politely_629() {
    for (name, mut world) in pauses() {
        world.tell(Told::Event(LineEvent::Disconnected));
        world.rest();
        assert_eq!(world.error(), Some(628), "{name}: {}", world.states);
        let paused = world.states.rsplit(' ').nth(1).unwrap().split(':').next().unwrap();
        assert!(world.states.ends_with(&format!("{paused}:628")), "{}", world.states);
    }
    for (name, mut world) in pauses().into_iter().take(3) {
        let now = world.now;
        world.server.as_mut().unwrap().close(now);
        world.serve_now();
        world.rest();
        world.run(Duration::from_secs(20));
        assert_eq!(world.error(), Some(629), "{name}: {}", world.states);
        assert!(world.end.unwrap().packet.is_some(), "{name}: the Terminate-Request decided it");
    }
}

#[test]
fn a_peer_that_begins_anew_in_a_pause_and_is_silent_then_has_given_up() {
    // at once, or after LCP has opened again
    for at_once in [true, false] {
        let mut world = at_retry();
        if at_once {
            world.server = None;
        }
        world.say(b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7d\x20\x7d\x24\xd1\xb5\x7e");
        world.server = None;
        world.run(Duration::from_secs(120));
        assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691 4097:628", "at once: {at_once}");
    }
}

/// The server's second question once ate the person's answer, and the person was asked again.
#[test]
fn an_answer_counts_also_if_the_server_began_anew_during_the_pause() {
    for (name, mut world, went_on) in [
        ("retry", at_retry(), "0 1 2 3 4 5 6 4097:691 7 14 10 18 8192"),
        ("expired", at_expired(), "0 1 2 3 4 5 6 4099:648 9 14 10 18 8192"),
        ("callback", at_callback(), "0 1 2 3 4 5 6 8 4098 15 16 17 13 14 10 18 8192"),
    ] {
        let now = world.now;
        world.server.as_mut().unwrap().start(now);
        world.serve_now();
        world.run(Duration::from_secs(5));
        let password = if name == "expired" { "better" } else { "secret" };
        let input = DialParams { callback_number: "5551212".into(), ..params(password) };
        assert_eq!(world.resume(input), Ok(()), "{name}");
        world.rest();
        assert_eq!(world.states, went_on, "{name}");
    }
}

#[test]
fn a_server_that_limits_people_ends_the_pause() {
    let mut world = at_retry();
    world.run(Duration::from_secs(240));
    assert!(world.ended, "{}", world.states);
    assert!(matches!(world.error(), Some(628 | 629 | 691)), "{}", world.states);
}

#[test]
fn a_pause_of_ours_has_a_limit() {
    let mut server = v2();
    server.config.person = Duration::from_secs(3600);
    server.config.auth_wait = Duration::from_secs(3600);
    let dial = DialConfig { params: params("wrong"), pause_limit: Duration::from_secs(60), ..config() };
    let mut world = World::started(dial, Some(server));
    world.run(Duration::from_secs(70));
    assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691 4097:638");
    assert_eq!(world.error(), Some(RasError::REQUEST_TIMEOUT.0));
}
