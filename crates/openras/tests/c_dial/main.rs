//! Dialling from C: the programs of `examples/c` and programs that hold the library to its rules, compiled with our headers
//! and run against a service of their own, under AddressSanitizer and valgrind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used)] // helpers of tests are tests

mod bad;
mod examples;
mod guest;
mod lives;
mod modem;
mod python;
mod rules;
mod scene;
#[path = "../../../capi/tests/stage/service.rs"]
mod service;
#[path = "../../../capi/tests/stage/mod.rs"]
mod stage;
mod story;
mod values;
