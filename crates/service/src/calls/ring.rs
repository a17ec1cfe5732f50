//! What a call keeps of what it told: the newest few, as small as can be.

use std::collections::VecDeque;
use std::sync::Arc;

use openras_api::types::event::{Direction, Event, Packet, Projection, State};
use openras_api::types::problem::Problem;
use openras_engine::{ConnState, RasError};
use openras_ppp::event;

/// How many of each kind are kept.
pub(super) const KEPT: usize = 100;

/// Entries by which a ring grows: most calls fall silent early, and thousands are kept.
const STEP: usize = 8;

/// Octets of packets and texts that are kept of each kind, beside the entries: a caller whose packets are as large as its
/// MRU takes no more of this process's memory than any other.
const MOST: usize = 10 * 1024;

/// The newest [`KEPT`] entries of one kind, as far as they fit into [`MOST`]. Takes no memory until there are any.
#[derive(Default)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    /// Entries that were pushed out: the place of the first that is still here.
    gone: u64,
    /// Octets of what is here.
    octets: usize,
}

/// One thing told.
pub(super) struct Entry {
    /// Its number in the call.
    pub(super) n: u64,
    /// When, in microseconds since the call began.
    pub(super) micros: u64,
    /// What.
    pub(super) kept: Kept,
}

/// An event in little memory: thousands of calls keep some dozens each.
pub(super) enum Kept {
    State {
        seq: u32,
        state: ConnState,
        error: Option<RasError>,
    },
    Port(Box<Step>),
    Projection(Arc<Projection>),
    /// Its text is made when somebody reads it.
    Packet(event::Packet),
    Other(Box<Event>),
}

/// A step of an answered call.
pub(super) struct Step {
    pub(super) kind: Box<str>,
    text: Box<str>,
    error: Option<RasError>,
}

impl Ring {
    pub(super) fn push(&mut self, entry: Entry) {
        let size = entry.kept.octets();
        // the newest is kept however large it is
        while self.entries.len() >= KEPT || (self.octets + size > MOST && !self.entries.is_empty()) {
            let oldest = self.entries.pop_front();
            self.octets -= oldest.map_or(0, |entry| entry.kept.octets());
            self.gone += 1;
        }
        self.octets += size;
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(STEP);
        }
        self.entries.push_back(entry);
    }

    /// The place of the oldest entry that is still here.
    pub(super) fn first(&self) -> u64 {
        self.gone
    }

    /// The entry at this place; `None` behind the newest, and for one that is gone.
    pub(super) fn at(&self, place: u64) -> Option<&Entry> {
        let index = usize::try_from(place.checked_sub(self.gone)?).ok()?;
        self.entries.get(index)
    }

    /// The place of the first entry whose number is above `n`.
    pub(super) fn behind(&self, n: u64) -> u64 {
        let index = self.entries.partition_point(|entry| entry.n <= n);
        self.gone + u64::try_from(index).unwrap_or(u64::MAX)
    }

    /// All entries that are still here.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

impl Kept {
    /// Keeps an event of a call on `port`.
    pub(super) fn of(event: Event, port: Option<&str>) -> Self {
        match event {
            Event::State(state) if plain(state.error.as_ref()) => Self::State {
                seq: state.seq,
                state: state.conn_state(),
                error: state.error.as_ref().map(Problem::number),
            },
            Event::Port { port: on, kind, text, error }
                if Some(on.as_str()) == port && plain(error.as_ref()) =>
            {
                let error = error.as_ref().map(Problem::number);
                Self::Port(Box::new(Step { kind: kind.into(), text: text.into(), error }))
            }
            Event::Projection(agreed) => Self::Projection(Arc::new(agreed)),
            other => Self::Other(Box::new(other)),
        }
    }

    /// Octets that came from outside: what it takes beside them is the same for all of its kind.
    fn octets(&self) -> usize {
        match self {
            Self::State { .. } => 0,
            Self::Port(step) => step.kind.len() + step.text.len(),
            // one for the whole call
            Self::Projection(_) => 0,
            Self::Packet(packet) => packet.bytes.len(),
            Self::Other(event) => words(event),
        }
    }

    /// The packet, if it is one.
    pub(super) fn packet(&self) -> Option<&event::Packet> {
        match self {
            Self::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// The event again.
    pub(super) fn event(&self, port: Option<&str>) -> Event {
        match self {
            Self::State { seq, state, error } => {
                Event::State(State::new(*seq, *state, error.map(Problem::from)))
            }
            Self::Port(step) => Event::Port {
                port: port.unwrap_or_default().into(),
                kind: step.kind.to_string(),
                text: step.text.to_string(),
                error: step.error.map(Problem::from),
            },
            Self::Projection(agreed) => Event::Projection((**agreed).clone()),
            Self::Packet(kept) => Event::Packet(packet(kept)),
            Self::Other(event) => (**event).clone(),
        }
    }
}

/// Octets of an event's texts.
fn words(event: &Event) -> usize {
    let of = |problem: Option<&Problem>| problem.map_or(0, |problem| problem.message.len());
    match event {
        Event::Banner { text }
        | Event::Identification { text }
        | Event::Message { text }
        | Event::TimeRemaining { text, .. }
        | Event::Terminal { data: text } => text.len(),
        Event::Port { port, kind, text, error } => port.len() + kind.len() + text.len() + of(error.as_ref()),
        Event::Network { kind, text } => kind.len() + text.len(),
        Event::Packet(packet) => packet.text.len(),
        Event::Ended(ended) => ended.why.len() + ended.remedy.len() + of(ended.error.as_ref()),
        Event::State(_) | Event::NoAuthentication | Event::Projection(_) | Event::Lost { .. } => 0,
    }
}

/// Whether a problem says no more than its number.
fn plain(problem: Option<&Problem>) -> bool {
    problem.is_none_or(|problem| *problem == Problem::from(problem.number()))
}

/// A control packet as it is told.
pub(crate) fn packet(packet: &event::Packet) -> Packet {
    let direction = match packet.direction {
        event::Direction::Sent => Direction::Sent,
        event::Direction::Received => Direction::Received,
    };
    Packet { direction, text: packet.text() }
}

#[cfg(test)]
mod tests {
    use openras_ppp::wire::Protocol;

    use super::*;

    fn entry(n: u64, octets: usize) -> Entry {
        let packet = event::Packet::of(event::Direction::Received, Protocol::LCP, &vec![1; octets]);
        Entry { n, micros: 0, kept: Kept::Packet(packet) }
    }

    #[test]
    fn large_packets_push_out_more_of_the_old_and_the_newest_is_always_there() {
        let mut ring = Ring::default();
        for n in 1..=1000 {
            ring.push(entry(n, 1500));
            let octets: usize = ring.iter().map(|entry| entry.kept.octets()).sum();
            assert!(octets <= MOST && octets == ring.octets, "{n}: {octets}");
        }
        assert_eq!(ring.iter().map(|entry| entry.n).collect::<Vec<_>>(), [995, 996, 997, 998, 999, 1000]);
        assert_eq!((ring.first(), ring.at(994).map(|entry| entry.n)), (994, Some(995)));
        ring.push(entry(1001, MOST + 1));
        assert_eq!(ring.iter().count(), 1);
        (1002..1200).for_each(|n| ring.push(entry(n, 40)));
        assert_eq!(ring.iter().count(), KEPT);
        // both kinds of a call, whatever it sends: at most 32 KiB
        assert!(2 * (MOST + (KEPT + STEP) * size_of::<Entry>()) <= 32 * 1024);
    }
}
