//! The service's socket, by raw bytes over real sockets: what clients may do, what they cannot break, and that calls
//! outlive them.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bad_input;
mod descriptors;
mod dial;
mod entries;
mod forwards;
mod lab;
mod pauses;
mod place;
mod strangers;
mod unread;
mod watching;
