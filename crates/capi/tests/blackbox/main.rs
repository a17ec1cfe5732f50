//! Facts about real Windows, found by others' tests on it: every one that needs no call. Those about calls (RasHangUp inside
//! a handler) are where calls are tested.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::path::Path;

use stage::{Compiler, Lang, Stage};

/// Compiles a source for a Windows, runs it in an empty home, and for gcc again under valgrind.
fn holds(stage: &Stage, name: &str, winver: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox/c").join(name);
    for compiler in Compiler::all(name) {
        let program = stage.compile(Lang::C, compiler, &["-g", winver], &[&source]);
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_str().unwrap();
        // nothing here may start a service
        let env = [
            ("HOME", path),
            ("XDG_CONFIG_HOME", path),
            ("XDG_RUNTIME_DIR", path),
            ("OPENRAS_BIN", "/nowhere"),
        ];
        let env = [&env[..], &[("OPENRAS_ALL_USERS_PHONEBOOK", "/nowhere/all.pbk")]].concat();
        let mut outputs = vec![stage.run(&program, &[], &env)];
        if compiler == Compiler::Gcc {
            outputs.extend(stage.valgrind(name, &program, &[], &env));
        }
        for output in outputs {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {}\n{said}", program.display(), output.status);
        }
        let left: Vec<_> =
            std::fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert!(left.is_empty(), "only looking left {left:?}");
    }
}

#[test]
fn the_thirteen_rows_of_rasenumdevices() {
    let stage = Stage::new();
    for winver in ["-DWINVER=0x400", "-DWINVER=0x501", "-DWINVER=0xA00"] {
        holds(&stage, "devices.c", winver);
    }
}

#[test]
fn the_rows_of_the_wide_functions_and_the_layout_of_rasconnw() {
    let stage = Stage::new();
    for winver in ["-DWINVER=0x501", "-DWINVER=0x600", "-DWINVER=0xA00"] {
        holds(&stage, "wide.c", winver);
    }
}
