//! `terminal = auto | before-dial | after-dial | never`, issue 2 section 3.

use std::time::Duration;

use openras_engine::client::{Command, DialConfig, DialEvent, TerminalMode};
use openras_engine::{ConnState, LineEvent, LineOp};
use openras_ppp::AuthMethod;
use proptest::prelude::*;

use crate::world::server::Server;
use crate::world::{Told, World, config, params};

const DIALLED: &str = "0 1 2 3 4";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn mode(terminal: TerminalMode) -> DialConfig {
    DialConfig { terminal, ..config() }
}

/// A host that says nothing by itself and becomes a PPP server when told.
fn host() -> Option<Server> {
    let mut server = Server::new(&[AuthMethod::MsChapV2]);
    server.speaks = false;
    Some(server)
}

fn dialled(config: DialConfig, server: Option<Server>) -> World {
    let mut world = World::new(config, server);
    world.input(openras_engine::CallInput::Tick);
    world.run(Duration::from_millis(100));
    world
}

fn banners(world: &World) -> String {
    let banner = |event: &DialEvent| match event {
        DialEvent::Banner(text) => Some(text.clone()),
        _ => None,
    };
    world.events.iter().filter_map(banner).collect()
}

#[test]
fn auto_goes_straight_to_a_peer_that_speaks_ppp() {
    let world = World::started(mode(TerminalMode::Auto), Some(Server::new(&[])));
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192");
    assert!(world.elapsed() < secs(1), "{:?}", world.elapsed());
}

#[test]
fn auto_speaks_ppp_after_three_seconds_of_silence() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    world.run(Duration::from_millis(2900));
    assert_eq!((world.states.as_str(), world.written.len()), (DIALLED, 0));
    world.run(Duration::from_millis(200));
    assert_eq!(world.states, "0 1 2 3 4 5");
    assert!(world.written.starts_with(b"\x7e\xff\x7d\x23"));
}

#[test]
fn auto_pauses_at_a_prompt_after_a_second_of_quiet() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    world.say(b"Welcome\r\nlogin");
    world.run(Duration::from_millis(900));
    world.say(b": ");
    world.run(Duration::from_millis(900));
    assert_eq!(world.states, DIALLED);
    world.run(Duration::from_millis(200));
    assert_eq!(world.states, "0 1 2 3 4 4096");
    assert_eq!(world.terminal, b"Welcome\r\nlogin: ");
    assert_eq!(banners(&world), "", "what the person sees is no event as well");
}

#[test]
fn auto_takes_other_text_for_a_banner() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    world.say(b"Welcome to the host\r\nPPP starts\r\n");
    world.run(secs(4));
    assert_eq!(world.states, "0 1 2 3 4 5");
    assert_eq!(banners(&world), "Welcome to the host\r\nPPP starts\r\n");
}

#[test]
fn auto_without_pauses_never_fails_on_text() {
    let mut world = dialled(DialConfig { pauses: false, ..mode(TerminalMode::Auto) }, None);
    world.say(b"login: ");
    world.run(secs(4));
    assert_eq!(world.states, "0 1 2 3 4 5");
    assert_eq!(banners(&world), "login: ");
}

#[test]
fn a_host_that_talks_without_end_gets_ppp_and_its_text_is_bounded_events() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    for _ in 0..100 {
        world.say(&[b'x'; 997]);
        world.say(b"\r\n");
        world.run(Duration::from_millis(700));
    }
    assert!(world.states.starts_with("0 1 2 3 4 5"), "{}", world.states);
    assert!(banners(&world).len() > 80_000);
}

#[test]
fn bytes_flow_both_ways_and_ppp_of_the_host_ends_the_terminal() {
    let mut world = dialled(mode(TerminalMode::Auto), host());
    world.say(b"login: ");
    world.rest();
    world.command(Command::Terminal(b"eva\r".to_vec()));
    assert_eq!(world.written, b"eva\r");
    world.say(b"eva\r\nStarting PPP\r\n");
    assert_eq!(world.terminal, b"login: eva\r\nStarting PPP\r\n", "the echo of typed text is shown");
    let now = world.now;
    world.server.as_mut().unwrap().start(now);
    world.command(Command::Terminal(vec![]));
    world.serve_now();
    world.run(secs(10));
    assert_eq!(world.states, "0 1 2 3 4 4096 5 6 14 10 18 8192");
    assert_eq!(world.resume(params("secret")), Err(756), "it has gone on by itself");
}

#[test]
fn a_tilde_appears_even_though_a_frame_could_begin_with_it() {
    let mut world = dialled(mode(TerminalMode::AfterDial), None);
    world.say(b"~");
    world.run(Duration::from_millis(300));
    assert_eq!(world.terminal, b"~");
    world.say(b"$ ");
    assert_eq!(world.terminal, b"~$ ");
}

