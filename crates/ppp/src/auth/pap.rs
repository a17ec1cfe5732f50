//! Password Authentication Protocol (RFC 1334 §2).

use std::time::{Duration, Instant};

use super::packet::{clip, emit};
use super::timers::Timers;
use super::{Context, Effect, Exchange};
use crate::ask::{Answer, Ask, Claim, Proof, Refusal, Verdict};
use crate::config::{Config, Credentials};
use crate::event::DownReason;
use crate::secret::Secret;
use crate::wire::{ControlPacket, Malformed, Reader};

const REQUEST: u8 = 1;
const ACK: u8 = 2;
const NAK: u8 = 3;

/// Name and password of an Authenticate-Request.
fn parse_request(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = Reader::new(body);
    let size = reader.u8("Peer-ID length")?;
    let name = reader.take(usize::from(size), "Peer-ID")?;
    let size = reader.u8("Passwd-Length")?;
    Ok((name, reader.take(usize::from(size), "Password")?))
}

/// The text of an Ack or Nak. Some peers leave out its length octet, or send a wrong one: then there is no text.
fn parse_message(body: &[u8]) -> String {
    let text = body.split_first().and_then(|(size, text)| text.get(..usize::from(*size)));
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}

fn refused(message: String) -> DownReason {
    DownReason::AuthRefused(Refusal { error: 691, retry: false, message })
}

/// The side that says its password. It repeats its Request, Identifier and all, until an answer comes.
pub(super) struct Client {
    credentials: Credentials,
    restart: Duration,
    limit: Duration,
    copies: u32,
    timers: Timers,
    open: bool,
}

/// Every Request of a [`Client`] is a copy of the first and so keeps its Identifier.
const IDENTIFIER: u8 = 1;

impl Client {
    pub(super) fn new(config: &Config) -> Self {
        let nobody = || Credentials { name: String::new(), password: Secret::default() };
        Self {
            credentials: config.credentials.clone().unwrap_or_else(nobody),
            restart: config.timers.restart,
            limit: config.auth_wait,
            copies: config.timers.max_configure,
            timers: Timers::default(),
            open: false,
        }
    }

    fn send(&mut self, now: Instant, cx: &mut Context<'_>) {
        let (name, password) = (self.credentials.name.as_bytes(), self.credentials.password.expose());
        let (Ok(name_size), Ok(password_size)) = (u8::try_from(name.len()), u8::try_from(password.len()))
        else {
            let why = "name or password is longer than PAP can carry (255 octets)";
            return self.fail(refused(why.to_owned()), cx);
        };
        let parts = [&[name_size][..], name, &[password_size], password];
        cx.effects.push(Effect::Send(emit(REQUEST, IDENTIFIER, &parts)));
        self.copies = self.copies.saturating_sub(1);
        self.timers.resend = now.checked_add(self.restart).filter(|_| self.copies > 0);
    }

    fn fail(&mut self, why: DownReason, cx: &mut Context<'_>) {
        self.open = false;
        self.timers.stop();
        cx.effects.push(Effect::Failed(why));
    }
}

impl Exchange for Client {
    fn start(&mut self, now: Instant, cx: &mut Context<'_>) {
        self.open = true;
        self.timers.limit = now.checked_add(self.limit);
        self.send(now, cx);
    }

    fn packet(&mut self, _now: Instant, packet: &[u8], cx: &mut Context<'_>) {
        let Ok(packet) = ControlPacket::parse(packet) else { return };
        if !self.open || packet.identifier != IDENTIFIER {
            return;
        }
        match packet.code.0 {
            ACK => {
                self.open = false;
                self.timers.stop();
                let name = self.credentials.name.clone();
                let message = parse_message(packet.body);
                cx.effects.push(Effect::Passed { name, message });
            }
            NAK => self.fail(refused(parse_message(packet.body)), cx),
            _ => {}
        }
    }

