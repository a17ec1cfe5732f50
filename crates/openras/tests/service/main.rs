//! The program and its service as real processes: two programs that share one call, programs killed in every state, the
//! race to start the private service and who is refused, a service killed again and again under load, planted secrets that
//! must appear nowhere, outside text that must not reach a screen raw, reloads under live calls, and a full disk, a locked
//! or broken store and too few descriptors.
//!
//! Every test has its own folder, its own sockets and its own processes, and a guard that kills what is left and says so.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod crashes;
mod descriptors;
mod disk;
mod escapes;
#[path = "../shared/frame.rs"]
mod frame;
mod killed;
mod lab;
mod private;
mod reach;
mod reload;
mod secrets;
mod stdio;
mod trust;
mod two_programs;
