//! See the crate's description; rooms follow.
