//! What all phases of a dial share: the outbox, the state last announced, the clock that stands still.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openras_ppp::AuthMethod;
use openras_ppp::event::{Direction, Packet};
use openras_ppp::wire::Protocol;

use crate::client::dial::{DialConfig, DialEvent, Notice};
use crate::escape;
use crate::line::{CallOutput, LineEvent, LineOp};
use crate::{ConnState, RasError};

/// How far the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineState {
    /// Not ours, or given back.
    Closed,
    /// `Open` is under way.
    Opening,
    /// Ours, without a call.
    Open,
    /// `Dial` or `Answer` is under way.
    Placing,
    /// A call stands.
    Up,
}

/// `duration` after `at`; one too long for the clock never comes in a lifetime.
pub(crate) fn later(at: Instant, duration: Duration) -> Instant {
    const LIFETIME: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    at.checked_add(duration.min(LIFETIME)).unwrap_or(at)
}

/// The last line of a text that is not blank, safe to stand in a sentence.
pub(crate) fn last_line(text: &[u8]) -> Option<String> {
    let mut lines = text.split(|byte| matches!(byte, b'\r' | b'\n'));
    let last = lines.rfind(|line| !line.trim_ascii().is_empty())?;
    Some(escape::short(&String::from_utf8_lossy(last.trim_ascii()), 120))
}

/// Effects and shared facts of one dial.
pub(crate) struct Context {
    pub(crate) config: DialConfig,
    /// The dial's own time: it stands still while a notice is unseen, so its deadlines do too.
    pub(crate) now: Instant,
    /// The time of the wall, for PPP, which holds its deadlines itself.
    pub(crate) real: Instant,
    pub(crate) line: LineState,
    /// The state last announced, and its error.
    pub(crate) state: ConnState,
    pub(crate) error: Option<RasError>,
    pub(crate) was_connected: bool,
    /// Which call of this dial it is: 1, or 2 after a callback.
    pub(crate) leg: u8,
    pub(crate) out: VecDeque<CallOutput<Notice>>,
    /// How the server authenticated us on the first call; the callback must ask for no less.
    pub(crate) passed_by: Option<AuthMethod>,
    /// The last line of text that came before PPP, escaped.
    pub(crate) last_words: Option<String>,
    /// The last packet of authentication from the server: what decides a refusal.
    pub(crate) decider: Option<Packet>,
    seed: [u8; 32],
    seq: u32,
    seen: u32,
    /// No notice is waited for any more: the dial is connected or ending.
    free: bool,
    held_since: Option<Instant>,
    held: Duration,
}

impl Context {
    /// A dial that has announced nothing. Its clock is set by the first [`Context::enter`].
    pub(crate) fn new(config: DialConfig, seed: [u8; 32], now: Instant) -> Self {
        Self {
            config,
            now,
            real: now,
            line: LineState::Closed,
            state: ConnState::OPEN_PORT,
            error: None,
            was_connected: false,
            leg: 1,
            passed_by: None,
            last_words: None,
            out: VecDeque::new(),
            decider: None,
            seed,
            seq: 0,
            seen: 0,
            free: false,
            held_since: None,
            held: Duration::ZERO,
        }
    }

    /// Time has gone on to `real`.
    pub(crate) fn enter(&mut self, real: Instant) {
        self.real = real;
        let until = self.held_since.unwrap_or(real);
        self.now = until.checked_sub(self.held).unwrap_or(until);
    }

    /// Whether an announced state is still unseen, so that nothing new may begin.
    pub(crate) fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// When a deadline of the dial's own time comes by the clock on the wall; `None` while time stands still.
    pub(crate) fn on_the_wall(&self, deadline: Instant) -> Option<Instant> {
        if self.is_held() { None } else { deadline.checked_add(self.held) }
    }

    /// Announces the state that is about to be entered (paused or terminal: reached).
    pub(crate) fn announce(&mut self, state: ConnState) {
        self.announce_with(state, None);
    }

    /// Announces a state with its error.
    pub(crate) fn announce_with(&mut self, state: ConnState, error: Option<RasError>) {
        (self.state, self.error) = (state, error);
        self.seq += 1;
        self.notice(Notice::State { seq: self.seq, state, error });
        if self.config.wait_seen && !self.free && self.held_since.is_none() {
            self.held_since = Some(self.real);
        }
    }