#[test]
fn after_dial_pauses_and_goes_on_when_resumed() {
    let mut world = World::started(mode(TerminalMode::AfterDial), Some(Server::new(&[])));
    assert_eq!(world.states, "0 1 2 3 4 4096", "even before the first byte");
    world.run(secs(5));
    assert_eq!(world.states, "0 1 2 3 4 4096 5 6 14 10 18 8192");

    let mut world = World::started(mode(TerminalMode::AfterDial), host());
    world.run(secs(60));
    let now = world.now;
    world.server.as_mut().unwrap().config.lcp.passive = true;
    world.server.as_mut().unwrap().start(now);
    world.resume(params("secret")).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 4096 5 6 14 10 18 8192");
}

#[test]
fn a_frame_cut_by_the_resume_is_whole_for_ppp() {
    const REQUEST: &[u8] = b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7d\x20\x7d\x24\xd1\xb5\x7e";
    const ACK: &[u8] = b"\xff\x7d\x23\xc0\x21\x7d\x22\x7d\x21";
    for cut in 1..4 {
        let mut world = dialled(mode(TerminalMode::AfterDial), None);
        world.say(&REQUEST[..cut]);
        world.run(Duration::from_millis(cut as u64 * 150));
        world.resume(params("secret")).unwrap();
        world.say(&REQUEST[cut..]);
        assert!(world.written.windows(ACK.len()).any(|bytes| bytes == ACK), "cut at {cut}");
    }
}

#[test]
fn a_script_ends_its_pause_itself_and_ppp_uses_what_it_passes() {
    let mut world = World::started(
        DialConfig { params: params("wrong"), ..mode(TerminalMode::Script) },
        Some(Server::new(&[])),
    );
    world.run(secs(5));
    assert_eq!(world.states, "0 1 2 3 4 4096", "PPP of the other end waits");
    assert!(world.terminal.is_empty(), "and is not shown: {:?}", world.terminal);
    world.resume(params("secret")).unwrap();
    world.run(secs(10));
    assert_eq!(world.states, "0 1 2 3 4 4096 5 6 14 10 18 8192");
    // however long it takes, no more is kept than has room
    let mut world = dialled(mode(TerminalMode::Script), None);
    for _ in 0..1000 {
        world.say(b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7d\x20\x7d\x24\xd1\xb5\x7e");
    }
    world.resume(params("secret")).unwrap();
    let acks = world.written.windows(8).filter(|bytes| *bytes == b"\xff\x7d\x23\xc0\x21\x7d\x22\x7d").count();
    assert!((1..=4096 / 17).contains(&acks), "{acks}");
}

#[test]
fn before_dial_pauses_with_the_bare_line() {
    let mut world = World::started(mode(TerminalMode::BeforeDial), Some(Server::new(&[])));
    assert_eq!(world.states, "0 1 4096");
    world.command(Command::Terminal(b"ATI\r".to_vec()));
    assert_eq!(world.ops, [LineOp::Open, LineOp::Write(b"ATI\r".to_vec())]);
    world.resume(params("secret")).unwrap();
    world.rest();
    assert_eq!(world.states, "0 1 4096 2 3 4 5 6 14 10 18 8192");
}

#[test]
fn a_terminal_that_is_demanded_without_pauses_is_703() {
    for (terminal, states) in
        [(TerminalMode::BeforeDial, "0 1 4096:703"), (TerminalMode::AfterDial, "0 1 2 3 4 4096:703")]
    {
        let world = World::started(DialConfig { pauses: false, ..mode(terminal) }, None);
        assert_eq!(world.states, states);
        assert_eq!(world.error(), Some(703));
    }
}

#[test]
fn never_ignores_text() {
    let mut world = dialled(mode(TerminalMode::Never), None);
    world.say(b"login: ");
    world.run(secs(5));
    assert_eq!(world.states, "0 1 2 3 4 5");
}

#[test]
fn a_prompt_that_comes_late_still_pauses() {
    let mut world = dialled(mode(TerminalMode::Auto), host());
    world.run(secs(4));
    assert_eq!(world.states, "0 1 2 3 4 5");
    world.say(b"\r\nlogin: ");
    world.run(secs(2));
    assert_eq!(world.states, "0 1 2 3 4 5 4096");
    assert_eq!(world.terminal, b"\r\nlogin: ");
    let now = world.now;
    world.server.as_mut().unwrap().start(now);
    world.serve_now();
    world.rest();
    world.run(secs(5));
    assert_eq!(world.states, "0 1 2 3 4 5 4096 5 6 14 10 18 8192");
}

/// A host that is woken by our first frame, and loses it, once got the person instead of PPP: its own frames begin
/// like ours, so the first was taken for an echo and the rest of it for a prompt.
#[test]
fn a_peer_that_wakes_late_is_no_echo_and_no_prompt() {
    let mut world = dialled(mode(TerminalMode::Auto), host());
    world.run(secs(4));
    assert_eq!(world.states, "0 1 2 3 4 5");
    let now = world.now;
    let server = world.server.as_mut().unwrap();
    server.config.timers.restart = secs(30);
    server.start(now);
    world.serve_now();
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192");
}

/// Each frame that had not come back once hid one frame of the peer.
#[test]
fn a_peer_after_a_late_prompt_is_known_by_its_second_frame() {
    let mut world = dialled(mode(TerminalMode::Auto), host());
    world.run(secs(20));
    world.say(b"login: ");
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 5 4096");
    let now = world.now;
    world.server.as_mut().unwrap().start(now);
    world.serve_now();
    world.run(secs(5));
    assert_eq!(world.states, "0 1 2 3 4 5 4096 5 6 14 10 18 8192");
}

#[test]
fn text_after_ppp_has_begun_is_a_banner_too() {
    for pauses in [true, false] {
        let mut world = dialled(DialConfig { pauses, ..mode(TerminalMode::Auto) }, host());
        world.run(secs(4));
        world.say(b"Starting PPP\r\n");
        let now = world.now;
        world.server.as_mut().unwrap().start(now);
        world.serve_now();
        world.rest();
        assert_eq!(world.states, "0 1 2 3 4 5 6 14 10 18 8192");
        assert_eq!(banners(&world), "Starting PPP\r\n", "pauses {pauses}");
    }
}

#[test]
fn a_prompt_that_nobody_may_answer_is_named_at_the_end() {
    for wait in [1, 5] {
        let mut world = dialled(DialConfig { pauses: false, ..mode(TerminalMode::Auto) }, None);
        world.run(secs(wait));
        world.say(b"Host 7\r\nlogin:\x07 ");
        world.rest();
        assert_eq!(world.error(), Some(721), "{}", world.states);
        let why = &world.end.as_ref().unwrap().why;
        assert!(why.contains("\"login:\\u{7}\""), "{why}");
    }
}

#[test]
fn our_own_echo_is_no_peer_and_no_prompt() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    let mut echoed = 0;
    for _ in 0..400 {
        world.run(Duration::from_millis(100));
        if world.written.len() > echoed && !world.ended {
            let echo = world.written[echoed..].to_vec();
            echoed = world.written.len();
            world.say(&echo);
        }
    }
    assert_eq!(world.states, "0 1 2 3 4 5 5:737");
}

