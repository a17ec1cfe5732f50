//! How a test says that it cannot run here. Tests of lower floors include this file.

#![allow(unreachable_pub, reason = "public here, private where it is included")]

use std::io::Write;

/// Says that a test cannot run here, and why. `./check` collects the lines of `$OPENRAS_SKIPS`.
///
/// # Panics
/// When peers are required.
pub fn skip(test: &str, reason: &str) {
    println!("SKIP {test}: {reason}");
    if let Some(file) = std::env::var_os("OPENRAS_SKIPS")
        && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(file)
    {
        // in one write, or the lines of tests that run at once mix; the line on standard output stands anyway
        let _ = file.write_all(format!("{test}: {reason}\n").as_bytes());
    }
    assert!(std::env::var_os("OPENRAS_REQUIRE_PEERS").is_none(), "{test} needs a peer: {reason}");
}
