//! Wrong tries at a factor (defence rule 6): what a try has to wait, given what is on record, and the tries that are
//! being looked at now.
//!
//! A try is booked here before it is looked at, so that calls at once each wait for those before them. What came out
//! wrong is then kept by the store; a right try takes its booking back and leaves nothing. The service's crash
//! forgets only what was in flight. Times are seconds since 1970.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use super::doubling;

/// The longest delay one wrong try adds, in seconds; shorter than the port's shortest wait for an answer.
const LONGEST_STEP: u64 = 15;
/// No delay reaches further into the future, in seconds, whatever clocks do.
pub(crate) const HORIZON: u64 = 600;
/// Seconds after which a source's wrong tries are forgotten.
pub(crate) const MEMORY: u64 = 3600;
/// A booking whose outcome nobody told is dropped so long after its answer was due, in seconds: its call has ended.
const ABANDONED: u64 = 60;
/// Most users and sources with tries in flight.
const MOST: usize = 10_000;

/// What was tried. The factors do not share counts: a right password must not buy fresh tries at the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Factor {
    Password = 0,
    Code = 1,
}

/// What is on record of a user and source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Wrong tries in a row.
    pub(crate) count: u32,
    /// The next try's answer is given not before this.
    pub(crate) not_before: u64,
    /// When the last was.
    pub(crate) last: u64,
}

impl Kept {
    /// What still counts of it: what is old is forgotten, and what a clock left that stood far in the future would
    /// count for ever.
    pub(crate) fn at(self, now: u64) -> Self {
        let stale = self.last.saturating_add(MEMORY) < now || self.last > now.saturating_add(HORIZON);
        if stale { Self::default() } else { self }
    }

    /// What is to be kept once this booking has come out wrong.
    pub(crate) fn after(self, booking: &Booking) -> Self {
        let known = self.at(booking.now);
        Self {
            count: known.count.saturating_add(1),
            not_before: known.not_before.max(booking.not_before),
            last: booking.now,
        }
    }
}

/// A try that was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Booking {
    /// The time it was booked.
    pub(crate) now: u64,
    /// What a try after it has to wait for.
    not_before: u64,
    number: u64,
}

/// How a try in flight came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Open,
    /// Right, or not counted.
    Harmless,
    Wrong,
}

/// The tries a try waits for and nothing else: nothing is on record of its user and source.
#[derive(Clone, Debug)]
pub(crate) struct Ahead(Vec<watch::Receiver<Came>>);

impl Ahead {
    /// Waits until every one of them has come out harmless. When one was wrong, or nobody will ever tell, it never does,
    /// and the try waits its full time: while one is open or was wrong, nobody learns a right answer sooner than a wrong
    /// one.
    pub(crate) async fn harmless(self) {
        for mut earlier in self.0 {
            let came = earlier.wait_for(|came| *came != Came::Open).await.map(|came| *came);
            if !matches!(came, Ok(Came::Harmless)) {
                return std::future::pending().await;
            }
        }
    }
}

/// What to do with a try.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// Its answer is given after this time, or sooner when those ahead have come out harmless. So many tries at the user,
    /// from every source, are in flight with it.
    Wait(Duration, Booking, u32, Option<Ahead>),
    /// It would wait longer than the caller can; it is not looked at and not counted.
    TooSoon,
}

/// A try in flight.
#[derive(Debug)]
struct Flight {
    booking: Booking,
    /// The user has proved the factor since: it holds up no newcomer any more.
    waived: bool,
    came: watch::Sender<Came>,
}

/// The tries in flight.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    flights: BTreeMap<(Factor, String, String), Vec<Flight>>,
    next: u64,
}

impl Tries {
    /// Books a try of the user `key` from `source`, of whom `kept` is on record. `longest` is what its answer can wait.
    pub(crate) fn book(
        &mut self,
        who: (Factor, &str, &str),
        kept: Kept,
        now: u64,
        longest: Option<Duration>,
    ) -> Standing {
        let (factor, key, source) = who;
        let kept = kept.at(now);
        if self.flights.len() >= MOST {
            self.sweep(now);
        }
        let full = self.flights.len() >= MOST;
        let place = (factor, key.to_owned(), source.to_owned());
        if full && !self.flights.contains_key(&place) {
            return Standing::TooSoon;
        }
        let flights = self.flights.entry(place.clone()).or_default();
        flights.retain(|flight| !flight.booking.is_abandoned(now));
        let earlier: Vec<&Flight> = flights.iter().filter(|flight| !flight.waived).collect();
        let not_before =
            earlier.iter().map(|flight| flight.booking.not_before).chain([kept.not_before]).max();
        let wait = not_before.unwrap_or(0).saturating_sub(now).min(HORIZON);
        if longest.is_some_and(|longest| wait > longest.as_secs()) {
            if flights.is_empty() {
                self.flights.remove(&place);
            }
            return Standing::TooSoon;
        }
        let ahead = || Ahead(earlier.iter().map(|flight| flight.came.subscribe()).collect());
        let ahead = (wait > 0 && kept == Kept::default()).then(ahead);
        let earlier = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
        let step = doubling(kept.count.saturating_add(earlier).saturating_add(1), 1, LONGEST_STEP);
        self.next += 1;
        let not_before = now.saturating_add(wait).saturating_add(step);
        let booking = Booking { now, not_before, number: self.next };
        flights.push(Flight { booking, waived: false, came: watch::Sender::new(Came::Open) });
        Standing::Wait(Duration::from_secs(wait), booking, self.in_flight(factor, key, now), ahead)
    }

