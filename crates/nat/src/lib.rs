//! The pure core of a user-space NAT: IP packets of one caller go in and out, orders for sockets go to its owner.
//!
//! No clock, socket, thread or task is here; time and the seed are arguments (docs/ARCHITECTURE.md). The owner
//! - hands every packet of the caller to [`Nat`] as [`Input::Packet`], and takes packets for the caller with
//!   [`Nat::poll_packet`] when, and only when, the line can carry one: TCP makes its segments at that moment, so that
//!   nothing waits in a queue that the line does not drain;
//! - drains [`Order`]s after every call, carries them out with sockets, and says what came of them as [`Input`]s;
//! - moves the octets of TCP connections with [`Nat::waiting`], [`Nat::take`] and [`Nat::give`]; what the outside does
//!   not take closes the caller's window;
//! - sends [`Input::Tick`] at [`Nat::poll_timeout`](openras_ppp::Machine::poll_timeout).
//!
//! What a device of the system needs that callers have in common instead of a NAT is here too: [`passing()`] and [`fit()`] look at a
//! packet, [`Router`] is that of a caller's link.
//!
//! Where callers may go is [`Reach`] (defence rule 16). Everything is capped by [`Caps`], and everything that is
//! dropped is counted in [`Stats`].

mod bounds;
mod config;
mod fragments;
#[doc(hidden)]
pub mod fuzz;
mod nat;
mod order;
mod passing;
mod reach;
mod router;
mod stack;
mod stats;
mod table;
mod wire;

pub use bounds::Bucket;
pub use config::{Caps, Config, Times, V4, V6};
pub use nat::{Closed, Full, Nat};
pub use order::{End, FlowId, Input, Order, QuestionId, Refusal, Target, Trouble};
pub use passing::{Fit, Passing, fit, passing};
pub use reach::{BadWord, Net, Reach, Why};
pub use router::{Advertised, Heard, Router, is_of_the_link};
pub use stats::{Dropped, Open, Stats};
