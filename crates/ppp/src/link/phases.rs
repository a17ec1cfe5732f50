//! From one phase to the next: authentication, admission, callback, network.

use super::exchanges::{Side, Who};
use super::gate::{Kept, Work};
use super::questions::Asker;
use super::{Cx, Link, Stage};
use crate::ask::{Ask, CallbackPolicy};
use crate::config::Role;
use crate::event::{DownReason, Event, Phase};
use crate::{auth, cbcp};

impl Link {
    /// Goes on after whatever shut the gate before this input.
    pub(crate) fn proceed(&mut self, cx: &mut Cx<'_>) {
        self.questions.hear();
        self.gate.reopen();
        loop {
            if let Some(work) = self.gate.next_work() {
                self.work(work, cx);
            } else if let Some(kept) = self.gate.next_kept() {
                match kept {
                    Kept::Packet(protocol, packet) => self.exchange_packet(protocol, &packet, cx),
                    Kept::Answer(asker, answer) => self.answered(asker, answer, cx),
                }
            } else {
                return;
            }
        }
    }

    /// `Command::Hold`.
    pub(crate) fn hold(&mut self, cx: &mut Cx<'_>) {
        self.gate.hold(cx.now);
    }

    /// `Command::Release`.
    pub(crate) fn release(&mut self, cx: &mut Cx<'_>) {
        if let Some(by) = self.gate.release(cx.now) {
            self.shift_exchanges(by);
            self.proceed(cx);
        }
    }

    fn work(&mut self, work: Work, cx: &mut Cx<'_>) {
        match work {
            Work::Authenticate => self.authenticate(cx),
            Work::Admission => self.admission(cx),
            Work::Callback => self.start_exchange(Who::Callback, cx),
            Work::Network => self.network(cx),
            Work::Effect(who, effect) => self.carry_out(who, effect, None, &mut None, cx),
        }
    }

    /// Tells of a phase; it begins when the owner had a chance to hold.
    fn announce(&mut self, phase: Phase, work: Work, cx: &mut Cx<'_>) {
        cx.out.event(Event::Phase(phase));
        self.gate.announce(cx.now);
        self.gate.push(work);
    }

    pub(super) fn enter_authentication(&mut self, cx: &mut Cx<'_>) {
        let lcp = &self.lcp.protocol;
        self.us = lcp.theirs.auth.map(|method| Side::authentication(method, auth::client(method, cx.config)));
        let authenticator = |method| auth::authenticator(method, cx.config, self.attempts);
        self.peer = lcp.ours.auth.map(|method| Side::authentication(method, authenticator(method)));
        self.stage = Stage::Authenticate;
        self.announce(Phase::Authenticate, Work::Authenticate, cx);
    }

    fn authenticate(&mut self, cx: &mut Cx<'_>) {
        self.start_exchange(Who::Us, cx);
        self.start_exchange(Who::Peer, cx);
        self.authenticated(cx);
    }

    /// An exchange has passed; later ones of the same exchange are repeats.
    pub(super) fn passed(&mut self, who: Who, cx: &mut Cx<'_>) {
        match who {
            Who::Us | Who::Peer => self.authenticated(cx),
            Who::Callback if self.stage == Stage::Callback && self.decided.is_none() => {
                self.callback_required = false;
                self.enter_network(cx);
            }
            Who::Callback => {}
        }
    }

    /// Goes on once every direction that was agreed has passed.
    fn authenticated(&mut self, cx: &mut Cx<'_>) {
        let all = [&self.us, &self.peer].into_iter().flatten().all(Side::passed);
        if all && self.stage == Stage::Authenticate {
            self.stage = Stage::Admission;
            self.announce(Phase::Authenticated, Work::Admission, cx);
        }
    }

    /// The answerer asks its owner about callback; the caller does what LCP agreed.
    fn admission(&mut self, cx: &mut Cx<'_>) {
        let callback_agreed = self.lcp.protocol.callback_agreed();
        match cx.config.role {
            Role::Answerer => {
                let ask = Ask::Admit { name: self.peer_name(), callback_agreed };
                self.questions.ask(Asker::Admission, ask, cx.out);
            }
            Role::Caller if callback_agreed => {
                self.enter_callback(Side::callback(cbcp::caller(cx.config)), cx)
            }
            Role::Caller => self.enter_network(cx),
        }
    }

    /// The owner's answer: what callback the peer is allowed or bound to.
    pub(super) fn admit(&mut self, policy: CallbackPolicy, cx: &mut Cx<'_>) {
        if self.stage != Stage::Admission {
            return;
        }
        self.callback_required = matches!(policy, CallbackPolicy::Preset(_));
        if self.lcp.protocol.callback_agreed() {
            self.enter_callback(Side::callback(cbcp::answerer(cx.config, policy)), cx);
        } else {
            self.enter_network(cx);
        }
    }

    fn enter_callback(&mut self, side: Side, cx: &mut Cx<'_>) {
        self.cbcp = Some(side);
        self.stage = Stage::Callback;
        self.gate.take_early();
        self.announce(Phase::Callback, Work::Callback, cx);
    }

    /// The peer does not know CBCP after all.
    pub(super) fn callback_unknown(&mut self, cx: &mut Cx<'_>) {
        if self.stage == Stage::Callback && self.decided.is_none() {
            self.cbcp = None;
            self.enter_network(cx);
        }
    }

    /// The one way into the network phase (defence rule 2).
    fn enter_network(&mut self, cx: &mut Cx<'_>) {
        if self.callback_required {
            return self.end(DownReason::CallbackRequired, None, cx);
        }
        self.stage = Stage::Network;
        self.announce(Phase::Network, Work::Network, cx);
    }

    fn network(&mut self, cx: &mut Cx<'_>) {
        cx.network.start(cx.now, cx.out);
        for (protocol, packet) in self.gate.take_early() {
            self.network_packet(protocol, &packet, cx);
        }
    }
}
