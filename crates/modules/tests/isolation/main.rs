//! Programs in jails, with real processes: what the wall stops, the warm pool, the shared process, and faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers outside #[test] functions

mod common;
mod faults;
mod life;
mod pool;
mod shared;
mod walls;
