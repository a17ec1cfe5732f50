//! Drives the exchanges: authentication in each direction, and CBCP.

use std::time::Instant;

use zeroize::Zeroizing;

use super::gate::Work;
use super::questions::Asker;
use super::{Cx, Handled, Link, Stage};
use crate::ask::{Answer, Ask};
use crate::auth::{Context, Effect, Exchange};
use crate::config::AuthMethod;
use crate::event::{Direction, DownReason, Event};
use crate::lcp::auth::protocol_of;
use crate::ppp::CloseReason;
use crate::wire::Protocol;

/// Which exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The peer authenticates us.
    Us,
    /// We authenticate the peer.
    Peer,
    /// CBCP.
    Callback,
}

/// One exchange and how it stands.
pub(super) struct Side {
    exchange: Box<dyn Exchange>,
    protocol: Protocol,
    method: Option<AuthMethod>,
    name: Option<String>,
    started: bool,
}

impl Side {
    pub(super) fn authentication(method: AuthMethod, exchange: Box<dyn Exchange>) -> Self {
        Self { exchange, protocol: protocol_of(method), method: Some(method), name: None, started: false }
    }

    pub(super) fn callback(exchange: Box<dyn Exchange>) -> Self {
        Self { exchange, protocol: Protocol::CBCP, method: None, name: None, started: false }
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) fn passed(&self) -> bool {
        self.name.is_some()
    }

    /// The method, once it has passed.
    pub(super) fn method(&self) -> Option<AuthMethod> {
        self.method.filter(|_| self.passed())
    }

    /// The name it passed under.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

impl Link {
    fn side(&mut self, who: Who) -> Option<&mut Side> {
        match who {
            Who::Us => self.us.as_mut(),
            Who::Peer => self.peer.as_mut(),
            Who::Callback => self.cbcp.as_mut(),
        }
    }

    /// The name the peer was admitted under.
    pub(super) fn peer_name(&self) -> Option<String> {
        self.peer.as_ref().and_then(|side| side.name.clone())
    }

