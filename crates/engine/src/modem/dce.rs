//! A modem, played: a computer on our line sends commands of V.250 and gets the answers of a modem; its calls go to numbers of
//! ours, and calls to its number make it ring.

mod command;
#[cfg(test)]
mod conversation;
mod escape;
mod execute;
mod registers;
mod result;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::{LineEvent, LineOp, RasError};
use openras_ppp::Machine;

use crate::rfc2217::Signals;
use escape::Escape;
use registers::{AUTO_ANSWER, BACKSPACE, CR, DTR_DELAY, ESCAPE, GUARD, PATIENCE, RINGS};
use result::Result;
use settings::{OnDtr, Profile};

/// The longest command line, in characters; what is longer is answered with ERROR.
const LONGEST: usize = 255;
/// The most said to one command line about what is set, in octets; who asks for more gets ERROR.
const MOST_SAID: usize = 2048;
/// RING and RI: on and off again.
const RING_ON: Duration = Duration::from_secs(2);
const RING_OFF: Duration = Duration::from_secs(4);
/// Behind the end of a line that dials or answers, what comes for so long is no character that ends the attempt: some send a
/// line feed there (V.250 §5.6.1).
const DEAF: Duration = Duration::from_millis(125);
/// Numbers kept by &Z.
const KEPT: usize = 10;

/// What happens to the modem.
#[derive(Debug)]
pub enum DceInput<'a> {
    /// Octets of the computer.
    Dte(&'a [u8]),
    /// The computer's Data Terminal Ready. On a line without it, it is on while the computer is there.
    Dtr(bool),
    /// From the telephone network: the line that our numbers are dialled over.
    Network(LineEvent<'a>),
    /// The caller has given up before we answered.
    RingOver,
    /// The deadline has come.
    Tick,
}

/// What the modem wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DceOutput {
    /// Octets for the computer.
    Dte(Vec<u8>),
    /// The modem's signals have changed.
    Signals(Signals),
    /// For the telephone network: `Dial`, `Answer`, `Write` and `HangUp`.
    Network(LineOp),
}

/// What the modem is doing, for whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DceState {
    /// It takes commands and has no call.
    Command,
    /// A call rings.
    Ringing,
    /// It dials, or answers.
    Placing,
    /// Data goes through.
    Data,
    /// A call stands, and it takes commands.
    Online,
}

/// How the modem presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Bits a second in CONNECT, where the network does not say another.
    pub speed: u32,
    /// For ATI0 and +GMM.
    pub model: String,
    /// For ATI3 and +GMR.
    pub version: String,
}

/// The modem. See [`Machine`] for how it is used.
#[derive(Debug)]
pub struct Dce {
    identity: Identity,
    profile: Profile,
    /// What Z brings back.
    stored: Profile,
    kept: [String; KEPT],
    last_dialled: String,
    /// The register that `?` and `=` mean.
    pointer: usize,
    /// Octets said to this command line so far.
    said: usize,
    /// Octets typed since the last command line that could be read.
    noise: usize,
    now: Instant,
    out: VecDeque<DceOutput>,
    signals: Signals,
    dtr: bool,
    /// When a DTR that dropped counts.
    dtr_at: Option<Instant>,
    line: Typed,
    last_line: String,
    call: Call,
    /// When the last call was placed.
    placed: Instant,
    ring: Option<Ring>,
}

/// A command line in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Typed {
    /// Nothing yet.
    Nothing,
    /// An A, or an a.
    Began(u8),
    /// Behind AT; too long a line keeps nothing.
    Line(Option<String>),
}

#[derive(Clone, Copy, Debug)]
enum Call {
    None,
    /// Dialling or answering, until then.
    Placing(Option<Instant>),
    /// Data goes through.
    Data {
        escape: Escape,
        due: Option<Instant>,
        speed: u32,
    },
    /// A call stands, and the computer sends commands.
    Online {
        speed: u32,
    },
}

/// A call that rings.
#[derive(Clone, Debug)]
struct Ring {
    caller: Option<String>,
    on: bool,
    next: Option<Instant>,
}

impl Dce {
    /// A modem as from the factory, with no call.
    pub fn new(identity: Identity, now: Instant) -> Self {
        let mut modem = Self {
            identity,
            profile: Profile::default(),
            stored: Profile::default(),
            kept: Default::default(),
            last_dialled: String::new(),
            pointer: 0,
            said: 0,
            noise: 0,
            now,
            out: VecDeque::new(),
            signals: Signals { cts: true, ..Signals::default() },
            dtr: true,
            dtr_at: None,
            line: Typed::Nothing,
            last_line: String::new(),
            call: Call::None,
            placed: now,
            ring: None,
        };
        modem.show_signals();
        modem
    }

    /// The modem's signals now.
    pub fn signals(&self) -> Signals {
        self.signals
    }

    /// What it is doing.
    pub fn state(&self) -> DceState {
        match self.call {
            Call::None if self.ring.is_some() => DceState::Ringing,
            Call::None => DceState::Command,
            Call::Placing(_) => DceState::Placing,
            Call::Data { .. } => DceState::Data,
            Call::Online { .. } => DceState::Online,
        }
    }

