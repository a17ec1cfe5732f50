//! Packets as bytes: the bounded reader, the code/identifier/length/options shape, protocol numbers.

mod protocol;

pub use protocol::Protocol;
