//! The network phase: IPCP and IPV6CP side by side. One that fails never ends the other or the link.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::automaton::State;
use crate::config::{Config, Limits};
use crate::event::{DownReason, Negotiated, NetworkFailure};
use crate::ipcp::Ipcp;
use crate::ipv6cp::Ipv6cp;
use crate::limits::Clock;
use crate::negotiator::{ControlProtocol, Failure, Negotiator, Signal};
use crate::outlet::Outlet;
use crate::wire::{Code, ControlPacket, Protocol};

mod squeeze;

pub(crate) use squeeze::Squeeze;

/// How long the first open protocol waits for the others to settle.
const GRACE: Duration = Duration::from_secs(3);

/// One network control protocol and how it stands.
struct Member<P> {
    negotiator: Negotiator<P>,
    failed: Option<NetworkFailure>,
}

/// What a connection has beside, if anything.
#[derive(Default)]
struct Beside {
    /// While IPCP is open with compression.
    squeeze: Option<Squeeze>,
    /// Where there are limits.
    clock: Option<Clock>,
}

/// What changed, for the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Enough is open for the first time.
    Up,
    /// A protocol opened or ended since.
    Changed,
    /// Nothing is or will be open.
    Failed,
}

/// The network protocols of one connection.
pub(crate) struct Network {
    ipv4: Option<Member<Ipcp>>,
    ipv6: Option<Member<Ipv6cp>>,
    /// What few connections have.
    beside: Option<Box<Beside>>,
    /// The network phase has begun.
    running: bool,
    /// When the first protocol opened.
    opened: Option<Instant>,
    /// The owner has heard of `Up`.
    up: bool,
    /// Something opened or ended since the owner last heard.
    changed: bool,
}

impl Network {
    pub(crate) fn new(config: &Config, out: &mut Outlet) -> Self {
        let ipv4 = config.ipcp.as_ref().map(|ipcp| Member::new(Ipcp::new(ipcp)));
        let ipv6 = config.ipv6cp.as_ref().map(|ipv6cp| Member::new(Ipv6cp::new(ipv6cp, out.rng())));
        let beside = Clock::new(config.limits).map(|clock| Beside { clock: Some(clock), squeeze: None });
        let beside = beside.map(Box::new);
        Self { ipv4, ipv6, beside, running: false, opened: None, up: false, changed: false }
    }

    /// Begins the phase.
    pub(crate) fn start(&mut self, now: Instant, out: &mut Outlet) {
        self.running = true;
        self.opened = None;
        self.ipv4.iter_mut().for_each(|member| member.start(now, out));
        self.ipv6.iter_mut().for_each(|member| member.start(now, out));
    }

    /// The link went down under it.
    pub(crate) fn stop(&mut self, now: Instant, out: &mut Outlet) {
        if !std::mem::take(&mut self.running) {
            return;
        }
        self.set_squeeze(None);
        self.changed |= self.any_open();
        if let Some(member) = &mut self.ipv4 {
            member.negotiator.protocol.forget_assignment();
            member.negotiator.lower_down(now, out);
        }
        self.ipv6.iter_mut().for_each(|member| {
            member.negotiator.lower_down(now, out);
        });
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    /// Takes a packet of IPCP or IPV6CP.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        protocol: Protocol,
        packet: ControlPacket<'_>,
        out: &mut Outlet,
    ) {
        let signal = match (protocol, &mut self.ipv4, &mut self.ipv6) {
            (Protocol::IPCP, Some(member), _) => member.receive(now, packet, out),
            (Protocol::IPV6CP, _, Some(member)) => member.receive(now, packet, out),
            _ => return,
        };
        self.note(now, protocol, signal, out);
    }

