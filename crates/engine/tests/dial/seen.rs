//! `wait_seen`: nothing new begins before a notice was handled, what is open stays alive.

use std::time::Duration;

use openras_engine::client::{Command, DialConfig, DialParams, TerminalMode};
use openras_engine::{CallInput, ConnState, LineEvent, LineOp};
use openras_ppp::AuthMethod;
use openras_ppp::ask::CallbackPolicy;

use crate::hang_up::stories;
use crate::world::server::Server;
use crate::world::{Told, World, config, params};

/// How long every handler takes. Shorter than the limits of the server, longer than a restart timer.
const HANDLER: Duration = Duration::from_secs(7);

/// Protocols of the frames written, read without regard to options: LCP is never compressed.
fn frames_that_are_not_lcp(written: &[u8]) -> usize {
    let bodies = written.split(|byte| *byte == 0x7e).filter(|body| !body.is_empty());
    bodies
        .filter(|body| !body.starts_with(b"\xff\x7d\x23\xc0\x21") && !body.starts_with(b"\xff\x03\xc0\x21"))
        .count()
}

/// Plays a story in which every handler takes its time, and gives its states.
fn slowly(mut world: World) -> String {
    world.auto_seen = false;
    world.input(CallInput::Tick);
    for _ in 0..40 {
        let (seq, states) = (world.seq, world.states.clone());
        if world.status().0.is_done() || world.ended {
            break;
        }
        world.written.clear();
        let ops = world.ops.iter().filter(|op| !matches!(op, LineOp::Write(_))).count();
        world.run(HANDLER);
        assert_eq!(world.states, states, "a state was announced before the last one was seen");
        assert_eq!(frames_that_are_not_lcp(&world.written), 0, "after {states}");
        let after = world.ops.iter().filter(|op| !matches!(op, LineOp::Write(_))).count();
        assert_eq!(ops, after, "the line was told something new after {states}");
        assert_eq!(world.ask(Command::Seen(seq)), Ok(()), "{states}, {:?}", world.end);
        if world.status().0.is_paused() && world.seq == seq {
            let input = DialParams { callback_number: "5551212".into(), ..params("secret") };
            world.resume(input).unwrap();
        }
        while world.seq == seq && !world.ended {
            let until = world.now + Duration::from_secs(200);
            assert!(world.step(until), "nothing follows {}", world.states);
        }
        assert!(world.seq <= seq + 1, "two states at once: {}", world.states);
    }
    world.states
}

fn waiting(index: usize) -> World {
    let (_, world) = stories().remove(index);
    world.remade(|config| config.wait_seen = true)
}

#[test]
fn every_story_is_the_same_with_slow_handlers() {
    for (index, (name, mut plain)) in stories().into_iter().enumerate() {
        plain.input(CallInput::Tick);
        crate::hang_up::play(&mut plain, 10_000);
        assert!(plain.states.ends_with("8192"), "{name}: {}", plain.states);
        assert_eq!(slowly(waiting(index)), plain.states, "{name}");
    }
}

#[test]
fn a_hang_up_does_not_wait() {
    for (index, (name, _)) in stories().into_iter().enumerate() {
        let mut world = waiting(index);
        world.auto_seen = false;
        world.input(CallInput::Tick);
        world.run(Duration::from_secs(1));
        world.ask(Command::HangUp).unwrap();
        world.run(Duration::from_secs(30));
        assert!(world.ended, "{name}");
    }
}

/// A dial that waits for this state to be seen.
pub fn held_at(state: ConnState, dial: DialConfig, server: Option<Server>) -> World {
    let mut world = World::new(DialConfig { wait_seen: true, ..dial }, server);
    world.auto_seen = false;
    world.input(CallInput::Tick);
    while world.status().0 != state {
        assert!(!world.ended && world.elapsed() < Duration::from_secs(600), "{} passed it by", world.states);
        let seq = world.seq;
        let _ = world.ask(Command::Seen(seq));
        world.run(Duration::from_millis(50));
    }
    world
}

#[test]
fn unread_input_is_bounded() {
    let mut world = held_at(ConnState::ALL_DEVICES_CONNECTED, config(), None);
    world.say(&[b'x'; 60_000]);
    assert!(world.end.is_none());
    world.say(&[b'x'; 10_000]);
    world.run(Duration::from_secs(20));
    assert_eq!(world.states, "0 1 2 3 4 4:710");
    assert!(world.ended);
}

