//! The RAS server as a security module sees it: RasSecurityDialogBegin and End are called here, Send, Receive, GetInfo
//! and Complete are answered here.
//!
//! It runs as a process of its own (`openras-module-host`), behind the service's wall, and speaks with the service in
//! the lines of `docs/modules.md`. Three kinds of threads: the one that reads the service's lines and never runs foreign
//! code; the server's, which calls Begin and End, one at a time; and the module's own, which call us.

#![allow(non_snake_case, unreachable_pub, reason = "exports have their Windows names, and C reaches them")]

pub(crate) mod buffer;
mod dialog;
mod exports;
mod lines;
mod run;
mod server;
