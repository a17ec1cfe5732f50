//! One answering port: ring, security dialog, PPP, callback, up, down.

pub mod admit;
mod before;
pub mod callback;
mod calling;
mod context;
mod conversation;
pub mod dialog;
pub mod edit;
mod ends;
mod granting;
mod intake;
mod link;
pub mod login;
mod phases;
pub mod pool;
pub mod port;
mod security;
mod slip;
mod stream;

pub use dialog::{AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo, PppInDialog};
pub use pool::Pool;
pub use port::{Condition, Port};

#[cfg(test)]
mod tests;
