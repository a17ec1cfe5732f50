//! RasHangUp in every state: every prefix of every story.

use std::time::Duration;

use openras_engine::client::{Command, DialConfig, DialParams, TerminalMode};
use openras_engine::{CallInput, LineOp};
use openras_ppp::ask::CallbackPolicy;
use openras_ppp::{AuthMethod, DownReason};

use crate::world::server::Server;
use crate::world::{World, config, params};

fn v2() -> Server {
    let mut server = Server::new(&[AuthMethod::MsChapV2]);
    server.retry = true;
    server
}

pub fn stories() -> Vec<(&'static str, World)> {
    let world = |dial: DialConfig, server: Server| World::new(dial, Some(server));
    let mut expired = v2();
    expired.expired = true;
    let called = |number: &str| DialConfig {
        callable: true,
        params: DialParams { callback_number: number.into(), ..params("secret") },
        ..config()
    };
    vec![
        ("plain", world(config(), v2())),
        ("auto", world(DialConfig { terminal: TerminalMode::Auto, ..config() }, v2())),
        ("before dial", world(DialConfig { terminal: TerminalMode::BeforeDial, ..config() }, v2())),
        ("retry", world(DialConfig { params: params("wrong"), ..config() }, v2())),
        ("expired", world(config(), expired)),
        ("star", world(called("*"), v2().calling_back(CallbackPolicy::Caller))),
        ("preset", world(called(""), v2().calling_back(CallbackPolicy::Preset("1".into())))),
    ]
}

/// Takes `steps` steps of a story, resuming where it pauses; whether it came so far.
pub fn play(world: &mut World, steps: usize) -> bool {
    world.input(CallInput::Tick);
    for _ in 0..steps {
        if world.status().0.is_paused() && world.end.is_none() {
            let input = DialParams { callback_number: "5551212".into(), ..params("secret") };
            let _ = world.resume(input);
        }
        let until = world.now + Duration::from_secs(200);
        if world.status().0.is_done() || !world.step(until) {
            return false;
        }
    }
    true
}

fn story(index: usize) -> World {
    stories().remove(index).1
}

#[test]
fn a_hang_up_ends_every_prefix_of_every_story() {
    for (index, (name, _)) in stories().into_iter().enumerate() {
        let mut steps = 0;
        loop {
            let mut world = story(index);
            let more = play(&mut world, steps);
            let was = world.states.clone();
            assert_eq!(world.ask(Command::HangUp), Ok(()), "{name} after {was}");
            world.run(Duration::from_secs(60));
            assert!(world.ended, "{name} after {was}");
            assert_eq!(world.error(), None, "{name} after {was}");
            let connected = was.ends_with("8192");
            assert_eq!(world.end.as_ref().unwrap().was_connected, connected);
            let last = if connected { was.clone() } else { format!("{was} 8193") };
            assert_eq!(world.states, last, "{name}: no more states than Disconnected");
            if world.ops.contains(&LineOp::Open) {
                assert_eq!(world.ops.last(), Some(&LineOp::Close), "{name} after {was}");
            }
            if connected {
                let down = &world.server.as_ref().unwrap().down;
                assert!(
                    matches!(down, Some(DownReason::TerminatedByPeer)),
                    "{name} is ended politely: {down:?}"
                );
            }
            steps += 1;
            if !more {
                break;
            }
        }
        assert!(steps > 8, "{name} has {steps} steps");
    }
}

#[test]
fn a_second_hang_up_waits_for_nothing() {
    for (index, (name, _)) in stories().into_iter().enumerate() {
        let mut steps = 0;
        loop {
            let mut world = story(index);
            let more = play(&mut world, steps);
            world.ask(Command::HangUp).unwrap();
            if !world.ended {
                assert_eq!(world.ask(Command::HangUp), Ok(()));
            }
            assert!(world.ended, "{name} after {}", world.states);
            if world.ops.contains(&LineOp::Open) {
                assert_eq!(world.ops.last(), Some(&LineOp::Close), "{name} after {}", world.states);
            }
            steps += 1;
            if !more {
                break;
            }
        }
    }
}

#[test]
fn a_line_that_does_not_answer_cannot_hold_the_end_up() {
    let mut world = World::started(config(), Some(v2()));
    world.mute = true;
    world.ask(Command::HangUp).unwrap();
    world.run(Duration::from_secs(30));
    assert!(world.ended);
}

#[test]
fn a_hang_up_before_the_first_tick_works() {
    let mut world = World::new(config(), None);
    assert_eq!(world.ask(Command::HangUp), Ok(()));
    world.run(Duration::from_secs(1));
    assert!(world.ended && world.ops.is_empty(), "{:?}", world.ops);
}