    /// Whether a protocol's packets are welcome here at all.
    pub(crate) fn wants(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::IPCP => self.ipv4.is_some(),
            Protocol::IPV6CP => self.ipv6.is_some(),
            _ => false,
        }
    }

    /// The peer has sent Protocol-Reject of a control protocol or its datagrams.
    pub(crate) fn rejected(&mut self, now: Instant, protocol: Protocol, out: &mut Outlet) {
        if !self.running {
            return;
        }
        match (protocol, &mut self.ipv4, &mut self.ipv6) {
            (Protocol::IPCP | Protocol::IP, Some(member), _) => {
                let signal = member.rejected(now, out);
                self.note(now, Protocol::IPCP, signal, out);
            }
            (Protocol::IPV6CP | Protocol::IPV6, _, Some(member)) => {
                let signal = member.rejected(now, out);
                self.note(now, Protocol::IPV6CP, signal, out);
            }
            _ if Squeeze::is(protocol) => self.squeeze_mut().into_iter().for_each(Squeeze::rejected),
            _ => {}
        }
    }

    /// How a datagram goes out, put into `out` unless it goes as it is.
    pub(crate) fn squeeze(&mut self, protocol: Protocol, packet: &[u8], out: &mut Vec<u8>) -> Protocol {
        match self.squeeze_mut().filter(|_| protocol == Protocol::IP) {
            Some(squeeze) => squeeze.outgoing(packet, out),
            None => protocol,
        }
    }

    /// The IPv4 packet that came with its header compressed; `None`: it is lost.
    pub(crate) fn unsqueeze(&mut self, protocol: Protocol, information: &[u8]) -> Option<Vec<u8>> {
        self.squeeze_mut()?.incoming(protocol, information)
    }

    /// A frame was damaged on the line.
    pub(crate) fn lost(&mut self) {
        self.squeeze_mut().into_iter().for_each(Squeeze::lost);
    }

    fn squeeze_mut(&mut self) -> Option<&mut Squeeze> {
        self.beside.as_mut()?.squeeze.as_mut()
    }

    fn set_squeeze(&mut self, squeeze: Option<Squeeze>) {
        if squeeze.is_some() || self.beside.is_some() {
            self.beside.get_or_insert_default().squeeze = squeeze;
        }
    }

    /// Other limits of time. They count from when it came up, or from its next packet where there were none.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        let clock = Clock::new(limits);
        if clock.is_none() && self.beside.is_none() {
            return;
        }
        match &mut self.beside.get_or_insert_default().clock {
            Some(clock) => clock.set(limits),
            none => *none = clock,
        }
    }

    /// The limit of time that has come, once; `busy`: a packet of the users has gone.
    pub(crate) fn limit(&mut self, now: Instant, busy: bool) -> Option<DownReason> {
        let up = self.is_up();
        let clock = self.beside.as_mut()?.clock.as_mut()?;
        clock.look(now, up, busy);
        clock.check(now)
    }

    /// The question for the owner, once: which IPv4 address has the peer named?
    pub(crate) fn take_question(&mut self) -> Option<Option<Ipv4Addr>> {
        self.ipv4.as_mut()?.negotiator.protocol.take_question()
    }

    /// The owner's answer to it.
    pub(crate) fn assign(&mut self, now: Instant, address: Option<Ipv4Addr>, out: &mut Outlet) {
        let Some(member) = self.ipv4.as_mut().filter(|_| self.running) else { return };
        let usable = |address: &Ipv4Addr| member.negotiator.protocol.may_assign(*address);
        let signal = match address.filter(usable) {
            Some(address) => {
                member.negotiator.protocol.assign(address);
                member.negotiator.resume(now, out)
            }
            None => member.give_up(now, NetworkFailure::NoAddress, out),
        };
        self.note(now, Protocol::IPCP, signal, out);
    }

    /// Acts on deadlines that have passed.
    pub(crate) fn tick(&mut self, now: Instant, out: &mut Outlet) {
        if let Some(member) = &mut self.ipv4 {
            let signal = member.tick(now, out);
            self.note(now, Protocol::IPCP, signal, out);
        }
        if let Some(member) = &mut self.ipv6 {
            let signal = member.tick(now, out);
            self.note(now, Protocol::IPV6CP, signal, out);
        }
    }

    /// The next deadline. `held`: nothing may come up now.
    pub(crate) fn timeout(&self, held: bool) -> Option<Instant> {
        let ipv4 = self.ipv4.as_ref().and_then(|member| member.negotiator.timeout());
        let ipv6 = self.ipv6.as_ref().and_then(|member| member.negotiator.timeout());
        let waits = self.running && !self.up && !held && self.any_open();
        let grace = self.opened.filter(|_| waits).and_then(|opened| opened.checked_add(GRACE));
        let limit = self.beside.as_ref().and_then(|beside| beside.clock.as_ref()?.timeout());
        [ipv4, ipv6, grace, limit].into_iter().flatten().min()
    }

    /// What the owner must hear now.
    pub(crate) fn poll_change(&mut self, now: Instant) -> Option<Change> {
        if self.running && self.all_failed() {
            return Some(Change::Failed);
        }
        if self.up {
            return std::mem::take(&mut self.changed).then_some(Change::Changed);
        }
        let patient = self.opened.and_then(|opened| opened.checked_add(GRACE)).is_none_or(|end| now < end);
        if !self.running || !self.any_open() || (patient && !self.settled()) {
            return None;
        }
        self.up = true;
        self.changed = false;
        Some(Change::Up)
    }

    /// Whether the owner has heard of `Up` and something still is open.
    pub(crate) fn is_up(&self) -> bool {
        self.up && self.any_open()
    }

    /// Whether datagrams of this protocol may pass.
    pub(crate) fn passes(&self, protocol: Protocol) -> bool {
        let open = match protocol {
            Protocol::IP => self.ipv4.as_ref().is_some_and(Member::is_open),
            Protocol::IPV6 => self.ipv6.as_ref().is_some_and(Member::is_open),
            _ => false,
        };
        open && self.up
    }

    /// Puts down what is open and what is not.
    pub(crate) fn describe(&self, agreed: &mut Negotiated) {
        agreed.ipv4 = self
            .ipv4
            .as_ref()
            .filter(|member| member.is_open())
            .map(|member| member.negotiator.protocol.negotiated());
        agreed.ipv6 = self
            .ipv6
            .as_ref()
            .filter(|member| member.is_open())
            .map(|member| member.negotiator.protocol.negotiated());
        agreed.failed = self.failures();
        let squeeze = self.beside.as_ref().and_then(|beside| beside.squeeze.as_ref());
        agreed.vj = squeeze.map(Squeeze::agreed).unwrap_or_default();
    }

    /// Protocols that will not open, with the reason.
    pub(crate) fn failures(&self) -> Vec<(Protocol, NetworkFailure)> {
        let ipv4 = self.ipv4.as_ref().map_or(Some(NetworkFailure::Disabled), |member| member.failed);
        let ipv6 = self.ipv6.as_ref().map_or(Some(NetworkFailure::Disabled), |member| member.failed);
        let named = [(Protocol::IPCP, ipv4), (Protocol::IPV6CP, ipv6)];
        named.into_iter().filter_map(|(protocol, failure)| Some((protocol, failure?))).collect()
    }

    fn note(&mut self, now: Instant, protocol: Protocol, signal: Option<Signal>, out: &mut Outlet) {
        self.changed |= signal.is_some();
        if signal.is_some() && protocol == Protocol::IPCP {
            let open = self.ipv4.as_ref().filter(|member| member.is_open());
            let squeeze = open.and_then(|member| Squeeze::of(&member.negotiator.protocol));
            self.set_squeeze(squeeze);
        }
        if signal != Some(Signal::Up) {
            return;
        }
        self.opened.get_or_insert(now);
        let Some(member) = self.ipv4.as_mut().filter(|_| protocol == Protocol::IPCP) else { return };
        if !member.negotiator.protocol.has_address() {
            // the peer agreed that we have no address: that is no IPv4
            member.give_up(now, NetworkFailure::NoAddress, out);
        }
    }

    fn any_open(&self) -> bool {
        self.ipv4.as_ref().is_some_and(Member::is_open) || self.ipv6.as_ref().is_some_and(Member::is_open)
    }

    fn settled(&self) -> bool {
        self.ipv4.as_ref().is_none_or(Member::is_settled) && self.ipv6.as_ref().is_none_or(Member::is_settled)
    }

    fn all_failed(&self) -> bool {
        self.ipv4.as_ref().is_none_or(|member| member.failed.is_some())
            && self.ipv6.as_ref().is_none_or(|member| member.failed.is_some())
    }
}

