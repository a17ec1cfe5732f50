//! CBCP of the end that answered the call.

use std::time::{Duration, Instant};

use super::option::Callback;
use super::{ACK, PERSON, REQUEST, RESPONSE, RESTART, TRIES};
use crate::ask::{Answer, Ask, CallbackPolicy};
use crate::auth::packet::emit;
use crate::auth::timers::Timers;
use crate::auth::{Context, Effect, Exchange};
use crate::event::DownReason;
use crate::wire::ControlPacket;

/// Responses of a wrong type, or with a refused number, before the call ends.
const WRONG: u32 = 3;
/// How long the caller may take to hang up after the Ack; the draft leaves open who does it.
const HANG_UP: Duration = Duration::from_secs(10);
/// Longest time between two Requests.
const SLOWEST: Duration = Duration::from_secs(6);

pub(super) struct Answerer {
    policy: CallbackPolicy,
    timers: Timers,
    /// Of the newest Request.
    identifier: u8,
    interval: Duration,
    copies: u32,
    wrong: u32,
    state: State,
}

enum State {
    /// Requests go out.
    Asking,
    /// The outside is asked about the number of this Response.
    Judging { option: Callback, bytes: Vec<u8> },
    /// The Ack, repeated to every copy of the Response; behind a callback also what was agreed.
    Acked { ack: Vec<u8>, callback: Option<(String, u8)> },
    /// The call ends.
    Failed,
}

/// Whether somebody has to type or choose at the other end; that takes minutes, not tries.
fn needs_person(policy: &CallbackPolicy) -> bool {
    matches!(policy, CallbackPolicy::Caller | CallbackPolicy::List(_))
}

impl Answerer {
    pub(super) fn new(policy: CallbackPolicy) -> Self {
        let copies = if needs_person(&policy) { u32::MAX } else { TRIES };
        Self {
            policy,
            timers: Timers::default(),
            identifier: 0,
            interval: RESTART,
            copies,
            wrong: 0,
            state: State::Asking,
        }
    }

    fn offers(&self) -> Vec<Callback> {
        let none = Callback::None;
        match &self.policy {
            CallbackPolicy::None => vec![none],
            CallbackPolicy::Caller => vec![none, Callback::Caller { delay: 0, number: String::new() }],
            CallbackPolicy::Preset(_) => vec![Callback::Preset { delay: 0 }],
            CallbackPolicy::List(numbers) => {
                vec![none, Callback::List { delay: 0, numbers: numbers.clone() }]
            }
        }
    }

    /// Sends a Request with a new Identifier.
    fn send(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.copies == 0 {
            return self.fail(cx);
        }
        self.copies -= 1;
        self.identifier = self.identifier.wrapping_add(1);
        let mut options = Vec::new();
        for option in self.offers() {
            option.emit(&mut options);
        }
        cx.effects.push(Effect::Send(emit(REQUEST, self.identifier, &[&options])));
        self.state = State::Asking;
        self.timers.resend = now.checked_add(self.interval);
    }

    fn response(&mut self, now: Instant, identifier: u8, body: &[u8], cx: &mut Context<'_>) {
        if identifier != self.identifier {
            // the line is slower than our Requests: without longer steps no Response would ever be in time
            self.interval = (self.interval * 2).min(SLOWEST);
            return;
        }
        match &self.state {
            State::Acked { ack, .. } => cx.effects.push(Effect::Send(ack.clone())),
            State::Asking => {
                let Ok(option) = Callback::parse_one(body) else { return };
                self.choose(now, option, body, cx);
            }
            State::Judging { .. } | State::Failed => {}
        }
    }

