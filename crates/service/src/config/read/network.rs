//! The keys of a `[[port]]` about its callers' network.

use std::net::SocketAddr;

use toml::de::DeValue;

use super::table::Table;
use super::value::{Number, Time, Value, Wrong};
use super::{Reader, set};
use crate::config::network::{ForwardTcp, NetworkConfig, V6Net};

impl Value for ForwardTcp {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let wrong = |what: &str| Wrong::new(what, Self::REMEDY);
        value.as_str().ok_or_else(|| wrong("is not text in quotes"))?.parse().map_err(wrong)
    }
}

impl Value for V6Net {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let wrong = |what: &str| Wrong::new(what, Self::REMEDY);
        value.as_str().ok_or_else(|| wrong("is not text in quotes"))?.parse().map_err(wrong)
    }
}

/// The address of a resolver; its port is 53 unless another is written.
struct Server(SocketAddr);

impl Value for Server {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let remedy = "Write its address, such as \"192.0.2.53\" or \"127.0.0.1:5353\"";
        let text = value.as_str().ok_or_else(|| Wrong::new("is not text in quotes", remedy))?;
        let bare = text.parse().map(|address| SocketAddr::new(address, 53));
        bare.or_else(|_| text.parse()).map(Self).map_err(|_| Wrong::new("is no address of a server", remedy))
    }
}

impl<'i> Reader<'i> {
    /// Where callers of a port get to.
    pub(super) fn reach(&mut self, table: &mut Table<'i>, network: &mut NetworkConfig) {
        set(&mut network.reach, table.list(self, "reach"));
        set(&mut network.forward, table.list(self, "forward"));
        network.ipv6 = table.read(self, "ipv6");
        let mru = table.read::<Number<128, 1500>>(self, "mru");
        set(&mut network.mru, mru.and_then(|n| u16::try_from(n.0).ok()));
        let servers = table.list::<Server>(self, "resolver");
        set(&mut network.resolver, servers.map(|all| all.into_iter().map(|server| server.0).collect()));
        set(&mut network.flows, table.read::<Number<8, 65_536>>(self, "flows").map(|n| n.0));
        set(&mut network.new_flows, table.read::<Number<1, 100_000>>(self, "new_flows").map(|n| n.0));
        set(&mut network.tcp_idle, table.read::<Time<60, 604_800>>(self, "tcp_idle").map(|t| t.0));
        set(&mut network.udp_idle, table.read::<Time<10, 86_400>>(self, "udp_idle").map(|t| t.0));
    }
}
