//! PPP without I/O (RFC 1661, 1662, 1332, 1334, 1994, 2433, 2759, 5072, MS-CBCP).
//!
//! [`Ppp`] is one end of one connection. It is a [`Machine`]: bytes, packets, commands and the time go
//! in, bytes, packets and [`Event`]s come out. There is no clock, socket, thread or global in here; two
//! ends joined by a loop over byte vectors are a complete PPP connection.
#![doc(test(attr(deny(warnings))))]

pub mod ask;
pub mod auth;
pub mod automaton;
mod cbcp;
pub mod config;
pub mod event;
pub mod hdlc;
mod ipcp;
mod ipv6cp;
mod keepalive;
mod lcp;
mod limits;
mod link;
mod machine;
mod negotiator;
mod network;
mod outlet;
mod ppp;
mod secret;
pub mod show;
pub mod stats;
pub mod vj;
pub mod wire;

pub use ask::{Answer, Ask, Claim, Proof, Verdict};
pub use config::{AuthMethod, Config, Credentials};
pub use event::{Down, DownReason, Event, Negotiated, Phase};
pub use machine::Machine;
pub use ppp::{CloseReason, Command, Input, Output, Ppp};
pub use secret::Secret;
pub use show::show;
pub use stats::Stats;
