//! Events: one JSON object a line (`application/x-ndjson`) with its kind in `event`.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use openras_engine::ConnState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CallId;
use super::connection::Ipv4;
use super::problem::Problem;

/// An event with its place in the story of its call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Which call; 0 for the service itself.
    pub call: CallId,
    /// Counts the call's events from 1, with those that are not for this reader, such as packets.
    pub n: u64,
    /// Seconds since the call began.
    pub t: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. Texts from outside are already escaped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A dial's state, as a RASDIALFUNC1 would get it.
    State(State),
    /// Bytes of the other end in the Interactive pause, in base64. Only for a creator who has not taken the terminal
    /// by `POST …/terminal`, and never kept.
    Terminal {
        /// Base64 (RFC 4648 §4).
        data: String,
    },
    /// Text that came before PPP and asked nothing.
    Banner {
        /// The text.
        text: String,
    },
    /// A control packet, secrets blanked.
    Packet(Packet),
    /// The other end's LCP Identification.
    Identification {
        /// The text.
        text: String,
    },
    /// The server asked for no authentication.
    NoAuthentication,
    /// A message of the server that belongs to a success or refusal.
    Message {
        /// The text.
        text: String,
    },
    /// The server ends the session in so many seconds.
    TimeRemaining {
        /// Seconds.
        seconds: u32,
        /// Its message.
        text: String,
    },
    /// What was agreed (RasGetProjectionInfo).
    Projection(Projection),
    /// A step of an answered call.
    Port {
        /// The port, as `line1/3`.
        port: String,
        /// For programs: `ring` `answered` `dialog` `dialog_ended` `logged_in` `service` `authenticating` `authenticated` `refused`
        /// `callback_pending` `calling_back` `up` `identification` `name_differs` `closed_by_reach` `down`.
        kind: String,
        /// For people.
        text: String,
        /// The number of a refusal or failure.
        error: Option<Problem>,
    },
    /// What became of this system's own network for a dial with a network device.
    Network {
        /// For programs: `name_servers` are in force, `name_servers_undone`, `name_servers_failed`.
        kind: String,
        /// For people.
        text: String,
    },
    /// The call is over. Always the last of a dial.
    Ended(Ended),
    /// The reader was too slow, and so many events are gone. Its call goes on.
    Lost {
        /// How many.
        count: u64,
    },
}

impl Event {
    /// The kinds there are, as they stand in `event`.
    pub const KINDS: &[&str] = &[
        "state",
        "terminal",
        "banner",
        "packet",
        "identification",
        "no_authentication",
        "message",
        "time_remaining",
        "projection",
        "port",
        "network",
        "ended",
        "lost",
    ];
}

/// RASCONNSTATE with its error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// Counts the dial's states from 1; to be confirmed by `seen`. 0 where none was told yet.
    pub seq: u32,
    /// The number.
    pub state: u32,
    /// Its name, as `RASCS_Connected`.
    pub name: String,
    /// The dial stands still until it is resumed.
    pub paused: bool,
    /// Connected or Disconnected.
    pub done: bool,
    /// dwError.
    pub error: Option<Problem>,
}

impl State {
    /// A state with its number and texts.
    pub fn new(seq: u32, state: ConnState, error: Option<Problem>) -> Self {
        Self {
            seq,
            state: state.0,
            name: state.name().unwrap_or_default().to_owned(),
            paused: state.is_paused(),
            done: state.is_done(),
            error,
        }
    }

    /// The state as the engine knows it.
    pub fn conn_state(&self) -> ConnState {
        ConnState(self.state)
    }
}

/// A control packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Packet {
    /// Which way.
    pub direction: Direction,
    /// `[LCP ConfReq id=1 …]`
    pub text: String,
}

/// Which way a packet went, as the end that tells it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From us.
    Sent,
    /// To us.
    Received,
}

/// What was agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Projection {
    /// How we were authenticated: `mschapv2` …, or `null`.
    pub authentication: Option<String>,
    /// IPv4, if it is open.
    #[serde(default)]
    pub ipv4: Option<Ipv4>,
    /// IPv6, if it is open.
    #[serde(default)]
    pub ipv6: Option<Ipv6>,
    /// Protocols that never opened or ended, with the reason.
    #[serde(default)]
    pub failed: BTreeMap<String, String>,
}

/// IPv6 of a connection: link-local addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ipv6 {
    /// Ours.
    pub local: Ipv6Addr,
    /// The other end's.
    pub remote: Ipv6Addr,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// Whether Connected had been reached.
    pub connected: bool,
    /// The number; `null` after an orderly hang-up.
    pub error: Option<Problem>,
    /// The packet or setting that decided it.
    pub why: String,
    /// What to try.
    pub remedy: String,
    /// The packet that decided it.
    pub packet: Option<Packet>,
}