    /// The try has come out right, or will not be looked at.
    pub(crate) fn settle(&mut self, who: (Factor, &str, &str), booking: &Booking) {
        self.land(who, booking, Came::Harmless);
    }

    /// The try has come out wrong, and is on record.
    pub(crate) fn settle_wrong(&mut self, who: (Factor, &str, &str), booking: &Booking) {
        self.land(who, booking, Came::Wrong);
    }

    /// The try has come out wrong and cannot be put on record: it goes on holding up others for as long as one whose
    /// outcome nobody told, or a full disk would make guessing free.
    pub(crate) fn keep_wrong(&mut self, who: (Factor, &str, &str), booking: &Booking) {
        let place = (who.0, who.1.to_owned(), who.2.to_owned());
        let flights = self.flights.get(&place).into_iter().flatten();
        flights.filter(|flight| flight.booking.number == booking.number).for_each(|flight| {
            flight.came.send_replace(Came::Wrong);
        });
    }

    fn land(&mut self, who: (Factor, &str, &str), booking: &Booking, came: Came) {
        let place = (who.0, who.1.to_owned(), who.2.to_owned());
        let Some(flights) = self.flights.get_mut(&place) else { return };
        flights.retain(|flight| {
            let lands = flight.booking.number == booking.number;
            if lands {
                flight.came.send_replace(came);
            }
            !lands
        });
        if flights.is_empty() {
            self.flights.remove(&place);
        }
    }

    /// The user proved the factor from this source: what is in flight holds up no newcomer any more.
    pub(crate) fn clear(&mut self, who: (Factor, &str, &str)) {
        let place = (who.0, who.1.to_owned(), who.2.to_owned());
        self.flights.get_mut(&place).into_iter().flatten().for_each(|flight| flight.waived = true);
    }

    /// An administrator let the user try again, from everywhere.
    pub(crate) fn unlock(&mut self, user: &str) {
        self.flights.retain(|(_, key, _), _| key != user);
    }

    /// The oldest booking in flight: its outcome is told without naming it.
    pub(crate) fn oldest(&self, who: (Factor, &str, &str)) -> Option<Booking> {
        let place = (who.0, who.1.to_owned(), who.2.to_owned());
        // one that is known to have been wrong only holds up others
        let mut open = self.flights.get(&place)?.iter().filter(|flight| *flight.came.borrow() == Came::Open);
        open.next().map(|flight| flight.booking)
    }

