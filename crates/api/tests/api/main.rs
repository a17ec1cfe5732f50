//! The API's client and documents: what is sent, what is read, who is trusted, what a hostile other end can do.
// helpers outside #[test] may do what tests may
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod client;
mod find;
mod hostile;
mod openapi;
mod other_end;
mod start;
mod streams;
mod trust;
