//! The real program: `serve` in one process, `dial` in another, `user` between them.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bad_input;
mod demo;
mod entries;
mod exits;
#[path = "../shared/frame.rs"]
mod frame;
mod help;
mod ipv6;
mod kinds;
mod lab;
mod library;
mod lines;
mod methods;
mod modems;
mod pauses;
mod person;
mod phonebook;
mod pools;
mod rasdial;
mod reach;
mod rules;
mod secrets;
mod serial;
#[path = "../shared/terminal.rs"]
mod terminal;
mod tun;
mod users;
mod ways;
