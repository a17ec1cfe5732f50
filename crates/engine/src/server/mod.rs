//! One answering port: ring, security dialog, PPP, callback, up, down.

pub mod dialog;
pub mod port;

pub use dialog::{AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo};
pub use port::Port;
