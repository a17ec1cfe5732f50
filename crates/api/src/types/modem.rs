//! Modems the service plays for computers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// One place at which a computer may have a modem, as `modem1/2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Modem {
    /// Its name.
    pub name: String,
    /// The line of its `[[virtual_modem]]`.
    pub line: String,
    /// Its number in the exchange.
    pub number: Option<String>,
    /// `waiting` for a computer, `command` `ringing` `dialling` `connected`, or `escaped`: a call stands and it takes commands.
    pub state: String,
    /// Why no computer can come, if that is so.
    pub problem: Option<Problem>,
    /// Where its computer is.
    pub computer: Option<String>,
    /// What was dialled last.
    pub dialled: Option<String>,
    /// When the computer came, in seconds since 1970.
    pub since: Option<u64>,
    /// How often it has dialled.
    pub dials: u64,
    /// Calls that came to stand.
    pub calls: u64,
    /// Bytes of the computer that went into calls.
    pub bytes_sent: u64,
    /// Bytes of calls that went to the computer.
    pub bytes_received: u64,
    /// The modem belongs to an earlier configuration and goes with its computer.
    pub leaving: bool,
}
