//! The escape: silence, three characters, silence (V.250 Annex B's manner). The characters go to the other end as well.

use std::time::{Duration, Instant};

/// How often the character stands in it.
const TIMES: u8 = 3;

/// Watches what the computer sends while a call stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Escape {
    /// When the last octet came.
    last: Option<Instant>,
    /// Characters of it, behind the first silence.
    seen: u8,
}

impl Escape {
    /// A call begins: the silence before it counts.
    pub(super) fn begin(now: Instant) -> Self {
        Self { last: Some(now), seen: 0 }
    }

    /// Octets that came together. Gives when the second silence is over, if only that is missing.
    pub(super) fn octets(
        &mut self,
        octets: &[u8],
        character: u8,
        guard: Duration,
        now: Instant,
    ) -> Option<Instant> {
        let silent = self.last.is_none_or(|last| now.saturating_duration_since(last) >= guard);
        self.last = Some(now);
        let all = character < 128 && octets.iter().all(|octet| *octet == character);
        let count = u8::try_from(octets.len()).unwrap_or(u8::MAX);
        self.seen = match (all, silent) {
            // each gap is shorter than the guard time, where there is one
            (true, true) if !guard.is_zero() || !(1..TIMES).contains(&self.seen) => count,
            (true, _) if self.seen > 0 => self.seen.saturating_add(count),
            _ => 0,
        };
        if self.seen == TIMES { now.checked_add(guard) } else { None }
    }

    /// The second silence is over: whether that was the escape.
    pub(super) fn is_whole(&self) -> bool {
        self.seen == TIMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets with the milliseconds of silence before them; whether they end as an escape.
    fn escapes(parts: &[(u64, &[u8])]) -> bool {
        guarded(Duration::from_secs(1), parts)
    }

    #[allow(clippy::disallowed_methods)] // the one place where these tests take the time from
    fn guarded(guard: Duration, parts: &[(u64, &[u8])]) -> bool {
        let mut now = Instant::now();
        let mut escape = Escape::begin(now);
        let mut due = None;
        for (silence, octets) in parts {
            now += Duration::from_millis(*silence);
            due = escape.octets(octets, b'+', guard, now);
        }
        assert_eq!(due.is_some(), escape.is_whole());
        due.is_some()
    }

    #[test]
    fn without_a_guard_time_three_in_a_row_are_one() {
        for (parts, is) in [
            (&[&b"+++"[..]][..], true),
            (&[b"+", b"+", b"+"], true),
            (&[b"x", b"++", b"+"], true),
            (&[b"++", b"x", b"+"], false),
            (&[b"x+++"], false),
        ] {
            assert_eq!(
                guarded(Duration::ZERO, &parts.iter().map(|part| (0, *part)).collect::<Vec<_>>()),
                is,
                "{parts:?}"
            );
        }
    }

    #[test]
    fn only_three_between_silences_are_one() {
        for good in [
            &[(1000, &b"+++"[..])][..],
            &[(5, b"x"), (1000, b"+"), (900, b"+"), (999, b"+")],
            &[(2000, b"++"), (1, b"+")],
        ] {
            assert!(escapes(good), "{good:?}");
        }
        for bad in [
            &[(999, &b"+++"[..])][..],
            &[(1000, b"++++")],
            &[(1000, b"++")],
            &[(1000, b"++"), (1000, b"+")],
            &[(1000, b"x+++")],
            &[(1000, b"+++x")],
            &[(1000, b"+++"), (10, b"ATH\r")],
        ] {
            assert!(!escapes(bad), "{bad:?}");
        }
    }
}
