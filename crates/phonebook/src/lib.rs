//! The phone book: `rasphone.pbk` as Windows writes it, the credentials saved beside it, and the scripts that answer
//! a login prompt.
//!
//! Text formats and scripts are pure: bytes and time in, bytes out. Only `book` and `secrets` touch files.

#![forbid(unsafe_code)]
