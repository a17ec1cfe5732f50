//! The first days with the real program: `init`, `check-config`, `why`, and the commands of docs/out-of-band.md.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod check;
mod examples;
mod init;
#[path = "../cli/lab.rs"]
mod lab;
mod out_of_band;
mod questions;
#[path = "../shared/terminal.rs"]
mod terminal;
mod why;
