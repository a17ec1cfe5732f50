//! The headers: every structure as Windows has it, every header alone and all together, in every C and C++.

#[path = "../stage/mod.rs"]
mod stage;

mod compiles;
mod mingw;
mod ours;
mod table;
