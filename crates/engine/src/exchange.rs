//! The virtual telephone world: phones with numbers, RING, BUSY, NO ANSWER, NO CARRIER, NO DIALTONE.
//!
//! One [`Exchange`] joins any number of phones. Each phone is a switched line: it takes [`LineOp`]s and gives
//! [`LineEvent`]s. Several phones may share a number (a hunt group): the first free one rings.
//!
//! What a call ends in, as RAS numbers:
//!
//! | word | number | when |
//! |---|---|---|
//! | BUSY | 676 | every open phone of the number is in use, or the caller dialled itself |
//! | NO ANSWER | 678 | nobody answered within [`Settings::no_answer`], also when the number's phones are all closed |
//! | NO CARRIER | 679 | no phone has the number; `Answer` with nothing ringing |
//! | NO DIALTONE | 680 | the dialling phone is closed, unknown, ringing or already in a call |

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use openras_ppp::Machine;

use crate::RasError;
use crate::line::{LineEvent, LineOp};

#[cfg(test)]
mod tests;

/// ERROR_LINE_BUSY.
const BUSY: RasError = RasError(676);
/// ERROR_NO_ANSWER.
const NO_ANSWER: RasError = RasError(678);
/// ERROR_NO_CARRIER.
const NO_CARRIER: RasError = RasError(679);
/// ERROR_NO_DIALTONE.
const NO_DIALTONE: RasError = RasError(680);

/// How the telephone world behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long bytes, an answer and a hang-up take to the other end (0 by default).
    pub latency: Duration,
    /// From one RING to the next [6 s]; the first comes at once.
    pub ring_every: Duration,
    /// How long a call rings before it fails with 678 [60 s].
    pub no_answer: Duration,
    /// Bytes a phone may have written that the other end has not taken [256 KiB]. A write past it cuts the call.
    pub window: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            ring_every: Duration::from_secs(6),
            no_answer: Duration::from_secs(60),
            window: 256 * 1024,
        }
    }
}

/// One phone of one exchange. Never used again after [`Input::Remove`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneId(u64);

/// What can happen to an [`Exchange`].
#[derive(Debug)]
pub enum Input {
    /// A phone does something. An unknown phone's `Dial` fails with 680, its other operations do nothing.
    Op(PhoneId, LineOp),
    /// The phone's owner has taken so many of the [`PhoneEvent::Bytes`] it was given.
    Taken(PhoneId, usize),
    /// The phone's owner is slow: the other end is to have no more than so many bytes under way, until this call ends.
    Narrow(PhoneId, usize),
    /// Lifts the receiver without dialling: the phone is busy for callers until its `HangUp`. A call that rings there is
    /// turned away; one that stands goes on.
    OffHook(PhoneId),
    /// The phone is gone; a call of its ends.
    Remove(PhoneId),
    /// The deadline has come.
    Tick,
}

/// What a phone hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneEvent {
    /// Everything except bytes.
    Line(LineEvent<'static>),
    /// Bytes from the other end; the owner says [`Input::Taken`] when it has used them.
    Bytes(Vec<u8>),
    /// The other end has taken so many bytes this phone wrote. No line event: the driver's back pressure.
    Room(usize),
    /// No more than so many bytes of this phone's may be under way, until the call ends.
    Narrow(usize),
}

/// Something a phone hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Which phone.
    pub phone: PhoneId,
    /// What.
    pub event: PhoneEvent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CallId(u64);

/// What a phone is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Closed,
    Idle,
    OffHook,
    Calling(CallId),
    Rung(CallId),
    Talking(CallId),
}

#[derive(Debug)]
struct Phone {
    number: Option<String>,
    /// What whoever it calls hears of it.
    shown: Option<String>,
    state: Use,
    /// Bytes on their way to this phone or given to it and not yet taken.
    untaken: usize,
}

/// A call that nobody has answered yet.
#[derive(Debug)]
struct Ringing {
    caller: PhoneId,
    number: String,
    /// The phone that rings; `None` while every phone of the number is closed.
    called: Option<PhoneId>,
    next_ring: Instant,
    gives_up: Instant,
}

