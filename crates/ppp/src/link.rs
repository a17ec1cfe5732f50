//! One line: LCP, authentication and callback, from Dead to Terminate (RFC 1661 §3.2).
//!
//! The parts: [`frames`] takes frames apart and answers LCP's own codes, [`exchanges`] drives authentication
//! and CBCP, [`gate`] holds back what may not begin yet, [`questions`] asks the owner.

mod exchanges;
mod frames;
mod gate;
mod phases;
mod questions;

use std::time::Instant;

use crate::ask::{Answer, Ask};
use crate::automaton::State;
use crate::config::Config;
use crate::event::{Direction, Down, DownReason, Event, Negotiated, Packet, Phase};
use crate::hdlc::{DEFAULT_ACCM, Framing};
use crate::keepalive::{Check, KeepAlive};
use crate::lcp::{Lcp, LinkValues};
use crate::negotiator::{Failure, Negotiator, Signal};
use crate::network::{Change, Network};
use crate::outlet::Outlet;
use crate::ppp::CloseReason;
use crate::wire::{Code, ControlPacket, Protocol};

pub(crate) use frames::datagram_protocol;

use exchanges::Side;
use frames::Throttle;
use gate::Gate;
use questions::{Asker, Questions};

/// What a link may use while it works.
pub(crate) struct Cx<'a> {
    pub(crate) now: Instant,
    pub(crate) config: &'a Config,
    pub(crate) out: &'a mut Outlet,
    pub(crate) network: &'a mut Network,
}

/// The packet that is being handled: direction, protocol, octets from the code on.
pub(crate) type Handled<'a> = Option<(Direction, Protocol, &'a [u8])>;

/// Where the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No line, or not opened.
    Dead,
    /// LCP negotiates.
    Establish,
    /// Each agreed direction runs.
    Authenticate,
    /// The owner decides on callback.
    Admission,
    /// CBCP runs.
    Callback,
    /// Network protocols run.
    Network,
    /// A Terminate-Request is out or has come.
    Terminate,
    /// Down has been said.
    Over,
}

/// One line.
pub(crate) struct Link {
    lcp: Negotiator<Lcp>,
    stage: Stage,
    /// What the deframer must ignore now (our receiving ACCM).
    receive_accm: u32,
    /// A frame with a good FCS has come.
    heard: bool,
    us: Option<Side>,
    peer: Option<Side>,
    cbcp: Option<Side>,
    /// Claims the peer has made since it last passed, also before it negotiated anew.
    attempts: u32,
    /// No network protocol opens without a completed callback (defence rule 2).
    callback_required: bool,
    keepalive: KeepAlive,
    gate: Gate,
    questions: Questions,
    throttle: Throttle,
    /// Identifications of the peer told so far, and when the next Time-Remaining may be.
    identifications: u8,
    next_remaining: Option<Instant>,
    /// Why the link ends; the first reason counts.
    decided: Option<Box<Down>>,
    /// When a passive end stops waiting for the peer's first request.
    patience: Option<Instant>,
}

