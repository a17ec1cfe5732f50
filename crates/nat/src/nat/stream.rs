//! One TCP connection of the caller.

use std::net::SocketAddr;
use std::time::Instant;

use smoltcp::socket::tcp::State;

use crate::config::Times;
use crate::order::End;
use crate::stack::{Connection, Stack, When};

/// How far a connection is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The outside has not answered; the caller's SYN is kept until it has.
    Asking { syn: Vec<u8> },
    /// Begun from outside; the caller has not answered.
    Calling(Connection),
    /// Both sides are there, or were.
    Open(Connection),
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(super) phase: Phase,
    /// The final destination, for the reach rules.
    pub(crate) target: Option<SocketAddr>,
    /// Octets of each direction.
    pub(super) size: usize,
    /// The last packet of the caller.
    pub(super) heard: Instant,
    /// The last thing of any kind.
    pub(super) moved: Instant,
    /// `Readable` was said, and not all has been taken since.
    pub(super) readable: bool,
    /// The outside offered more than there was room for.
    pub(super) starved: bool,
    /// `Shut` was said.
    pub(super) shut: bool,
    /// The outside has ended. Kept until the handshake with the caller is over: a smoltcp socket that is closed before
    /// its SYN has gone out sends its end without a beginning.
    pub(super) ended: bool,
    /// The connection had come to a regular end when it was last looked at.
    finished: bool,
}

/// What there is to say about a stream after it was touched.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) accepted: bool,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) shut: bool,
    pub(super) over: Option<End>,
}

impl Stream {
    pub(super) fn new(now: Instant, phase: Phase, target: Option<SocketAddr>, size: usize) -> Self {
        Self {
            phase,
            target,
            size,
            heard: now,
            moved: now,
            readable: false,
            starved: false,
            shut: false,
            ended: false,
            finished: false,
        }
    }

    /// Octets its buffers hold, or will.
    pub(super) fn reserved(&self) -> usize {
        2 * self.size
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        match &self.phase {
            Phase::Asking { .. } => None,
            Phase::Calling(connection) | Phase::Open(connection) => Some(connection),
        }
    }

    pub(super) fn connection_mut(&mut self) -> Option<&mut Connection> {
        match &mut self.phase {
            Phase::Asking { .. } => None,
            Phase::Calling(connection) | Phase::Open(connection) => Some(connection),
        }
    }

    fn state(&self) -> State {
        self.connection().map_or(State::Listen, |connection| connection.socket().state())
    }

    /// Everything was said both ways and taken; it is there only for packets that come late.
    pub(super) fn only_waits(&self) -> bool {
        self.state() == State::TimeWait && self.shut
    }

    /// Passes on the end of the outside, once it can be.
    fn pass_end(&mut self) {
        let ended = self.ended;
        if let Some(connection) = self.connection_mut().filter(|_| ended)
            && connection.socket().may_send()
        {
            connection.socket_mut().close();
        }
    }

    /// What has changed since it was last asked.
    pub(super) fn news(&mut self) -> News {
        let mut news = News::default();
        self.pass_end();
        let Some(connection) = self.connection() else { return news };
        let socket = connection.socket();
        let (state, waiting, over) = (socket.state(), socket.recv_queue(), connection.is_over());
        let (room, full) = (socket.send_capacity() - socket.send_queue(), socket.send_capacity());
        let may_send = socket.may_send();
        if matches!(self.phase, Phase::Calling(_))
            && !over
            && !matches!(state, State::SynSent | State::SynReceived)
        {
            news.accepted = true;
            self.phase = match std::mem::replace(&mut self.phase, Phase::Asking { syn: Vec::new() }) {
                Phase::Calling(connection) => Phase::Open(connection),
                other => other,
            };
        }
        self.finished |= matches!(state, State::TimeWait | State::LastAck | State::Closing);
        let told_all = matches!(state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        let told_all = told_all || (over && self.finished);
        // what a reset cuts off is of no use to anybody
        let cut = over && !self.finished;
        if waiting > 0 && !cut && !std::mem::replace(&mut self.readable, true) {
            news.readable = true;
        }
        if told_all && waiting == 0 && !std::mem::replace(&mut self.shut, true) {
            news.shut = true;
        }
        if self.starved && may_send && room >= full / 4 {
            self.starved = false;
            news.writable = true;
        }
        if cut {
            news.over = Some(End::Reset);
        } else if over && self.shut {
            news.over = Some(End::Finished);
        }
        news
    }

    /// When it ends if nothing happens.
    pub(super) fn until(&self, times: &Times) -> Instant {
        let Some(connection) = self.connection() else { return self.moved + times.transitory };
        let socket = connection.socket();
        match socket.state() {
            State::Established | State::CloseWait if socket.send_queue() == 0 => {
                self.moved + times.established
            }
            State::FinWait2 | State::TimeWait | State::Closed | State::Listen => {
                self.moved + times.transitory
            }
            _ => self.heard + times.unacknowledged,
        }
    }

    /// When it wants the line.
    pub(super) fn when(&self, now: Instant, stack: &mut Stack) -> When {
        self.connection().map_or(When::Never, |connection| stack.when(now, connection))
    }
}
