//! The headers: every structure as Windows has it, every header alone and all together, in every C and C++.

#![allow(unreachable_pub, reason = "nobody outside")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

#[path = "../stage/mod.rs"]
mod stage;

mod compiles;
mod mingw;
mod ours;
mod table;