    fn choose(&mut self, now: Instant, option: Callback, bytes: &[u8], cx: &mut Context<'_>) {
        let asked = match (&self.policy, &option) {
            (CallbackPolicy::Preset(number), Callback::Preset { delay }) => {
                let callback = Some((number.clone(), *delay));
                return self.acknowledge(now, bytes, callback, cx);
            }
            (CallbackPolicy::None | CallbackPolicy::Caller | CallbackPolicy::List(_), Callback::None) => {
                return self.acknowledge(now, bytes, None, cx);
            }
            (CallbackPolicy::Caller, Callback::Caller { number, .. }) if !number.is_empty() => Some(number),
            (CallbackPolicy::List(list), Callback::List { numbers, .. }) => match &**numbers {
                [number] if list.contains(number) => Some(number),
                _ => None,
            },
            _ => None,
        };
        let Some(number) = asked else { return self.wrong(now, cx) };
        cx.effects.push(Effect::Ask(Ask::CallbackTo { number: number.clone() }));
        self.timers.resend = None;
        self.state = State::Judging { option, bytes: bytes.to_vec() };
    }

    /// A Response nothing can be done with: ask again, a few times.
    fn wrong(&mut self, now: Instant, cx: &mut Context<'_>) {
        self.wrong += 1;
        if self.wrong >= WRONG { self.fail(cx) } else { self.send(now, cx) }
    }

    /// Sends the Ack, which carries the Response's option byte for byte.
    fn acknowledge(
        &mut self,
        now: Instant,
        bytes: &[u8],
        callback: Option<(String, u8)>,
        cx: &mut Context<'_>,
    ) {
        let ack = emit(ACK, self.identifier, &[bytes]);
        cx.effects.push(Effect::Send(ack.clone()));
        self.timers.stop();
        cx.effects.push(match callback.clone() {
            None => Effect::Passed { name: String::new(), message: String::new() },
            Some((number, delay)) => {
                self.timers.limit = now.checked_add(HANG_UP);
                Effect::CallbackAgreed { number, delay }
            }
        });
        self.state = State::Acked { ack, callback };
    }

    fn fail(&mut self, cx: &mut Context<'_>) {
        self.timers.stop();
        self.state = State::Failed;
        cx.effects.push(Effect::Failed(match self.policy {
            CallbackPolicy::Preset(_) => DownReason::CallbackRequired,
            _ => DownReason::CallbackFailed,
        }));
    }
}

impl Exchange for Answerer {
    fn start(&mut self, now: Instant, cx: &mut Context<'_>) {
        if needs_person(&self.policy) {
            self.timers.limit = now.checked_add(PERSON);
        }
        self.send(now, cx);
    }

    fn packet(&mut self, now: Instant, packet: &[u8], cx: &mut Context<'_>) {
        let Ok(packet) = ControlPacket::parse(packet) else { return };
        if packet.code.0 == RESPONSE {
            self.response(now, packet.identifier, packet.body, cx);
        }
    }

    fn answer(&mut self, now: Instant, answer: Answer, cx: &mut Context<'_>) {
        let (State::Judging { option, bytes }, Answer::CallbackTo(number)) = (&self.state, answer) else {
            return;
        };
        let bytes = bytes.clone();
        match (number, option) {
            (
                Some(number),
                Callback::Caller { delay, .. } | Callback::List { delay, .. } | Callback::Preset { delay },
            ) => {
                let callback = Some((number, *delay));
                self.acknowledge(now, &bytes, callback, cx);
            }
            _ => self.wrong(now, cx),
        }
    }

    fn tick(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.timers.limit_passed(now) {
            if let State::Acked { callback: Some((number, delay)), .. } = &mut self.state {
                let number = std::mem::take(number);
                cx.effects.push(Effect::Failed(DownReason::Callback { number, delay: *delay }));
            } else {
                self.fail(cx);
            }
        } else if self.timers.resend_due(now) {
            self.send(now, cx);
        }
    }

    fn timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn shift(&mut self, by: Duration) {
        self.timers.shift(by);
    }

    fn is_repeat(&self, packet: &[u8]) -> bool {
        let current = ControlPacket::parse(packet)
            .is_ok_and(|p| p.code.0 == RESPONSE && p.identifier == self.identifier);
        !(current && matches!(self.state, State::Asking))
    }
}
