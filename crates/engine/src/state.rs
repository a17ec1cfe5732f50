//! RASCONNSTATE: the states of a dial.

/// A RASCONNSTATE number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnState(pub u32);
