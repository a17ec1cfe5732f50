//! Why a call went as it did: `GET /v1/why`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CallId;
use super::problem::Problem;

/// What is known of why a call went as it did. Texts from outside are escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The call; `null` for a caller who was turned away before there was one.
    pub call: Option<CallId>,
    /// The port that answered, as `line1/3`.
    pub port: Option<String>,
    /// Its line.
    pub line: String,
    /// Where an answered call came from.
    pub source: Option<String>,
    /// The user's name, proved or not.
    pub name: Option<String>,
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// The number it ended with.
    pub error: Option<Problem>,
    /// The diagnosis in a word, for programs; `end` where only what the call's own end said is known.
    pub diagnosis: String,
    /// What happened.
    pub happened: String,
    /// The packet or setting that decided it; empty where there is none.
    pub decided: String,
    /// What to change, the first choice first.
    pub change: Vec<String>,
    /// What each side asked, and what became of it.
    pub asked: Vec<Asked>,
    /// What did not decide it and is worth knowing.
    pub notes: Vec<String>,
}

/// Something one side asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Who: this service's end of the call, or the other one.
    pub who: Asker,
    /// `LCP`, `IPCP` ….
    pub protocol: String,
    /// As `mru 1500`; empty where the whole protocol was refused.
    pub option: String,
    /// `agreed`, `agreed as …`, `not agreed; … was offered instead`, `refused`, `not answered`.
    pub fate: String,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// The end this service has.
    Here,
    /// The other one.
    There,
}
