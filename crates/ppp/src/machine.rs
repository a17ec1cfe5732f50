//! The contract of everything that lives over time. It is written here once.

use std::time::Instant;

/// A state machine without I/O: all effects are outputs, all causes are inputs.
///
/// After every [`handle`](Machine::handle) the owner drains [`poll_output`](Machine::poll_output) until it
/// gives `None`, then sleeps until the next input or until [`poll_timeout`](Machine::poll_timeout), when it
/// sends the machine's tick. A tick at the deadline moves or clears the deadline; a spurious tick changes
/// nothing. Time never goes backwards between two calls.
pub trait Machine {
    /// What can happen to the machine.
    type Input<'a>;
    /// What the machine wants done or known.
    type Output;

    /// Does all work, including that of timers that have run out by `now`.
    fn handle(&mut self, now: Instant, input: Self::Input<'_>);

    /// The next effect; does no work.
    fn poll_output(&mut self) -> Option<Self::Output>;

    /// When the machine wants its tick, if it waits for one.
    fn poll_timeout(&self) -> Option<Instant>;
}