impl Link {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            lcp: Negotiator::new(Lcp::new(config), config.lcp.passive),
            stage: Stage::Dead,
            receive_accm: DEFAULT_ACCM,
            heard: false,
            us: None,
            peer: None,
            cbcp: None,
            attempts: 0,
            callback_required: false,
            keepalive: KeepAlive::new(config.lcp.echo),
            gate: Gate::default(),
            questions: Questions::default(),
            throttle: Throttle::default(),
            identifications: 0,
            next_remaining: None,
            decided: None,
            patience: None,
        }
    }

    /// What the deframer must ignore now.
    pub(crate) fn receive_accm(&self) -> u32 {
        self.receive_accm
    }

    /// How the peer has authenticated us, if it has.
    pub(crate) fn authenticated_by(&self) -> Option<crate::AuthMethod> {
        self.us.as_ref().and_then(Side::method)
    }

    /// `Command::Open`.
    pub(crate) fn open(&mut self, cx: &mut Cx<'_>) {
        if self.stage == Stage::Dead {
            let signal = self.lcp.open(cx.now, cx.out);
            self.begin(signal, cx);
        }
    }

    /// `Input::LineUp`.
    pub(crate) fn line_up(&mut self, cx: &mut Cx<'_>) {
        if self.stage == Stage::Dead {
            let signal = self.lcp.lower_up(cx.now, cx.out);
            self.begin(signal, cx);
        }
    }

    fn begin(&mut self, signal: Option<Signal>, cx: &mut Cx<'_>) {
        match self.lcp.state() {
            State::Initial | State::Starting | State::Closed => return,
            State::Stopped => {
                let timers = cx.config.timers;
                let patience = timers.restart.checked_mul(timers.max_configure);
                self.patience = patience.and_then(|patience| cx.now.checked_add(patience));
            }
            _ => {}
        }
        self.stage = Stage::Establish;
        cx.out.event(Event::Phase(Phase::Establish));
        self.lcp_signal(signal, None, cx);
    }

    /// `Command::Close`.
    pub(crate) fn close(&mut self, reason: CloseReason, cx: &mut Cx<'_>) {
        // an owner who ends the call does not want the callback it had agreed on
        if self.stage != Stage::Terminate {
            self.decided = None;
        }
        self.lcp.farewell = reason.text();
        self.end(DownReason::Closed, None, cx);
    }

    /// A limit of time of the configuration has come.
    pub(crate) fn limit(&mut self, reason: DownReason, cx: &mut Cx<'_>) {
        self.lcp.farewell = CloseReason::Limit.text();
        self.end(reason, None, cx);
    }

    /// `Input::LineDown`.
    pub(crate) fn line_down(&mut self, cx: &mut Cx<'_>) {
        if self.stage != Stage::Over {
            self.decide(DownReason::LineLost, None);
            self.finish(cx);
        }
    }

    /// `Command::Answer`.
    pub(crate) fn answer(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        let Some(asker) = self.questions.take(&answer) else { return };
        self.questions.next(cx.out);
        match asker {
            None => {}
            Some(asker) if self.gate.is_shut() => self.gate.keep_answer(asker, answer),
            Some(asker) => self.answered(asker, answer, cx),
        }
    }

    fn answered(&mut self, asker: Asker, answer: Answer, cx: &mut Cx<'_>) {
        match (asker, answer) {
            (Asker::Exchange(who), answer) => self.exchange_answer(who, answer, cx),
            (Asker::Admission, Answer::Admit(policy)) => self.admit(policy, cx),
            (Asker::Address, Answer::Address(address)) => cx.network.assign(cx.now, address, cx.out),
            _ => {}
        }
    }

    /// Ends the link for this reason, politely where LCP has something to end.
    fn end(&mut self, reason: DownReason, packet: Handled<'_>, cx: &mut Cx<'_>) {
        self.decide(reason, packet);
        if matches!(self.stage, Stage::Terminate | Stage::Over) {
            return;
        }
        self.leave(cx);
        let signal = self.lcp.close(cx.now, cx.out);
        self.lcp_signal(signal, packet, cx);
        if matches!(self.lcp.state(), State::Initial | State::Starting | State::Closed | State::Stopped) {
            self.finish(cx);
        }
    }

    /// The first reason counts.
    fn decide(&mut self, reason: DownReason, packet: Handled<'_>) {
        self.decided.get_or_insert_with(|| {
            let packet = packet.map(|(direction, protocol, bytes)| Packet::new(direction, protocol, bytes));
            Box::new(Down { reason, packet })
        });
    }

    /// Enters Terminate: everything above LCP is over.
    fn leave(&mut self, cx: &mut Cx<'_>) {
        if self.stage != Stage::Dead {
            cx.out.event(Event::Phase(Phase::Terminate));
        }
        self.stage = Stage::Terminate;
        self.patience = None;
        self.drop_upper(cx);
    }

    /// Everything above LCP ends or starts anew.
    fn drop_upper(&mut self, cx: &mut Cx<'_>) {
        self.keepalive.stop();
        self.gate.clear();
        self.questions.cancel();
        (self.us, self.peer, self.cbcp) = (None, None, None);
        self.callback_required = false;
        cx.network.stop(cx.now, cx.out);
    }

    fn finish(&mut self, cx: &mut Cx<'_>) {
        if self.stage == Stage::Over {
            return;
        }
        let reason = self.reason_of_end();
        self.decide(reason, None);
        self.drop_upper(cx);
        self.stage = Stage::Over;
        self.patience = None;
        if let Some(down) = self.decided.take() {
            cx.out.event(Event::Down(down));
        }
    }

    /// Why LCP ended if nobody has said so.
    fn reason_of_end(&mut self) -> DownReason {
        if let Some(wanted) = self.lcp.protocol.refused.take() {
            return DownReason::AuthMethodRefused(wanted);
        }
        match self.lcp.failure {
            Some(Failure::Timeout) if !self.heard => DownReason::NoResponse,
            Some(Failure::Timeout) => DownReason::LcpTimeout,
            Some(Failure::NotConverging) => DownReason::NotConverging,
            None => DownReason::LcpTerminated,
        }
    }

    /// Takes a Configure-, Terminate- or Code-Reject packet of LCP.
    fn negotiate(&mut self, packet: ControlPacket<'_>, bytes: &[u8], cx: &mut Cx<'_>) {
        let was_open = self.lcp.is_open();
        let handled = Some((Direction::Received, Protocol::LCP, bytes));
        let signal = self.lcp.receive(cx.now, packet, cx.out);
        if self.lcp.state() != State::Stopped {
            // a passive end's negotiation has begun; what does not begin it must not make us wait for ever
            self.patience = None;
        }
        match packet.code {
            Code::TERMINATE_REQUEST if was_open => self.decide(DownReason::TerminatedByPeer, handled),
            Code::TERMINATE_REQUEST if self.stage == Stage::Establish => {
                let reason = self.reason_of_end();
                self.end(reason, handled, cx);
            }
            Code::CODE_REJECT if packet.body.first() == Some(&Code::ECHO_REQUEST.0) => {
                self.keepalive.disable();
            }
            _ => {}
        }
        self.lcp_signal(signal, handled, cx);
    }

    /// What LCP's automaton says, and what its options say about the future.
    fn lcp_signal(&mut self, signal: Option<Signal>, packet: Handled<'_>, cx: &mut Cx<'_>) {
        if signal == Some(Signal::Down) {
            self.lcp_down(packet, cx);
        }
        if let Some(reason) = self.lcp.protocol.hopeless.take() {
            self.end(*reason, packet, cx);
        } else if self.lcp.failure == Some(Failure::NotConverging) {
            self.end(DownReason::NotConverging, packet, cx);
        }
        match signal {
            Some(Signal::Up) if self.stage == Stage::Establish => self.lcp_up(packet, cx),
            Some(Signal::Finished) => self.finish(cx),
            _ => {}
        }
    }

    /// tlu: the options take effect, authentication begins.
    fn lcp_up(&mut self, packet: Handled<'_>, cx: &mut Cx<'_>) {
        let LinkValues { mru, accm, pfc, acfc, auth, .. } = self.lcp.protocol.theirs;
        cx.out.framing = Framing { accm: accm.0, acfc, pfc };
        cx.out.send_mru = mru.0;
        self.receive_accm = self.lcp.protocol.ours.accm.0;
        self.lcp.protocol.opened();
        self.keepalive.start(cx.now);
        self.identify(cx);
        if cx.config.insist_on_authentication && auth.is_none() {
            return self.end(DownReason::AuthMissing, packet, cx);
        }
        self.enter_authentication(cx);
    }

    /// tld: defaults again. Either the link ends, or the peer negotiates anew.
    fn lcp_down(&mut self, packet: Handled<'_>, cx: &mut Cx<'_>) {
        cx.out.framing = Framing::DEFAULT;
        cx.out.send_mru = LinkValues::DEFAULT.mru.0;
        self.receive_accm = DEFAULT_ACCM;
        match self.lcp.state() {
            State::Stopping | State::Closing if self.stage != Stage::Terminate => {
                self.decide(DownReason::TerminatedByPeer, packet);
                self.leave(cx);
            }
            State::Stopping | State::Closing => {}
            _ => {
                self.drop_upper(cx);
                // whatever was agreed, the peer goes on with the call instead
                self.decided = None;
                self.stage = Stage::Establish;
                cx.out.event(Event::Phase(Phase::Establish));
            }
        }
    }

    /// Goes on with what was held back, then acts on deadlines.
    pub(crate) fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.stage == Stage::Over {
            // without its line LCP never learned that its timers are void
            return;
        }
        let signal = self.lcp.tick(cx.now, cx.out);
        self.lcp_signal(signal, None, cx);
        match self.keepalive.check(cx.now) {
            Some(Check::Ask) => self.send_echo(cx),
            Some(Check::Dead) if self.lcp.protocol.looped.suspects() => {
                self.end(DownReason::Loopback, None, cx);
            }
            Some(Check::Dead) => self.end(DownReason::PeerGone, None, cx),
            None => {}
        }
        if self.patience.is_some_and(|patience| cx.now >= patience) {
            self.end(DownReason::NoResponse, None, cx);
        }
        self.tick_exchanges(cx);
        cx.network.tick(cx.now, cx.out);
    }

    /// Tells the owner what has changed above LCP.
    pub(crate) fn settle(&mut self, cx: &mut Cx<'_>) {
        if let Some(wanted) = cx.network.take_question() {
            let ask = Ask::Address { name: self.peer_name(), wanted };
            self.questions.ask(Asker::Address, ask, cx.out);
        }
        if matches!(self.stage, Stage::Terminate | Stage::Over) || self.gate.is_held() {
            return;
        }
        if cx.network.is_up() {
            cx.out.rest();
        }
        match cx.network.poll_change(cx.now) {
            Some(change @ (Change::Up | Change::Changed)) => {
                let agreed = Box::new(self.negotiated(cx));
                let up = change == Change::Up;
                cx.out.event(if up { Event::Up(agreed) } else { Event::Network(agreed) });
            }
            Some(Change::Failed) => {
                let failures = cx.network.failures();
                self.end(DownReason::NoNetwork(failures), None, cx);
            }
            None => {}
        }
    }

    /// The next deadline.
    pub(crate) fn timeout(&self, network: &Network) -> Option<Instant> {
        if self.stage == Stage::Over {
            return None;
        }
        let own = [
            self.lcp.timeout(),
            self.keepalive.timeout(),
            self.patience,
            self.gate.timeout(),
            network.timeout(self.gate.is_held()),
        ];
        own.into_iter().flatten().chain(self.exchange_timeouts()).min()
    }

    fn negotiated(&self, cx: &Cx<'_>) -> Negotiated {
        let mut agreed = Negotiated {
            us: self.authenticated_by(),
            peer: self.peer.as_ref().and_then(|side| Some((side.method()?, side.name().to_owned()))),
            ..Negotiated::default()
        };
        agreed.link.send_mru = cx.out.send_mru;
        agreed.link.receive_mru = self.lcp.protocol.ours.mru.0;
        agreed.link.send_accm = cx.out.framing.accm;
        agreed.link.receive_accm = self.receive_accm;
        agreed.link.send_pfc = cx.out.framing.pfc;
        agreed.link.send_acfc = cx.out.framing.acfc;
        cx.network.describe(&mut agreed);
        agreed
    }
}
