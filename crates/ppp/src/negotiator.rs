//! What LCP, IPCP and IPV6CP have in common: the automaton driven by packets, a restart timer, identifiers
//! and counters (RFC 1661 §4, §5). The protocols supply options, the negotiator supplies behaviour.

use std::time::Instant;

use rand_chacha::ChaCha12Rng;

use crate::automaton::{Action, Event, State, step};
use crate::outlet::Outlet;
use crate::wire::{Code, ControlPacket, Options, Protocol, RawOption};

/// What we say to one option of the peer's Configure-Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Agreed.
    Ack,
    /// Another value, which was appended to the Nak. After Max-Failure Naks it becomes a Reject.
    Nak,
    /// As [`Verdict::Nak`], but never becomes a Reject: without this option a loop would not be seen.
    Insist,
    /// Unknown, or not negotiable here.
    Reject,
    /// The owner has to be asked first; the request is judged again by [`Negotiator::resume`].
    Wait,
}

/// The options of one protocol.
pub(crate) trait ControlProtocol {
    /// Its number.
    const PROTOCOL: Protocol;

    /// Appends the options of a new Configure-Request.
    fn request(&mut self, rng: &mut ChaCha12Rng, out: &mut Vec<u8>);

    /// A Configure-Request will be judged, option by option: forget what the last one said.
    fn begin(&mut self);

    /// Judges one option. What is not said in it must be appended to `nak` before a Nak is given.
    fn judge(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng, nak: &mut Vec<u8>) -> Verdict;

    /// All options were judged: appends to `nak` what the peer left out and must not.
    fn missing(&mut self, _nak: &mut Vec<u8>) -> Verdict {
        Verdict::Ack
    }

    /// The peer wants another value; may name options we did not send.
    fn naked(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng);

    /// The peer will not have an option we sent.
    fn rejected(&mut self, option: RawOption<'_>);
}

/// What a layer tells the one above or below it (tlu, tld, tlf of RFC 1661 §4.4; tls says nothing new here).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// This layer is up.
    Up,
    /// This layer is down.
    Down,
    /// This layer has ended.
    Finished,
}

/// Why a negotiation ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Max-Configure requests, no answer.
    Timeout,
    /// Answers, but no agreement.
    NotConverging,
}

/// How many rounds of Max-Configure an exchange of refusals may last before it counts as endless.
const PATIENCE: u32 = 3;

/// One end of one control protocol.
pub(crate) struct Negotiator<P> {
    /// The options.
    pub(crate) protocol: P,
    /// Text of our Terminate-Request.
    pub(crate) farewell: &'static str,
    /// Why it ended, if it ended by itself.
    pub(crate) failure: Option<Failure>,
    state: State,
    /// Stay silent until the peer has spoken.
    passive: bool,
    deadline: Option<Instant>,
    /// Transmissions left (the restart counter of RFC 1661 §4.6).
    counter: u32,
    /// Of the last Configure- or Terminate-Request; counts up.
    identifier: u8,
    /// Options of the last Configure-Request, which an Ack must repeat.
    request: Vec<u8>,
    /// The last Configure-Request has had its reply; another one to it is a repeat.
    answered: bool,
    /// Naks since the last Ack (Max-Failure).
    naks: u32,
    /// Configure-Requests sent, and requests refused, since the negotiation began.
    rounds: u32,
    refusals: u32,
    /// A Configure-Request that waits for the owner: identifier and options.
    waiting: Option<Box<(u8, Vec<u8>)>>,
}

impl<P: ControlProtocol> Negotiator<P> {
    pub(crate) fn new(protocol: P, passive: bool) -> Self {
        Self {
            protocol,
            farewell: "",
            failure: None,
            state: State::Initial,
            passive,
            deadline: None,
            counter: 0,
            identifier: 0,
            request: Vec::new(),
            answered: false,
            naks: 0,
            rounds: 0,
            refusals: 0,
            waiting: None,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Opened
    }

    /// When the restart timer runs out.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        self.deadline
    }

    pub(crate) fn open(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        self.run(now, Event::Open, None, out)
    }

    pub(crate) fn close(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        self.waiting = None;
        self.run(now, Event::Close, None, out)
    }

