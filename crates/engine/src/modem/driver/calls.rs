//! Waiting for calls, placing them, and the call that stands.

use std::time::{Duration, Instant};

use crate::RasError;

use super::ending::Ending;
use super::setting_up::SettingUp;
use super::{Context, Event, State, Trouble};
use crate::modem::{CallerId, Response, dial_string};

/// When no ring came for so long, nobody rings any more: the longest cadence is 6 s.
const RING_OVER: Duration = Duration::from_secs(10);
/// How long NO CARRIER must be the last that came, where it is text among data.
const SILENCE: Duration = Duration::from_secs(2);
/// The longest number or name that is kept, in characters.
const LONGEST_NUMBER: usize = 64;

/// The rings of a call that comes in.
#[derive(Debug, Default)]
pub(super) struct Rung {
    rings: u8,
    /// Rings of the signal RI, which some modems give beside the text, some alone.
    signals: u8,
    caller: Option<String>,
    last: Option<Instant>,
}

impl Rung {
    /// A response of the modem that belongs to a call coming in; `false` for any other.
    pub(super) fn heard(&mut self, response: &Response, cx: &Context) -> bool {
        match response {
            Response::Ring(caller) => {
                self.rings = self.rings.saturating_add(1);
                if let Some(number) = caller {
                    self.is_called_by(number);
                }
                self.last = Some(cx.now);
            }
            Response::Caller(CallerId::Number(number)) => self.is_called_by(number),
            _ => return false,
        }
        true
    }

    pub(super) fn by_signal(&mut self, cx: &Context) {
        self.signals = self.signals.saturating_add(1);
        self.last = Some(cx.now);
    }

    fn is_called_by(&mut self, number: &str) {
        self.caller = Some(number.chars().take(LONGEST_NUMBER).collect());
    }

    /// When the caller has given up, unless it rings once more.
    fn over_at(&self) -> Option<Instant> {
        self.last?.checked_add(RING_OVER)
    }

    fn is_enough(&self, cx: &Context) -> bool {
        self.rings.max(self.signals) >= cx.settings.rings.max(1)
    }
}

/// No call.
#[derive(Debug)]
pub(super) struct Idle {
    rung: Rung,
    told: bool,
    check_at: Option<Instant>,
}

impl Idle {
    /// `rung` is what rang while the modem was set up: that caller need not wait for the next ring.
    pub(super) fn enter(rung: Rung, cx: &mut Context) -> State {
        let check_at = cx.now.checked_add(cx.settings.check_every);
        cx.until = check_at;
        let is_over = rung.over_at().is_some_and(|at| at <= cx.now);
        let rung = if is_over { Rung::default() } else { rung };
        let mut idle = Self { rung, told: false, check_at };
        idle.rang(cx);
        State::Idle(idle)
    }

    pub(super) fn heard(&mut self, response: &Response, cx: &mut Context) -> Option<State> {
        if let Response::Connect { .. } = response {
            cx.trouble(Trouble::AnswersItself);
            return Some(Ending::unwanted(cx));
        }
        if self.rung.heard(response, cx) {
            self.rang(cx);
        }
        None
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.rung.last.is_none()
    }

    pub(super) fn rang_by_signal(&mut self, cx: &mut Context) {
        self.rung.by_signal(cx);
        self.rang(cx);
    }

    fn rang(&mut self, cx: &mut Context) {
        let Some(over_at) = self.rung.over_at() else { return };
        cx.until = Some(over_at);
        if !self.told && self.rung.is_enough(cx) {
            self.told = true;
            cx.event(Event::Ring { caller: self.rung.caller.clone() });
        }
    }

    pub(super) fn tick(&mut self, cx: &mut Context) -> Option<State> {
        if self.rung.last.is_some() {
            // the caller has given up
            (self.rung, self.told) = (Rung::default(), false);
        }
        if self.check_at.is_some_and(|at| at <= cx.now) {
            return Some(SettingUp::anew(cx));
        }
        cx.until = self.check_at;
        None
    }
}

/// A call that is to stand.
#[derive(Debug)]
pub(super) struct Placing;

impl Placing {
    pub(super) fn dial(number: &str, cx: &mut Context) -> Option<State> {
        let Some(number) = dial_string(number) else {
            cx.event(Event::Failed(RasError::BAD_PHONE_NUMBER));
            return None;
        };
        let command = format!("{}{number}", cx.settings.dial);
        Some(Self::begin(&command, cx))
    }

    pub(super) fn answer(cx: &mut Context) -> State {
        let command = cx.settings.answer.clone();
        Self::begin(&command, cx)
    }

    fn begin(command: &str, cx: &mut Context) -> State {
        cx.speech.clear();
        cx.command(command);
        let patience = cx.settings.patience;
        cx.wait(patience);
        State::Placing(Self)
    }

    pub(super) fn heard(&mut self, response: Response, cx: &mut Context) -> Option<State> {
        let error = match response {
            Response::Connect { text, .. } => {
                cx.until = None;
                cx.event(Event::Connected { text });
                return Some(State::Online(Online::default()));
            }
            Response::Busy => RasError::LINE_BUSY,
            Response::Voice => RasError::VOICE_ANSWER,
            Response::NoAnswer => RasError::NO_ANSWER,
            Response::NoCarrier => RasError::NO_CARRIER,
            Response::NoDialtone => RasError::NO_DIALTONE,
            Response::Error | Response::Forbidden => RasError::FROM_DEVICE,
            // OK is what some say to the echo of ATD; the rest is progress
            Response::Ok | Response::Ring(_) | Response::Caller(_) | Response::Other(_) => return None,
        };
        cx.event(Event::Failed(error));
        Some(SettingUp::anew(cx))
    }

    pub(super) fn tick(&mut self, cx: &mut Context) -> Option<State> {
        Some(Ending::of_a_silent_attempt(cx))
    }
}

/// A call.
#[derive(Debug, Default)]
pub(super) struct Online {
    /// The first octets behind CONNECT have come.
    begun: bool,
    /// How much of [`NO_CARRIER`] the last octets are.
    matched: usize,
}

const NO_CARRIER: &[u8] = b"\r\nNO CARRIER\r\n";

impl Online {
    pub(super) fn passes_through(&self) -> bool {
        self.begun
    }

    pub(super) fn bytes(&mut self, cx: &mut Context, bytes: &[u8]) -> Option<State> {
        let data = if std::mem::replace(&mut self.begun, true) { bytes } else { cx.speech.data(bytes) };
        if !data.is_empty() {
            cx.event(Event::Bytes(data.to_vec()));
        }
        if !cx.sees_carrier() {
            for octet in data {
                self.look_for_the_end(*octet);
            }
            cx.until = None;
            if self.matched == NO_CARRIER.len() {
                cx.wait(SILENCE);
            }
        }
        None
    }

    fn look_for_the_end(&mut self, octet: u8) {
        self.matched = match NO_CARRIER.get(self.matched) {
            Some(next) if *next == octet => self.matched + 1,
            _ => usize::from(NO_CARRIER.first() == Some(&octet)),
        };
    }

    /// NO CARRIER came, and nothing behind it.
    pub(super) fn tick(&mut self, cx: &mut Context) -> Option<State> {
        cx.event(Event::Disconnected);
        Some(Ending::after_the_other(cx))
    }
}
