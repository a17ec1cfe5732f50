//! What goes over the socket. Members may be added in later versions: read what you know, pass over the rest.

pub mod audit;
pub mod call;
pub mod connection;
pub mod event;
pub mod forward;
pub mod modem;
pub mod port;
pub mod problem;
pub mod secret;
pub mod server;
pub mod user;
pub mod why;

/// Counts the service's calls, dialled and answered alike, from 1; shown as `c17`.
pub type CallId = u64;
