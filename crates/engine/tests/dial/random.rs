//! Anything may happen in any order: nothing panics, spins, outgrows its cap or survives a hang-up.

use std::time::Duration;

use openras_engine::client::{Command, DialConfig, DialParams, TerminalMode};
use openras_engine::{CallInput, LineEvent, RasError};
use openras_ppp::AuthMethod;
use openras_ppp::ask::CallbackPolicy;
use proptest::prelude::*;

use crate::world::server::Server;
use crate::world::{NOTIFIER, World, config, params};

#[derive(Clone, Debug)]
enum Act {
    Wait(u16),
    Line(LineEvent<'static>),
    Bytes(Vec<u8>),
    Flood,
    ServerStarts,
    ServerCloses,
    Resume { notifier: u64, callback: &'static str, password: &'static str },
    Seen(u32),
    LastSeen,
    Type(Vec<u8>),
    Ip(Vec<u8>),
    Tick,
    HangUp,
}

fn act() -> impl Strategy<Value = Act> {
    let line = prop_oneof![
        Just(LineEvent::Opened),
        Just(LineEvent::Ring { caller: Some("1".into()) }),
        Just(LineEvent::Connected { text: "\x1b[2J".into() }),
        Just(LineEvent::Disconnected),
        Just(LineEvent::Failed(RasError(676))),
        Just(LineEvent::Closed),
    ];
    let text = prop_oneof![
        Just(b"login: ".to_vec()),
        Just(b"\x7e\xff\x7d\x23\xc0\x21".to_vec()),
        Just(b"Welcome\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop_oneof![
        12 => prop_oneof![0u16..50, 500u16..5000, 60_000u16..65_000].prop_map(Act::Wait),
        1 => line.prop_map(Act::Line),
        2 => text.clone().prop_map(Act::Bytes),
        1 => Just(Act::Flood),
        2 => Just(Act::ServerStarts),
        1 => Just(Act::ServerCloses),
        5 => (prop_oneof![4 => Just(NOTIFIER), 1 => Just(0)], prop::sample::select(vec!["", "*", "5551212", "x"]),
              prop::sample::select(vec!["secret", "wrong"]))
            .prop_map(|(notifier, callback, password)| Act::Resume { notifier, callback, password }),
        1 => (0u32..20).prop_map(Act::Seen),
        16 => Just(Act::LastSeen),
        1 => text.prop_map(Act::Type),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Act::Ip),
        1 => Just(Act::Tick),
        1 => Just(Act::HangUp),
    ]
}

fn world() -> impl Strategy<Value = (DialConfig, u8)> {
    let terminal = prop::sample::select(vec![
        TerminalMode::Auto,
        TerminalMode::BeforeDial,
        TerminalMode::AfterDial,
        TerminalMode::Never,
    ]);
    let callback = prop::sample::select(vec!["", "", "*", "*", "5551212", "5551212", "bad"]);
    (terminal, callback, any::<[bool; 3]>(), prop::sample::select(vec!["secret", "wrong"]), any::<u8>())
        .prop_map(|(terminal, callback, [pauses, wait_seen, callable], password, kind)| {
            let params = DialParams { callback_number: callback.into(), ..params(password) };
            (DialConfig { terminal, pauses, wait_seen, callable, params, ..config() }, kind)
        })
}

fn server(kind: u8) -> Server {
    let methods = [&[][..], &[AuthMethod::Pap], &[AuthMethod::MsChapV2], &[AuthMethod::MsChapV2]];
    let mut server = Server::new(methods[usize::from(kind % 4)]);
    (server.retry, server.expired, server.speaks) = (kind & 4 != 0, kind & 8 != 0, kind & 16 != 0);
    match kind >> 5 & 3 {
        0 => server,
        1 => server.calling_back(CallbackPolicy::Caller),
        2 => server.calling_back(CallbackPolicy::Preset("1".into())),
        _ => server.calling_back(CallbackPolicy::List(vec!["5551212".into(), "2".into()])),
    }
}

fn perform(world: &mut World, act: Act) {
    let now = world.now;
    match act {
        Act::Wait(milliseconds) => world.run(Duration::from_millis(milliseconds.into())),
        Act::Line(event) => world.input(CallInput::Line(event)),
        Act::Bytes(bytes) => world.input(CallInput::Line(LineEvent::Bytes(&bytes))),
        Act::Flood => world.input(CallInput::Line(LineEvent::Bytes(&[b'x'; 30_000]))),
        Act::ServerStarts if world.up => {
            world.server.as_mut().unwrap().start(now);
            world.serve_now();
        }
        Act::ServerStarts => {}
        Act::ServerCloses => {
            world.server.as_mut().unwrap().close(now);
            world.serve_now();
        }
        Act::Resume { notifier, callback, password } => {
            let params = DialParams { callback_number: callback.into(), ..params(password) };
            let _ = world.ask(Command::Resume { notifier, params });
        }
        Act::Seen(seq) => drop(world.ask(Command::Seen(seq))),
        Act::LastSeen => {
            let seq = world.seq;
            let _ = world.ask(Command::Seen(seq));
        }
        Act::Type(bytes) => world.command(Command::Terminal(bytes)),
        Act::Ip(packet) => world.input(CallInput::Ip(&packet)),
        Act::Tick => world.input(CallInput::Tick),
        Act::HangUp => drop(world.ask(Command::HangUp)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_order_of_events_is_survived((config, kind) in world(), acts in prop::collection::vec(act(), 0..60)) {
        let mut world = World::new(config, Some(server(kind)));
        world.auto_seen = false;
        for act in acts {
            perform(&mut world, act);
        }
        world.input(CallInput::Tick);
        world.input(CallInput::Tick);
        let was_ended = world.ended;
        prop_assert_eq!(world.ask(Command::HangUp).is_err(), was_ended);
        world.run(Duration::from_secs(60));
        prop_assert!(world.ended, "{}", world.states);
        let end = world.end.as_ref().unwrap();
        prop_assert!(!end.why.contains('\x1b') && !end.remedy.contains('\x1b'), "{}", end.why);
        prop_assert_eq!(end.was_connected, world.states.contains("8192"));
    }
}