#[test]
fn bytes_that_came_meanwhile_are_not_lost() {
    let dial = DialConfig { terminal: TerminalMode::Auto, ..config() };
    let mut world = held_at(ConnState::ALL_DEVICES_CONNECTED, dial, None);
    world.say(b"log");
    world.run(Duration::from_secs(20));
    world.say(b"in: ");
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.run(Duration::from_millis(900));
    assert_eq!(world.states, "0 1 2 3 4", "quiet is counted from when it could be read");
    world.run(Duration::from_millis(200));
    assert_eq!(world.states, "0 1 2 3 4 4096");
    assert_eq!(world.terminal, b"login: ");
}

#[test]
fn ppp_of_the_host_waits_until_the_terminal_was_seen() {
    let dial = DialConfig { terminal: TerminalMode::AfterDial, ..config() };
    let mut world = held_at(ConnState::INTERACTIVE, dial, Some(Server::new(&[])));
    world.run(Duration::from_secs(10));
    assert_eq!(world.states, "0 1 2 3 4 4096");
    world.auto_seen = true;
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.run(Duration::from_secs(10));
    assert_eq!(world.states, "0 1 2 3 4 4096 5 6 14 10 18 8192");
}

#[test]
fn deadlines_stand_still() {
    let dial = DialConfig { terminal: TerminalMode::AfterDial, ..config() };
    let mut world = held_at(ConnState::INTERACTIVE, dial, None);
    world.run(Duration::from_secs(3600));
    assert_eq!(world.states, "0 1 2 3 4 4096");
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.run(Duration::from_secs(590));
    assert_eq!(world.states, "0 1 2 3 4 4096");
    world.run(Duration::from_secs(20));
    assert_eq!(world.states, "0 1 2 3 4 4096 4096:638");
}

#[test]
fn a_resume_may_come_before_the_handler_has_returned() {
    let mut server = Server::new(&[AuthMethod::MsChapV2]);
    server.retry = true;
    let dial = DialConfig { params: params("wrong"), ..config() };
    let mut world = held_at(ConnState::RETRY_AUTHENTICATION, dial, Some(server));
    assert_eq!(world.resume(params("secret")), Ok(()));
    assert_eq!(world.resume(params("secret")), Err(756), "once");
    world.run(Duration::from_secs(1));
    assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691");
    world.auto_seen = true;
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691 7 14 10 18 8192");
}

#[test]
fn a_notice_that_was_never_given_cannot_be_seen() {
    let mut world = held_at(ConnState::OPEN_PORT, config(), None);
    for seq in [0, 2, u32::MAX] {
        assert_eq!(world.ask(Command::Seen(seq)), Err(87));
    }
    assert_eq!(world.ask(Command::Seen(1)), Ok(()));
    assert_eq!(world.ask(Command::Seen(1)), Ok(()), "twice is no harm");
}

fn held_at_projected() -> World {
    held_at(ConnState::PROJECTED, config(), Some(Server::new(&[])))
}

#[test]
fn an_end_before_connected_was_announced_is_no_connection() {
    let mut world = held_at_projected();
    let now = world.now;
    world.server.as_mut().unwrap().close(now);
    world.serve_now();
    world.run(Duration::from_secs(10));
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18");
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.run(Duration::from_secs(10));
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 18:629");
    assert_eq!(world.ups, 0);
}

#[test]
fn packets_that_came_before_connected_follow_it() {
    let mut world = held_at_projected();
    let packet = b"\x45\x00\x00\x14\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x40\x00\x01\x0a\x40\x00\x02";
    let now = world.now;
    world.server.as_mut().unwrap().ip(now, packet);
    world.serve_now();
    world.run(Duration::from_secs(5));
    assert!(world.ip.is_empty());
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.run(Duration::from_secs(1));
    assert_eq!((world.ups, world.ip), (1, vec![packet.to_vec()]));
}

#[test]
fn a_server_that_hangs_up_first_for_the_callback_is_not_hung_up_on() {
    let server = Server::new(&[]).calling_back(CallbackPolicy::Preset("1".into()));
    let dial = DialConfig { callable: true, ..config() };
    let mut world = held_at(ConnState::PREPARE_FOR_CALLBACK, dial, Some(server));
    world.tell(Told::Event(LineEvent::Disconnected));
    world.run(Duration::from_secs(8));
    world.auto_seen = true;
    let seq = world.seq;
    world.ask(Command::Seen(seq)).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 15 16 17 13 14 10 18 8192");
    assert!(!world.ops.contains(&LineOp::HangUp), "that would have refused the call");
}