    /// Lets an exchange act and carries out what it says.
    fn drive(
        &mut self,
        who: Who,
        handled: Handled<'_>,
        cx: &mut Cx<'_>,
        act: impl FnOnce(&mut dyn Exchange, &mut Context<'_>),
    ) {
        let Some(side) = self.side(who) else { return };
        let mut effects = Vec::new();
        act(&mut *side.exchange, &mut Context { rng: cx.out.rng(), effects: &mut effects });
        // behind a shut gate only repeats get here: their replies go out, nothing else begins
        let repeat = self.gate.is_shut();
        let mut sent = None;
        for effect in effects {
            if self.gate.is_shut() && !(repeat && matches!(effect, Effect::Send(_))) {
                self.gate.push(Work::Effect(who, effect));
            } else {
                self.carry_out(who, effect, handled, &mut sent, cx);
            }
        }
    }

    /// Carries out one effect. `sent` is the packet sent before it, which decides if nothing received does.
    pub(super) fn carry_out(
        &mut self,
        who: Who,
        effect: Effect,
        handled: Handled<'_>,
        sent: &mut Option<(Protocol, Zeroizing<Vec<u8>>)>,
        cx: &mut Cx<'_>,
    ) {
        let Some(protocol) = self.side(who).map(|side| side.protocol) else { return };
        match effect {
            Effect::Send(packet) => {
                cx.out.send(protocol, &packet);
                *sent = Some((protocol, Zeroizing::new(packet)));
            }
            Effect::Ask(Ask::Verify(claim)) => {
                self.attempts = claim.attempt;
                self.questions.ask(Asker::Exchange(who), Ask::Verify(claim), cx.out);
            }
            Effect::Ask(ask) => self.questions.ask(Asker::Exchange(who), ask, cx.out),
            Effect::Phase(phase) => {
                cx.out.event(Event::Phase(phase));
                self.gate.announce(cx.now);
            }
            Effect::Passed { name, message } => {
                if who == Who::Peer {
                    self.attempts = 0;
                }
                if !message.is_empty() {
                    cx.out.event(Event::Message(message));
                }
                self.side(who).into_iter().for_each(|side| side.name = Some(name.clone()));
                self.passed(who, cx);
            }
            // the exchange itself waits for the caller to hang up, and fails with the same reason if it does not
            Effect::CallbackAgreed { number, delay } => {
                self.decide(DownReason::Callback { number, delay }, handled);
            }
            Effect::Failed(reason) => {
                let own = sent.as_ref().map(|(protocol, packet)| (Direction::Sent, *protocol, &***packet));
                self.failed(reason, handled.or(own), cx);
            }
        }
    }

    fn failed(&mut self, reason: DownReason, packet: Handled<'_>, cx: &mut Cx<'_>) {
        self.lcp.farewell = match reason {
            DownReason::AuthRefused(_) | DownReason::PeerRefused(_) => CloseReason::Authentication.text(),
            DownReason::Callback { .. } => "Call me back, please",
            _ => "",
        };
        self.end(reason, packet, cx);
    }

    pub(super) fn start_exchange(&mut self, who: Who, cx: &mut Cx<'_>) {
        let now = cx.now;
        self.side(who).into_iter().for_each(|side| side.started = true);
        self.drive(who, None, cx, |exchange, context| exchange.start(now, context));
    }

    pub(super) fn exchange_answer(&mut self, who: Who, answer: Answer, cx: &mut Cx<'_>) {
        let now = cx.now;
        self.drive(who, None, cx, |exchange, context| exchange.answer(now, answer, context));
    }

    /// A packet of PAP, CHAP or CBCP. While the gate is shut only repeats are answered, others are kept.
    pub(super) fn exchange_packet(&mut self, protocol: Protocol, packet: &[u8], cx: &mut Cx<'_>) {
        if matches!(self.stage, Stage::Dead | Stage::Establish | Stage::Terminate | Stage::Over) {
            return;
        }
        let who = addressee(protocol, packet);
        let side = who.and_then(|who| self.side(who)).filter(|side| side.protocol == protocol);
        let repeat = side.as_ref().is_some_and(|side| side.started && side.exchange.is_repeat(packet));
        let known = side.is_some();
        if repeat && who.is_some_and(|who| self.gate.has_effects_of(who)) {
            // a copy of what has not been answered yet would send the answer early; the peer asks again
            return;
        }
        if self.gate.is_shut() && !repeat {
            // CBCP's first packet may come before its exchange is there
            if known || protocol == Protocol::CBCP {
                self.gate.keep_packet(protocol, packet);
            }
            return;
        }
        let (Some(who), true) = (who, known) else { return };
        let handled = Some((Direction::Received, protocol, packet));
        let now = cx.now;
        self.drive(who, handled, cx, |exchange, context| exchange.packet(now, packet, context));
    }

    /// Acts on the deadlines of the exchanges, unless they stand still.
    pub(super) fn tick_exchanges(&mut self, cx: &mut Cx<'_>) {
        for who in [Who::Us, Who::Peer, Who::Callback] {
            let now = cx.now;
            let due = self.side(who).and_then(|side| side.exchange.timeout()).is_some_and(|due| now >= due);
            if due && !self.gate.is_shut() {
                self.drive(who, None, cx, |exchange, context| exchange.tick(now, context));
            }
        }
    }

    pub(super) fn exchange_timeouts(&self) -> impl Iterator<Item = Instant> {
        let sides = [&self.us, &self.peer, &self.cbcp];
        let still = self.gate.is_shut();
        sides.into_iter().flatten().filter(move |_| !still).filter_map(|side| side.exchange.timeout())
    }

    /// The exchanges' deadlines stood still for `by`.
    pub(super) fn shift_exchanges(&mut self, by: std::time::Duration) {
        let sides = [&mut self.us, &mut self.peer, &mut self.cbcp];
        sides.into_iter().flatten().for_each(|side| side.exchange.shift(by));
    }
}

/// Which exchange a packet is for: requests and their answers go opposite ways.
fn addressee(protocol: Protocol, packet: &[u8]) -> Option<Who> {
    match (protocol, packet.first()?) {
        (Protocol::PAP, 1) | (Protocol::CHAP, 2 | 5 | 6 | 7) => Some(Who::Peer),
        (Protocol::PAP, 2 | 3) | (Protocol::CHAP, 1 | 3 | 4) => Some(Who::Us),
        (Protocol::CBCP, _) => Some(Who::Callback),
        _ => None,
    }
}
