//! One call for one port, on a line that somebody else opened: `openras answer --stdio`.

use std::net::IpAddr;

use openras_io::Line;

use super::listen;
use crate::Service;
use crate::config::{Config, PortLine};

/// A call that has come already.
pub struct Arrived {
    /// What it comes over.
    pub line: Box<dyn Line>,
    /// Where it comes from, as limits and the record know it; `None` is the line itself.
    pub source: Option<String>,
}

impl Config {
    /// This configuration for one call on the port of this name, and for nothing else. The port's own line is not opened:
    /// `from` is where the call comes from over the network, if it does.
    ///
    /// # Errors
    /// A sentence: there is no such port, or it would let a password go over the network in the clear (defence rule 17).
    pub fn for_one_call(self, port: &str, from: Option<IpAddr>) -> Result<Self, String> {
        let Some(mut found) = self.ports.iter().find(|other| other.name == port).cloned() else {
            let names: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
            return Err(format!("the configuration has no port {port:?}; it has {}", names.join(", ")));
        };
        if from.is_some_and(|from| !from.is_loopback())
            && !found.insecure
            && let Some(open) = crate::config::in_the_clear(&found)
        {
            return Err(format!(
                "{open} on the port {port}, and this call comes over a network on which others can listen; \
                 leave that out, or write insecure = true"
            ));
        }
        (found.line, found.tls, found.origins) = (PortLine::Stdio, None, Vec::new());
        Ok(Self { ports: vec![found], ..self })
    }
}

impl Service {
    /// Serves a call on the first port of a configuration made by [`Config::for_one_call`], until it is over. `false`:
    /// it was turned away, and the record says why.
    pub async fn answer(&self, arrived: Arrived) -> bool {
        let doors = self.shared().doors.names();
        let Some(door) = doors.first().and_then(|name| self.shared().doors.named(name)) else { return false };
        listen::one(self.shared(), &door, arrived.line, arrived.source).await
    }
}
