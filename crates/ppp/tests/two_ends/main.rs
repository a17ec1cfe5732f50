//! Two ends of a connection in memory, on virtual time.

mod auth;
mod common;
mod hold;
mod lcp;
mod network;
mod terminate;
mod up;
