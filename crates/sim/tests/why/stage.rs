//! A stage: our dial or port at one side, our port, our dial or something else at the other.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_engine::client::dial::{DialConfig, DialParams};
use openras_engine::server::port::PortConfig;
use openras_engine::why::{Transcript, explain};
use openras_ppp::ask::CallbackPolicy;
use openras_ppp::{AuthMethod, Secret};
use openras_sim::calls::{
    Answerer, CallEnd, CodeModule, Dialler, News, Order, Plan, dial_config, port_config,
};
use openras_sim::ladder::ladder;
use openras_sim::pair::{Effect, End, Happening};
use openras_sim::ppp::{Store, User};
use openras_sim::{Ended, Pair, Side, Wire, WireConfig};

use crate::far::Far;

/// Longer than any deadline these calls meet.
const LONGEST: Duration = Duration::from_secs(700);

/// One end of a staged call.
pub(crate) enum Actor {
    Call(CallEnd),
    Far(Far),
}

impl End for Actor {
    type Order = Order;
    type News = News;

    fn handle(&mut self, now: Instant, what: Happening<'_, Order>) {
        match self {
            Self::Call(end) => end.handle(now, what),
            Self::Far(far) => far.handle(now, what),
        }
    }

    fn poll(&mut self) -> Option<Effect<Order, News>> {
        match self {
            Self::Call(end) => end.poll(),
            Self::Far(far) => far.poll(),
        }
    }

    fn timeout(&self) -> Option<Instant> {
        match self {
            Self::Call(end) => end.timeout(),
            Self::Far(far) => far.timeout(),
        }
    }
}

/// Alice, with the right password.
pub(crate) fn alice() -> DialParams {
    with_password("correct horse")
}

pub(crate) fn with_password(password: &str) -> DialParams {
    DialParams {
        user: "alice".into(),
        domain: String::new(),
        password: Secret::from(password),
        callback_number: String::new(),
    }
}

/// The users.
pub(crate) fn store() -> Store {
    Store {
        users: vec![User {
            name: "alice".into(),
            password: Secret::from("correct horse"),
            expired: false,
            callback: CallbackPolicy::None,
        }],
        nameless: CallbackPolicy::None,
        address: Some(Ipv4Addr::new(10, 64, 0, 2)),
        claims: 0,
    }
}

/// A dial that allows this, without pauses.
pub(crate) fn dial(methods: &[AuthMethod]) -> DialConfig {
    DialConfig { pauses: false, ..dial_config(alice(), methods) }
}

/// MS-CHAPv2 and nothing else.
pub(crate) const V2: &[AuthMethod] = &[AuthMethod::MsChapV2];

pub(crate) fn dialler(mut config: DialConfig) -> Actor {
    // a service keeps the packets of every call
    config.ppp.trace = true;
    Actor::Call(CallEnd::Dialler(Box::new(Dialler::new(config, Plan::default(), [3; 32]))))
}

/// A port with these users; modules ask for a code.
pub(crate) fn answerer(config: PortConfig, store: Store) -> Actor {
    with(config, store, |answerer| answerer)
}

/// As [`answerer`], changed.
pub(crate) fn with(mut config: PortConfig, store: Store, change: impl FnOnce(Answerer) -> Answerer) -> Actor {
    config.ppp.trace = true;
    let module = CodeModule { user: "alice".into(), code: "271828".into() };
    let module = (!config.modules.is_empty()).then_some(module);
    Actor::Call(CallEnd::Answerer(Box::new(change(Answerer::new(config, store, module, [4; 32])))))
}

/// A port that asks for MS-CHAPv2.
pub(crate) fn port() -> PortConfig {
    port_config(V2, &[])
}

/// A dialler whose person types in the terminal.
pub(crate) fn typist(mut config: DialConfig, typed: &[(&str, &str)]) -> Actor {
    let typed = typed.iter().map(|(prompt, answer)| ((*prompt).to_owned(), (*answer).to_owned()));
    let plan = Plan { resume: VecDeque::new(), typed: typed.collect() };
    config.ppp.trace = true;
    Actor::Call(CallEnd::Dialler(Box::new(Dialler::new(config, plan, [3; 32]))))
}

/// Plays a call to its end, or until nothing new happens.
pub(crate) fn play(client: Actor, server: Actor) -> Pair<Actor> {
    let mut pair = Pair::new(client, server, Wire::new(WireConfig::default(), 1), false).recorded();
    let ended = pair.run(LONGEST, 50_000);
    assert!(matches!(ended, Ended::Silent | Ended::Quiet), "{ended:?}\n{}", ladder(pair.story()));
    pair
}

/// The transcript of one side.
pub(crate) fn transcript(pair: &Pair<Actor>, side: Side) -> Transcript {
    match pair.end(side) {
        Actor::Call(end) => match (end.dialler(), end.answerer()) {
            (Some(dialler), _) => dialler.transcript(),
            (_, Some(answerer)) => answerer.transcript(),
            _ => panic!("neither"),
        },
        Actor::Far(_) => panic!("that is no end of ours"),
    }
}

/// What `why` says at one side.
pub(crate) fn why(pair: &Pair<Actor>, side: Side) -> String {
    let explanation = explain(&transcript(pair, side));
    format!("[{}]\n{explanation}", explanation.diagnosis)
}

/// What the caller is told, and the port.
pub(crate) fn both(client: Actor, server: Actor) -> String {
    let pair = play(client, server);
    format!(
        "--- the caller ---\n{}\n--- the port ---\n{}",
        why(&pair, Side::Client),
        why(&pair, Side::Server)
    )
}

/// What the caller is told.
pub(crate) fn caller(client: Actor, server: Actor) -> String {
    why(&play(client, server), Side::Client)
}

/// What the port is told.
pub(crate) fn called(client: Actor, server: Actor) -> String {
    why(&play(client, server), Side::Server)
}