impl<P: ControlProtocol> Member<P> {
    fn new(protocol: P) -> Self {
        Self { negotiator: Negotiator::new(protocol, false), failed: None }
    }

    fn is_open(&self) -> bool {
        self.negotiator.is_open()
    }

    fn is_settled(&self) -> bool {
        self.is_open() || self.failed.is_some()
    }

    fn start(&mut self, now: Instant, out: &mut Outlet) {
        self.failed = None;
        self.negotiator.open(now, out);
        self.negotiator.lower_up(now, out);
    }

    fn receive(&mut self, now: Instant, packet: ControlPacket<'_>, out: &mut Outlet) -> Option<Signal> {
        let rejected = packet.code == Code::CODE_REJECT;
        if packet.code == Code::TERMINATE_REQUEST {
            self.failed.get_or_insert(NetworkFailure::TerminatedByPeer);
        }
        let signal = self.negotiator.receive(now, packet, out);
        self.settle(
            signal,
            if rejected { NetworkFailure::Rejected } else { NetworkFailure::TerminatedByPeer },
        )
    }

    fn rejected(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        self.failed = Some(NetworkFailure::Rejected);
        let signal = self.negotiator.rejected(now, out);
        // what the peer does not know now it will not know later
        self.negotiator.close(now, out);
        signal
    }

    fn tick(&mut self, now: Instant, out: &mut Outlet) -> Option<Signal> {
        if self.negotiator.is_exhausted(now) {
            // say so: where only the peer's Acks were lost it thinks itself open, and would do so for ever
            return self.give_up(now, NetworkFailure::Timeout, out);
        }
        let signal = self.negotiator.tick(now, out);
        self.settle(signal, NetworkFailure::Timeout)
    }

    fn give_up(&mut self, now: Instant, why: NetworkFailure, out: &mut Outlet) -> Option<Signal> {
        self.failed = Some(why);
        self.negotiator.close(now, out)
    }

    /// Keeps the first reason for an end, and none for what is open or beginning again.
    fn settle(&mut self, signal: Option<Signal>, otherwise: NetworkFailure) -> Option<Signal> {
        let own = self.negotiator.failure.map(|failure| match failure {
            Failure::Timeout => NetworkFailure::Timeout,
            Failure::NotConverging => NetworkFailure::NotConverging,
        });
        match (signal, self.negotiator.state()) {
            (Some(Signal::Up), _) => self.failed = None,
            (Some(Signal::Finished), _) => {
                self.failed.get_or_insert(own.unwrap_or(otherwise));
            }
            (_, State::Closing | State::Closed) if self.failed.is_none() => self.failed = own,
            _ => {}
        }
        signal
    }
}
