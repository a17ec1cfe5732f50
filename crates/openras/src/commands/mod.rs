//! One file a command.

pub(crate) mod demo;
pub(crate) mod dial;
pub(crate) mod serve;
pub(crate) mod user;
