//! The signals between a modem we play and the serial port its computer has by RFC 2217.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use openras_engine::rfc2217::Signals;

/// DTR one way, the modem's signals the other. Both ends are of one task: what the modem shows goes out when its line is
/// polled the next time.
#[derive(Debug)]
pub(crate) struct Wires(Mutex<State>);

#[derive(Debug)]
struct State {
    signals: Signals,
    dtr: bool,
    /// The DTR that the modem knows of.
    known: bool,
    modem: Option<Waker>,
}

impl Wires {
    /// A modem that is on and has no call, and a computer whose DTR is on.
    pub(crate) fn new() -> Self {
        let signals = Signals { dsr: true, cts: true, ..Signals::default() };
        Self(Mutex::new(State { signals, dtr: true, known: true, modem: None }))
    }

    /// The modem's signals from now on.
    pub(crate) fn show(&self, signals: Signals) {
        self.state().signals = signals;
    }

    /// The modem's signals now.
    pub(super) fn signals(&self) -> Signals {
        self.state().signals
    }

    /// The computer's DTR from now on.
    pub(super) fn set_dtr(&self, on: bool) {
        let mut state = self.state();
        state.dtr = on;
        if state.dtr != state.known
            && let Some(modem) = state.modem.take()
        {
            modem.wake();
        }
    }

    /// A DTR that is another than the modem knows.
    pub(crate) fn poll_dtr(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.state();
        if state.dtr == state.known {
            state.modem = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.known = state.dtr;
        Poll::Ready(state.dtr)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
