//! What goes over the seam between the NAT and the sockets outside.

use std::net::{IpAddr, SocketAddr};

/// One flow of a session: a TCP connection, a UDP mapping, a source of pings. Never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId {
    pub(crate) slot: u32,
    /// Counts the flows of a session.
    pub(crate) generation: u64,
}

/// One question for the resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub(crate) u64);

/// Where a connection is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This address; the reach rules allow it.
    Host(SocketAddr),
    /// The host's resolver, by TCP.
    Resolver,
}

/// Why the outside did not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody listens: the caller gets a reset.
    Refused,
    /// No way to that network: ICMP says it.
    Network,
    /// No way to that host, or no answer in time: ICMP says it.
    Host,
}

/// What became of a datagram or an echo request outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens on that port.
    Port,
    /// No way to that host.
    Host,
    /// No way to that network.
    Network,
    /// Rules on the way, or this machine's, forbid it.
    Prohibited,
    /// It does not fit; this many octets would.
    TooBig(u16),
    /// Its hops ran out at this router.
    TimeExceeded(IpAddr),
}

/// What happened, for [`Nat::handle`](openras_ppp::Machine::handle). A flow that is gone makes an input about it mean
/// nothing: the owner's tasks and the caller race, and that is no error.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// An IP packet from the caller.
    Packet(&'a [u8]),
    /// The outside has connected ([`Order::Connect`]).
    Connected(FlowId),
    /// The outside has not connected ([`Order::Connect`]).
    Refused(FlowId, Refusal),
    /// The outside will send nothing more on this connection.
    Ended(FlowId),
    /// The outside broke this connection.
    Failed(FlowId),
    /// A datagram from outside.
    Datagram {
        /// The mapping it came to.
        flow: FlowId,
        /// Who sent it.
        from: SocketAddr,
        /// What it says.
        data: &'a [u8],
    },
    /// An echo reply.
    Pong {
        /// Whose echo request it answers.
        flow: FlowId,
        /// Who answered.
        from: IpAddr,
        /// The number of the request.
        sequence: u16,
        /// What it brought back.
        data: &'a [u8],
    },
    /// A datagram ([`Order::Datagram`]) did not arrive.
    Undelivered {
        /// The mapping it belongs to.
        flow: FlowId,
        /// Where it was to go.
        to: SocketAddr,
        /// How many octets it had.
        length: usize,
        /// Why.
        trouble: Trouble,
    },
    /// An echo request ([`Order::Ping`]) did not arrive.
    Unanswered {
        /// The flow it belongs to.
        flow: FlowId,
        /// Where it was to go.
        to: IpAddr,
        /// Its number.
        sequence: u16,
        /// Why.
        trouble: Trouble,
    },
    /// The resolver's answer ([`Order::Question`]).
    Answer(QuestionId, &'a [u8]),
    /// It is time ([`Nat::poll_timeout`](openras_ppp::Machine::poll_timeout)).
    Tick,
}

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides had said everything.
    Finished,
    /// The caller broke it: the outside should see a reset too.
    Reset,
    /// The caller was silent for too long.
    TimedOut,
    /// The owner's own word: refused, failed.
    Outside,
    /// The reach rules have changed and close it now.
    Reach,
}

/// What the outside is to do or to know. Orders about a flow end with its [`Order::Closed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Connect, and answer with `Connected` or `Refused`. The caller waits for it.
    Connect {
        /// The connection to be.
        flow: FlowId,
        /// Where it goes.
        to: Target,
    },
    /// A connection asked for from outside ([`Nat::inbound`](crate::Nat::inbound)) stands.
    Accepted(FlowId),
    /// Octets from the caller wait ([`Nat::waiting`](crate::Nat::waiting)). Said again only after all had been taken.
    Readable(FlowId),
    /// There is room again for octets to the caller, after [`Nat::give`](crate::Nat::give) took fewer than offered.
    Writable(FlowId),
    /// The caller will send nothing more, and all it had sent has been taken: shut the connection's sending half.
    Shut(FlowId),
    /// Send this datagram from the socket of this mapping, opened with its first.
    Datagram {
        /// The mapping: one socket for all its destinations (RFC 4787 REQ-1).
        flow: FlowId,
        /// Where it goes; the reach rules allow it.
        to: SocketAddr,
        /// How many hops it may still go.
        hops: u8,
        /// It may not be cut on its way: where it does not fit, the caller wants to know ([`Trouble::TooBig`]).
        whole: bool,
        /// What it says.
        data: Vec<u8>,
    },
    /// Send this echo request.
    Ping {
        /// All requests of one program of the caller.
        flow: FlowId,
        /// Where it goes; the reach rules allow it.
        to: IpAddr,
        /// Its number.
        sequence: u16,
        /// How many hops it may still go.
        hops: u8,
        /// It may not be cut on its way: where it does not fit, the caller wants to know ([`Trouble::TooBig`]).
        whole: bool,
        /// What it is to bring back.
        data: Vec<u8>,
    },
    /// Ask the host's resolver, and give [`Input::Answer`].
    Question {
        /// This question.
        question: QuestionId,
        /// A DNS message as it came over UDP.
        message: Vec<u8>,
    },
    /// The flow is gone; so may be its socket.
    Closed(FlowId, End),
}
