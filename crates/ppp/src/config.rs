//! What one end of a PPP connection wants, may do and must insist on.

use std::fmt;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::Secret;

/// Everything [`Ppp`](crate::Ppp) needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which end placed the call. Only CBCP's two roles follow from it (MS-CBCP §3); authentication does not.
    pub role: Role,
    /// Restart timer and counters of every control protocol.
    pub timers: Timers,
    /// Link layer.
    pub lcp: LcpConfig,
    /// Methods with which we authenticate the peer, most preferred first. Empty: we ask for nothing.
    /// One of them is always insisted on; nothing outside the list is ever agreed (defence rule 4).
    pub authenticate_peer: Vec<AuthMethod>,
    /// Methods with which we let the peer authenticate us, most preferred first.
    pub authenticate_us: Vec<AuthMethod>,
    /// The peer must authenticate us by one of `authenticate_us`; one that asks for nothing is refused.
    pub insist_on_authentication: bool,
    /// Who we are for `authenticate_us`. `None` rejects every Authentication-Protocol the peer wants.
    ///
    /// Where `authenticate_us` names a method with challenges, a peer whose answer to a challenge of ours was made
    /// with this password is refused: it could have had that answer from us. Each direction needs its own password.
    pub credentials: Option<Credentials>,
    /// Our own name: the Name field of CHAP challenges we send. May be empty, as Windows sends it.
    pub name: String,
    /// Questions for credentials the answering side allows a call \[3\] (defence rule 4).
    pub auth_tries: u32,
    /// How long the authenticator waits for a person after `R=1` or `E=648` [3 min].
    pub person: Duration,
    /// How long the authenticator waits for a first answer from the peer's program [30 s].
    pub auth_wait: Duration,
    /// Callback, LCP option 13 and CBCP.
    pub callback: CallbackConfig,
    /// IPv4, or `None` to reject IPCP.
    pub ipcp: Option<IpcpConfig>,
    /// IPv6, or `None` to reject IPV6CP.
    pub ipv6cp: Option<Ipv6cpConfig>,
    /// How long it may be up.
    pub limits: Limits,
    /// Emit [`Event::Packet`](crate::Event::Packet) for every control packet. Its text is made only when shown.
    pub trace: bool,
}

impl Default for Config {
    /// A caller that asks for an IPv4 address and IPv6 and has no credentials.
    fn default() -> Self {
        Self {
            role: Role::Caller,
            timers: Timers::default(),
            lcp: LcpConfig::default(),
            authenticate_peer: Vec::new(),
            authenticate_us: vec![AuthMethod::MsChapV2, AuthMethod::ChapMd5],
            insist_on_authentication: false,
            credentials: None,
            name: String::new(),
            auth_tries: 3,
            person: Duration::from_secs(180),
            auth_wait: Duration::from_secs(30),
            callback: CallbackConfig::default(),
            ipcp: Some(IpcpConfig::default()),
            ipv6cp: Some(Ipv6cpConfig::default()),
            limits: Limits::default(),
            trace: false,
        }
    }
}

/// Which end placed the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We dialled; in CBCP we answer the other side's Request.
    Caller,
    /// We answered; in CBCP we send the Request.
    Answerer,
}

/// Restart timer and counters, RFC 1661 §4.6.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// Time between two transmissions [3 s].
    pub restart: Duration,
    /// Configure-Requests sent before giving up, the first included \[10\].
    pub max_configure: u32,
    /// Terminate-Requests sent before giving up \[2\].
    pub max_terminate: u32,
    /// Configure-Naks sent without an Ack before they become Rejects \[5\].
    pub max_failure: u32,
}

impl Default for Timers {
    fn default() -> Self {
        Self { restart: Duration::from_secs(3), max_configure: 10, max_terminate: 2, max_failure: 5 }
    }
}

/// The Link Control Protocol's options and keep-alive.
#[derive(Clone, Debug)]
pub struct LcpConfig {
    /// What we can receive, in octets of information. 1500 is the default of the wire and is not sent.
    pub mru: u16,
    /// Control characters we need escaped on the way to us.
    pub accm: u32,
    /// Ask for Protocol-Field-Compression.
    pub pfc: bool,
    /// Ask for Address-and-Control-Field-Compression.
    pub acfc: bool,
    /// Echo keep-alive, or `None` for none.
    pub echo: Option<Echo>,
    /// Text of an Identification packet sent when LCP opens (RFC 1570 §2.1).
    pub identification: Option<String>,
    /// Wait for the peer's first frame instead of sending first.
    pub passive: bool,
}

