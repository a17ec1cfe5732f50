//! What must hold whatever comes in: one body for each fuzz target.
//!
//! Each body takes any bytes and asserts its invariants. `fuzz/` calls them under libFuzzer, and
//! `tests/corpora.rs` replays what the fuzzer has kept as an ordinary test.

pub mod at;
mod call;
pub mod chat;
pub mod config;
pub mod deframe;
pub mod dial;
pub mod lines;
pub mod login;
pub mod modem;
pub mod modules;
pub mod nat;
pub mod packets;
pub mod pbk;
pub mod port;
pub mod ppp;
pub mod scp;
mod script;
mod scripts;
pub mod slip;
pub mod telnet;

/// A body: any bytes in, a panic if an invariant does not hold.
pub type Body = fn(&[u8]);

/// Every target with its body, by the name of its corpus.
pub const TARGETS: [(&str, Body); 17] = [
    ("at", at::run),
    ("chat", chat::run),
    ("config", config::run),
    ("deframe", deframe::run),
    ("dial", dial::run),
    ("lines", lines::run),
    ("login", login::run),
    ("modem", modem::run),
    ("modules", modules::run),
    ("nat", nat::run),
    ("packets", packets::run),
    ("pbk", pbk::run),
    ("port", port::run),
    ("ppp", ppp::run),
    ("scp", scp::run),
    ("slip", slip::run),
    ("telnet", telnet::run),
];
