//! What the fuzzer has kept, replayed as an ordinary test; and that each target has its corpus.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers outside #[test] functions

use std::path::Path;

use openras_sim::fuzz::{Body, TARGETS};

/// A target whose body is not here but in `crates/capi/tests/fuzz`, as it calls C; its corpus is replayed there.
const OF_THE_C_LIBRARY: &str = "capi";

/// Every file of a target's corpus, with its name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = files.map(|file| file.unwrap().path());
    files.map(|file| (file.display().to_string(), std::fs::read(&file).unwrap())).collect()
}

/// Names the file before a failing body's own message ends the test.
fn replay(target: &str, body: Body) {
    let files = corpus(target);
    assert!(files.len() >= 5, "{target} has a corpus of {} files", files.len());
    for (name, bytes) in files {
        let result = std::panic::catch_unwind(|| body(&bytes));
        assert!(result.is_ok(), "{name}");
    }
}

#[test]
fn every_corpus_is_replayed() {
    for (target, body) in TARGETS {
        replay(target, body);
    }
}

#[test]
fn every_target_of_the_fuzzer_is_replayed_and_every_corpus_has_its_target() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |folder: &str| -> Vec<String> {
        let files = std::fs::read_dir(fuzz.join(folder)).unwrap();
        let stems = files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
        let mut names: Vec<_> = stems.collect();
        names.sort();
        names
    };
    let targets: Vec<&str> = TARGETS.map(|(name, _)| name).to_vec();
    let mut all = targets.clone();
    all.push(OF_THE_C_LIBRARY);
    all.sort_unstable();
    assert_eq!(names("fuzz_targets"), all);
    assert_eq!(names("corpus"), all);
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for target in targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        let text = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{target}.rs"))).unwrap();
        assert!(text.contains(&format!("openras_sim::fuzz::{target}::run(data)")), "{target}");
    }
}

/// Small enough to stay in the repository.
#[test]
fn the_corpora_are_small() {
    let sizes: Vec<usize> =
        TARGETS.iter().flat_map(|(target, _)| corpus(target)).map(|(_, bytes)| bytes.len()).collect();
    assert!(sizes.iter().sum::<usize>() < 1_000_000 && sizes.iter().all(|size| *size < 20_000));
}

/// A body without an effect would let everything pass.
#[test]
fn a_body_that_fails_is_seen() {
    assert!(std::panic::catch_unwind(|| replay("deframe", |bytes| assert!(bytes.len() < 3))).is_err());
}
