//! A line that fails, repeats or contradicts itself, in every state of every story.

use std::time::Duration;

use openras_engine::client::{DialConfig, TerminalMode};
use openras_engine::{CallInput, LineEvent, LineOp, RasError};
use openras_ppp::AuthMethod;

use crate::hang_up::{play, stories};
use crate::world::server::Server;
use crate::world::{Told, World, config};

fn event(kind: usize) -> Option<LineEvent<'static>> {
    let events = [
        LineEvent::Disconnected,
        LineEvent::Failed(RasError(630)),
        LineEvent::Closed,
        LineEvent::Opened,
        LineEvent::Connected { text: "CONNECT".into() },
        LineEvent::Ring { caller: None },
    ];
    events.get(kind).cloned()
}

#[test]
fn any_event_at_any_time_is_survived_and_the_end_is_clean() {
    for (index, (name, _)) in stories().into_iter().enumerate() {
        let mut kind = 0;
        while let Some(told) = event(kind) {
            for steps in 0.. {
                let mut world = stories().remove(index).1;
                let more = play(&mut world, steps);
                let was = world.states.clone();
                for _ in 0..3 {
                    world.input(CallInput::Line(told.clone()));
                }
                world.run(Duration::from_secs(700));
                if !world.ended {
                    let connected = world.status().0.is_done();
                    assert!(connected || world.status().0.is_paused(), "{name}: {told:?} after {was}");
                    world.command(openras_engine::client::Command::HangUp);
                    world.run(Duration::from_secs(60));
                }
                assert!(world.ended, "{name}: {told:?} after {was}");
                let end = world.end.as_ref().unwrap();
                assert!(end.error.is_none_or(|error| error.name().is_some()), "{name}: {told:?} after {was}");
                if !more {
                    break;
                }
            }
            kind += 1;
        }
    }
}

#[test]
fn a_line_that_says_opened_again_is_still_hung_up_politely() {
    let mut world = World::started(config(), Some(Server::new(&[])));
    world.tell(Told::Event(LineEvent::Opened));
    world.written.clear();
    world.command(openras_engine::client::Command::HangUp);
    world.run(Duration::from_secs(20));
    assert!(!world.written.is_empty(), "a Terminate-Request goes out");
    assert!(world.ops.contains(&LineOp::HangUp));
}

#[test]
fn a_hang_up_that_keeps_failing_does_not_put_the_end_off() {
    let mut world = World::started(config(), Some(Server::new(&[])));
    world.mute = true;
    world.server = None;
    world.command(openras_engine::client::Command::HangUp);
    for _ in 0..60 {
        world.tell(Told::Event(LineEvent::Failed(RasError(630))));
        world.run(Duration::from_secs(1));
    }
    assert!(world.ended);
}

#[test]
fn a_server_that_negotiates_for_ever_is_732() {
    let mut world = World::new(config(), Some(Server::new(&[AuthMethod::MsChapV2])));
    world.input(CallInput::Tick);
    world.run(Duration::from_millis(25));
    for _ in 0..100 {
        if world.up {
            // LCP has just opened, or is about to; the server begins it anew
            let now = world.now;
            world.server.as_mut().unwrap().start(now);
            world.serve_now();
        }
        world.run(Duration::from_millis(15));
    }
    world.run(Duration::from_secs(30));
    assert_eq!(world.error(), Some(732), "{}", world.states);
    assert!(world.end.unwrap().why.contains("anew"));
}

#[test]
fn a_flood_before_ppp_ends_in_ppp_and_keeps_no_more_than_a_screen() {
    for (pauses, terminal) in
        [(true, TerminalMode::Auto), (false, TerminalMode::Auto), (false, TerminalMode::Never)]
    {
        let mut world = World::new(DialConfig { pauses, terminal, ..config() }, None);
        world.input(CallInput::Tick);
        world.run(Duration::from_millis(100));
        for _ in 0..1000 {
            if world.up {
                world.say(&[b'~'; 8192]);
                world.run(Duration::from_millis(200));
            }
        }
        assert!(world.states.starts_with("0 1 2 3 4 5"), "{}", world.states);
        world.run(Duration::from_secs(30));
        assert!(world.ended || world.status().0.is_paused(), "{}", world.states);
    }
}
