//! An entry made by RasSetEntryProperties, with credentials saved by RasSetCredentials, is dialled against a service of its
//! own, and nobody sees the password again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../../../capi/tests/stage/service.rs"]
mod service;
#[path = "../../../capi/tests/stage/mod.rs"]
mod stage;

use std::fs;
use std::path::Path;
use std::process::Command;

use service::{Live, PLAIN};
use stage::{Compiler, Lang, SANITIZED, Stage, found};

const SECRET: &str = "planted-7XQ";
const TEST: &str = "an_entry_that_a_program_makes_is_dialled_with_what_it_saved";

#[test]
fn an_entry_that_a_program_makes_is_dialled_with_what_it_saved() {
    let stage = Stage::new();
    let mut live = Live::new().ports(PLAIN).user("alice", SECRET, &[]).serve();
    let line = live.line("plain");
    let number = line.strip_prefix("tcp:").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = folder.join("tests/c_books/c/dialled.c");
    let wmain = folder.join("../capi/wmain/wmain.c");
    let wide = ["-g", "-DUNICODE", "-D_UNICODE"];
    let mut told = String::new();
    let mut calls = Vec::new();
    for compiler in Compiler::all(TEST) {
        let narrow = stage.compile(Lang::C, compiler, &["-g"], &[&source]);
        calls.push(stage.command(&narrow));
        calls.push(stage.command(&stage.compile(Lang::C, compiler, &wide, &[&source, &wmain])));
        if compiler == Compiler::Gcc {
            calls.push(stage.command(&stage.compile(Lang::C, compiler, SANITIZED, &[&source])));
            if found(TEST, "valgrind") {
                let mut command: Command = stage.command(Path::new("valgrind"));
                command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]);
                command.arg("--errors-for-leak-kinds=definite").arg(&narrow);
                calls.push(command);
            }
        }
    }
    for command in &mut calls {
        let output = live.feed(command.arg(number), &format!("{SECRET}\n"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
        told.push_str(&said);
    }
    told += &live.ask(&["calls", "--json"]);
    told += &fs::read_to_string(live.book()).unwrap();
    told += &live.stop();
    assert!(!told.contains(SECRET), "{told}");
}