    /// The notice `seq` has been handled.
    ///
    /// # Errors
    /// 87 for a notice that was never given.
    pub(crate) fn note_seen(&mut self, seq: u32) -> Result<(), RasError> {
        if seq == 0 || seq > self.seq {
            return Err(RasError::INVALID_PARAMETER);
        }
        self.seen = self.seen.max(seq);
        if self.seen == self.seq {
            self.let_go();
        }
        Ok(())
    }

    /// From here on nothing waits for a notice: the notifications are over, or the dial ends.
    pub(crate) fn stop_waiting(&mut self) {
        self.free = true;
        self.let_go();
    }

    fn let_go(&mut self) {
        if let Some(since) = self.held_since.take() {
            self.held += self.real.saturating_duration_since(since);
            self.enter(self.real);
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.out.push_back(CallOutput::Notice(notice));
    }

    pub(crate) fn event(&mut self, event: DialEvent) {
        self.notice(Notice::Event(event));
    }

    /// Keeps a packet if it may decide a refusal.
    pub(crate) fn remember(&mut self, packet: &Packet) {
        let decides = matches!(packet.protocol, Protocol::PAP | Protocol::CHAP | Protocol::EAP);
        if decides && packet.direction == Direction::Received {
            self.decider = Some(packet.clone());
        }
    }

    /// Bytes for the person's terminal.
    pub(crate) fn show(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.notice(Notice::Terminal(bytes));
        }
    }

    /// Text that came before PPP and asked nothing.
    pub(crate) fn banner(&mut self, text: &[u8]) {
        if text.iter().any(|byte| !byte.is_ascii_whitespace()) {
            self.last_words = last_line(text).or(self.last_words.take());
            self.event(DialEvent::Banner(String::from_utf8_lossy(text).into_owned()));
        }
    }

    /// A message of the server, if it sent one.
    pub(crate) fn message(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.event(DialEvent::Message(text.to_owned()));
        }
    }

    /// Bytes for the other end of the call.
    pub(crate) fn write(&mut self, bytes: Vec<u8>) {
        if self.line == LineState::Up {
            self.out.push_back(CallOutput::Line(LineOp::Write(bytes)));
        }
    }

    /// Bytes of a person for the device, before there is a call.
    pub(crate) fn write_device(&mut self, bytes: Vec<u8>) {
        if self.line == LineState::Up || self.line == LineState::Open {
            self.out.push_back(CallOutput::Line(LineOp::Write(bytes)));
        }
    }

    /// Asks the line for something that is not a write.
    pub(crate) fn op(&mut self, op: LineOp) {
        match op {
            LineOp::Open => self.line = LineState::Opening,
            LineOp::Dial(_) | LineOp::Answer => self.line = LineState::Placing,
            LineOp::Write(_) | LineOp::HangUp | LineOp::Close => {}
        }
        self.out.push_back(CallOutput::Line(op));
    }

    /// Keeps the line's state in step with what it says, also while phases do not yet hear it.
    pub(crate) fn heard(&mut self, event: &LineEvent<'_>) {
        self.line = match (event, self.line) {
            (LineEvent::Opened, LineState::Opening) => LineState::Open,
            (LineEvent::Connected { .. }, LineState::Open | LineState::Placing) => LineState::Up,
            (LineEvent::Disconnected, LineState::Up) => LineState::Open,
            (LineEvent::Failed(_), LineState::Placing) => LineState::Open,
            (LineEvent::Failed(_), LineState::Opening) | (LineEvent::Closed, _) => LineState::Closed,
            // said twice, or at a time when it says nothing
            (_, line) => line,
        };
    }

    /// Randomness for the PPP of the present leg; each leg has its own.
    pub(crate) fn ppp_seed(&self) -> [u8; 32] {
        let mut seed = self.seed;
        if let Some(first) = seed.first_mut() {
            *first ^= self.leg;
        }
        seed
    }

    /// A setting or text of ours or of the peer, safe to stand in a sentence.
    pub(crate) fn safe(text: &str) -> String {
        escape::short(text, 120)
    }
}