    fn has_call(&self) -> bool {
        matches!(self.call, Call::Data { .. } | Call::Online { .. })
    }

    fn show_signals(&mut self) {
        let carrier = self.has_call();
        let now = Signals {
            dcd: carrier || !self.profile.dcd_follows,
            dsr: carrier || !self.profile.dsr_follows,
            ri: self.ring.as_ref().is_some_and(|ring| ring.on),
            cts: true,
        };
        if now != self.signals {
            self.signals = now;
            self.out.push_back(DceOutput::Signals(now));
        }
    }

    fn write(&mut self, octets: Vec<u8>) {
        if !octets.is_empty() {
            self.out.push_back(DceOutput::Dte(octets));
        }
    }

    fn network(&mut self, op: LineOp) {
        self.out.push_back(DceOutput::Network(op));
    }

    fn result(&mut self, result: Result) {
        let mut text = Vec::new();
        result.write(&self.profile, &mut text);
        self.write(text);
    }

    fn guard(&self) -> Duration {
        Duration::from_millis(20) * u32::from(self.profile.registers.get(GUARD))
    }

    fn dte(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            let guard = self.guard();
            match &mut self.call {
                Call::Data { escape, due, .. } => {
                    *due = escape.octets(rest, self.profile.registers.get(ESCAPE), guard, self.now);
                    self.network(LineOp::Write(rest.to_vec()));
                    return;
                }
                Call::Placing(_) if self.now.saturating_duration_since(self.placed) < DEAF => return,
                // any character ends the attempt, and is no command
                Call::Placing(_) => {
                    self.call = Call::None;
                    self.network(LineOp::HangUp);
                    self.result(Result::NoCarrier);
                    return;
                }
                Call::None | Call::Online { .. } => {
                    let Some((octet, behind)) = rest.split_first() else { return };
                    rest = behind;
                    self.typed(octet & 0x7f);
                }
            }
        }
    }

    /// A character of a command line.
    fn typed(&mut self, octet: u8) {
        self.noise = self.noise.saturating_add(1);
        let registers = &self.profile.registers;
        let (end, back) = (registers.get(CR), registers.get(BACKSPACE));
        if self.profile.echo {
            self.write(if octet == back { vec![back, b' ', back] } else { vec![octet] });
        }
        self.line = match std::mem::replace(&mut self.line, Typed::Nothing) {
            Typed::Began(first) if (first, octet) == (b'A', b'T') || (first, octet) == (b'a', b't') => {
                Typed::Line(Some(String::new()))
            }
            Typed::Began(_) if octet == b'/' => {
                let line = self.last_line.clone();
                self.execute(&line);
                Typed::Nothing
            }
            Typed::Nothing | Typed::Began(_) => match octet {
                b'A' | b'a' => Typed::Began(octet),
                _ => Typed::Nothing,
            },
            Typed::Line(line) if octet == end => {
                match line {
                    Some(line) => {
                        self.last_line.clone_from(&line);
                        self.execute(&line);
                    }
                    None => self.result(Result::Error),
                }
                Typed::Nothing
            }
            Typed::Line(line) => Typed::Line(line.and_then(|mut line| {
                if octet == back {
                    line.pop();
                } else if octet >= b' ' {
                    line.push(char::from(octet));
                }
                (line.len() <= LONGEST).then_some(line)
            })),
        };
    }

    fn dial(&mut self, number: String) {
        self.last_dialled.clone_from(&number);
        self.place(LineOp::Dial(number));
    }

    fn place(&mut self, op: LineOp) {
        (self.ring, self.placed) = (None, self.now);
        self.network(op);
        let patience = Duration::from_secs(u64::from(self.profile.registers.get(PATIENCE)));
        self.call = Call::Placing(self.now.checked_add(patience));
        self.show_signals();
    }

    fn connected(&mut self, speed: u32) {
        self.call = Call::Data { escape: Escape::begin(self.now), due: None, speed };
        self.line = Typed::Nothing;
        // the computer may wait for either
        self.result(Result::Connect(speed));
        self.show_signals();
    }

    /// Ends the call, ours or a ringing one, without a word to the computer.
    fn on_hook(&mut self) {
        if !matches!(self.call, Call::None) {
            self.network(LineOp::HangUp);
        }
        self.call = Call::None;
        self.show_signals();
    }

    fn network_event(&mut self, event: LineEvent<'_>) {
        match (event, self.call) {
            (LineEvent::Ring { caller }, Call::None) if self.ring.is_none() => {
                self.profile.registers.set(RINGS, 0);
                self.ring = Some(Ring { caller, on: false, next: Some(self.now) });
                self.rings();
            }
            (LineEvent::Connected { text }, Call::Placing(_)) => {
                let speed = text.split(|c: char| !c.is_ascii_digit()).find_map(|word| word.parse().ok());
                self.connected(speed.filter(|speed| *speed >= 300).unwrap_or(self.identity.speed));
            }
            (LineEvent::Failed(error), Call::Placing(_)) => {
                self.call = Call::None;
                self.result(match error {
                    RasError::LINE_BUSY => Result::Busy,
                    RasError::NO_ANSWER => Result::NoAnswer,
                    RasError::NO_DIALTONE => Result::NoDialtone,
                    _ => Result::NoCarrier,
                });
            }
            (LineEvent::Bytes(octets), Call::Data { .. }) => self.write(octets.to_vec()),
            // what comes while the computer sends commands is lost, as with a modem
            (LineEvent::Bytes(_), _) => {}
            (
                LineEvent::Disconnected | LineEvent::Closed,
                Call::Data { .. } | Call::Online { .. } | Call::Placing(_),
            ) => {
                self.call = Call::None;
                self.line = Typed::Nothing;
                self.show_signals();
                self.result(Result::NoCarrier);
            }
            (LineEvent::Disconnected | LineEvent::Closed, Call::None) => self.ring_over(),
            _ => {}
        }
    }

    /// The next RING, or the end of one.
    fn rings(&mut self) {
        let Some(ring) = &mut self.ring else { return };
        if ring.next.is_none_or(|at| at > self.now) {
            return;
        }
        ring.on = !ring.on;
        ring.next = self.now.checked_add(if ring.on { RING_ON } else { RING_OFF });
        let rings = ring.on;
        let caller = ring.caller.clone();
        self.show_signals();
        if !rings {
            return;
        }
        let count = self.profile.registers.get(RINGS).saturating_add(1);
        self.profile.registers.set(RINGS, count);
        self.result(Result::Ring);
        if count == 1 && self.profile.caller_id && !self.profile.quiet {
            let mut text = Vec::new();
            let number = caller.as_deref().filter(|number| !number.is_empty()).unwrap_or("O");
            let number: String = number.chars().filter(|one| !one.is_control()).take(64).collect();
            result::line(&format!("NMBR = {number}"), &self.profile, &mut text);
            self.write(text);
        }
        let wanted = self.profile.registers.get(AUTO_ANSWER);
        if wanted > 0 && count >= wanted && self.dtr {
            self.place(LineOp::Answer);
        }
    }

    fn ring_over(&mut self) {
        if self.ring.take().is_some() {
            self.profile.registers.set(RINGS, 0);
            self.show_signals();
        }
    }

    fn dtr(&mut self, on: bool) {
        if on == self.dtr {
            return;
        }
        self.dtr = on;
        let delay = Duration::from_millis(10) * u32::from(self.profile.registers.get(DTR_DELAY));
        self.dtr_at = if on { None } else { self.now.checked_add(delay) };
    }

    /// DTR has been down for long enough.
    fn dtr_dropped(&mut self) {
        match (self.profile.on_dtr, self.call) {
            (OnDtr::Ignore, _) => {}
            (OnDtr::Command, Call::Data { speed, .. }) => {
                self.call = Call::Online { speed };
                self.result(Result::Ok);
            }
            (OnDtr::Command, _) => {}
            (OnDtr::HangUp | OnDtr::Reset, call) => {
                let had = !matches!(call, Call::None);
                self.on_hook();
                self.line = Typed::Nothing;
                if self.profile.on_dtr == OnDtr::Reset {
                    self.profile = self.stored.clone();
                    self.show_signals();
                }
                if had {
                    self.result(Result::NoCarrier);
                }
            }
        }
    }

    fn tick(&mut self) {
        if self.dtr_at.is_some_and(|at| at <= self.now) {
            self.dtr_at = None;
            self.dtr_dropped();
        }
        match self.call {
            Call::Placing(Some(until)) if until <= self.now => {
                self.on_hook();
                self.result(Result::NoCarrier);
            }
            Call::Data { escape, due: Some(due), speed } if due <= self.now && escape.is_whole() => {
                self.call = Call::Online { speed };
                self.line = Typed::Nothing;
                self.result(Result::Ok);
            }
            _ => {}
        }
        self.rings();
    }
}

impl Machine for Dce {
    type Input<'a> = DceInput<'a>;
    type Output = DceOutput;

    fn handle(&mut self, now: Instant, input: DceInput<'_>) {
        self.now = now;
        // what was due comes before what has just happened
        self.tick();
        match input {
            DceInput::Dte(octets) => self.dte(octets),
            DceInput::Dtr(on) => self.dtr(on),
            DceInput::Network(event) => self.network_event(event),
            DceInput::RingOver => self.ring_over(),
            DceInput::Tick => {}
        }
        self.tick();
    }

    fn poll_output(&mut self) -> Option<DceOutput> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let call = match self.call {
            Call::Placing(until) => until,
            Call::Data { due, .. } => due,
            Call::None | Call::Online { .. } => None,
        };
        let ring = self.ring.as_ref().and_then(|ring| ring.next);
        [call, ring, self.dtr_at].into_iter().flatten().min()
    }
}
