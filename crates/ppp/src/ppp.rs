//! One end of one PPP connection: the phases of RFC 1661 §3.2.

use std::time::Instant;

use crate::ask::Answer;
use crate::config::{Config, Limits};
use crate::event::Event;
use crate::hdlc::Deframer;
use crate::link::{Cx, Link, datagram_protocol};
use crate::machine::Machine;
use crate::network::Network;
use crate::outlet::{Outlet, Tally};
use crate::stats::Stats;

/// What can happen to a [`Ppp`].
#[derive(Debug)]
pub enum Input<'a> {
    /// The line is there (the lower layer's Up).
    LineUp,
    /// Bytes from the line, any chunking.
    Line(&'a [u8]),
    /// The line is gone (the lower layer's Down).
    LineDown,
    /// An IPv4 or IPv6 packet to send; dropped and counted while its protocol is not open.
    Ip(&'a [u8]),
    /// An order of the owner.
    Command(Command),
    /// The deadline has come.
    Tick,
}

/// An order of the owner.
#[derive(Debug)]
pub enum Command {
    /// Start (the administrative Open).
    Open,
    /// End politely.
    Close(CloseReason),
    /// Answer the open question. Each [`Ask`](crate::Ask) wants one answer, also when the connection has moved on
    /// meanwhile: until it has come, the next question waits.
    Answer(Answer),
    /// Begin nothing new: no credentials, no callback choice, no network phase, no [`Event::Up`]. What is
    /// open stays alive (LCP, echo, repeats are answered), our own deadlines stand still.
    ///
    /// A phase begins with the first input or tick after its [`Event::Phase`]; a Hold before that comes in time.
    Hold,
    /// Go on after [`Command::Hold`].
    Release,
    /// Other limits of time than those of the configuration: what is known of the peer, once it has proved who it is.
    Limits(Limits),
}

/// Text of our Terminate-Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The person or program hung up.
    User,
    /// The administrator ended it.
    Administrator,
    /// Idle or session limit.
    Limit,
    /// Authentication failed.
    Authentication,
    /// An error on our side.
    Error,
}

impl CloseReason {
    /// The text on the wire.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::User => "User request",
            Self::Administrator => "Administrator request",
            Self::Limit => "Time limit reached",
            Self::Authentication => "Authentication failed",
            Self::Error => "Internal error",
        }
    }
}

/// What a [`Ppp`] wants done or known.
#[derive(Debug)]
pub enum Output {
    /// Bytes for the line: exactly one frame.
    Line(Vec<u8>),
    /// An IPv4 or IPv6 packet from the peer.
    Ip(Vec<u8>),
    /// Something happened.
    Event(Event),
}

/// One end of one PPP connection.
pub struct Ppp {
    config: Config,
    deframer: Deframer,
    link: Link,
    network: Network,
    out: Outlet,
}

impl Ppp {
    /// A connection that has not started. All randomness (magic numbers, challenges) comes from `seed`.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut out = Outlet::new(seed, config.timers, config.trace);
        let mut deframer = Deframer::new();
        deframer.set_receive_mru(config.lcp.mru);
        let (link, network) = (Link::new(&config), Network::new(&config, &mut out));
        Self { link, network, deframer, out, config }
    }

    /// Counters of this end.
    pub fn stats(&self) -> &Stats {
        self.deframer.stats()
    }

    /// How the peer has authenticated us on this link, if it has.
    pub fn authenticated_by(&self) -> Option<crate::AuthMethod> {
        self.link.authenticated_by()
    }

    /// Feeds bytes of the line, frame by frame: each may change how the next is read.
    fn line(&mut self, now: Instant, mut bytes: &[u8]) {
        let Self { config, deframer, link, network, out } = self;
        while let Some(frame) = deframer.next_frame(&mut bytes) {
            match frame {
                Ok(frame) => {
                    link.frame(frame, &mut Cx { now, config, out, network });
                    deframer.set_receive_accm(link.receive_accm());
                }
                Err(_) => network.lost(),
            }
        }
    }

    fn datagram(&mut self, packet: &[u8]) {
        let fits = packet.len() <= usize::from(self.out.send_mru);
        match datagram_protocol(packet).filter(|protocol| fits && self.network.passes(*protocol)) {
            Some(protocol) => self.out.datagram(protocol, packet, &mut self.network),
            None => self.out.tally.packets_dropped += 1,
        }
    }

    fn command(link: &mut Link, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::Open => link.open(cx),
            Command::Close(reason) => link.close(reason, cx),
            Command::Answer(answer) => link.answer(answer, cx),
            Command::Hold => link.hold(cx),
            Command::Release => link.release(cx),
            Command::Limits(limits) => cx.network.set_limits(limits),
        }
    }
}

impl Machine for Ppp {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        let Self { config, link, network, out, .. } = self;
        let mut cx = Cx { now, config, out, network };
        if !matches!(input, Input::Command(Command::Hold)) {
            link.proceed(&mut cx);
        }
        match input {
            Input::LineUp => link.line_up(&mut cx),
            Input::Line(bytes) => self.line(now, bytes),
            Input::LineDown => link.line_down(&mut cx),
            Input::Ip(packet) => self.datagram(packet),
            Input::Command(command) => Self::command(link, command, &mut cx),
            Input::Tick => {}
        }
        let Self { config, link, network, out, deframer } = self;
        let mut cx = Cx { now, config, out, network };
        link.tick(&mut cx);
        let busy = cx.out.was_busy();
        if let Some(reason) = cx.network.limit(now, busy) {
            link.limit(reason, &mut cx);
        }
        link.settle(&mut cx);
        deframer.set_receive_accm(link.receive_accm());
        let Tally { bytes_sent, frames_sent, packets_received, packets_sent, packets_dropped } = out.tally;
        let stats = deframer.stats_mut();
        *stats = Stats { bytes_sent, frames_sent, packets_received, packets_sent, packets_dropped, ..*stats };
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.poll()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.link.timeout(&self.network)
    }
}