    fn in_flight(&self, factor: Factor, key: &str, now: u64) -> u32 {
        let from = (factor, key.to_owned(), String::new());
        let flights = self.flights.range(from..).take_while(|((f, k, _), _)| *f == factor && k == key);
        let count = flights
            .flat_map(|(_, flights)| flights)
            .filter(|flight| !flight.booking.is_abandoned(now))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn sweep(&mut self, now: u64) {
        self.flights.retain(|_, flights| {
            flights.retain(|flight| !flight.booking.is_abandoned(now));
            !flights.is_empty()
        });
    }
}

impl Booking {
    fn is_abandoned(&self, now: u64) -> bool {
        // a clock that jumped back must not keep it for ever
        now > self.not_before.saturating_add(ABANDONED) || self.now > now.saturating_add(HORIZON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_763_600_000;
    const WHO: (Factor, &str, &str) = (Factor::Password, "alice", "192.0.2.7");

    fn book(tries: &mut Tries, kept: Kept, now: u64) -> (u64, Booking) {
        match tries.book(WHO, kept, now, None) {
            Standing::Wait(wait, booking, ..) => (wait.as_secs(), booking),
            Standing::TooSoon => panic!("too soon"),
        }
    }

    #[test]
    fn tries_at_once_wait_for_each_other_and_leave_nothing_when_they_were_right() {
        let mut tries = Tries::default();
        let flights: Vec<_> = (0..4).map(|_| book(&mut tries, Kept::default(), NOW)).collect();
        assert_eq!(flights.iter().map(|(wait, _)| *wait).collect::<Vec<_>>(), [0, 1, 3, 7]);
        let other = (Factor::Password, "alice", "elsewhere");
        let standing = tries.book(other, Kept::default(), NOW, None);
        let Standing::Wait(Duration::ZERO, elsewhere, 5, None) = standing else { panic!("{standing:?}") };
        for (_, booking) in &flights {
            tries.settle(WHO, booking);
        }
        tries.settle(other, &elsewhere);
        assert!(tries.flights.is_empty());
        assert_eq!(book(&mut tries, Kept::default(), NOW).0, 0);
    }

    /// Books three at once of whom nothing is on record. Gives their bookings, and what the last waits for.
    fn three(tries: &mut Tries) -> ([Booking; 3], Ahead) {
        let [first, second] = [(); 2].map(|()| book(tries, Kept::default(), NOW).1);
        match tries.book(WHO, Kept::default(), NOW, None) {
            Standing::Wait(_, third, _, Some(ahead)) => ([first, second, third], ahead),
            other => panic!("{other:?}"),
        }
    }

    fn is_free(ahead: &Ahead) -> bool {
        let mut waiting = std::pin::pin!(ahead.clone().harmless());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        waiting.as_mut().poll(&mut context).is_ready()
    }

    #[test]
    fn right_tries_at_once_wait_for_nothing_but_each_other() {
        let mut tries = Tries::default();
        let ([first, second, third], ahead) = three(&mut tries);
        assert!(!is_free(&ahead));
        tries.settle(WHO, &first);
        tries.clear(WHO);
        assert!(!is_free(&ahead), "the second may still be wrong");
        assert_eq!(book(&mut tries, Kept::default(), NOW).0, 0, "a newcomer has nobody to wait for");
        tries.settle(WHO, &third);
        assert!(!is_free(&ahead), "how it came out itself changes nothing");
        tries.settle(WHO, &second);
        assert!(is_free(&ahead));
    }

    #[test]
    fn a_wrong_or_forgotten_try_ahead_costs_the_full_time() {
        for wrong in 0..2 {
            let mut tries = Tries::default();
            let (bookings, ahead) = three(&mut tries);
            tries.settle_wrong(WHO, &bookings[wrong]);
            assert!(!is_free(&ahead));
            tries.settle(WHO, &bookings[1 - wrong]);
            assert!(!is_free(&ahead), "{wrong} was wrong");
        }
        let mut tries = Tries::default();
        let (_, ahead) = three(&mut tries);
        tries.unlock(WHO.1);
        assert!(!is_free(&ahead), "nobody knows how they came out");
    }

    #[test]
    fn where_a_wrong_try_is_on_record_nothing_is_sooner() {
        let mut tries = Tries::default();
        let wrong = book(&mut tries, Kept::default(), NOW).1;
        tries.settle_wrong(WHO, &wrong);
        let kept = Kept::default().after(&wrong);
        for _ in 0..2 {
            assert!(matches!(tries.book(WHO, kept, NOW, None), Standing::Wait(_, _, _, None)));
        }
    }

    #[test]
    fn a_wrong_try_that_cannot_be_put_on_record_holds_up_the_next_all_the_same() {
        let mut tries = Tries::default();
        let mut waits = Vec::new();
        for _ in 0..4 {
            let (wait, booking) = book(&mut tries, Kept::default(), NOW);
            tries.keep_wrong(WHO, &booking);
            waits.push(wait);
        }
        assert_eq!(waits, [0, 1, 3, 7]);
        assert!(tries.oldest(WHO).is_none(), "their outcome is known");
        assert_eq!(book(&mut tries, Kept::default(), NOW + 200).0, 0);
    }

    #[test]
    fn what_is_kept_of_wrong_tries_makes_the_next_ones_wait() {
        let (mut tries, mut kept) = (Tries::default(), Kept::default());
        let mut waits = Vec::new();
        for _ in 0..5 {
            let (wait, booking) = book(&mut tries, kept, NOW);
            tries.settle_wrong(WHO, &booking);
            kept = kept.after(&booking);
            waits.push(wait);
        }
        assert_eq!((waits.as_slice(), kept.count), ([0, 1, 3, 7, 15].as_slice(), 5));
        let longest = Some(Duration::from_secs(15));
        assert!(matches!(tries.book(WHO, kept, NOW, longest), Standing::TooSoon));
        assert!(tries.flights.is_empty(), "what was not looked at is not counted");
        assert_eq!(book(&mut tries, kept, NOW + MEMORY + 100).0, 0, "an hour later it is forgotten");
        tries.clear(WHO);
        assert_eq!(book(&mut tries, Kept { last: NOW + 9999, ..kept }, NOW).0, 0, "the clock was wrong");
    }

    #[test]
    fn a_booking_nobody_settles_is_dropped_after_a_while() {
        let mut tries = Tries::default();
        let (_, booking) = book(&mut tries, Kept::default(), NOW);
        assert_eq!(book(&mut tries, Kept::default(), NOW).0, 1);
        assert_eq!(book(&mut tries, Kept::default(), NOW + 200).0, 0);
        assert_eq!(tries.in_flight(Factor::Password, "alice", NOW + 200), 1);
        tries.settle(WHO, &booking);
    }

    #[test]
    fn invented_names_do_not_fill_the_memory() {
        let mut tries = Tries::default();
        for n in 0..MOST {
            let name = format!("ghost {n}");
            tries.book((Factor::Password, &name, "s"), Kept::default(), NOW, None);
        }
        let new = (Factor::Password, "one more", "s");
        assert!(matches!(tries.book(new, Kept::default(), NOW, None), Standing::TooSoon));
        assert!(matches!(tries.book(new, Kept::default(), NOW + 200, None), Standing::Wait(..)));
        assert_eq!(tries.flights.len(), 1);
    }
}
