//! What must hold whatever comes in: one body for each fuzz target.
//!
//! Each body takes any bytes and asserts its invariants. `fuzz/` calls them under libFuzzer, and
//! `tests/corpora.rs` replays what the fuzzer has kept as an ordinary test.

mod call;
pub mod config;
pub mod deframe;
pub mod dial;
pub mod lines;
pub mod modules;
pub mod packets;
pub mod port;
pub mod ppp;
mod script;

/// A body: any bytes in, a panic if an invariant does not hold.
pub type Body = fn(&[u8]);

/// Every target with its body, by the name of its corpus.
pub const TARGETS: [(&str, Body); 8] = [
    ("config", config::run),
    ("deframe", deframe::run),
    ("dial", dial::run),
    ("lines", lines::run),
    ("modules", modules::run),
    ("packets", packets::run),
    ("port", port::run),
    ("ppp", ppp::run),
];
