//! What a computer has set, and what Z and &F bring back.

use super::registers::Registers;

/// What a DTR that drops does (&D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDtr {
    /// &D0
    Ignore,
    /// &D1
    Command,
    /// &D2
    HangUp,
    /// &D3
    Reset,
}

/// All that Z brings back and &W keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) registers: Registers,
    pub(super) echo: bool,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    pub(super) x: u8,
    /// &C1: DCD follows the carrier; &C0: it is always on.
    pub(super) dcd_follows: bool,
    /// &S1: DSR is on while a call stands; &S0: always.
    pub(super) dsr_follows: bool,
    pub(super) on_dtr: OnDtr,
    pub(super) caller_id: bool,
}

impl Default for Profile {
    /// The factory's, &F.
    fn default() -> Self {
        Self {
            registers: Registers::default(),
            echo: true,
            quiet: false,
            verbose: true,
            x: 4,
            dcd_follows: true,
            dsr_follows: false,
            on_dtr: OnDtr::HangUp,
            caller_id: false,
        }
    }
}
