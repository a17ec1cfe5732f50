//! Two machines, one line, virtual time.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::wire::{Fate, Side, Wire};

#[cfg(test)]
mod tests;

/// A machine may want several ticks at once to begin one thing after another, but not more than this.
const TICKS_AT_ONCE: u32 = 8;

/// The start of virtual time. Only differences to it mean anything.
pub fn t0() -> Instant {
    static T0: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *T0.get_or_init(Instant::now)
}

/// One machine together with the owner that answers its questions.
pub trait End {
    /// What its owner tells it, at once or some time after it was asked.
    type Order;
    /// What it tells a reader of the story. Made into text only where the story is recorded.
    type News: fmt::Display;

    /// Does all work, as [`openras_ppp::Machine::handle`].
    fn handle(&mut self, now: Instant, what: Happening<'_, Self::Order>);
    /// The next effect, until there is none.
    fn poll(&mut self) -> Option<Effect<Self::Order, Self::News>>;
    /// When it wants a tick.
    fn timeout(&self) -> Option<Instant>;
}

/// What happens to an end.
#[derive(Debug)]
pub enum Happening<'a, O> {
    /// Time begins: this comes first.
    Start,
    /// The other end dials.
    Ring,
    /// The call stands.
    Connected,
    /// From the line.
    Bytes(&'a [u8]),
    /// The call has ended.
    Disconnected,
    /// It dialled while a call stood or was about to.
    Busy,
    /// From its owner.
    Order(O),
    /// Its deadline has come.
    Tick,
}

/// What an end wants done or known.
#[derive(Debug)]
pub enum Effect<O, N> {
    /// One frame, or other bytes, for the line; dropped while no call stands.
    Line(Vec<u8>),
    /// Call the other end by this number; it leads there whatever it is.
    Dial(String),
    /// Take the ringing call.
    Answer,
    /// End the call, after what was written.
    HangUp,
    /// Give this order after so long.
    Later(Duration, O),
    /// For the story.
    News(N),
}

/// What happened, as far as a reader wants to know.
#[derive(Clone, Debug)]
pub enum Told {
    /// One end wrote a frame.
    Frame {
        /// As it was written.
        frame: Vec<u8>,
        /// What the line did to it.
        fate: Fate,
    },
    /// One end said something.
    News(String),
    /// One end calls the other by this number.
    Dials(String),
    /// One end takes the call.
    Answers,
    /// One end ends the call.
    HangsUp,
}

/// One line of the story: when (since the start), at which end, what.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Since the start.
    pub at: Duration,
    /// The end that did it.
    pub side: Side,
    /// What it did.
    pub told: Told,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is due any more.
    Silent,
    /// Neither end had news for the time asked for.
    Quiet,
    /// More happenings than allowed: something turns in circles.
    TooManySteps,
    /// Many ticks at one deadline have neither moved nor cleared it.
    StuckTimer(Side),
}

#[derive(Debug)]
enum Due<O> {
    Ring(Side),
    Busy(Side),
    Connected,
    Bytes(Side, Vec<u8>),
    Disconnected,
    Order(Side, O),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    None,
    Ringing,
    Connected,
}

/// Two ends joined by a line. While no call stands either end may dial the other.
pub struct Pair<E: End> {
    client: E,
    server: E,
    wire: Wire,
    now: Instant,
    call: Call,
    /// By time, then in the order they came up.
    due: BTreeMap<(Instant, u64), Due<E::Order>>,
    counted: u64,
    steps: u32,
    last_news: Instant,
    hash: DefaultHasher,
    story: Option<Vec<Entry>>,
}

impl<E: End> Pair<E> {
    /// Two ends at rest. `connected`: the call stands from the start.
    pub fn new(client: E, server: E, wire: Wire, connected: bool) -> Self {
        let mut pair = Self {
            client,
            server,
            wire,
            now: t0(),
            call: Call::None,
            due: BTreeMap::new(),
            counted: 0,
            steps: 0,
            last_news: t0(),
            hash: DefaultHasher::new(),
            story: None,
        };
        if connected {
            pair.put(Duration::ZERO, Due::Connected);
        }
        pair
    }

    /// Keeps every entry of the story; otherwise only its hash is kept.
    pub fn recorded(mut self) -> Self {
        self.story = Some(Vec::new());
        self
    }

    /// The entries so far, where recorded.
    pub fn story(&self) -> &[Entry] {
        self.story.as_deref().unwrap_or_default()
    }

