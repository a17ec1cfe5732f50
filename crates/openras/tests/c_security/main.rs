//! Security modules of the original interface under a live service: the tests of the reference (ras-security-host §10),
//! and modules that fail in every way. `crates/capi/tests/c_security` has the functions one by one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used)] // helpers of tests are tests

mod calls;
mod faults;
mod rules;
#[path = "../../../capi/tests/stage/service.rs"]
mod service;
#[path = "../../../capi/tests/stage/mod.rs"]
mod stage;
mod start;

use std::path::{Path, PathBuf};

use service::Live;
use stage::{Compiler, Lang, Stage};

/// A module of these tests, or with a path one of `examples/c`, compiled without a warning.
pub(crate) fn module(stage: &Stage, name: &str, flags: &[&str]) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("tests/c_security/c").join(name);
    let source = if own.exists() { own } else { here.join("../../examples/c").join(name) };
    let lang = if name.ends_with(".cpp") { Lang::Cpp } else { Lang::C };
    let compiler = Compiler::Gcc;
    let mut command = stage.compiler(lang, compiler, flags, &[&source]);
    let stem = source.file_stem().unwrap().to_string_lossy().into_owned();
    let to = stage.path().join(format!("{stem}{}.so", flags.concat().replace(['=', '/'], "_")));
    // linked against RASMAN, as a source may be that does not look it up
    command.args(["-shared", "-fPIC", "-o"]).arg(&to).arg("-L").arg(stage.lib()).arg("-lrasman");
    stage::quiet(&mut command);
    to
}

/// A port on TCP with this module, and its table with these keys.
pub(crate) fn port(name: &str, module: &Path, keys: &str) -> String {
    let host = Path::new(service::PROGRAM).with_file_name("openras-module-host");
    assert!(host.is_file(), "{} is not built: cargo build -p openras-capi", host.display());
    format!(
        "[[port]]\nname = \"{name}\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 16\nunauthenticated = 16\n\
         per_source = 16\nmodules = [\"{name}\"]\n[module.{name}]\nkind = \"library\"\npath = {module:?}\n{keys}\n"
    )
}

/// A service of one port `line1` with a module, and alice.
pub(crate) fn live(module: &Path, keys: &str) -> Live {
    Live::new().ports(&port("line1", module, keys)).user("alice", "secret", &[]).serve()
}

/// What the record says of one factor of calls from this source: numbers of refusals, 0 for a success.
pub(crate) fn verdicts(live: &Live, factor: &str, source: &str) -> Vec<(u64, String, String)> {
    let text = std::fs::read_to_string(live.path("state/audit.jsonl")).unwrap_or_default();
    let records = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let of = |record: &serde_json::Value| {
        record["what"] == "tried" && record["factor"] == factor && record["source"] == source
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    records
        .filter(of)
        .map(|record| (record["error"].as_u64().unwrap_or(0), text(&record["name"]), text(&record["reason"])))
        .collect()
}
