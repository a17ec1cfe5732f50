//! The time before authentication: a caller who has proved nothing has so long in all (defence rule 8).

use std::time::{Duration, Instant};

/// How long a call may still be unauthenticated. Runs from the answer until the caller has passed.
#[derive(Default)]
pub(super) struct BeforeAuth {
    until: Option<Instant>,
    /// Beyond this no module can put it off.
    latest: Option<Instant>,
}

impl BeforeAuth {
    /// The call was answered, or the caller negotiates anew. A limit of zero is none.
    pub(super) fn begin(&mut self, now: Instant, limit: Duration, most: Duration) {
        let set = |time: Duration| now.checked_add(time).filter(|_| !limit.is_zero());
        *self = Self { until: set(limit), latest: set(most.max(limit)) };
    }

    /// A module asks that the caller has at least `more` from now.
    pub(super) fn extend(&mut self, now: Instant, more: Duration) {
        // a time no clock reaches is as late as can be
        let wanted = now.checked_add(more).or(self.latest).min(self.latest);
        self.until = self.until.map(|until| wanted.map_or(until, |wanted| until.max(wanted)));
    }

    /// The caller has passed, or has proved a password that must be changed and has a person's time for that.
    pub(super) fn passed(&mut self) {
        *self = Self::default();
    }

    /// When it is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_module_puts_it_off_as_far_as_it_may_and_never_shortens_it() {
        let now = crate::server::tests::t0();
        let mut before = BeforeAuth::default();
        before.extend(now, secs(60));
        assert_eq!(before.deadline(), None, "what has not begun has no end");
        before.begin(now, secs(120), secs(300));
        for (at, more, until) in
            [(0, 10, 120), (100, 60, 160), (150, 5, 160), (160, 200, 300), (290, u64::MAX, 300)]
        {
            before.extend(now + secs(at), secs(more));
            assert_eq!(before.deadline(), Some(now + secs(until)), "{more} s more at {at} s");
        }
        before.passed();
        assert_eq!(before.deadline(), None);
        before.begin(now, Duration::ZERO, secs(300));
        before.extend(now, secs(1));
        assert_eq!(before.deadline(), None, "no limit");
        before.begin(now, secs(600), secs(300));
        assert_eq!(before.deadline(), Some(now + secs(600)));
    }
}
