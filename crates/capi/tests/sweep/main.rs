//! Every export of RAS with arguments nobody means: NULL everywhere, structures of every size that is not theirs, handles
//! that are none. Each comes back with a number; under valgrind, in a home without a service.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::path::Path;
use std::process::{Command, Output};

use stage::{Compiler, Lang, Stage};

/// Exports whose names begin with one of these are RAS.
const RAS: [&str; 2] = ["Ras", "Openras"];

fn at_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command.current_dir(home).env("HOME", home).env("XDG_RUNTIME_DIR", home);
    command.env("XDG_CONFIG_HOME", home.join("config")).env("OPENRAS_SOCKET", home.join("nobody.sock"));
    command.env("OPENRAS_ALL_USERS_PHONEBOOK", home.join("all.pbk")).env_remove("OPENRAS_PHONEBOOK");
    // nothing may be started for what nobody means
    command.env("OPENRAS_BIN", "/bin/false")
}

fn survived(what: &str, output: &Output, functions: usize) {
    let said = String::from_utf8_lossy(&output.stderr);
    let wrote = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !said.contains("panicked"), "{what}: {}\n{said}", output.status);
    assert_eq!(wrote.trim(), format!("{functions} functions"), "{what}: {said}");
}

#[test]
fn no_export_falls_over_bad_arguments() {
    let test = "no_export_falls_over_bad_arguments";
    let stage = Stage::new();
    let listed = include_str!("../../symbols.txt");
    let names: Vec<&str> =
        listed.lines().filter(|name| RAS.iter().any(|start| name.starts_with(start))).collect();
    assert!(names.len() > 100, "{names:?}");
    let file = stage.source("names", &(names.join("\n") + "\n"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sweep/c/sweep.c");
    let program = stage.compile(Lang::C, Compiler::Gcc, &["-g", "-Wno-pedantic"], &[&source]);
    let home = tempfile::tempdir().unwrap();
    let run = |command: &mut Command, step: &str| {
        at_home(command.arg(&file).arg(step), home.path()).output().unwrap()
    };
    survived("plain", &run(&mut stage.command(&program), "1"), names.len());
    if let Some(mut command) = stage.valgrind_command(test, &program) {
        survived("valgrind", &run(&mut command, "61"), names.len());
    }
}