impl Default for LcpConfig {
    fn default() -> Self {
        Self {
            mru: 1500,
            accm: 0,
            pfc: true,
            acfc: true,
            echo: Some(Echo::default()),
            identification: None,
            passive: false,
        }
    }
}

/// Echo keep-alive: the link is dead after `failures` unanswered Echo-Requests, `interval` apart.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    /// Time between two Echo-Requests [20 s].
    pub interval: Duration,
    /// Unanswered requests that mean the peer is gone \[3\].
    pub failures: u32,
}

impl Default for Echo {
    fn default() -> Self {
        Self { interval: Duration::from_secs(20), failures: 3 }
    }
}

/// The authentication protocols of LCP option 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// Clear-text password, RFC 1334.
    Pap,
    /// CHAP with MD5, RFC 1994.
    ChapMd5,
    /// MS-CHAP version 1, RFC 2433.
    MsChapV1,
    /// MS-CHAP version 2, RFC 2759.
    MsChapV2,
}

impl AuthMethod {
    /// The word used in configuration and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pap => "pap",
            Self::ChapMd5 => "chap",
            Self::MsChapV1 => "mschap",
            Self::MsChapV2 => "mschapv2",
        }
    }

    /// The method named by a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "pap" => Self::Pap,
            "chap" => Self::ChapMd5,
            "mschap" => Self::MsChapV1,
            "mschapv2" => Self::MsChapV2,
            _ => return None,
        })
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who we say we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Name as sent on the wire: `user` or `DOMAIN\user`.
    pub name: String,
    /// Password in UTF-8.
    pub password: Secret,
}

/// Callback: LCP option 13 with operation 6, then CBCP.
#[derive(Clone, Debug, Default)]
pub struct CallbackConfig {
    /// Caller: offer option 13 in our Configure-Request. Answerer: agree to it.
    pub enabled: bool,
    /// Delay in seconds a caller asks for between hang-up and callback \[0\]; a modem wants 5 to 12 to reset.
    pub delay: u8,
}

/// The IP Control Protocol's options.
#[derive(Clone, Debug, Default)]
pub struct IpcpConfig {
    /// Our own address; `None` asks the peer for one.
    pub local: Option<Ipv4Addr>,
    /// Answerer: ask the owner for the peer's address by [`Ask::Address`](crate::Ask::Address). Otherwise any
    /// address the peer names is accepted.
    pub assign: bool,
    /// DNS servers we give a peer that asks (primary, secondary).
    pub dns: Vec<Ipv4Addr>,
    /// NBNS servers we give a peer that asks (primary, secondary).
    pub nbns: Vec<Ipv4Addr>,
    /// Ask the peer for DNS servers.
    pub request_dns: bool,
    /// Ask the peer for NBNS servers.
    pub request_nbns: bool,
    /// Compress TCP/IP headers both ways, where the peer does (RFC 1144). Only for lines whose damage HDLC's FCS shows.
    pub vj: bool,
}

/// How long a connection may be up; it then ends politely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Without an IP packet either way, in seconds.
    pub idle: Option<NonZeroU32>,
    /// In all, in seconds.
    pub session: Option<NonZeroU32>,
}

impl Limits {
    /// These times in whole seconds, one at least.
    pub fn of(idle: Option<Duration>, session: Option<Duration>) -> Self {
        let seconds =
            |time: Duration| NonZeroU32::new(u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1));
        Self { idle: idle.and_then(seconds), session: session.and_then(seconds) }
    }

    /// The shorter of both for each: what two have a say in.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let shorter = |one: Option<NonZeroU32>, other| one.into_iter().chain(other).min();
        Self { idle: shorter(self.idle, other.idle), session: shorter(self.session, other.session) }
    }

    /// How long without a packet.
    pub fn idle_time(&self) -> Option<Duration> {
        self.idle.map(|seconds| Duration::from_secs(seconds.get().into()))
    }

    /// How long in all.
    pub fn session_time(&self) -> Option<Duration> {
        self.session.map(|seconds| Duration::from_secs(seconds.get().into()))
    }
}

/// The IPv6 Control Protocol's options.
#[derive(Clone, Debug, Default)]
pub struct Ipv6cpConfig {
    /// Our interface identifier; `None` takes a random one.
    pub interface_id: Option<[u8; 8]>,
}
