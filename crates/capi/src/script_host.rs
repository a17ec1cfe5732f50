//! Custom scripting: a library of the program's user that talks to the other end in Interactive (RasCustomScriptExecute).
//!
//! It runs in a process of its own, as the user: a library that crashes or hangs fails its own dial, and its program
//! lives on. `custom` is the side of RasDial, `helper` the process; the rest is in that process: `run` loads the
//! library, `line` has what came in, `exports` are the functions the library is given.

#![allow(unreachable_pub, reason = "exports: C reaches them")]

mod custom;
mod exports;
mod fields;
mod helper;
mod line;
mod run;

pub(crate) use custom::{Changed, Custom};