    pub(crate) fn lower_up(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        self.failure = None;
        (self.rounds, self.refusals, self.naks) = (0, 0, 0);
        if self.passive && self.state == State::Starting {
            // silent start: wait in Stopped for the peer's Configure-Request
            self.state = State::Stopped;
            return None;
        }
        self.run(now, Event::Up, None, out)
    }

    pub(crate) fn lower_down(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        self.waiting = None;
        self.run(now, Event::Down, None, out)
    }

    /// Something was rejected by Protocol-Reject.
    pub(crate) fn rejected(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        self.waiting = None;
        self.run(now, Event::RejectFatal, None, out)
    }

    /// Whether the next tick would end the negotiation for want of an answer.
    pub(crate) fn is_exhausted(&self, now: Instant) -> bool {
        let due = self.deadline.is_some_and(|deadline| now >= deadline);
        due && self.counter == 0 && self.waiting.is_none() && self.is_asking()
    }

    /// Acts if the restart timer has run out.
    pub(crate) fn tick(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return None;
        }
        self.deadline = None;
        if self.waiting.is_some() {
            // it is our owner who is slow, not the peer
            self.counter = self.counter.max(1);
            self.rounds = self.rounds.saturating_sub(1);
        }
        if self.counter > 0 {
            let signal = self.run(now, Event::TimeoutMore, None, out);
            return signal.or_else(|| self.limit(now, out));
        }
        if !matches!(self.state, State::Closing | State::Stopping) {
            self.failure = Some(Failure::Timeout);
        }
        self.run(now, Event::TimeoutLast, None, out)
    }

    /// Takes a packet of this protocol. Codes that belong to one protocol only must not come here.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        packet: ControlPacket<'_>,
        out: &mut Outlet,
    ) -> Option<Signal> {
        let event = match packet.code {
            Code::CONFIGURE_REQUEST => return self.configure_request(now, packet, out),
            Code::CONFIGURE_ACK => self.configure_ack(packet)?,
            Code::CONFIGURE_NAK => self.configure_nak(packet, out.rng())?,
            Code::CONFIGURE_REJECT => self.configure_reject(packet)?,
            Code::TERMINATE_REQUEST => Event::TerminateRequest,
            Code::TERMINATE_ACK => Event::TerminateAck,
            // a rejected code that the negotiation itself needs is the end of it (RFC 1661 §4.3, RXJ)
            Code::CODE_REJECT => match packet.body.first() {
                Some(1..=6) => Event::RejectFatal,
                _ => Event::RejectMinor,
            },
            _ => Event::UnknownCode,
        };
        let signal = self.run(now, event, Some(packet), out);
        signal.or_else(|| self.limit(now, out))
    }

    /// The owner has answered: judges the waiting Configure-Request again.
    pub(crate) fn resume(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        let (identifier, body) = *self.waiting.take()?;
        let packet = ControlPacket { code: Code::CONFIGURE_REQUEST, identifier, body: &body };
        self.configure_request(now, packet, out)
    }

    fn configure_request(
        &mut self,
        now: Instant,
        packet: ControlPacket<'_>,
        out: &mut Outlet,
    ) -> Option<Signal> {
        let options = Options::parse(packet.body).ok()?;
        if !matches!(
            self.state,
            State::Stopped | State::ReqSent | State::AckRcvd | State::AckSent | State::Opened
        ) {
            return self.run(now, Event::RequestGood, Some(packet), out);
        }
        let signal = match self.judge(options, out) {
            Judgement::Ack => {
                self.naks = 0;
                self.answer(now, Event::RequestGood, Code::CONFIGURE_ACK, packet, packet.body, out)
            }
            Judgement::Nak(nak) => {
                self.naks += 1;
                self.refusals += 1;
                self.answer(now, Event::RequestBad, Code::CONFIGURE_NAK, packet, &nak, out)
            }
            Judgement::Reject(reject) => {
                self.refusals += 1;
                self.answer(now, Event::RequestBad, Code::CONFIGURE_REJECT, packet, &reject, out)
            }
            Judgement::Wait => {
                self.waiting = Some(Box::new((packet.identifier, packet.body.to_vec())));
                return None;
            }
        };
        self.waiting = None;
        signal.or_else(|| self.limit(now, out))
    }

    /// Rejects before Naks before Acks; after Max-Failure Naks turn into Rejects (RFC 1661 §5.2 to §5.4).
    fn judge(&mut self, options: Options<'_>, out: &mut Outlet) -> Judgement {
        let patient = self.naks < out.timers.max_failure;
        let rng = out.rng();
        let (mut nak, mut reject, mut wait) = (Vec::new(), Vec::new(), false);
        self.protocol.begin();
        for option in options.flat() {
            let mark = nak.len();
            let verdict = self.protocol.judge(option, rng, &mut nak);
            if nak.get(..mark).is_some_and(|before| has_kind(before, option.kind)) {
                // named twice: one suggestion is enough, and the answer stays as small as the list of kinds
                nak.truncate(mark);
            }
            match verdict {
                Verdict::Ack | Verdict::Insist => {}
                Verdict::Nak if patient => {}
                Verdict::Nak | Verdict::Reject => {
                    nak.truncate(mark);
                    reject.extend_from_slice(option.bytes);
                }
                Verdict::Wait => wait = true,
            }
        }
        if !reject.is_empty() {
            return Judgement::Reject(reject);
        }
        if patient && !wait {
            wait = self.protocol.missing(&mut nak) == Verdict::Wait;
        }
        match (wait, nak.is_empty()) {
            (true, _) => Judgement::Wait,
            (false, true) => Judgement::Ack,
            (false, false) => Judgement::Nak(nak),
        }
    }

    /// Runs `event` with our reply at hand.
    fn answer(
        &mut self,
        now: Instant,
        event: Event,
        code: Code,
        packet: ControlPacket<'_>,
        body: &[u8],
        out: &mut Outlet,
    ) -> Option<Signal> {
        let reply = ControlPacket { code, identifier: packet.identifier, body };
        self.run(now, event, Some(reply), out)
    }

    fn configure_ack(&mut self, packet: ControlPacket<'_>) -> Option<Event> {
        let valid = self.is_reply(packet) && packet.body == self.request;
        self.settle(valid, Event::Ack)
    }

    fn configure_nak(&mut self, packet: ControlPacket<'_>, rng: &mut ChaCha12Rng) -> Option<Event> {
        let options = Options::parse(packet.body).ok()?;
        let valid = self.is_reply(packet) && !packet.body.is_empty();
        if valid && self.is_asking() {
            options.flat().for_each(|option| self.protocol.naked(option, rng));
        }
        self.settle(valid, Event::Nak)
    }

    fn configure_reject(&mut self, packet: ControlPacket<'_>) -> Option<Event> {
        let options = Options::parse(packet.body).ok()?;
        let ours = |theirs: RawOption<'_>| {
            Options::new(&self.request).flat().any(|option| option.bytes == theirs.bytes)
        };
        let valid = self.is_reply(packet) && !packet.body.is_empty() && options.clone().flat().all(ours);
        if valid && self.is_asking() {
            options.flat().for_each(|option| self.protocol.rejected(option));
        }
        self.settle(valid, Event::Nak)
    }

    /// Whether the packet replies to our last Configure-Request, and is the first to do so.
    fn is_reply(&self, packet: ControlPacket<'_>) -> bool {
        // where nothing is outstanding the automaton answers with a Terminate-Ack
        !self.is_asking() && self.state != State::Opened
            || (packet.identifier == self.identifier && !self.answered)
    }

    fn is_asking(&self) -> bool {
        matches!(self.state, State::ReqSent | State::AckRcvd | State::AckSent)
    }

    fn settle(&mut self, valid: bool, event: Event) -> Option<Event> {
        self.answered |= valid;
        valid.then_some(event)
    }

    /// Ends a negotiation that would go on for ever.
    fn limit(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        let limit = out.timers.max_configure.saturating_mul(PATIENCE);
        if self.is_asking() && self.rounds.max(self.refusals) > limit {
            self.failure = Some(Failure::NotConverging);
            return self.close(now, out);
        }
        None
    }

    /// One step of the automaton, its actions carried out in order.
    fn run(
        &mut self,
        now: Instant,
        event: Event,
        packet: Option<ControlPacket<'_>>,
        out: &mut Outlet,
    ) -> Option<Signal> {
        let (next, actions) = step(self.state, event)?;
        self.state = next;
        let mut signal = None;
        for action in actions {
            match action {
                Action::Irc => self.counter = self.allowance(out),
                Action::Zrc => {
                    self.counter = 0;
                    self.deadline = now.checked_add(out.timers.restart);
                }
                Action::Scr => self.send_request(now, event, out),
                Action::Str => self.send_terminate(now, event, out),
                Action::Sca | Action::Scn => {
                    packet.iter().for_each(|reply| out.control(P::PROTOCOL, reply));
                }
                Action::Sta => Self::send_terminate_ack(packet, out),
                Action::Scj => Self::send_code_reject(packet, out),
                Action::Tlu => signal = Some(Signal::Up),
                Action::Tld => signal = Some(Signal::Down),
                Action::Tlf => signal = Some(Signal::Finished),
                // the owner of the codes above 7 answers them; an end that is opened needs no starting
                Action::Ser | Action::Tls => {}
            }
        }
        self.after(signal, out);
        signal
    }

    fn after(&mut self, signal: Option<Signal>, out: &Outlet) {
        if !self.state.has_timer() {
            self.deadline = None;
        }
        if signal == Some(Signal::Up) {
            (self.rounds, self.refusals, self.naks) = (0, 0, 0);
            self.request.shrink_to_fit();
            self.counter = out.timers.max_configure;
        }
    }

    fn allowance(&self, out: &Outlet) -> u32 {
        match self.state {
            State::Closing | State::Stopping => out.timers.max_terminate,
            _ => out.timers.max_configure,
        }
    }

    /// A retransmission is the same packet; everything else asks anew.
    fn send_request(&mut self, now: Instant, event: Event, out: &mut Outlet) {
        if event != Event::TimeoutMore {
            self.identifier = self.identifier.wrapping_add(1);
            self.request.clear();
            self.protocol.request(out.rng(), &mut self.request);
        }
        self.answered = false;
        self.rounds = self.rounds.saturating_add(1);
        let packet =
            ControlPacket { code: Code::CONFIGURE_REQUEST, identifier: self.identifier, body: &self.request };
        out.control(P::PROTOCOL, &packet);
        self.transmitted(now, out);
    }

    fn send_terminate(&mut self, now: Instant, event: Event, out: &mut Outlet) {
        if event != Event::TimeoutMore {
            self.identifier = self.identifier.wrapping_add(1);
        }
        let packet = ControlPacket {
            code: Code::TERMINATE_REQUEST,
            identifier: self.identifier,
            body: self.farewell.as_bytes(),
        };
        out.control(P::PROTOCOL, &packet);
        self.transmitted(now, out);
    }

    fn transmitted(&mut self, now: Instant, out: &Outlet) {
        self.counter = self.counter.saturating_sub(1);
        self.deadline = now.checked_add(out.timers.restart);
    }

    fn send_terminate_ack(packet: Option<ControlPacket<'_>>, out: &mut Outlet) {
        let identifier = packet.map_or(0, |packet| packet.identifier);
        out.control(P::PROTOCOL, &ControlPacket { code: Code::TERMINATE_ACK, identifier, body: &[] });
    }

    /// A copy of the packet, cut to what the peer can take (RFC 1661 §5.6).
    fn send_code_reject(packet: Option<ControlPacket<'_>>, out: &mut Outlet) {
        let Some(packet) = packet else { return };
        let mut copy = Vec::with_capacity(packet.body.len() + ControlPacket::HEADER);
        packet.emit(&mut copy);
        copy.truncate(usize::from(out.send_mru).saturating_sub(ControlPacket::HEADER));
        let identifier = out.next_identifier();
        out.control(P::PROTOCOL, &ControlPacket { code: Code::CODE_REJECT, identifier, body: &copy });
    }
}

/// Whether a list of options of ours has one of this kind.
fn has_kind(options: &[u8], kind: u8) -> bool {
    Options::new(options).flat().any(|option| option.kind == kind)
}

/// What we say to a whole Configure-Request.
enum Judgement {
    Ack,
    Nak(Vec<u8>),
    Reject(Vec<u8>),
    Wait,
}
