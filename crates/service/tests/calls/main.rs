//! Calls through a whole service, in this process and on tokio's paused clock: hours pass in a moment.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bad_input;
mod callback;
mod docs;
mod full;
mod lab;
mod login;
mod modems;
mod modules;
mod ports;
mod rules;
mod store;
