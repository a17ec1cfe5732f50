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
