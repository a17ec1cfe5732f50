//! The functions of ras.h. Each file has the exports of one subject; below them, safe code.

#![allow(non_snake_case, unreachable_pub, reason = "exports have their Windows names, and C reaches them")]

mod connection;
mod dial;
mod errors;
mod follow;
mod hangup;
mod links;
mod list;
mod notification;
mod notify;
mod projection;
pub(crate) mod reason;
mod script;
mod statistics;
mod status;
mod wish;
