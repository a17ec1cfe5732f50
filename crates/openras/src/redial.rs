//! Dialling again: after what may be better in a while, with pauses that grow.

use std::time::Duration;

use openras_engine::RasError;

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(600);
/// A connection that stood so long was one: what is lost sooner is a try that failed.
const STOOD: Duration = Duration::from_secs(60);

/// How one dial ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// The exit code it means.
    pub(crate) code: u8,
    /// The number it ended with.
    pub(crate) error: Option<RasError>,
    /// Connected was reached.
    pub(crate) connected: bool,
    /// For how long it was connected.
    pub(crate) stood: Duration,
    /// The person, or the work being done, ended it; or this program left it.
    pub(crate) wanted: bool,
}

/// How often, and how soon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redial {
    /// Tries after the first.
    pub(crate) tries: u32,
    /// The first pause; each next one is twice as long.
    pub(crate) pause: Duration,
    /// A connection that was lost is dialled again too, with as many tries.
    pub(crate) lost: bool,
}

/// Where a series of tries is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    redial: Redial,
    /// Of this series.
    pub(crate) done: u32,
}

impl Tries {
    pub(crate) fn new(redial: Redial) -> Self {
        Self { redial, done: 0 }
    }

    /// How long to wait before the next try; `None`: there is none.
    pub(crate) fn after(&mut self, end: &Done) -> Option<Duration> {
        if end.wanted {
            return None;
        }
        if end.connected {
            if end.stood >= STOOD {
                // a new series: what was reached once may be reached again
                self.done = 0;
            }
            // a limit of this end's own is no loss
            if !self.redial.lost || !end.error.is_some_and(may_pass) {
                return None;
            }
        } else if !end.error.is_some_and(may_pass) {
            return None;
        }
        if self.done >= self.redial.tries {
            return None;
        }
        let doubled = 2_u32.checked_pow(self.done).and_then(|times| self.redial.pause.checked_mul(times));
        self.done += 1;
        Some(doubled.unwrap_or(LONGEST).min(LONGEST))
    }
}

/// Whether trying again may help: nobody there, busy, no carrier, a line that garbles. Never a name or password: each try counts
/// against the user (and may lock the account).
pub(crate) fn may_pass(error: RasError) -> bool {
    matches!(
        error.0,
        // the port is in use or was lost; the other end hung up before anything was agreed
        602 | 619 | 628 | 629 | 633
        // busy, voice, no answer, no carrier, no dial tone
        | 676
            ..=680
        // PPP: timeout, no answer, not converging, damaged packets
        | 692 | 718 | 721 | 722 | 731 | 734
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(number: u32) -> Done {
        Done { code: 4, error: Some(RasError(number)), ..Done::default() }
    }

    #[test]
    fn busy_is_tried_again_with_growing_pauses_and_a_wrong_password_never() {
        let redial = Redial { tries: 3, pause: Duration::from_secs(10), lost: false };
        let mut tries = Tries::new(redial);
        let pauses: Vec<_> = (0..4).map(|_| tries.after(&failed(676)).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(10), Some(20), Some(40), None]);
        for number in [691, 645, 646, 647, 648, 649, 708, 812, 87, 5, 623, 703, 704, 711] {
            assert_eq!(Tries::new(redial).after(&failed(number)), None, "{number}");
        }
        let hung_up = Done { wanted: true, ..failed(676) };
        assert_eq!(Tries::new(redial).after(&hung_up), None);
    }

    #[test]
    fn a_lost_connection_begins_a_new_series_where_that_is_wanted() {
        let lost = Done { connected: true, stood: STOOD, ..failed(628) };
        let redial = Redial { tries: 1, pause: Duration::from_secs(400), lost: true };
        let mut tries = Tries::new(redial);
        assert_eq!(tries.after(&failed(678)), Some(Duration::from_secs(400)));
        assert_eq!(tries.after(&lost), Some(Duration::from_secs(400)));
        assert_eq!(tries.after(&failed(678)), None);
        assert_eq!(Tries::new(Redial { lost: false, ..redial }).after(&lost), None);
        // a server that hangs up at once is not called for ever
        let at_once = Done { stood: Duration::from_secs(1), ..lost.clone() };
        let mut few = Tries::new(Redial { tries: 3, pause: Duration::from_secs(10), lost: true });
        let pauses: Vec<_> = (0..4).map(|_| few.after(&at_once).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(10), Some(20), Some(40), None]);
        let mut many = Tries::new(Redial { tries: 99, ..redial });
        assert_eq!((0..9).filter_map(|_| many.after(&failed(676))).max(), Some(LONGEST));
        assert!((0..90).all(|_| many.after(&failed(676)) == Some(LONGEST)));
    }
}