#[test]
fn a_line_of_seven_bits_is_named() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    world.say(b"\x7e\x7f\x7d\x23\x40\x21\x7d\x21");
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 4:722");
    assert!(world.end.unwrap().why.contains("7 of its 8 bits"));
}

#[test]
fn a_host_that_hangs_up_is_628_with_its_last_words() {
    let mut world = dialled(mode(TerminalMode::Auto), None);
    world.say(b"Too many users\x07\r\n");
    world.tell(Told::Event(LineEvent::Disconnected));
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 4:628");
    assert!(world.end.as_ref().unwrap().why.contains("Too many users\\u{7}"));

    let mut world = dialled(mode(TerminalMode::AfterDial), None);
    world.tell(Told::Event(LineEvent::Disconnected));
    world.rest();
    assert_eq!(world.states, "0 1 2 3 4 4096 4096:628");
}

#[test]
fn the_terminal_waits_ten_minutes() {
    let mut world = dialled(mode(TerminalMode::AfterDial), None);
    world.run(secs(595));
    assert_eq!(world.status(), (ConnState::INTERACTIVE, None));
    world.run(secs(10));
    assert_eq!(world.states, "0 1 2 3 4 4096 4096:638");
    assert!(world.elapsed() < secs(610));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_byte_is_lost_at_the_switch_however_the_line_cuts(
        banner in "[ -}\r\n]{0,60}",
        cut in 1usize..9,
        paused in any::<bool>(),
    ) {
        let terminal = if paused { TerminalMode::AfterDial } else { TerminalMode::Auto };
        let mut world = World::new(mode(terminal), host());
        world.cut = cut;
        world.input(openras_engine::CallInput::Tick);
        world.run(Duration::from_millis(100));
        for chunk in banner.as_bytes().chunks(cut) {
            world.say(chunk);
        }
        let now = world.now;
        world.server.as_mut().unwrap().start(now);
        world.serve_now();
        world.run(secs(2));
        let shown = if paused { String::from_utf8(world.terminal.clone()).unwrap() } else { banners(&world) };
        if paused || !banner.trim().is_empty() {
            prop_assert_eq!(shown, banner);
        }
        let states = if paused { "0 1 2 3 4 4096 5 6 14 10 18 8192" } else { "0 1 2 3 4 5 6 14 10 18 8192" };
        prop_assert_eq!(world.states, states);
    }
}
