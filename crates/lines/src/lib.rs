//! What runs on a line beside PPP, as machines of bytes: no clock, no socket, no thread; whatever the bytes are and
//! however they are cut, nothing panics and nothing grows.
//!
//! - [`telnet`]: RFC 854 as a line: negotiation answered, 8 bits carried, and peers told apart that only greet in telnet
//! - [`rfc2217`]: speed, parity and modem signals over telnet, both ends
//! - [`slip`]: RFC 1055
//! - [`null_modem`]: `CLIENT` and `CLIENTSERVER`
//! - [`detect`]: PPP, SLIP, a null modem, or a person

pub mod detect;
pub mod modem;
pub mod null_modem;
pub mod rfc2217;
pub mod slip;
pub mod telnet;
