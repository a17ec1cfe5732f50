//! The audit record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the record's chain holds: `GET /v1/audit/verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Records read.
    pub records: u64,
    /// Hash of the last record, to be kept elsewhere.
    pub head: String,
    /// The first thing that is wrong, with its line; `null` when all is well.
    pub problem: Option<String>,
}
