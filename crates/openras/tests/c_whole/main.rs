//! The library as a whole, from C and against a live service: what openras.h adds, RasGetProjectionInfoEx, and the
//! administration of rassapi.h. Run under AddressSanitizer and valgrind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used)] // helpers of tests are tests

mod admin;
mod events;
#[allow(dead_code, reason = "each test uses its part")]
#[path = "../c_dial/scene.rs"]
mod scene;
#[path = "../../../capi/tests/stage/service.rs"]
mod service;
#[path = "../../../capi/tests/stage/mod.rs"]
mod stage;
mod terminal;

use std::path::{Path, PathBuf};

/// A source of these tests.
fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c_whole/c").join(name)
}

/// A service whose port `asks` has a module that wants the word `open`; the entry is `Asks`.
fn asking() -> scene::Scene {
    const PORT: &str = "[[port]]\nname = \"asks\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 16\n\
         unauthenticated = 16\nper_source = 16\nmodules = [\"asks\"]\npool = \"10.66.0.2-10.66.0.30\"\n\
         address = \"10.66.0.1\"\n[module.asks]\nkind = \"program\"\nisolation = \"none\"\n\
         command = [\"FOLDER/asks.sh\"]\nfolder = \"FOLDER\"\n";
    const ASKS: &str = r#"#!/bin/sh
read -r begin
echo '{"type":"ask","prompt":"Word: ","echo":"yes","max":32,"timeout":60}'
read -r line
case "$line" in
*open*) echo '{"type":"complete","verdict":"success","user":"alice"}' ;;
*) echo '{"type":"complete","verdict":"failure","user":"alice"}' ;;
esac
"#;
    let scene = scene::Scene::with(PORT, |live| {
        std::fs::write(live.path("asks.sh"), ASKS).unwrap();
        service::chmod(&live.path("asks.sh"), 0o755);
    });
    let line = scene.live.line("asks");
    scene.live.entry("Asks", &line, &[]);
    scene
}
