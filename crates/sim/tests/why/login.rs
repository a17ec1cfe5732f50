//! The login prompt.

use openras_engine::client::dial::{DialConfig, TerminalMode};
use openras_engine::server::login::{LoginConfig, LoginMode};
use openras_engine::server::port::PortConfig;
use openras_engine::why::{Step, explain};
use openras_sim::Side;

use crate::far::{Does, Far};
use crate::stage::{Actor, V2, answerer, called, dial, dialler, play, port, store, transcript, typist};

/// A port that lets nobody in but through its prompt.
fn prompting() -> PortConfig {
    PortConfig { login: LoginConfig { mode: LoginMode::Prompt, ..LoginConfig::default() }, ..port() }
}

#[test]
fn ppp_at_a_prompt_that_does_not_take_it() {
    let config = DialConfig { terminal: TerminalMode::Never, ..dial(V2) };
    insta::assert_snapshot!(called(dialler(config), answerer(prompting(), store())));
}

#[test]
fn a_wrong_password_at_the_prompt() {
    let config = DialConfig { pauses: true, ..dial(V2) };
    let typed = [
        ("login: ", "alice\r"),
        ("Password: ", "wrong\r"),
        ("login: ", "alice\r"),
        ("Password: ", "wrong\r"),
    ];
    let more = [("login: ", "alice\r"), ("Password: ", "wrong\r")];
    let person = typist(config, &[&typed[..], &more[..]].concat());
    insta::assert_snapshot!(called(person, answerer(prompting(), store())));
}

#[test]
fn a_prompt_that_nobody_answers() {
    insta::assert_snapshot!(called(Actor::Far(Far::dials(Does::Silence)), answerer(prompting(), store())));
}

#[test]
fn a_prompt_that_comes_back() {
    insta::assert_snapshot!(called(Actor::Far(Far::dials(Does::Echo)), answerer(prompting(), store())));
}

#[test]
fn a_destination_that_reach_closes() {
    // the NAT's own words about it; a test of the program stages it whole
    let pair = play(dialler(dial(V2)), answerer(port(), store()));
    let mut transcript = transcript(&pair, Side::Server);
    let text = "closed by reach: 192.168.1.7:22: not in reach".to_owned();
    transcript.steps.push(Step { kind: "closed_by_reach".into(), text });
    let explanation = explain(&transcript);
    let said =
        format!("[{}] {} | {}", explanation.diagnosis, explanation.decided, explanation.change.join(" | "));
    insta::assert_snapshot!(said);
}