/// Something on its way to a phone.
#[derive(Debug)]
struct Delivery {
    to: PhoneId,
    call: CallId,
    what: What,
}

#[derive(Debug)]
enum What {
    Connected,
    Bytes(Vec<u8>),
    End,
}

/// The telephone world.
#[derive(Debug, Default)]
pub struct Exchange {
    settings: Settings,
    phones: BTreeMap<PhoneId, Phone>,
    numbers: BTreeMap<String, Vec<PhoneId>>,
    ringing: BTreeMap<CallId, Ringing>,
    /// The two ends of every answered call that both still hold.
    talks: BTreeMap<CallId, (PhoneId, PhoneId)>,
    wire: BTreeMap<(Instant, u64), Delivery>,
    outbox: VecDeque<Output>,
    counter: u64,
}

impl Exchange {
    /// A world without phones.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Adds a closed phone. With a number it can be called (several phones may have the same one); without one it
    /// only calls out and shows no caller's number. Spaces, dots, dashes, slashes and brackets do not count.
    pub fn phone(&mut self, number: Option<&str>) -> PhoneId {
        let id = PhoneId(self.count());
        let number = number.map(normalise).filter(|number| !number.is_empty());
        if let Some(number) = &number {
            self.numbers.entry(number.clone()).or_default().push(id);
        }
        self.phones.insert(id, Phone { shown: number.clone(), number, state: Use::Closed, untaken: 0 });
        id
    }

