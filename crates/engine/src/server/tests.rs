//! What the tests of the phases share, and answers that come when nobody waits for them any more.

use std::time::{Duration, Instant};

use openras_ppp::config::IpcpConfig;

use super::admit::Identity;
use super::calling::Calling;
use super::context::Context;
use super::link::Callback;
use super::phases::Phase;
use super::port::{Answer, Ask, Command, NameCheck, Notice, PortConfig};
use crate::line::{CallInput, CallOutput};

#[allow(clippy::disallowed_methods)] // the one place where these tests take the time from
pub(super) fn t0() -> Instant {
    Instant::now()
}

/// A port that asks for no proof and gives addresses.
pub(super) fn config() -> PortConfig {
    let ipcp = IpcpConfig { local: Some([10, 64, 0, 1].into()), assign: true, ..IpcpConfig::default() };
    PortConfig {
        name: "line1/1".into(),
        modules: Vec::new(),
        name_check: NameCheck::Require,
        dialog_limit: Duration::from_secs(300),
        before_auth: Duration::from_secs(120),
        before_auth_most: Duration::from_secs(300),
        answer_limit: LIMIT,
        answering_limit: Duration::from_secs(60),
        callback: true,
        callback_delay: Duration::from_secs(2),
        callback_tries: 3,
        callback_expiry: Duration::from_secs(120),
        login: Default::default(),
        ppp: openras_ppp::Config { ipcp: Some(ipcp), ..openras_ppp::Config::default() },
    }
}

const LIMIT: Duration = Duration::from_secs(30);

fn admit(name: &str) -> Ask {
    Ask::Admit { name: Some(name.into()) }
}

fn refused() -> Answer {
    Answer::Admit(Err(crate::RasError::AUTHENTICATION_FAILURE))
}

/// Whose admission was asked for since the last look.
fn asked(cx: &mut Context) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(output) = cx.next() {
        if let CallOutput::Notice(Notice::Ask(Ask::Admit { name })) = output {
            names.extend(name);
        }
    }
    names
}

/// A question about alice that nobody waits for any more.
fn with_stale_question(now: Instant) -> Context {
    let mut cx = Context::new(config(), [3; 32]);
    cx.ask(now, admit("alice"), LIMIT);
    assert_eq!(asked(&mut cx), ["alice"]);
    cx.withdraw_question();
    cx
}

#[test]
fn a_question_behind_a_withdrawn_one_is_asked_when_the_old_answer_has_come() {
    let now = t0();
    let mut cx = with_stale_question(now);
    cx.ask(now, admit("bob"), LIMIT);
    assert!(asked(&mut cx).is_empty(), "one at a time");
    assert!(cx.answered(now, refused()).is_none(), "alice's refusal is not bob's");
    assert_eq!(asked(&mut cx), ["bob"]);
    assert!(cx.answered(now, refused()).is_some());
}

/// The caller hung up for the callback while an answer was still due: it must not block the questions of the second
/// leg, nor be taken for the answer to one of them.
#[test]
fn an_answer_that_comes_between_the_two_legs_frees_the_way_for_the_second() {
    let now = t0();
    let mut cx = with_stale_question(now);
    let user = Identity { user: "alice".into(), domain: String::new() };
    let phase = Calling::begin(now, Callback { user, number: "5551212".into(), delay: 5 }, &mut cx);
    let phase = phase.handle(now, CallInput::Command(Command::Answer(refused())), &mut cx);
    assert!(matches!(phase, Phase::Calling(_)));
    asked(&mut cx);
    cx.ask(now, admit("alice"), LIMIT);
    assert_eq!(asked(&mut cx), ["alice"], "at once");
    assert!(cx.answered(now, refused()).is_some());
}
