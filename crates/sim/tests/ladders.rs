//! The main stories between two PPP ends, packet by packet. The snapshots are reviewed like code.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside #[test] functions

use openras_sim::ladder::ladder;
use openras_sim::pair::{Entry, Told};
use openras_sim::ppp::{AuthKind, CallbackKind, Scenario};

/// The story of a call that must succeed.
fn story(auth: AuthKind, callback: CallbackKind, damaged_per_mille: u32, seed: u64) -> String {
    let outcome = Scenario { auth, callback, damaged_per_mille, seed }.run(true);
    outcome.check().unwrap();
    assert!(outcome.is_good(), "{}", ladder(&outcome.legs[0].story));
    let legs: Vec<String> = outcome
        .legs
        .iter()
        .map(|leg| {
            // what follows the last news is keep-alive
            let news = |entry: &Entry| !matches!(entry.told, Told::Frame { .. });
            let last = leg.story.iter().rposition(news).map_or(0, |last| last + 1);
            ladder(&leg.story[..last])
        })
        .collect();
    legs.join("-- the server calls back --\n")
}

#[test]
fn nobody_asks_who_the_caller_is() {
    insta::assert_snapshot!(story(AuthKind::None, CallbackKind::None, 0, 1));
}

#[test]
fn pap() {
    insta::assert_snapshot!(story(AuthKind::Pap, CallbackKind::None, 0, 1));
}

#[test]
fn chap_md5() {
    insta::assert_snapshot!(story(AuthKind::ChapMd5, CallbackKind::None, 0, 1));
}

#[test]
fn mschap_v1() {
    insta::assert_snapshot!(story(AuthKind::MsChapV1, CallbackKind::None, 0, 1));
}

#[test]
fn mschap_v2() {
    insta::assert_snapshot!(story(AuthKind::MsChapV2, CallbackKind::None, 0, 1));
}

#[test]
fn mschap_v1_wrong_password_first() {
    insta::assert_snapshot!(story(AuthKind::RetryV1, CallbackKind::None, 0, 1));
}

#[test]
fn mschap_v2_wrong_password_first() {
    insta::assert_snapshot!(story(AuthKind::RetryV2, CallbackKind::None, 0, 1));
}

#[test]
fn mschap_v1_change_of_password() {
    insta::assert_snapshot!(story(AuthKind::ChangeV1, CallbackKind::None, 0, 1));
}

#[test]
fn mschap_v2_change_of_password() {
    insta::assert_snapshot!(story(AuthKind::ChangeV2, CallbackKind::None, 0, 1));
}

#[test]
fn callback_at_the_callers_number() {
    insta::assert_snapshot!(story(AuthKind::MsChapV2, CallbackKind::Caller, 0, 1));
}

#[test]
fn callback_at_the_preset_number() {
    insta::assert_snapshot!(story(AuthKind::MsChapV2, CallbackKind::Preset, 0, 1));
}

#[test]
fn callback_at_one_of_a_list() {
    insta::assert_snapshot!(story(AuthKind::MsChapV2, CallbackKind::List, 0, 1));
}

#[test]
fn mschap_v2_over_a_bad_line() {
    insta::assert_snapshot!(story(AuthKind::MsChapV2, CallbackKind::None, 200, 4));
}
