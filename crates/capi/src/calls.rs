//! The functions of ras.h. Each file has the exports of one subject; below them, safe code.

#![allow(non_snake_case, unreachable_pub, reason = "exports have their Windows names, and C reaches them")]

mod behind;
mod books;
pub(crate) mod connection;
mod country;
mod credentials;
mod custom_auth;
mod devices;
mod dial;
mod dialogs;
mod dialparams;
mod entries;
pub(crate) mod errors;
mod follow;
mod hangup;
mod hidden;
mod links;
mod list;
mod names;
mod notification;
mod notify;
mod projection;
mod projection_ex;
pub(crate) mod reason;
pub(crate) use dial::refused;
mod script;
mod statistics;
mod status;
pub(crate) use status::why;
mod subentries;
mod unsupported;
mod unsupported_autodial;
mod wish;
