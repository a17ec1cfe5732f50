//! A dial on virtual time: against a line that is scripted and a server that is a real PPP machine.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod callback;
mod credentials;
mod hang_up;
mod line;
mod random;
mod resume;
mod seen;
mod states;
mod terminal;
mod world;
