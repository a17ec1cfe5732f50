//! One file a command.

pub(crate) mod client;
pub(crate) mod demo;
pub(crate) mod dial;
pub(crate) mod generate;
pub(crate) mod serve;
pub(crate) mod user;
