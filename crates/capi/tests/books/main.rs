//! Phone books through the C interface: programs of every Windows, narrow and wide, and hostile ones.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

mod editor;
mod hostile;
mod programs;
