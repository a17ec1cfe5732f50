//! What callers' IP needs of this machine: the right to ping.

use rustix::process::{getegid, getgroups};

use super::Desk;
use crate::config::{Config, IpKind};

const PING: &str = "/proc/sys/net/ipv4/ping_group_range";

/// Where callers' packets leave this machine, their pings need the kernel's leave.
pub(super) fn look(config: &Config, desk: &mut Desk) {
    let Some(index) = config.ports.iter().position(|port| port.ip == IpKind::Nat) else { return };
    if may_ping().unwrap_or(true) {
        return;
    }
    desk.port(
        index,
        "ip",
        "callers cannot ping: the kernel lets no group of this user send echo requests",
        "`sysctl -w net.ipv4.ping_group_range='0 2147483647'` allows it; everything else works without",
    );
}

/// `None` where the kernel does not say.
fn may_ping() -> Option<bool> {
    let range = std::fs::read_to_string(PING).ok()?;
    let mut ends = range.split_whitespace().map(str::parse::<u32>);
    let (low, high) = (ends.next()?.ok()?, ends.next()?.ok()?);
    let mut groups = getgroups().ok()?;
    groups.push(getegid());
    Some(groups.iter().any(|group| (low..=high).contains(&group.as_raw())))
}
