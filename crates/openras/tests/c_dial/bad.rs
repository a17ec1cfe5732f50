//! Bad input, many threads, forks: the documented number, never a crash, never a hang. Parts of `c/bad.c` and `c/many.c`.

use crate::scene::{How, Scene, own};

fn stands(part: &str) {
    plays("bad.c", part);
}

fn plays(source: &str, part: &str) {
    let scene = Scene::new();
    let line = scene.live.line("plain");
    for how in How::checked() {
        let said = scene.says(&own(source), how, &[part, &line], "", 0);
        assert!(said.is_empty() || said == "good\n", "{said}");
    }
    let left = scene.live.ask(&["calls", "--json"]);
    let running = left.lines().filter(|call| call.contains("\"over\":null") && call.contains("dialled"));
    assert_eq!(running.count(), 0, "{left}");
}

#[test]
fn arguments_and_notifiers_that_are_none() {
    stands("arguments");
}

#[test]
fn every_historical_size_and_no_other() {
    stands("sizes");
}

#[test]
fn every_historical_size_in_utf_16() {
    stands("wide");
}

#[test]
fn texts_without_end_and_of_no_encoding() {
    stands("texts");
}

#[test]
fn numbers_and_lines_instead_of_entries() {
    stands("numbers");
}

#[test]
fn handles_that_are_null_stale_or_foreign() {
    stands("handles");
}

#[test]
fn lists_with_every_stride() {
    stands("lists");
}

#[test]
fn many_threads_at_once() {
    plays("many.c", "threads");
}

#[test]
fn many_threads_hang_up_one_connection() {
    plays("many.c", "races");
}

#[test]
fn a_forked_child_is_refused_with_711() {
    plays("many.c", "forks");
}

#[test]
fn a_program_that_dials_all_day_keeps_neither_threads_nor_descriptors() {
    plays("many.c", "leaks");
}

#[test]
fn random_calls_from_four_threads() {
    let scene = Scene::new();
    let calls: usize =
        std::env::var("OPENRAS_HOSTILE_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(1500);
    for (how, calls) in [(How::Sanitized, calls), (How::Valgrind, calls / 10)] {
        scene.says(&own("hostile.c"), how, &["7", &calls.to_string()], "", 0);
    }
}
