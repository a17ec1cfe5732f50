//! Staged failures: a real call between real ends on virtual time, its transcript as a service keeps it, and what
//! `why` makes of it. The snapshots hold the packet or setting that decided, and the change to make; they are reviewed
//! like code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers outside #[test] functions

mod account;
mod capture;
mod far;
mod limits;
mod line;
mod link;
mod login;
mod network;
mod old_client;
mod proof;
mod room;
mod security;
mod stage;
