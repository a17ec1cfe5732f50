//! Modules, prompts and scripts before PPP.

use openras_engine::client::dial::{DialConfig, TerminalMode};
use openras_engine::server::dialog::DialogVerdict;
use openras_sim::calls::{CodeModule, port_config};

use crate::stage::{Actor, V2, answerer, called, dial, dialler, store, typist, with};

/// A port with one module.
fn guarded() -> openras_engine::server::port::PortConfig {
    port_config(V2, &["code"])
}

/// A person at a terminal who types the code.
fn person(code: &str) -> Actor {
    let config = DialConfig { pauses: true, ..dial(V2) };
    typist(config, &[("Code: ", &format!("{code}\r"))])
}

fn module_says(verdict: Option<DialogVerdict>) -> String {
    let config = DialConfig { pauses: true, terminal: TerminalMode::AfterDial, ..dial(V2) };
    called(typist(config, &[]), with(guarded(), store(), |answerer| answerer.saying(verdict)))
}

#[test]
fn a_wrong_code() {
    insta::assert_snapshot!(called(person("000000"), answerer(guarded(), store())));
}

#[test]
fn ppp_into_the_dialog() {
    let config = DialConfig { terminal: TerminalMode::Never, ..dial(V2) };
    insta::assert_snapshot!(called(dialler(config), answerer(guarded(), store())));
}

#[test]
fn another_name_in_ppp_than_at_the_prompt() {
    let bob = CodeModule { user: "bob".into(), code: "271828".into() };
    let server = with(guarded(), store(), |answerer| answerer.asking(bob));
    insta::assert_snapshot!(called(person("271828"), server));
}

#[test]
fn a_module_that_lets_nobody_in_particular_through() {
    let nobody = DialogVerdict::Success { user: String::new(), domain: String::new() };
    insta::assert_snapshot!(module_says(Some(nobody)));
}

#[test]
fn a_module_that_crashes() {
    let crash = DialogVerdict::Error { code: 31, text: "the module's process ended (signal 11)".into() };
    insta::assert_snapshot!(module_says(Some(crash)));
}

#[test]
fn a_clock_that_was_never_set() {
    let text = "the server's clock is not set or behind; the user's codes could not be checked";
    insta::assert_snapshot!(module_says(Some(DialogVerdict::Error { code: 31, text: text.into() })));
}

#[test]
fn a_module_that_never_decides() {
    insta::assert_snapshot!(module_says(None));
}

#[test]
fn a_module_that_does_not_begin() {
    let config = DialConfig { pauses: true, ..dial(V2) };
    let server = with(guarded(), store(), |answerer| answerer.unable());
    insta::assert_snapshot!(called(typist(config, &[]), server));
}
