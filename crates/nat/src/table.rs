//! The flows of a session: found by their 5-tuple, their id, their time, or because they want the line.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::nat::{Mapping, Pings, Stream};
use crate::order::FlowId;
use crate::stats::Open;

/// What makes packets of the caller belong to one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A connection is its two ends.
    Tcp { caller: SocketAddr, peer: SocketAddr },
    /// A mapping is its caller's end, whatever the destination (RFC 4787 REQ-1).
    Udp { caller: SocketAddr },
    /// All requests of one identifier (RFC 5508 REQ-1).
    Ping { caller: IpAddr, ident: u16 },
}

/// SipHash keyed with the session's seed: a caller cannot choose ports that meet in one bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed(u64);

impl BuildHasher for Keyed {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

#[derive(Debug)]
pub(crate) enum Kind {
    Stream(Box<Stream>),
    Mapping(Box<Mapping>),
    Pings(Pings),
}

#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    /// Its place in `timers`.
    scheduled: Option<Instant>,
    /// It is in `ready`.
    ready: bool,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u64,
    flow: Option<Flow>,
}

#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// How many flows there have been.
    count: u64,
    keys: HashMap<Key, FlowId, Keyed>,
    open: Open,
    /// One entry a flow: when it is next looked at. It may be early, never late, so that what is put off with every
    /// packet costs nothing here.
    timers: BTreeSet<(Instant, FlowId)>,
    /// Streams that have packets for the line, in turn.
    ready: VecDeque<FlowId>,
}

impl Table {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            count: 0,
            keys: HashMap::with_hasher(Keyed(seed)),
            open: Open::default(),
            timers: BTreeSet::new(),
            ready: VecDeque::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// How many there are of each kind.
    pub(crate) fn open(&self) -> Open {
        self.open
    }

    pub(crate) fn find(&self, key: &Key) -> Option<FlowId> {
        self.keys.get(key).copied()
    }

    /// Adds a flow; there must be none with its key.
    pub(crate) fn insert(&mut self, key: Key, kind: Kind) -> FlowId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let place = usize::try_from(slot).unwrap_or(usize::MAX);
        let id = FlowId { slot, generation: self.count };
        self.count += 1;
        *self.open.of(&key) += 1;
        if let Some(place) = self.slots.get_mut(place) {
            place.generation = id.generation;
            place.flow = Some(Flow { key, kind, scheduled: None, ready: false });
        }
        self.keys.insert(key, id);
        id
    }

    fn slot(&mut self, id: FlowId) -> Option<&mut Slot> {
        let place = usize::try_from(id.slot).ok()?;
        self.slots.get_mut(place).filter(|slot| slot.generation == id.generation)
    }

    pub(crate) fn get(&self, id: FlowId) -> Option<&Flow> {
        let place = usize::try_from(id.slot).ok()?;
        self.slots.get(place).filter(|slot| slot.generation == id.generation)?.flow.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: FlowId) -> Option<&mut Flow> {
        self.slot(id)?.flow.as_mut()
    }

    pub(crate) fn stream(&mut self, id: FlowId) -> Option<&mut Stream> {
        match &mut self.get_mut(id)?.kind {
            Kind::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    pub(crate) fn remove(&mut self, id: FlowId) -> Option<Flow> {
        let slot = self.slot(id)?;
        let flow = slot.flow.take()?;
        self.free.push(id.slot);
        self.keys.remove(&flow.key);
        *self.open.of(&flow.key) -= 1;
        if let Some(at) = flow.scheduled {
            self.timers.remove(&(at, id));
        }
        if flow.ready {
            self.ready.retain(|ready| *ready != id);
        }
        if self.keys.is_empty() {
            self.give_back();
        }
        Some(flow)
    }

    /// A session that is idle again holds no room for the flows it had.
    fn give_back(&mut self) {
        self.slots = Vec::new();
        self.free = Vec::new();
        self.ready = VecDeque::new();
        self.keys.shrink_to_fit();
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = FlowId> + '_ {
        self.keys.values().copied()
    }

    /// Has the flow looked at by then; an earlier time stands.
    pub(crate) fn schedule(&mut self, id: FlowId, at: Instant) {
        let Some(flow) = self.get_mut(id) else { return };
        let before = flow.scheduled;
        if before.is_some_and(|before| before <= at) {
            return;
        }
        flow.scheduled = Some(at);
        if let Some(before) = before {
            self.timers.remove(&(before, id));
        }
        self.timers.insert((at, id));
    }

    /// The next flow whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<FlowId> {
        let (at, id) = *self.timers.first()?;
        if at > now {
            return None;
        }
        self.timers.pop_first();
        if let Some(flow) = self.get_mut(id) {
            flow.scheduled = None;
        }
        Some(id)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The stream has a packet for the line.
    pub(crate) fn make_ready(&mut self, id: FlowId) {
        let Some(flow) = self.get_mut(id) else { return };
        if !std::mem::replace(&mut flow.ready, true) {
            self.ready.push_back(id);
        }
    }

    /// Takes a stream out of the turn until then.
    pub(crate) fn put_off(&mut self, id: FlowId, until: Instant) {
        let Some(flow) = self.get_mut(id) else { return };
        if std::mem::replace(&mut flow.ready, false) {
            self.ready.retain(|ready| *ready != id);
            self.schedule(id, until);
        }
    }

    /// The stream that was made ready last comes first instead.
    pub(crate) fn go_first(&mut self, id: FlowId) {
        if self.ready.back() == Some(&id) {
            self.ready.rotate_right(1);
        }
    }

    /// The stream whose turn it is.
    pub(crate) fn next_ready(&mut self) -> Option<FlowId> {
        let id = self.ready.pop_front()?;
        if let Some(flow) = self.get_mut(id) {
            flow.ready = false;
        }
        Some(id)
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}
