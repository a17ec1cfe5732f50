//! What a line can do and tell, and the shape every machine over a line has.
//!
//! All lines look like a switched one: a TCP host, a device or an exchange number is *dialled*; a call that
//! comes in *rings* and is answered.

use openras_ppp::{Negotiated, Stats};

use crate::RasError;
use crate::server::port::Condition;

/// What a machine wants of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineOp {
    /// Take the line: [`LineEvent::Opened`] or [`LineEvent::Failed`].
    Open,
    /// Place a call to this number: [`LineEvent::Connected`] or [`LineEvent::Failed`] (676, 678, 679, 680 …).
    /// A line with only one other end ignores the number. A server port uses its callback line.
    Dial(String),
    /// Answer the ringing call: [`LineEvent::Connected`] or [`LineEvent::Failed`].
    Answer,
    /// Send bytes. Never fails; a broken line says [`LineEvent::Disconnected`].
    Write(Vec<u8>),
    /// End the call, after what was written has gone out: [`LineEvent::Disconnected`]. The line stays open
    /// and may ring or dial again.
    HangUp,
    /// Give the line back: [`LineEvent::Closed`].
    Close,
}

/// What a line tells its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEvent<'a> {
    /// The line is ours.
    Opened,
    /// A call comes in.
    Ring {
        /// The caller's number, if the line tells it.
        caller: Option<String>,
    },
    /// The call stands (carrier).
    Connected {
        /// What the line said about it, such as a speed; from outside, escape before showing.
        text: String,
    },
    /// Bytes from the other end.
    Bytes(&'a [u8]),
    /// The call has ended (carrier lost, or after [`LineOp::HangUp`]).
    Disconnected,
    /// The last `Open`, `Dial` or `Answer` failed.
    Failed(RasError),
    /// The line is given back; nothing follows.
    Closed,
}

/// What can happen to a machine over a line; `C` are its owner's commands.
#[derive(Debug)]
pub enum CallInput<'a, C> {
    /// From the line.
    Line(LineEvent<'a>),
    /// An IP packet for the other end.
    Ip(&'a [u8]),
    /// From the owner.
    Command(C),
    /// The deadline has come.
    Tick,
}

/// What a machine over a line wants done or known; `N` are its notices to the owner.
#[derive(Debug)]
pub enum CallOutput<N> {
    /// For the line.
    Line(LineOp),
    /// An IP packet from the other end.
    Ip(Vec<u8>),
    /// IP is up, or has changed: the IP port takes these addresses before the next packet.
    Up(Box<Negotiated>),
    /// For the owner.
    Notice(N),
    /// Over; the line is closed. Nothing follows.
    Ended,
}

/// What an onlooker may know of a machine over a line at any time, without asking it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Counters of its PPP; all 0 before there is one, and again when another one begins after a callback.
    pub stats: Stats,
    /// What an administrator sees of a port; `None` for a machine that is no port.
    pub condition: Option<Condition>,
}

/// A machine that can be looked at while it runs.
pub trait Watched {
    /// How things stand now. Cheap: it is asked after every input.
    fn snapshot(&self) -> Snapshot;
}
