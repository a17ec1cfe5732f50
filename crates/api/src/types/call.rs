//! Calls, dialled and answered, while they run and a while after.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CallId;
use super::event::{Ended, Projection, Told};
use super::port::{NatStatistics, Statistics};

/// One call: a line of `GET /v1/calls`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// Its number.
    pub id: CallId,
    /// Who began it.
    pub direction: CallDirection,
    /// The port that answered, as `line1/3`.
    pub port: Option<String>,
    /// Its line.
    pub line: String,
    /// Where an answered call came from.
    pub source: Option<String>,
    /// Calling number, or number dialled.
    pub number: Option<String>,
    /// User id of the program that dialled.
    pub uid: Option<u32>,
    /// The user's name, proved or not.
    pub name: Option<String>,
    /// The state in a word: a dial's RASCS_ name, or the kind of an answered call's last step.
    pub state: String,
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// When IP came up, in seconds since 1970.
    pub connected: Option<u64>,
    /// When it ended, in seconds since 1970.
    pub over: Option<u64>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// Who began a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// This service.
    Dialled,
    /// The other end.
    Answered,
}

/// All that is known of one call: `GET /v1/calls/{id}`, also a while after its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallStory {
    /// What a list says.
    #[serde(flatten)]
    pub call: Call,
    /// What was agreed.
    pub projection: Option<Projection>,
    /// Counters of the line.
    pub statistics: Statistics,
    /// What the NAT of an answered call has counted, where it has had one.
    #[serde(default)]
    pub nat: Option<NatStatistics>,
    /// The last 100 events and the last 100 control packets, in order.
    pub events: Vec<Told>,
}
