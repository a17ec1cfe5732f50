//! One end of one PPP connection: the phases of RFC 1661 §3.2.

use std::time::Instant;

use crate::ask::Answer;
use crate::config::Config;
use crate::event::Event;
use crate::machine::Machine;

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
    /// Answer the open question.
    Answer(Answer),
    /// Begin nothing new: no credentials, no callback choice, no network phase, no [`Event::Up`]. What is
    /// open stays alive (LCP, echo, repeats are answered), our own deadlines stand still.
    Hold,
    /// Go on after [`Command::Hold`].
    Release,
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

/// What a [`Ppp`] wants done or known.
#[derive(Debug)]
pub enum Output {
    /// Bytes for the line.
    Line(Vec<u8>),
    /// An IPv4 or IPv6 packet from the peer.
    Ip(Vec<u8>),
    /// Something happened.
    Event(Event),
}

/// One end of one PPP connection.
pub struct Ppp {}

impl Ppp {
    /// A connection that has not started. All randomness (magic numbers, challenges) comes from `seed`.
    pub fn new(_config: Config, _seed: [u8; 32]) -> Self {
        Self {}
    }
}

impl Machine for Ppp {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, _now: Instant, _input: Input<'_>) {}

    fn poll_output(&mut self) -> Option<Output> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
