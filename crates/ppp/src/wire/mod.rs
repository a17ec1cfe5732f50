//! Packets as bytes: the bounded reader, the code/identifier/length/options shape, protocol numbers.

mod packet;
mod protocol;
mod reader;

pub use packet::{Code, ControlPacket, Options, RawOption, emit_option};
pub use protocol::Protocol;
pub use reader::{Malformed, Reader};
