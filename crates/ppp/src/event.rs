//! What PPP tells its owner.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::ask::{Ask, Refusal};
use crate::wire::Protocol;
use crate::{AuthMethod, Secret, show};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A phase of RFC 1661 §3.2 was entered, or a step inside authentication began.
    Phase(Phase),
    /// A question; the machine waits for `Command::Answer`.
    Ask(Ask),
    /// At least one network protocol is open and the others have settled.
    Up(Box<Negotiated>),
    /// A network protocol opened or ended after [`Event::Up`].
    Network(Box<Negotiated>),
    /// The connection is over; nothing but a new [`Ppp`](crate::Ppp) follows.
    Down(Box<Down>),
    /// A control packet was sent or received; only with `Config::trace`.
    Packet(Packet),
    /// Client role: what the authenticator says with its success (PAP's Ack, CHAP's Success, `M=`); never empty,
    /// from outside: escape before showing. That of a refusal is in its [`Refusal`].
    Message(String),
    /// Identification of the peer (RFC 1570 §2.1), from outside: escape before showing.
    PeerIdentification(String),
    /// Time-Remaining of the peer (RFC 1570 §2.2), in seconds.
    TimeRemaining(u32, String),
}

/// Where the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// LCP negotiation.
    Establish,
    /// Authentication, in the directions that were agreed; also said where nobody asks for any.
    Authenticate,
    /// We are sending other credentials after a refusal.
    AuthRetry,
    /// We are sending a new password.
    ChangePassword,
    /// Every direction that was agreed has passed, which may be none.
    Authenticated,
    /// CBCP.
    Callback,
    /// IPCP, IPV6CP.
    Network,
    /// Terminate-Request is out or was received.
    Terminate,
}

/// What was agreed. Addresses come from the peer or from the owner's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// How the peer authenticated us, if it did.
    pub us: Option<AuthMethod>,
    /// How we authenticated the peer, and under which name.
    pub peer: Option<(AuthMethod, String)>,
    /// IPv4, if IPCP is open.
    pub ipv4: Option<Ipv4>,
    /// IPv6 interface identifiers (ours, the peer's), if IPV6CP is open.
    pub ipv6: Option<([u8; 8], [u8; 8])>,
    /// Network protocols that ended or never opened, with the reason.
    pub failed: Vec<(Protocol, NetworkFailure)>,
    /// Link options in force.
    pub link: LinkOptions,
    /// Which way TCP/IP headers may be compressed (RFC 1144): what we send, what the peer does.
    pub vj: (bool, bool),
}

/// IPv4 as IPCP left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// Our address.
    pub local: Ipv4Addr,
    /// The peer's address; 0.0.0.0 if it never named one.
    pub remote: Ipv4Addr,
    /// DNS servers we were given (primary, secondary).
    pub dns: [Option<Ipv4Addr>; 2],
    /// NBNS servers we were given (primary, secondary).
    pub nbns: [Option<Ipv4Addr>; 2],
}

/// LCP options as agreed in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// The largest information field we may send.
    pub send_mru: u16,
    /// The largest information field the peer may send.
    pub receive_mru: u16,
    /// What we escape.
    pub send_accm: u32,
    /// What we ignore.
    pub receive_accm: u32,
    /// We may send one-octet protocol fields.
    pub send_pfc: bool,
    /// We may leave out address and control.
    pub send_acfc: bool,
}

/// Why a network protocol is not open. It never ends another one or the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFailure {
    /// The peer sent Protocol-Reject.
    Rejected,
    /// The peer ended it.
    TerminatedByPeer,
    /// The peer did not answer.
    Timeout,
    /// The two ends could not agree.
    NotConverging,
    /// No address was to be had.
    NoAddress,
    /// Not wanted here.
    Disabled,
}

/// The end of a connection.
#[derive(Clone, Debug)]
pub struct Down {
    /// Why.
    pub reason: DownReason,
    /// The packet that decided it, if one did.
    pub packet: Option<Packet>,
}

/// Why a connection ended. The RAS number for each stands in the engine's `error.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// `Command::Close`.
    Closed,
    /// The line went away.
    LineLost,
    /// The peer sent Terminate-Request after the link was up, or during a question.
    TerminatedByPeer,
    /// The peer ended LCP before authentication began.
    LcpTerminated,
    /// Nothing that is PPP ever came back.
    NoResponse,
    /// The peer stopped answering in the middle of LCP.
    LcpTimeout,
    /// LCP options did not converge.
    NotConverging,
    /// Our own packets come back to us.
    Loopback,
    /// Echo-Requests went unanswered.
    PeerGone,
    /// The peer wants a method we do not allow, or rejects all of ours (what it wanted last, as text).
    AuthMethodRefused(String),
    /// The peer asked for no authentication and `insist_on_authentication` is set.
    AuthMissing,
    /// We were refused and no further try is possible.
    AuthRefused(Refusal),
    /// We refused the peer.
    PeerRefused(Refusal),
    /// Authentication did not finish in time.
    AuthTimeout,
    /// MS-CHAPv2: the server did not prove itself by `S=`.
    ServerNotProven,
    /// Callback was agreed: hang up, then call `number` (answerer) or wait for the call (caller).
    Callback {
        /// The number; empty on the caller's side for a preset one.
        number: String,
        /// Seconds between hang-up and callback.
        delay: u8,
    },
    /// A callback was required and did not come about.
    CallbackRequired,
    /// CBCP got no answer, or answers that fit nothing offered.
    CallbackFailed,
    /// No IP packet went either way for this long: our limit.
    Idle(Duration),
    /// The connection was up for this long: our limit.
    SessionLimit(Duration),
    /// Every network protocol failed.
    NoNetwork(Vec<(Protocol, NetworkFailure)>),
}

/// A control packet as it went over the line, without framing. Passwords in it are already blanked.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Which way.
    pub direction: Direction,
    /// Its protocol.
    pub protocol: Protocol,
    /// From the code octet; wiped when dropped.
    pub bytes: Secret,
}

impl Packet {
    /// A packet that was kept elsewhere, as in a capture file; passwords in it are blanked.
    pub fn of(direction: Direction, protocol: Protocol, bytes: &[u8]) -> Self {
        Self::new(direction, protocol, bytes)
    }

    /// Keeps a copy of the packet without the passwords in it.
    pub(crate) fn new(direction: Direction, protocol: Protocol, bytes: &[u8]) -> Self {
        Self { direction, protocol, bytes: Secret::new(show::redacted(protocol, bytes)) }
    }

    /// The packet on one line, as [`show`](crate::show::show) writes it; safe for terminals and logs.
    pub fn text(&self) -> String {
        show::show(self.protocol, self.bytes.expose())
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Which way a packet went, seen from this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We sent it.
    Sent,
    /// We received it.
    Received,
}
