//! Ports: the lines that answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CallId;
use super::problem::Problem;

/// One port that may take one call, as `line1/3` (RAS_PORT_0).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The line of its `[[port]]`.
    pub line: String,
    /// RAS_PORT_CONDITION in a word: `non_operational` `disconnected` `calling_back` `listening` `authenticating`
    /// `authenticated` `initializing`.
    pub condition: String,
    /// The same as mprapi.h counts it, from 0.
    pub condition_number: u32,
    /// Why it does not answer, if it does not.
    pub problem: Option<Problem>,
    /// The call it has.
    pub call: Option<CallId>,
    /// The caller's name, once proved.
    pub user: Option<String>,
    /// Where the call comes from.
    pub source: Option<String>,
    /// When the call was answered, in seconds since 1970.
    pub since: Option<u64>,
    /// Counters of the running call.
    pub statistics: Statistics,
    /// What the NAT of the running call has counted, where it has one.
    #[serde(default)]
    pub nat: Option<NatStatistics>,
    /// The port belongs to an earlier configuration and goes with its call.
    pub leaving: bool,
}

/// Counters of one line (RAS_STATS). They only grow; `POST …/statistics/clear` begins them at 0 again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Statistics {
    /// Bytes given to the line.
    pub bytes_sent: u64,
    /// Bytes taken from the line.
    pub bytes_received: u64,
    /// Frames given to the line.
    pub frames_sent: u64,
    /// Frames received whole.
    pub frames_received: u64,
    /// Frames whose check sum was wrong.
    pub crc_errors: u64,
    /// Frames given up by the other end.
    pub aborts: u64,
    /// Frames too short or with an unknown header.
    pub framing_errors: u64,
    /// Frames longer than allowed.
    pub overruns: u64,
    /// IP packets given to the line.
    pub packets_sent: u64,
    /// IP packets that came.
    pub packets_received: u64,
    /// IP packets dropped because their protocol was not open.
    pub packets_dropped: u64,
    /// Milliseconds since Connected.
    pub connected_ms: u64,
}

/// What the NAT between callers and the network has counted, and has open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NatStatistics {
    /// IP packets of callers, whatever became of them.
    pub packets_received: u64,
    /// IP packets for callers.
    pub packets_sent: u64,
    /// Octets of callers' packets.
    pub bytes_received: u64,
    /// Octets of packets for callers.
    pub bytes_sent: u64,
    /// Flows that are open.
    pub open: Flows,
    /// Flows that have begun.
    pub begun: Flows,
    /// What was refused or dropped, by reason; without those that never happened. `reach` is what callers may not reach,
    /// `flows`, `rate` and `memory` what was more than a session may have.
    pub dropped: BTreeMap<String, u64>,
}

/// Numbers of flows by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flows {
    /// TCP connections.
    pub tcp: u64,
    /// UDP mappings.
    pub udp: u64,
    /// Sources of pings.
    pub ping: u64,
    /// Questions for the resolver.
    pub question: u64,
}
