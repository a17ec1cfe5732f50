//! What callers' IP needs of this machine: the right to ping.

use openras_io::net::nat::ping_allowed;

use super::Desk;
use crate::config::{Config, IpKind};

/// Where callers' packets leave this machine, their pings need the kernel's leave.
pub(super) fn look(config: &Config, desk: &mut Desk) {
    let Some(index) = config.ports.iter().position(|port| port.ip == IpKind::Nat) else { return };
    if ping_allowed() {
        return;
    }
    desk.port(
        index,
        "ip",
        "callers cannot ping: the kernel lets no group of this user send echo requests",
        "`sysctl -w net.ipv4.ping_group_range='0 2147483647'` allows it; everything else works without",
    );
}