    fn answer(&mut self, _now: Instant, _answer: Answer, _cx: &mut Context<'_>) {}

    fn tick(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.timers.limit_passed(now) {
            self.fail(DownReason::AuthTimeout, cx);
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

    fn is_repeat(&self, _packet: &[u8]) -> bool {
        !self.open
    }
}

/// The side that asks. It answers every copy of the Request with the verdict it gave, also after the phase.
pub(super) struct Authenticator {
    limit: Duration,
    /// Claims of the peer so far, as `Claim::attempt` counts them.
    attempts: u32,
    timers: Timers,
    state: State,
}

enum State {
    /// No Request yet.
    Waiting,
    /// The verdict on this Request is open; a copy may bring a new Identifier (RFC 1334 §2.2.1).
    Asking { name: Vec<u8>, password: Secret, identifier: u8 },
    /// What every Request is answered with.
    Done { code: u8, message: String },
}

impl Authenticator {
    pub(super) fn new(config: &Config, attempts: u32) -> Self {
        Self { limit: config.auth_wait, attempts, timers: Timers::default(), state: State::Waiting }
    }

    fn request(&mut self, identifier: u8, name: &[u8], password: &[u8], cx: &mut Context<'_>) {
        match &mut self.state {
            State::Waiting => {
                self.timers.stop();
                self.attempts = self.attempts.saturating_add(1);
                let password = Secret::new(password);
                cx.effects.push(Effect::Ask(Ask::Verify(Claim {
                    name: String::from_utf8_lossy(name).into_owned(),
                    raw_name: name.to_vec(),
                    identifier,
                    proof: Proof::Pap { password: password.clone() },
                    attempt: self.attempts,
                })));
                self.state = State::Asking { name: name.to_vec(), password, identifier };
            }
            State::Asking { name: asked, password: secret, identifier: newest } => {
                if asked == name && *secret == Secret::new(password) {
                    *newest = identifier;
                }
            }
            State::Done { code, message } => cx.effects.push(reply(*code, identifier, message)),
        }
    }
}

fn reply(code: u8, identifier: u8, message: &str) -> Effect {
    let text = clip(message).as_bytes();
    let size = u8::try_from(text.len()).unwrap_or(u8::MAX);
    Effect::Send(emit(code, identifier, &[&[size], text]))
}

impl Exchange for Authenticator {
    fn start(&mut self, now: Instant, _cx: &mut Context<'_>) {
        self.timers.limit = now.checked_add(self.limit);
    }

    fn packet(&mut self, _now: Instant, packet: &[u8], cx: &mut Context<'_>) {
        let Ok(packet) = ControlPacket::parse(packet) else { return };
        if packet.code.0 != REQUEST {
            return;
        }
        let Ok((name, password)) = parse_request(packet.body) else { return };
        self.request(packet.identifier, name, password, cx);
    }

    fn answer(&mut self, _now: Instant, answer: Answer, cx: &mut Context<'_>) {
        let (State::Asking { name, identifier, .. }, Answer::Verdict(verdict)) = (&self.state, answer) else {
            return;
        };
        let (code, message, outcome) = match verdict {
            Verdict::Accept { message, .. } => {
                let name = String::from_utf8_lossy(name).into_owned();
                (ACK, message, Effect::Passed { name, message: String::new() })
            }
            Verdict::Refuse { error, message, .. } => {
                let refusal = Refusal { error, retry: false, message: message.clone() };
                (NAK, message, Effect::Failed(DownReason::PeerRefused(refusal)))
            }
        };
        cx.effects.extend([reply(code, *identifier, &message), outcome]);
        self.state = State::Done { code, message };
    }

    fn tick(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.timers.limit_passed(now) {
            self.state = State::Done { code: NAK, message: String::new() };
            cx.effects.push(Effect::Failed(DownReason::AuthTimeout));
        }
    }

    fn timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn shift(&mut self, by: Duration) {
        self.timers.shift(by);
    }

    fn is_repeat(&self, _packet: &[u8]) -> bool {
        !matches!(self.state, State::Waiting)
    }
}

#[cfg(test)]
#[path = "tests/pap.rs"]
mod tests;
