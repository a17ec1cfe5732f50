//! One call: who, where, how far, what it told.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use openras_api::types::call::{Call, CallStory};
use openras_api::types::event::{Ended, Event, Projection, Told};
use openras_api::types::port::{Flows, NatStatistics, Statistics};
use openras_engine::{ConnState, RasError};
use openras_nat::Dropped;
use openras_ppp::{Stats, event};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::reader::Reader;
use super::ring::{Entry, Kept, Ring};
use super::{About, Heard, Shared};
use crate::host::unix_seconds;

/// One call, from its begin until it is forgotten.
pub(crate) struct Story {
    id: u64,
    about: About,
    began: Instant,
    /// In seconds since 1970.
    begun: u64,
    told: Mutex<Memory>,
    /// Wakes readers.
    news: Notify,
    calls: Weak<Shared>,
}

/// What changes while the call runs.
#[derive(Default)]
pub(super) struct Memory {
    name: Option<String>,
    number: Option<String>,
    /// The state in a word.
    state: Cow<'static, str>,
    n: u64,
    pub(super) events: Ring,
    pub(super) packets: Ring,
    connected: Option<(Instant, u64)>,
    /// Milliseconds it was connected, once it is over.
    lasted: Option<u64>,
    projection: Option<Arc<Projection>>,
    over: Option<u64>,
    ended: Option<Box<Ended>>,
    reason: Option<Box<str>>,
    /// Where the counters stood when they were begun at 0 again.
    cleared: Option<Box<Stats>>,
    /// What its NAT has told.
    nat: Option<Box<Nat>>,
}

/// The NAT of a call as its story knows it.
struct Nat {
    now: openras_nat::Stats,
    /// Where the counters stood when they were begun at 0 again.
    from: openras_nat::Stats,
    open: openras_nat::Open,
}

impl Nat {
    fn shown(&self) -> NatStatistics {
        nat_statistics(&self.now.since(&self.from), &self.open)
    }
}

impl Memory {
    /// Nothing will be told any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }
}

