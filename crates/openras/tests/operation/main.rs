//! The program as a service: started by systemd or by a client, reloaded, watched, installed.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod install;
mod lab;
mod log;
mod login;
mod private;
mod reload;
#[path = "../../../sim/src/peers/skip.rs"]
mod skip;
mod systemd;
mod walls;
