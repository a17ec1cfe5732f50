//! The two deadlines every exchange has: the next transmission and the end of patience.

use std::time::{Duration, Instant};

/// When to send again and when to give up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timers {
    /// The next transmission.
    pub(crate) resend: Option<Instant>,
    /// The end of the whole wait.
    pub(crate) limit: Option<Instant>,
}

impl Timers {
    /// Whichever comes first.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.resend.into_iter().chain(self.limit).min()
    }

    /// Both deadlines, counted from `now`. A time too long to be reckoned is no deadline.
    pub(crate) fn set(&mut self, now: Instant, resend: Duration, limit: Duration) {
        self.resend = now.checked_add(resend);
        self.limit = now.checked_add(limit);
    }

    /// Nothing is awaited any more.
    pub(crate) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Both deadlines stood still for `by`.
    pub(crate) fn shift(&mut self, by: Duration) {
        for deadline in [&mut self.resend, &mut self.limit].into_iter().flatten() {
            *deadline = deadline.checked_add(by).unwrap_or(*deadline);
        }
    }

    /// Whether patience has ended; the deadlines are cleared if so.
    pub(crate) fn limit_passed(&mut self, now: Instant) -> bool {
        let passed = self.limit.is_some_and(|at| at <= now);
        if passed {
            self.stop();
        }
        passed
    }

    /// Whether it is time to send again; that deadline is cleared if so.
    pub(crate) fn resend_due(&mut self, now: Instant) -> bool {
        self.resend.take_if(|at| *at <= now).is_some()
    }
}
