//! A person at a terminal hears of the end a minute before it.

use std::time::{Duration, Instant};

/// How long before.
const BEFORE: Duration = Duration::from_secs(60);

/// What is said.
pub(in crate::server) const TEXT: &str = "\nOne minute is left.\n";

/// Whether it is time to say so.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::server) struct LastMinute {
    /// The end that is known.
    over: Option<Instant>,
    /// When it is to be told; `None` where it has been, or where there never was as much time.
    at: Option<Instant>,
}

impl LastMinute {
    /// This is the end now.
    pub(in crate::server) fn until(&mut self, now: Instant, over: Option<Instant>) {
        if self.over != over {
            let at = over.and_then(|over| over.checked_sub(BEFORE)).filter(|at| *at > now);
            *self = Self { over, at };
        }
    }

    /// When there is something to say.
    pub(in crate::server) fn due(&self) -> Option<Instant> {
        self.at
    }

    /// Whether it is to be said now; then it has been.
    pub(in crate::server) fn is_due(&mut self, now: Instant) -> bool {
        self.at.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_for_an_end_and_not_where_there_was_less() {
        let now = crate::server::tests::t0();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut last = LastMinute::default();
        last.until(now, Some(after(120)));
        assert_eq!(last.due(), Some(after(60)));
        assert!(!last.is_due(after(59)) && last.is_due(after(60)) && !last.is_due(after(61)));
        last.until(after(62), Some(after(120)));
        assert_eq!(last.due(), None, "said");
        last.until(after(62), Some(after(180)));
        assert!(last.is_due(after(125)), "another end");
        last.until(after(126), Some(after(170)));
        assert_eq!(last.due(), None, "it never had a minute");
        last.until(now, None);
        assert_eq!(last.due(), None);
    }
}
