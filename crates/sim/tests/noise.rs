//! Two PPP ends over a line that damages frames: thousands of seeds for every authentication and callback.
//!
//! Whatever the line does, a run is bounded, the two ends agree on how it ended, and a password is old or new.
//! A clean line never fails a call, a poor one seldom. `SEEDS` in the environment changes how many seeds run;
//! a failing one is named and can be looked at with `SEED=n`, which prints its ladder. `STRICT=1` does so with the
//! first call that does not come up.

#![allow(clippy::panic)] // helpers outside #[test] functions

use openras_sim::ladder::ladder;
use openras_sim::ppp::{AuthKind, CallbackKind, Outcome, Scenario};

/// Seeds for every authentication, callback and kind of line.
const SEEDS: u64 = 2000;
/// Frames damaged, of 1000.
const CLEAN: u32 = 0;
const POOR: u32 = 50;
const BAD: u32 = 200;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn complain(outcome: &Outcome, what: &str) -> ! {
    let legs = outcome.scenario.run(true).legs;
    let story: Vec<String> = legs.iter().map(|leg| ladder(&leg.story)).collect();
    panic!("{:?}: {what}\n{}", outcome.scenario, story.join("\n-- called back --\n"));
}

/// How many of the calls were good.
fn calls(auth: AuthKind, callback: CallbackKind, damaged_per_mille: u32) -> u64 {
    let one = from_environment("SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..from_environment("SEEDS").unwrap_or(SEEDS),
    };
    let mut good = 0;
    for seed in seeds {
        let scenario = Scenario { auth, callback, damaged_per_mille, seed };
        let outcome = scenario.run(false);
        if let Err(what) = outcome.check() {
            complain(&outcome, &what);
        }
        if scenario.run(false).story != outcome.story {
            complain(&outcome, "the same seed told another story");
        }
        if outcome.is_good() {
            good += 1;
        } else if damaged_per_mille == CLEAN || one.is_some() || std::env::var("STRICT").is_ok() {
            complain(&outcome, "the call did not succeed");
        }
    }
    good
}

fn noise(auth: AuthKind) {
    let of = from_environment("SEED").map_or(from_environment("SEEDS").unwrap_or(SEEDS), |_| 1);
    for callback in CallbackKind::ALL {
        let clean = calls(auth, callback, CLEAN);
        let poor = calls(auth, callback, POOR);
        let bad = calls(auth, callback, BAD);
        println!(
            "{auth:?}, callback {callback:?}: of {of} calls good: clean {clean}, 5 % {poor}, 20 % {bad}"
        );
        assert_eq!(clean, of);
        assert!(
            poor * 100 >= of * 95,
            "{auth:?}, callback {callback:?}: only {poor} of {of} calls came up at 5 %"
        );
    }
}

#[test]
fn calls_without_authentication_end_alike_at_both_ends() {
    noise(AuthKind::None);
}

#[test]
fn calls_with_pap_end_alike_at_both_ends() {
    noise(AuthKind::Pap);
}

#[test]
fn calls_with_chap_md5_end_alike_at_both_ends() {
    noise(AuthKind::ChapMd5);
}

#[test]
fn calls_with_mschap_v1_end_alike_at_both_ends() {
    noise(AuthKind::MsChapV1);
}

#[test]
fn calls_with_mschap_v2_end_alike_at_both_ends() {
    noise(AuthKind::MsChapV2);
}

#[test]
fn calls_with_a_wrong_password_first_by_mschap_v1_end_alike_at_both_ends() {
    noise(AuthKind::RetryV1);
}

#[test]
fn calls_with_a_wrong_password_first_by_mschap_v2_end_alike_at_both_ends() {
    noise(AuthKind::RetryV2);
}

#[test]
fn calls_with_a_change_of_password_by_mschap_v1_leave_the_old_or_the_new_one() {
    noise(AuthKind::ChangeV1);
}

#[test]
fn calls_with_a_change_of_password_by_mschap_v2_leave_the_old_or_the_new_one() {
    noise(AuthKind::ChangeV2);
}