    /// A number that two runs share only if the same was written at the same times with the same fates.
    pub fn story_hash(&self) -> u64 {
        self.hash.finish()
    }

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        self.now - t0()
    }

    /// Happenings so far.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// One of the two ends.
    pub fn end(&self, side: Side) -> &E {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// Both ends, client first, when the run is over.
    pub fn into_ends(self) -> (E, E) {
        (self.client, self.server)
    }

    /// Gives an end an order after `delay`.
    pub fn order(&mut self, side: Side, delay: Duration, order: E::Order) {
        self.put(delay, Due::Order(side, order));
    }

    /// The line breaks now.
    pub fn cut_line(&mut self) {
        self.put(Duration::ZERO, Due::Disconnected);
    }

    /// Runs until neither end has had news for `quiet`, or nothing is due, or `max_steps` in all are used up.
    pub fn run(&mut self, quiet: Duration, max_steps: u32) -> Ended {
        if self.steps == 0 {
            self.give(Side::Client, Happening::Start);
            self.give(Side::Server, Happening::Start);
        }
        self.last_news = self.now;
        let mut ticks_in_vain = 0;
        loop {
            let due = self.due.first_key_value().map(|((at, _), _)| *at);
            let ticks = [Side::Client, Side::Server].map(|side| (side, self.end(side).timeout()));
            let first = ticks.iter().filter_map(|(_, at)| *at).chain(due).min();
            let Some(next) = first else { return Ended::Silent };
            if next.saturating_duration_since(self.last_news) > quiet {
                return Ended::Quiet;
            }
            self.steps += 1;
            if self.steps > max_steps {
                return Ended::TooManySteps;
            }
            self.now = self.now.max(next);
            if due == Some(next) {
                self.happen();
            } else if let Some((side, before)) = ticks.into_iter().find(|(_, at)| *at == Some(next)) {
                self.give(side, Happening::Tick);
                ticks_in_vain = if self.end(side).timeout() == before { ticks_in_vain + 1 } else { 0 };
                if ticks_in_vain > TICKS_AT_ONCE {
                    return Ended::StuckTimer(side);
                }
            }
        }
    }

    fn happen(&mut self) {
        let Some((_, due)) = self.due.pop_first() else { return };
        match due {
            Due::Order(side, order) => self.give(side, Happening::Order(order)),
            Due::Busy(side) => self.give(side, Happening::Busy),
            Due::Ring(side) if self.call == Call::Ringing => self.give(side, Happening::Ring),
            Due::Connected if self.call != Call::Connected => {
                self.call = Call::Connected;
                self.give(Side::Client, Happening::Connected);
                self.give(Side::Server, Happening::Connected);
            }
            Due::Bytes(side, bytes) if self.call == Call::Connected => {
                self.give(side, Happening::Bytes(&bytes));
            }
            Due::Disconnected if self.call != Call::None => {
                self.call = Call::None;
                self.give(Side::Client, Happening::Disconnected);
                self.give(Side::Server, Happening::Disconnected);
            }
            // what was on its way when the call ended
            Due::Ring(_) | Due::Connected | Due::Bytes(..) | Due::Disconnected => {}
        }
    }

    /// Lets something happen to an end and carries out what it wants.
    fn give(&mut self, side: Side, what: Happening<'_, E::Order>) {
        let now = self.now;
        self.at(side).handle(now, what);
        while let Some(effect) = self.at(side).poll() {
            match effect {
                Effect::Line(frame) => self.write(side, frame),
                Effect::Dial(number) => self.dial(side, number),
                Effect::Answer if self.call == Call::Ringing => {
                    self.tell(side, Told::Answers);
                    self.put(self.wire.latency(), Due::Connected);
                }
                Effect::HangUp if self.call != Call::None => {
                    self.tell(side, Told::HangsUp);
                    self.put(self.wire.latency(), Due::Disconnected);
                }
                Effect::Answer | Effect::HangUp => {}
                Effect::Later(delay, order) => self.put(delay, Due::Order(side, order)),
                Effect::News(news) => {
                    self.last_news = self.now;
                    if self.story.is_some() {
                        self.tell(side, Told::News(news.to_string()));
                    }
                }
            }
        }
    }

    fn dial(&mut self, side: Side, number: String) {
        self.tell(side, Told::Dials(number));
        if self.call == Call::None {
            self.call = Call::Ringing;
            self.put(self.wire.latency(), Due::Ring(side.other()));
        } else {
            self.put(self.wire.latency(), Due::Busy(side));
        }
    }

    fn write(&mut self, side: Side, frame: Vec<u8>) {
        if self.call != Call::Connected {
            return;
        }
        (self.elapsed(), side, &frame).hash(&mut self.hash);
        let written = self.story.is_some().then(|| frame.clone());
        let (fate, arrives) = self.wire.carry(side, frame);
        fate.hash(&mut self.hash);
        if let Some(frame) = written {
            self.tell(side, Told::Frame { frame, fate });
        }
        if let Some(bytes) = arrives {
            self.put(self.wire.latency(), Due::Bytes(side.other(), bytes));
        }
    }

    fn at(&mut self, side: Side) -> &mut E {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn put(&mut self, delay: Duration, due: Due<E::Order>) {
        self.counted += 1;
        self.due.insert((self.now + delay, self.counted), due);
    }

    fn tell(&mut self, side: Side, told: Told) {
        let at = self.elapsed();
        if let Some(story) = &mut self.story {
            story.push(Entry { at, side, told });
        }
    }
}
