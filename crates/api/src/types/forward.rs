//! Ports of the service's machine that lead through a connection.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A port to open: `POST /v1/connections/{id}/forwards`. It is closed when the connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Where to listen: a loopback address with a port of 1024 or more, or 0 for any. Only processes of the user who
    /// asked, and root's, are let in.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Where its connections go: `HOST:PORT`, a name by the link's DNS servers, an IPv6 address in brackets. Left out, each
    /// client says it by SOCKS (versions 5, 4 and 4a; CONNECT).
    #[serde(default)]
    pub to: Option<String>,
}

/// A port that is open, and what went through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forwarding {
    /// Where it listens.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Where its connections go; `null` = where each says by SOCKS.
    pub to: Option<String>,
    /// Connections that are there now.
    pub open: u64,
    /// Connections that reached the other host.
    pub reached: u64,
    /// Those that did not.
    pub failed: u64,
    /// Those of other users, sent away.
    pub strangers: u64,
    /// Those for which there was no room.
    pub full: u64,
}
