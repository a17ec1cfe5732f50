//! One copy of the library in a process, and none in a forked child: every call gives 711 and says why, and none hangs.
//! And it is never unmapped.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use stage::{Compiler, Lang, Stage};

/// What dlsym gives is cast to functions, as in every program.
const FLAGS: &[&str] = &["-g", "-Wno-pedantic"];

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/copies/c").join(name)
}

fn succeeded(what: &str, output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{what}: {}\n{said}", output.status);
    said
}

#[test]
fn a_copy_of_another_file_refuses_and_the_first_goes_on() {
    let test = "a_copy_of_another_file_refuses_and_the_first_goes_on";
    let stage = Stage::new();
    let copy = stage.path().join("libcopy.so");
    fs::copy(stage.lib().join("libopenras.so.0"), &copy).unwrap();
    let link = stage.lib().join("librasapi32.so");
    for compiler in Compiler::all(test) {
        let program = stage.compile(Lang::C, compiler, FLAGS, &[&source("second.c")]);
        for first in ["linked", "copy"] {
            let args = [copy.to_str().unwrap(), link.to_str().unwrap(), first];
            let said = succeeded(test, &stage.run(&program, &args, &[]));
            let told: Vec<_> = said.lines().filter(|line| line.contains("(711)")).collect();
            assert!(told.len() == 1 && told[0].contains("another copy of it is in use"), "once: {said}");
        }
        for _ in 0..30 {
            let args = [copy.to_str().unwrap(), link.to_str().unwrap(), "both"];
            succeeded(test, &stage.run(&program, &args, &[]));
        }
    }
}

#[test]
fn a_forked_child_gets_711_from_every_call_and_never_hangs() {
    let test = "a_forked_child_gets_711_from_every_call_and_never_hangs";
    let stage = Stage::new();
    for compiler in Compiler::all(test) {
        let program = stage.compile(Lang::C, compiler, FLAGS, &[&source("forked.c")]);
        let said = succeeded(test, &stage.run(&program, &[], &[]));
        assert!(said.contains("forked child"), "{said}");
    }
}

#[test]
fn the_library_is_never_unmapped() {
    let test = "the_library_is_never_unmapped";
    let stage = Stage::new();
    let library = stage.lib().join("libopenras.so.0");
    let source = source("reopened.c");
    let program = stage.path().join("reopened");
    let mut command = stage.compiler(Lang::C, Compiler::Gcc, FLAGS, &[&source]);
    // not linked against it: it comes and goes at run time
    stage::quiet(command.arg("-o").arg(&program).args(["-ldl", "-lpthread"]));
    succeeded(test, &stage.run(&program, &[library.to_str().unwrap()], &[]));
    if stage::found(test, "valgrind") {
        // errors only: glibc itself loses a list when a library is opened again that was never unmapped
        let mut command = stage.command(Path::new("valgrind"));
        command.args(["--quiet", "--error-exitcode=99", "--leak-check=no"]).arg(&program).arg(&library);
        succeeded(test, &command.output().unwrap());
    }
}

#[test]
fn a_library_may_make_calls_while_it_is_loaded() {
    let test = "a_library_may_make_calls_while_it_is_loaded";
    let stage = Stage::new();
    let plugin = stage.compile_module(Lang::C, Compiler::Gcc, FLAGS, &[&source("plugin.c")]);
    let program = stage.compile(Lang::C, Compiler::Gcc, FLAGS, &[&source("loads.c")]);
    for _ in 0..100 {
        succeeded(test, &stage.run(&program, &[plugin.to_str().unwrap()], &[]));
    }
}
