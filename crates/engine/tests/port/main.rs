//! `Port` on virtual time: lines, dialogs, PPP with a real client, callback, and any order of inputs.
// helpers outside #[test] may do what tests may
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod before;
mod bench;
mod call;
mod callback;
mod dialog;
mod line;
mod login;
mod menu;
mod minute;
mod openings;
mod ppp;
mod random;
mod silence;