    /// What phones that a phone without a number calls hear of it.
    pub fn shows(&mut self, phone: PhoneId, source: String) {
        self.phones.entry(phone).and_modify(|it| _ = it.shown.get_or_insert(source));
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn say(&mut self, phone: PhoneId, event: LineEvent<'static>) {
        self.outbox.push_back(Output { phone, event: PhoneEvent::Line(event) });
    }

    fn state(&self, phone: PhoneId) -> Option<Use> {
        self.phones.get(&phone).map(|p| p.state)
    }

    fn set(&mut self, phone: PhoneId, state: Use) {
        if let Some(phone) = self.phones.get_mut(&phone) {
            if matches!(state, Use::Talking(_)) {
                phone.untaken = 0;
            }
            phone.state = state;
        }
    }

    fn op(&mut self, now: Instant, phone: PhoneId, op: LineOp) {
        let Some(state) = self.state(phone) else {
            if matches!(op, LineOp::Dial(_)) {
                self.say(phone, LineEvent::Failed(NO_DIALTONE));
            }
            return;
        };
        match op {
            LineOp::Open => self.open(phone, state),
            LineOp::Dial(number) => self.dial(now, phone, state, &normalise(&number)),
            LineOp::Answer => self.answer(now, phone, state),
            LineOp::Write(bytes) => self.write(now, phone, state, bytes),
            LineOp::HangUp => {
                self.leave(now, phone);
                self.say(phone, LineEvent::Disconnected);
            }
            LineOp::Close => {
                self.leave(now, phone);
                self.set(phone, Use::Closed);
                self.say(phone, LineEvent::Closed);
            }
        }
    }

    fn open(&mut self, phone: PhoneId, state: Use) {
        self.say(phone, LineEvent::Opened);
        if state == Use::Closed {
            self.set(phone, Use::Idle);
        }
    }

    /// Calls that came while every phone of their number was closed ring the first one that opens.
    fn ring_waiting(&mut self, now: Instant) {
        let waiting: Vec<CallId> =
            self.ringing.iter().filter(|(_, call)| call.called.is_none()).map(|(&id, _)| id).collect();
        for id in waiting {
            let Some(call) = self.ringing.get(&id) else { continue };
            let free = self.free_phone(&call.number, call.caller);
            let Some(call) = self.ringing.get_mut(&id) else { continue };
            call.called = free;
            call.next_ring = now;
            if let Some(called) = free {
                self.set(called, Use::Rung(id));
                self.ring(now, id);
            }
        }
    }

    fn free_phone(&self, number: &str, caller: PhoneId) -> Option<PhoneId> {
        let group = self.numbers.get(number)?;
        group.iter().copied().find(|&phone| phone != caller && self.state(phone) == Some(Use::Idle))
    }

    fn dial(&mut self, now: Instant, caller: PhoneId, state: Use, number: &str) {
        if state != Use::Idle {
            return self.say(caller, LineEvent::Failed(NO_DIALTONE));
        }
        let Some(group) = self.numbers.get(number) else {
            return self.say(caller, LineEvent::Failed(NO_CARRIER));
        };
        let others = || group.iter().copied().filter(|&phone| phone != caller);
        let free = self.free_phone(number, caller);
        let closed = others().next().is_some() && others().all(|p| self.state(p) == Some(Use::Closed));
        if free.is_none() && !closed {
            return self.say(caller, LineEvent::Failed(BUSY));
        }
        let call = CallId(self.count());
        self.set(caller, Use::Calling(call));
        if let Some(called) = free {
            self.set(called, Use::Rung(call));
        }
        let gives_up = now + self.settings.no_answer;
        let number = number.to_owned();
        self.ringing.insert(call, Ringing { caller, number, called: free, next_ring: now, gives_up });
        self.ring(now, call);
    }

    /// Rings the called phone if it is time.
    fn ring(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.ringing.get_mut(&id) else { return };
        let Some(called) = call.called else { return };
        if call.next_ring > now {
            return;
        }
        call.next_ring = now + self.settings.ring_every;
        let caller = self.phones.get(&call.caller).and_then(|p| p.shown.clone());
        self.say(called, LineEvent::Ring { caller });
    }

    fn answer(&mut self, now: Instant, phone: PhoneId, state: Use) {
        let call = match state {
            Use::Rung(id) => self.ringing.remove(&id).map(|call| (id, call)),
            _ => None,
        };
        let Some((id, call)) = call else {
            return self.say(phone, LineEvent::Failed(NO_CARRIER));
        };
        self.talks.insert(id, (call.caller, phone));
        self.set(phone, Use::Talking(id));
        self.set(call.caller, Use::Talking(id));
        self.say(phone, connected());
        self.send(now, call.caller, id, What::Connected);
    }

    fn write(&mut self, now: Instant, phone: PhoneId, state: Use, bytes: Vec<u8>) {
        let Use::Talking(id) = state else { return };
        let Some(other) = self.other(id, phone) else { return };
        let Some(there) = self.phones.get_mut(&other) else { return };
        there.untaken = there.untaken.saturating_add(bytes.len());
        if there.untaken > self.settings.window {
            // the writer ignores back pressure: cut, as a line without flow control would lose bytes
            self.leave(now, phone);
            return self.say(phone, LineEvent::Disconnected);
        }
        if !bytes.is_empty() {
            self.send(now, other, id, What::Bytes(bytes));
        }
    }

    fn narrow(&mut self, phone: PhoneId, most: usize) {
        let Some(Use::Talking(id)) = self.phones.get(&phone).map(|it| it.state) else { return };
        let Some(other) = self.other(id, phone) else { return };
        self.outbox.push_back(Output { phone: other, event: PhoneEvent::Narrow(most) });
    }

    fn other(&self, call: CallId, phone: PhoneId) -> Option<PhoneId> {
        let &(a, b) = self.talks.get(&call)?;
        Some(if a == phone { b } else { a })
    }

    fn send(&mut self, now: Instant, to: PhoneId, call: CallId, what: What) {
        let delivery = Delivery { to, call, what };
        if self.settings.latency.is_zero() && self.wire.is_empty() {
            return self.deliver(delivery);
        }
        let key = (now + self.settings.latency, self.count());
        self.wire.insert(key, delivery);
    }

    fn deliver(&mut self, delivery: Delivery) {
        let Delivery { to, call, what } = delivery;
        if self.state(to) != Some(Use::Talking(call)) {
            return;
        }
        match what {
            What::Connected => self.say(to, connected()),
            What::Bytes(bytes) => {
                self.outbox.push_back(Output { phone: to, event: PhoneEvent::Bytes(bytes) });
            }
            What::End => {
                self.set(to, Use::Idle);
                self.say(to, LineEvent::Disconnected);
            }
        }
    }

    /// Takes the phone out of its call, if it has one, and lets the other end know.
    fn leave(&mut self, now: Instant, phone: PhoneId) {
        match self.state(phone) {
            None | Some(Use::Closed | Use::Idle) => {}
            Some(Use::OffHook) => self.set(phone, Use::Idle),
            Some(Use::Calling(id)) => {
                self.set(phone, Use::Idle);
                self.stop_ringing(id);
            }
            Some(Use::Rung(id)) => {
                self.set(phone, Use::Idle);
                if let Some(call) = self.ringing.remove(&id) {
                    self.set(call.caller, Use::Idle);
                    self.say(call.caller, LineEvent::Failed(BUSY));
                }
            }
            Some(Use::Talking(id)) => {
                self.set(phone, Use::Idle);
                if let Some((a, b)) = self.talks.remove(&id) {
                    let other = if a == phone { b } else { a };
                    self.send(now, other, id, What::End);
                }
            }
        }
    }

    /// The caller of an unanswered call has gone.
    fn stop_ringing(&mut self, id: CallId) {
        let Some(call) = self.ringing.remove(&id) else { return };
        if let Some(called) = call.called {
            self.set(called, Use::Idle);
            self.say(called, LineEvent::Disconnected);
        }
    }

    fn taken(&mut self, phone: PhoneId, count: usize) {
        let Some(here) = self.phones.get_mut(&phone) else { return };
        // bytes of an earlier call may be taken during this one; they make no room in it
        let count = count.min(here.untaken);
        here.untaken -= count;
        if let Use::Talking(id) = here.state
            && let Some(other) = self.other(id, phone)
        {
            self.outbox.push_back(Output { phone: other, event: PhoneEvent::Room(count) });
        }
    }

    fn off_hook(&mut self, now: Instant, phone: PhoneId) {
        if let Some(Use::Rung(_)) = self.state(phone) {
            self.leave(now, phone);
        }
        if self.state(phone) == Some(Use::Idle) {
            self.set(phone, Use::OffHook);
        }
    }

    fn remove(&mut self, now: Instant, phone: PhoneId) {
        self.leave(now, phone);
        let Some(number) = self.phones.remove(&phone).and_then(|p| p.number) else { return };
        if let Some(group) = self.numbers.get_mut(&number) {
            group.retain(|&other| other != phone);
            if group.is_empty() {
                self.numbers.remove(&number);
            }
        }
    }

    fn run_timers(&mut self, now: Instant) {
        while let Some(entry) = self.wire.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let delivery = entry.remove();
            self.deliver(delivery);
        }
        let due: Vec<CallId> =
            self.ringing.iter().filter(|(_, c)| c.deadline() <= now).map(|(&id, _)| id).collect();
        for id in due {
            match self.ringing.get(&id) {
                Some(call) if call.gives_up <= now => {
                    let caller = call.caller;
                    self.set(caller, Use::Idle);
                    self.stop_ringing(id);
                    self.say(caller, LineEvent::Failed(NO_ANSWER));
                }
                _ => self.ring(now, id),
            }
        }
    }
}

impl Ringing {
    fn deadline(&self) -> Instant {
        if self.called.is_some() { self.next_ring.min(self.gives_up) } else { self.gives_up }
    }
}

impl Machine for Exchange {
    type Input<'a> = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input) {
        self.run_timers(now);
        match input {
            Input::Op(phone, op) => self.op(now, phone, op),
            Input::Taken(phone, count) => self.taken(phone, count),
            Input::Narrow(phone, most) => self.narrow(phone, most),
            Input::OffHook(phone) => self.off_hook(now, phone),
            Input::Remove(phone) => self.remove(now, phone),
            Input::Tick => {}
        }
        self.ring_waiting(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let wire = self.wire.first_key_value().map(|(&(at, _), _)| at);
        wire.into_iter().chain(self.ringing.values().map(Ringing::deadline)).min()
    }
}

fn connected() -> LineEvent<'static> {
    LineEvent::Connected { text: "CONNECT".into() }
}

/// The number without the marks people put between digits.
fn normalise(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '/' | '(' | ')')).collect()
}
