//! Foreign peers: programs that speak what we speak and that we did not write.
//!
//! `peers/install` fetches them. A test that misses one says so with [`skip`] and passes; where
//! `OPENRAS_REQUIRE_PEERS` is set (`./check --install`) the same is a failure.

pub mod pppd;
pub mod slirp;

use std::io::Write;
use std::path::PathBuf;

/// Where `peers/install` put things: `$OPENRAS_PEERS`, else `target/peers` of this workspace.
pub fn folder() -> PathBuf {
    match std::env::var_os("OPENRAS_PEERS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers")),
    }
}

/// Says that a test cannot run here, and why. `./check` collects the lines of `$OPENRAS_SKIPS`.
///
/// # Panics
/// When peers are required.
pub fn skip(test: &str, reason: &str) {
    println!("SKIP {test}: {reason}");
    if let Some(file) = std::env::var_os("OPENRAS_SKIPS")
        && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(file)
    {
        // the line on standard output stands anyway
        let _ = writeln!(file, "{test}: {reason}");
    }
    assert!(std::env::var_os("OPENRAS_REQUIRE_PEERS").is_none(), "{test} needs a peer: {reason}");
}
