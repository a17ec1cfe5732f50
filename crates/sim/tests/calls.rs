//! Whole calls: a dial and a port over one line, with the pauses a program sees.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside #[test] functions

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use openras_engine::client::dial::DialParams;
use openras_engine::{ConnState, RasError};
use openras_ppp::ask::CallbackPolicy;
use openras_ppp::{AuthMethod, Secret};
use openras_sim::calls::{Answerer, CallEnd, CodeModule, Dialler, Plan, dial_config, port_config};
use openras_sim::ladder::ladder;
use openras_sim::pair::Told;
use openras_sim::ppp::{Store, User};
use openras_sim::{Ended, Pair, Side, Wire, WireConfig};

/// Longer than any deadline these calls meet.
const LONGEST: Duration = Duration::from_secs(310);

struct Call {
    user: &'static str,
    password: &'static str,
    callback_number: &'static str,
    resume: Vec<DialParams>,
    typed: Vec<(&'static str, &'static str)>,
    expired: bool,
    callback: CallbackPolicy,
    module: bool,
    pauses: bool,
    wait_seen: bool,
    damaged_per_mille: u32,
    seed: u64,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            user: "alice",
            password: "correct horse",
            callback_number: "",
            resume: Vec::new(),
            typed: Vec::new(),
            expired: false,
            callback: CallbackPolicy::None,
            module: false,
            pauses: true,
            wait_seen: false,
            damaged_per_mille: 0,
            seed: 1,
        }
    }
}

fn params(password: &str, callback_number: &str) -> DialParams {
    DialParams {
        user: "alice".to_owned(),
        domain: String::new(),
        password: Secret::from(password),
        callback_number: callback_number.to_owned(),
    }
}

impl Call {
    fn run(self) -> Pair<CallEnd> {
        let methods = [AuthMethod::MsChapV2];
        let mut dial = dial_config(params(self.password, self.callback_number), &methods);
        dial.params.user = self.user.to_owned();
        dial.pauses = self.pauses;
        dial.wait_seen = self.wait_seen;
        let typed = self.typed.iter().map(|(prompt, answer)| ((*prompt).to_owned(), (*answer).to_owned()));
        let plan = Plan { resume: VecDeque::from(self.resume), typed: typed.collect() };
        let store = Store {
            users: vec![User {
                name: "alice".to_owned(),
                password: Secret::from("correct horse"),
                expired: self.expired,
                callback: self.callback.clone(),
            }],
            nameless: CallbackPolicy::None,
            address: Some(Ipv4Addr::new(10, 64, 0, 2)),
            claims: 0,
        };
        let module = CodeModule { user: "alice".to_owned(), code: "271828".to_owned() };
        let modules: &[&str] = if self.module { &["code"] } else { &[] };
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let client = CallEnd::Dialler(Box::new(Dialler::new(dial, plan, seed)));
        seed[8] = 8;
        let port = port_config(&methods, modules);
        let server =
            CallEnd::Answerer(Box::new(Answerer::new(port, store, self.module.then_some(module), seed)));
        let config = WireConfig { damaged_per_mille: self.damaged_per_mille, ..WireConfig::default() };
        let mut pair = Pair::new(client, server, Wire::new(config, self.seed), false).recorded();
        let ended = pair.run(LONGEST, 20_000);
        assert!(matches!(ended, Ended::Silent | Ended::Quiet), "{ended:?}\n{}", ladder(pair.story()));
        pair
    }
}

fn states(pair: &Pair<CallEnd>) -> Vec<ConnState> {
    let dialler = pair.end(Side::Client).dialler().unwrap();
    dialler.states().iter().map(|(state, _)| *state).collect()
}

/// The ladder up to the last news; what follows is keep-alive.
fn story(pair: &Pair<CallEnd>) -> String {
    let last = pair.story().iter().rposition(|entry| !matches!(entry.told, Told::Frame { .. }));
    ladder(&pair.story()[..last.map_or(0, |last| last + 1)])
}

fn assert_connected(pair: &Pair<CallEnd>) {
    let text = ladder(pair.story());
    assert_eq!(states(pair).last(), Some(&ConnState::CONNECTED), "{text}");
    let address = |side| pair.end(side).up().unwrap().ipv4.map(|ipv4| (ipv4.local, ipv4.remote));
    let (local, remote) = address(Side::Client).unwrap();
    assert_eq!(address(Side::Server), Some((remote, local)), "{text}");
}

fn assert_failed(pair: &Pair<CallEnd>, error: u32) {
    let text = ladder(pair.story());
    let dialler = pair.end(Side::Client).dialler().unwrap();
    assert_eq!(dialler.end().unwrap().error, Some(RasError(error)), "{text}");
    assert!(!dialler.end().unwrap().was_connected, "{text}");
    assert!(pair.end(Side::Client).is_over() && pair.end(Side::Server).is_over(), "{text}");
}

#[test]
fn a_plain_call_connects() {
    let pair = Call::default().run();
    assert_connected(&pair);
    insta::assert_snapshot!(story(&pair));
}