impl Story {
    pub(super) fn new(id: u64, mut about: About, calls: Weak<Shared>) -> Self {
        let told = Memory { name: about.name.take(), number: about.number.take(), ..Memory::default() };
        Self {
            id,
            about,
            began: Instant::now(),
            begun: unix_seconds(),
            told: Mutex::new(told),
            news: Notify::new(),
            calls,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call's number.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// User id of the program that dialled it.
    pub(crate) fn uid(&self) -> Option<u32> {
        self.about.uid
    }

    /// The port that answered.
    pub(crate) fn port(&self) -> Option<&str> {
        self.about.port.as_deref()
    }

    /// Its line.
    pub(crate) fn line(&self) -> &str {
        &self.about.line
    }

    /// When it began, in seconds since 1970.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// Keeps an event and tells it to all who listen. After [`Self::ended`] nothing is told.
    pub(crate) fn tell(&self, event: Event) {
        let is_packet = matches!(event, Event::Packet(_));
        self.keep(Kept::of(event, self.port()), is_packet);
    }

    /// A dial's state: as [`Self::tell`] of an [`Event::State`].
    pub(crate) fn tell_state(&self, seq: u32, state: ConnState, error: Option<RasError>) {
        self.keep(Kept::State { seq, state, error }, false);
    }

    /// A control packet; its text is made only when somebody reads it.
    pub(crate) fn tell_packet(&self, packet: event::Packet) {
        self.keep(Kept::Packet(packet), true);
    }

    fn keep(&self, kept: Kept, is_packet: bool) {
        let heard = {
            let mut told = self.lock();
            if told.is_over() {
                return;
            }
            told.n += 1;
            told.heed(&kept);
            let entry = Entry { n: told.n, micros: self.micros(), kept };
            let heard = self.heard(&entry, is_packet);
            if is_packet {
                told.packets.push(entry)
            } else {
                told.events.push(entry)
            }
            heard
        };
        self.news.notify_waiters();
        if let (Some(heard), Some(calls)) = (heard, self.calls.upgrade()) {
            // nobody may be listening any more
            let _ = calls.heard.send(Arc::new(heard));
        }
    }

    /// The event for the service's listeners; `None` where there are none: its text costs.
    fn heard(&self, entry: &Entry, is_packet: bool) -> Option<Heard> {
        let calls = self.calls.upgrade()?;
        let wanted = calls.heard.receiver_count() > 0
            && (!is_packet || calls.packets_wanted.load(Ordering::Relaxed) > 0);
        wanted.then(|| Heard { told: self.told(entry), uid: self.about.uid })
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A kept entry as it is told.
    pub(super) fn told(&self, entry: &Entry) -> Told {
        Told { call: self.id, n: entry.n, t: seconds(entry.micros), event: entry.kept.event(self.port()) }
    }

    /// Ready when something was told, or readers must look again, since this was called.
    pub(crate) fn news(&self) -> tokio::sync::futures::Notified<'_> {
        self.news.notified()
    }

    /// Whether it is over.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_over()
    }

    /// Has readers look again.
    pub(crate) fn wake(&self) {
        self.news.notify_waiters();
    }

    /// An event with the next number that is not kept: terminal bytes.
    pub(crate) fn unkept(&self, event: Event) -> Told {
        let mut told = self.lock();
        told.n += 1;
        Told { call: self.id, n: told.n, t: seconds(self.micros()), event }
    }

    /// The user's name became known.
    pub(crate) fn set_name(&self, name: impl Into<String>) {
        self.lock().name = Some(name.into());
    }

    /// IP is up, with this agreed. Tells nothing by itself.
    pub(crate) fn connected(&self, projection: Projection) {
        let mut told = self.lock();
        told.projection = Some(Arc::new(projection));
        told.note_connected();
    }

    /// The call is over: tells [`Event::Ended`] as its last event, and moves on among the ended ones.
    pub(crate) fn ended(&self, ended: Ended) {
        self.tell(Event::Ended(ended.clone()));
        {
            let mut told = self.lock();
            if told.is_over() {
                return;
            }
            told.lasted = told.connected.map(|(at, _)| millis(at));
            told.over = Some(unix_seconds());
            told.ended = Some(Box::new(ended));
        }
        self.news.notify_waiters();
        if let Some(calls) = self.calls.upgrade() {
            calls.over(self.id);
        }
    }

    /// What was agreed, once it was.
    pub(crate) fn projection(&self) -> Option<Projection> {
        self.lock().projection.as_deref().cloned()
    }

    /// Whole seconds since Connected; `None` before.
    pub(crate) fn connected_seconds(&self) -> Option<u64> {
        let told = self.lock();
        told.lasted.or_else(|| told.connected.map(|(at, _)| millis(at))).map(|ms| ms / 1000)
    }

    /// The counters since the call began or they were cleared.
    pub(crate) fn statistics(&self) -> Statistics {
        let now = self.about.gauge.read().stats;
        let told = self.lock();
        let from = told.cleared.as_deref().copied().unwrap_or_default();
        let connected_ms = told.lasted.or_else(|| told.connected.map(|(at, _)| millis(at)));
        statistics(&now, &from, connected_ms.unwrap_or_default())
    }

    /// Begins the counters at 0.
    pub(crate) fn clear_statistics(&self) {
        let now = self.about.gauge.read().stats;
        let mut told = self.lock();
        told.cleared = Some(Box::new(now));
        if let Some(nat) = &mut told.nat {
            nat.from = nat.now;
        }
    }

    /// What its NAT has counted until now, and has open.
    pub(crate) fn note_nat(&self, now: openras_nat::Stats, open: openras_nat::Open) {
        let nat = &mut self.lock().nat;
        let from = nat.as_ref().map(|nat| nat.from).unwrap_or_default();
        *nat = Some(Box::new(Nat { now, from, open }));
    }

    /// The same for who asks; `None` where the call has had no NAT.
    pub(crate) fn nat(&self) -> Option<NatStatistics> {
        self.lock().nat.as_deref().map(Nat::shown)
    }

    /// A line of the list of calls.
    pub(crate) fn info(&self) -> Call {
        let told = self.lock();
        Call {
            id: self.id,
            direction: self.about.direction,
            port: self.about.port.clone(),
            line: self.about.line.clone(),
            source: self.about.source.clone(),
            number: told.number.clone(),
            uid: self.about.uid,
            name: told.name.clone(),
            state: told.state.to_string(),
            begun: self.begun,
            connected: told.connected.map(|(_, at)| at),
            over: told.over,
            ended: told.ended.as_deref().cloned(),
        }
    }

    /// Why the caller was refused: for the record and administrators, never for the caller.
    pub(crate) fn note_reason(&self, why: &str) {
        self.lock().reason = Some(why.into());
    }

    /// What is kept of its control packets and events, and why its caller was refused.
    pub(crate) fn kept(&self) -> (Vec<event::Packet>, Vec<Event>, Option<String>) {
        let told = self.lock();
        let packets = told.packets.iter().filter_map(|entry| entry.kept.packet().cloned()).collect();
        let events = told.events.iter().map(|entry| entry.kept.event(self.port())).collect();
        (packets, events, told.reason.as_deref().map(str::to_owned))
    }

    /// The counters of the whole call.
    pub(crate) fn counters(&self) -> Stats {
        self.about.gauge.read().stats
    }

    /// All that is known of it.
    pub(crate) fn story(&self) -> CallStory {
        let (call, statistics) = (self.info(), self.statistics());
        let told = self.lock();
        let mut events: Vec<Told> =
            told.events.iter().chain(told.packets.iter()).map(|entry| self.told(entry)).collect();
        events.sort_by_key(|told| told.n);
        let nat = told.nat.as_deref().map(Nat::shown);
        CallStory { call, projection: told.projection.as_deref().cloned(), statistics, nat, events }
    }

    /// Reads what is told behind event number `after`, control packets too if wanted, to the end of the call.
    pub(crate) fn reader(self: &Arc<Self>, after: u64, packets: bool) -> Reader {
        Reader::new(self.clone(), after, packets)
    }

    /// Ends the call; nothing happens to one that is over.
    pub(crate) fn hang_up(&self) {
        (self.about.end)();
    }
}

impl Memory {
    /// What an event changes of what lists show.
    fn heed(&mut self, kept: &Kept) {
        match kept {
            Kept::State { state, .. } => {
                self.state = match state.name() {
                    Some(name) => Cow::Borrowed(name),
                    None => Cow::Owned(state.0.to_string()),
                };
                if *state == ConnState::CONNECTED {
                    self.note_connected();
                }
            }
            Kept::Port(step) => self.state = Cow::Owned(step.kind.to_string()),
            Kept::Projection(agreed) => self.projection = Some(agreed.clone()),
            Kept::Packet(_) | Kept::Other(_) => {}
        }
    }

