//! What a played modem does, for whoever looks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use openras_engine::modem::DceState;

/// The longest dialled text that is kept to be shown, in characters.
const SHOWN: usize = 64;

/// What is known of a modem at any time, without asking its task.
#[derive(Debug, Default)]
pub struct DceGauge(Mutex<DceReading>);

/// How a modem stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DceReading {
    /// What it is doing; `None` while no computer is there.
    pub state: Option<DceState>,
    /// Where the computer is, if its line tells that.
    pub computer: Option<String>,
    /// What was dialled last, as the computer wrote it; from outside, escape before showing.
    pub dialled: Option<String>,
    /// How often it dialled.
    pub dials: u64,
    /// Calls that came to stand, ours and others'.
    pub calls: u64,
    /// Octets from the computer into calls.
    pub sent: u64,
    /// Octets out of calls to the computer.
    pub received: u64,
}

impl DceGauge {
    /// How it stands now.
    pub fn read(&self) -> DceReading {
        self.reading().clone()
    }

    pub(super) fn state(&self, state: Option<DceState>) {
        self.reading().state = state;
    }

    pub(super) fn computer(&self, caller: Option<String>) {
        self.reading().computer = caller;
    }

    pub(super) fn dials(&self, number: &str) {
        let mut reading = self.reading();
        reading.dials += 1;
        reading.dialled = Some(number.chars().take(SHOWN).collect());
    }

    pub(super) fn connected(&self) {
        self.reading().calls += 1;
    }

    pub(super) fn sent(&self, octets: usize) {
        self.reading().sent += octets as u64;
    }

    pub(super) fn received(&self, octets: usize) {
        self.reading().received += octets as u64;
    }

    fn reading(&self) -> MutexGuard<'_, DceReading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
