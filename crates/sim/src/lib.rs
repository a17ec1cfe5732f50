//! Two ends on virtual time: the line between them, the loop that runs them, and their story as text.
//!
//! Everything here is decided by a seed. A test makes two ends, joins them by a [`pair::Pair`] over a
//! [`wire::Wire`], runs them until they are quiet and looks at how they ended.

pub mod calls;
pub mod fuzz;
pub mod ladder;
pub mod pair;
pub mod peers;
pub mod ppp;
pub mod wire;

pub use pair::{Ended, Pair, t0};
pub use wire::{Fate, Side, Wire, WireConfig};