    fn note_connected(&mut self) {
        self.connected.get_or_insert_with(|| (Instant::now(), unix_seconds()));
    }
}

/// Seconds as events tell them.
fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What a NAT has counted, as the API has it.
pub(crate) fn nat_statistics(stats: &openras_nat::Stats, open: &openras_nat::Open) -> NatStatistics {
    let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let dropped = Dropped::ALL.into_iter().map(|why| (why.name().to_owned(), stats.dropped(why)));
    NatStatistics {
        packets_received: stats.packets_in,
        packets_sent: stats.packets_out,
        bytes_received: stats.bytes_in,
        bytes_sent: stats.bytes_out,
        open: Flows {
            tcp: many(open.streams),
            udp: many(open.mappings),
            ping: many(open.pings),
            question: many(open.questions),
        },
        begun: Flows {
            tcp: stats.streams,
            udp: stats.mappings,
            ping: stats.pings,
            question: stats.questions,
        },
        dropped: dropped.filter(|(_, count)| *count > 0).collect(),
    }
}

/// Counters as the API has them, from where they were begun at 0.
pub(crate) fn statistics(now: &Stats, from: &Stats, connected_ms: u64) -> Statistics {
    let since = |of: fn(&Stats) -> u64| of(now).saturating_sub(of(from));
    Statistics {
        bytes_sent: since(|s| s.bytes_sent),
        bytes_received: since(|s| s.bytes_received),
        frames_sent: since(|s| s.frames_sent),
        frames_received: since(|s| s.frames_received),
        crc_errors: since(|s| s.fcs_errors),
        aborts: since(|s| s.aborts),
        framing_errors: since(|s| s.runts + s.bad_headers),
        overruns: since(|s| s.overflows),
        packets_sent: since(|s| s.packets_sent),
        packets_received: since(|s| s.packets_received),
        packets_dropped: since(|s| s.packets_dropped),
        connected_ms,
    }
}
