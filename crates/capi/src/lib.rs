//! `libopenras.so`: RAS programs and RAS security modules, compiled on Linux from unchanged sources.
//!
//! Everything exported has its Windows name and behaves as `docs/compat/` says. Every export goes through `guard`:
//! a panic becomes an error number, a child that was forked without exec and a second copy of this library in one
//! process get 711. Below that, code is safe Rust wherever it can be.

#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod admin;
mod calls;
mod copies;
mod guard;
mod handles;
mod host;
mod openras;
mod runtime;
mod script_host;
mod text;
mod win32;
