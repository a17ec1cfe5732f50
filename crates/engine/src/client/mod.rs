//! One dial attempt, from OpenPort to Disconnected.

pub mod dial;

pub use dial::Dial;
