//! A caller's own TCP/IP stack, a line that loses and reorders, the NAT, and an outside of servers: on virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers outside #[test]

mod datagrams;
mod hostile;
mod inbound;
mod lab;
mod line;
mod packets;
mod reach;
mod router;
mod streams;
