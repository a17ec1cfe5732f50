//! The service itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::port::NatStatistics;
use super::problem::Problem;

/// `GET /v1/server` (RasAdminServerGetInfo and more).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// Version of the program.
    pub version: String,
    /// Version of the API.
    pub api: u32,
    /// Process number.
    pub pid: u32,
    /// User id it runs as.
    pub uid: u32,
    /// Started by a client for its user; ends by itself.
    pub private: bool,
    /// The configuration file, if it has one.
    pub config: Option<String>,
    /// When it started, in seconds since 1970.
    pub started: u64,
    /// Ports there are.
    pub ports: u32,
    /// Ports that have a call.
    pub ports_in_use: u32,
    /// Dialled connections.
    pub connections: u32,
    /// What the NATs of all calls have counted since the service started, by the name of the `[[port]]`.
    #[serde(default)]
    pub nat: BTreeMap<String, NatStatistics>,
    /// What an administrator should know: opt-outs of defence in force, a clock that was never set, a record that
    /// cannot be written, a port that does not answer.
    pub notes: Vec<Note>,
}

/// Something an administrator should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// What, and what to do about it.
    pub text: String,
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know, as an opt-out that was written.
    Note,
    /// Something does not work: `status --check` fails.
    Bad,
}

/// What a reload did: `POST /v1/server/reload`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reloaded {
    /// Ports that are new.
    pub added: Vec<String>,
    /// Ports whose settings changed: new calls meet the new ones.
    pub changed: Vec<String>,
    /// Ports that are gone: they answer no more, their calls go on.
    pub removed: Vec<String>,
    /// Ports left alone.
    pub unchanged: Vec<String>,
    /// Modules that are new or changed, from the next dialog on.
    pub modules: Vec<String>,
    /// What takes a restart, as `state`.
    pub needs_restart: Vec<String>,
    /// Ports whose line could not be opened; it is tried again.
    pub problems: Vec<Problem>,
}

/// A descriptor was taken: the answer on the upgraded stream of `POST /v1/descriptors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Descriptor {
    /// To be named in a request within 10 s.
    pub descriptor: u64,
}
