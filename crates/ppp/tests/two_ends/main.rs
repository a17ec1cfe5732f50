//! Two ends of a connection in memory, on virtual time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

mod auth;
mod common;
mod hold;
mod lcp;
mod network;
mod terminate;
mod up;
