//! One dial attempt, from OpenPort to Disconnected.
//!
//! [`Dial`] is RasDial without I/O. Its phases are structs that are consumed and returned:
//! [`dialling`](self) takes the line and places the call, `login` watches a fresh line for text, `terminal` gives
//! it to a person, `linking` runs PPP up to Connected (`probe` watches for a late prompt), `pause` waits for a person in the middle of it, `callback`
//! waits to be called, `connected` carries IP, `closing` ends it all. `context` is what they share.

mod callback;
mod closing;
mod connected;
mod context;
pub mod dial;
mod dialling;
mod linking;
mod login;
mod params;
mod pause;
mod phases;
mod probe;
mod running;
mod terminal;
mod why;

pub use dial::{Command, Dial, DialConfig, DialEnd, DialEvent, DialParams, Notice, TerminalMode};
pub use pause::Pause;