#[test]
fn a_notifier_that_is_waited_for_changes_nothing_in_the_end() {
    assert_connected(&Call { wait_seen: true, ..Call::default() }.run());
}

#[test]
fn a_wrong_password_pauses_and_the_right_one_connects() {
    let pair = Call { password: "wrong", resume: vec![params("correct horse", "")], ..Call::default() }.run();
    assert!(states(&pair).contains(&ConnState::RETRY_AUTHENTICATION));
    assert_connected(&pair);
    insta::assert_snapshot!(story(&pair));
}

#[test]
fn without_pauses_a_wrong_password_is_691() {
    assert_failed(&Call { password: "wrong", pauses: false, ..Call::default() }.run(), 691);
}

#[test]
fn an_expired_password_pauses_and_the_new_one_connects() {
    let pair = Call { expired: true, resume: vec![params("battery staple", "")], ..Call::default() }.run();
    assert!(states(&pair).contains(&ConnState::PASSWORD_EXPIRED));
    assert_connected(&pair);
    let store = pair.end(Side::Server).answerer().unwrap().store();
    assert_eq!(store.user("alice").unwrap().password, Secret::from("battery staple"));
}

#[test]
fn without_pauses_an_expired_password_is_648() {
    assert_failed(&Call { expired: true, pauses: false, ..Call::default() }.run(), 648);
}

#[test]
fn a_callback_number_given_in_the_pause_is_called() {
    let pair = Call {
        callback: CallbackPolicy::Caller,
        callback_number: "*",
        resume: vec![params("correct horse", "5550100")],
        ..Call::default()
    }
    .run();
    let states = states(&pair);
    for state in [ConnState::CALLBACK_SET_BY_CALLER, ConnState::WAIT_FOR_CALLBACK, ConnState::RE_AUTHENTICATE]
    {
        assert!(states.contains(&state), "{state}: {}", ladder(pair.story()));
    }
    assert_connected(&pair);
    insta::assert_snapshot!(story(&pair));
}

#[test]
fn a_preset_callback_happens_without_a_question() {
    let pair = Call { callback: CallbackPolicy::Preset("5550100".to_owned()), ..Call::default() }.run();
    assert!(states(&pair).contains(&ConnState::WAIT_FOR_CALLBACK));
    assert!(!states(&pair).iter().any(|state| state.is_paused()));
    assert_connected(&pair);
}

#[test]
fn the_right_code_in_the_dialog_leads_to_ppp() {
    let pair = Call { module: true, typed: vec![("Code: ", "271828\r")], ..Call::default() }.run();
    assert!(states(&pair).contains(&ConnState::INTERACTIVE), "{}", ladder(pair.story()));
    assert_connected(&pair);
    insta::assert_snapshot!(story(&pair));
}

#[test]
fn the_wrong_code_in_the_dialog_ends_the_call() {
    let pair = Call { module: true, typed: vec![("Code: ", "314159\r")], ..Call::default() }.run();
    assert!(states(&pair).contains(&ConnState::INTERACTIVE));
    let text = ladder(pair.story());
    assert!(pair.end(Side::Client).is_over() && pair.end(Side::Server).is_over(), "{text}");
    assert!(!states(&pair).contains(&ConnState::CONNECTED), "{text}");
}

/// How many of `calls` connect; whatever the line does, both ends end alike.
fn connected(calls: u64, damaged_per_mille: u32, call: impl Fn() -> Call) -> u64 {
    let mut connected = 0;
    for seed in 0..calls {
        let pair = Call { damaged_per_mille, seed, ..call() }.run();
        let ends = [Side::Client, Side::Server].map(|side| pair.end(side));
        if states(&pair).contains(&ConnState::CONNECTED) {
            connected += 1;
        }
        let both_up = ends.iter().all(|end| end.up().is_some() && !end.is_over());
        if both_up {
            assert_connected(&pair);
        } else {
            assert!(ends.iter().all(|end| end.is_over()), "seed {seed}\n{}", ladder(pair.story()));
        }
    }
    connected
}

#[test]
fn over_a_damaged_line_both_ends_end_alike_and_a_poor_one_connects() {
    let plain: fn() -> Call = Call::default;
    let retry: fn() -> Call =
        || Call { password: "wrong", resume: vec![params("correct horse", "")], ..Call::default() };
    let change: fn() -> Call =
        || Call { expired: true, resume: vec![params("battery staple", "")], ..Call::default() };
    let preset: fn() -> Call =
        || Call { callback: CallbackPolicy::Preset("5550100".to_owned()), ..Call::default() };
    let seen: fn() -> Call = || Call { wait_seen: true, ..Call::default() };
    for (kind, call) in
        [("plain", plain), ("retry", retry), ("change", change), ("preset", preset), ("seen", seen)]
    {
        let poor = connected(300, 50, call);
        let bad = connected(300, 200, call);
        println!("{kind}: of 300 calls connected: 5 % {poor}, 20 % {bad}");
        assert!(poor * 100 >= 300 * 95, "{kind}: only {poor} of 300 calls connected at 5 %");
    }
}
