//! The places of one modem's computers, `modem1/1`, `modem1/2` …, and what each is busy with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_io::dce::DceGauge;
use tokio_util::sync::CancellationToken;

use crate::host::unix_seconds;
use crate::limits::place as place_of;

/// Why a computer is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    Calls,
    /// Its source has as many as it may.
    Source,
}

impl Full {
    /// The key that says how many.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Calls => "modem_calls",
            Self::Source => "modem_per_source",
        }
    }
}

/// A computer, or a line that waits for one.
#[derive(Clone)]
pub(super) struct Busy {
    pub(super) gauge: Arc<DceGauge>,
    /// Without it the line waits for a computer.
    pub(super) source: Option<String>,
    /// When it came, in seconds since 1970.
    pub(super) since: u64,
    pub(super) cancel: CancellationToken,
}

/// All places of one modem.
#[derive(Default)]
pub(super) struct Places(Mutex<BTreeMap<u16, Busy>>);

impl Places {
    /// The lowest place that is free, for a computer from this source.
    pub(super) fn take(
        self: &Arc<Self>,
        calls: u16,
        per_source: u16,
        source: Option<&str>,
        cancel: CancellationToken,
    ) -> Result<Place, Full> {
        let mut taken = self.taken();
        let number = (1..=calls).find(|number| !taken.contains_key(number)).ok_or(Full::Calls)?;
        if let Some(source) = source.map(place_of) {
            let same =
                taken.values().filter(|busy| busy.source.as_deref().map(place_of).as_ref() == Some(&source));
            if same.count() >= usize::from(per_source) {
                return Err(Full::Source);
            }
        }
        let gauge = Arc::new(DceGauge::default());
        let busy = Busy {
            gauge: gauge.clone(),
            source: source.map(str::to_owned),
            since: unix_seconds(),
            cancel: cancel.clone(),
        };
        taken.insert(number, busy);
        Ok(Place { number, gauge, cancel, of: self.clone() })
    }

    /// Lines that wait for a computer begin anew, with what is set now.
    pub(super) fn wake_waiting(&self) {
        for busy in self.taken().values().filter(|busy| busy.gauge.read().state.is_none()) {
            busy.cancel.cancel();
        }
    }

    /// Those that are taken.
    pub(super) fn all(&self) -> Vec<(u16, Busy)> {
        self.taken().iter().map(|(number, busy)| (*number, busy.clone())).collect()
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<u16, Busy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One computer's place, free again when dropped.
pub(super) struct Place {
    pub(super) number: u16,
    pub(super) gauge: Arc<DceGauge>,
    pub(super) cancel: CancellationToken,
    of: Arc<Places>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.taken().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_from_the_lowest_and_none_twice() {
        let places = Arc::new(Places::default());
        let take = |source| places.take(3, 2, source, CancellationToken::new());
        let first = take(Some("192.0.2.1")).unwrap();
        let second = take(Some("192.0.2.1")).unwrap();
        assert_eq!((first.number, second.number), (1, 2));
        assert_eq!(take(Some("192.0.2.1")).err(), Some(Full::Source));
        // a pseudo-terminal has no source
        let third = take(None).unwrap();
        assert_eq!(take(Some("192.0.2.2")).err(), Some(Full::Calls));
        drop(first);
        assert_eq!(take(Some("192.0.2.1")).unwrap().number, 1);
        assert_eq!(places.all().len(), 2);
        drop(third);
    }
}
