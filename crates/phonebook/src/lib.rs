//! The phone book: `rasphone.pbk` as Windows writes it, the credentials saved beside it, and the scripts that answer
//! a login prompt.
//!
//! Text formats and scripts are pure: bytes and time in, bytes out. Only `book` and `secrets` touch files.

#![forbid(unsafe_code)]

pub mod book;
pub mod entry;
mod error;
mod file;
pub mod name;
pub mod pbk;
pub mod script;
pub mod secrets;

pub use book::{Book, Books, Listed, Owner};
pub use entry::{Entry, Link, Number, Target};
pub use error::BookError;
pub use name::{same_name, validate, validate_rename};
pub use pbk::{Pbk, Section};
pub use script::{Outcome, Run, Script, SyntaxError};
pub use secrets::{Key, Saved, Secrets, is_placeholder};
