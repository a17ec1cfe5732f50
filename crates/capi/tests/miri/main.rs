//! What reads and writes the structures of callers, under Miri, which sees what no sanitizer does: reads of bytes that were
//! never written, references that must not be, pointers beyond their object.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests

#[path = "../../../sim/src/peers/skip.rs"]
mod skip;

use std::path::Path;
use std::process::Command;

const TEST: &str = "the_structures_of_callers_under_miri";

/// cargo of the nightly toolchain, by its own name: the variables of the cargo that runs this test would choose that one.
fn nightly(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").arg("miri").args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in
        ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "LD_LIBRARY_PATH"]
    {
        command.env_remove(name);
    }
    command
}

#[test]
fn the_structures_of_callers_under_miri() {
    if !nightly(&["--version"]).output().is_ok_and(|output| output.status.success()) {
        return skip::skip(TEST, "cargo +nightly miri is not installed");
    }
    // in a folder of its own: Miri's standard library fits no other build
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("miri");
    let mut command = nightly(&["test", "--lib", "abi::"]);
    // the table of structures is included at compile time, files are not needed
    let output = command.env("CARGO_TARGET_DIR", target).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains(" 0 passed"), "nothing was run:\n{said}");
}
