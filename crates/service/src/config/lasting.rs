//! How long a call may be up, whether its headers are compressed, and its network device: `idle_limit`,
//! `session_limit`, `vj` and `tun_device` of a port.

use std::time::Duration;

use openras_ppp::config::Limits;

use super::{IpKind, PortConfig};
use crate::tun;

/// Without a packet of its users, on a line that costs by the minute.
const MODEM_IDLE: Duration = Duration::from_secs(30 * 60);

/// What a port says of calls that are up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// A call without an IP packet either way for so long is ended; `Some(None)`: never (default 30 min on lines of a modem,
    /// else never).
    pub idle: Option<Option<Duration>>,
    /// A call is ended after so long (default never).
    pub session: Option<Duration>,
    /// TCP/IP headers are compressed where the caller agrees (default true).
    pub vj: bool,
    /// The network device of `ip = "tun"` (default `openras0`).
    pub tun_device: String,
}

impl Default for Lasting {
    fn default() -> Self {
        Self { idle: None, session: None, vj: true, tun_device: "openras0".into() }
    }
}

impl Lasting {
    /// As PPP is told; `modem`: the line is one of a modem.
    pub(crate) fn limits(&self, modem: bool) -> Limits {
        Limits::of(self.idle.unwrap_or(modem.then_some(MODEM_IDLE)), self.session)
    }
}

/// What a rule found: the key, what is wrong, and what to write.
pub(super) fn check(
    port: &PortConfig,
    others: &[PortConfig],
    mut found: impl FnMut(&'static str, String, &'static str),
) {
    let name = &port.lasting.tun_device;
    if port.ip != IpKind::Tun {
        if *name != Lasting::default().tun_device {
            found(
                "tun_device",
                "tun_device does nothing without ip = \"tun\"".into(),
                "Write ip = \"tun\", or leave it out",
            );
        }
        return;
    }
    if !tun::is_name(name) {
        let what = format!("{name:?} is no name of a network device");
        found("tun_device", what, "Write 1 to 15 of the characters A-Z a-z 0-9 - _");
    }
    if others.iter().any(|other| other.ip == IpKind::Tun && !tun::may_share(port, other)) {
        let what = format!("the device {name} is that of another port with another address or pool");
        found("tun_device", what, "Write another name, or the same address and pool");
    }
    // the system has one route for each
    let network = |port: &PortConfig| port.network.ipv6.filter(|_| port.ip == IpKind::Tun);
    if let Some(own) = network(port)
        && let Some(other) = others.iter().filter_map(network).find(|other| other.overlaps(&own))
    {
        let what = format!("ipv6 = \"{own}\" and the {other} of another port have addresses in common");
        found("ipv6", what, "Write a network of its own for each port with ip = \"tun\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn port(keys: &str) -> Result<PortConfig, String> {
        let text =
            format!("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nip = \"tun\"\n{keys}");
        let config = Config::parse(&text, "x.toml").map_err(|error| error.to_string())?;
        config.ports.into_iter().next().ok_or_else(String::new)
    }

    #[test]
    fn limits_are_off_or_times_and_modems_have_one_anyway() {
        let seconds = Duration::from_secs;
        let usual = port("").unwrap().lasting;
        assert_eq!((usual.limits(false), usual.vj), (Limits::default(), true));
        assert_eq!(usual.limits(true), Limits::of(Some(MODEM_IDLE), None));
        let off = port("idle_limit = \"off\"\nvj = false\n").unwrap().lasting;
        assert_eq!((off.limits(true), off.vj), (Limits::default(), false));
        let both = port("idle_limit = \"5m\"\nsession_limit = \"2h\"\n").unwrap().lasting;
        assert_eq!(both.limits(true), Limits::of(Some(seconds(300)), Some(seconds(7200))));
        for bad in ["idle_limit = \"1s\"", "idle_limit = 30", "session_limit = \"31d\"", "vj = \"yes\""] {
            assert!(port(bad).unwrap_err().contains("x.toml:5"), "{bad}");
        }
    }

    #[test]
    fn a_device_has_a_name_and_one_network() {
        assert_eq!(port("tun_device = \"ras7\"\n").unwrap().lasting.tun_device, "ras7");
        assert!(port("tun_device = \"../../x\"\n").unwrap_err().contains("no name of a network device"));
        let other =
            |keys: &str| format!("[[port]]\nname = \"line2\"\nline = \"exchange:5\"\nip = \"tun\"\n{keys}");
        assert!(port(&other("")).is_ok());
        let apart = "address = \"10.65.0.1\"\npool = \"10.65.0.2-10.65.0.9\"\n";
        assert!(port(&other(apart)).unwrap_err().contains("is that of another port"));
        assert!(port(&other(&format!("{apart}tun_device = \"ras7\"\n"))).is_ok());
        let both = |one: &str, two: &str| {
            let more = format!("{apart}tun_device = \"ras7\"\nipv6 = \"{two}\"\n");
            port(&format!("ipv6 = \"{one}\"\n{}", other(&more)))
        };
        assert!(both("fd00:1::/48", "fd00:2::/48").is_ok());
        assert!(both("fd00:1::/48", "fd00:1:0:80::/57").unwrap_err().contains("addresses in common"));
        let idle = "[[port]]\nname = \"x\"\nline = \"exchange:6\"\nip = \"nat\"\ntun_device = \"ras7\"\n";
        assert!(port(idle).unwrap_err().contains("does nothing"));
    }
}
