//! The keys of a `[[port]]` about where its callers get to: `reach`, `forward`, `ipv6`, `mru`, `resolver`, and what
//! one call may use of this machine's network.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use openras_io::net::nat::Prefix;
use openras_nat::Reach;

use super::{IpKind, PortConfig};

/// Where callers of a port get to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Words of `reach` (defence rule 16) (default `internet`).
    pub reach: Vec<String>,
    /// Connections to the caller (default none).
    pub forward: Vec<ForwardTcp>,
    /// The network callers have their IPv6 prefixes from (default none: link-local addresses only).
    pub ipv6: Option<V6Net>,
    /// Octets of the largest packet a caller may send (default 1500).
    pub mru: u16,
    /// Resolvers that are asked for callers' names, at most three (default those of this machine).
    pub resolver: Vec<SocketAddr>,
    /// Flows of a call (default 1024).
    pub flows: u32,
    /// New flows of a call in a second (default 100).
    pub new_flows: u32,
    /// How long a TCP connection may stand without a word (default 2 h 4 min).
    pub tcp_idle: Duration,
    /// How long a UDP mapping may (default 5 min).
    pub udp_idle: Duration,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            reach: vec!["internet".into()],
            forward: Vec::new(),
            ipv6: None,
            mru: 1500,
            resolver: Vec::new(),
            flows: 1024,
            new_flows: 100,
            tcp_idle: Duration::from_secs(124 * 60),
            udp_idle: Duration::from_secs(300),
        }
    }
}

/// `tcp:127.0.0.1:8080:80`: connections to this address of this machine go to that port of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardTcp {
    /// Where this machine listens while the call stands.
    pub listen: SocketAddr,
    /// The caller's port.
    pub to: u16,
}

impl ForwardTcp {
    pub(super) const REMEDY: &str =
        "Write it as \"tcp:ADDRESS:PORT:CALLER-PORT\", such as \"tcp:127.0.0.1:8080:80\"";
}

impl FromStr for ForwardTcp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (listen, to) = text.strip_prefix("tcp:")?.rsplit_once(':')?;
            let digits = to.bytes().all(|byte| byte.is_ascii_digit());
            let to = to.parse().ok().filter(|to| digits && *to != 0)?;
            Some(Self { listen: listen.parse().ok().filter(|at: &SocketAddr| at.port() != 0)?, to })
        };
        read().ok_or("is no forward")
    }
}

/// A network of IPv6 that is cut into prefixes of 64 bits: `fd00:1:2::/48`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V6Net {
    address: Ipv6Addr,
    length: u8,
}

impl V6Net {
    pub(super) const REMEDY: &str = "Write a network of 32 to 63 bits, such as \"fd12:3456:789a::/56\"; its first 64 bits are ours, the others callers'";

    /// How many callers there are prefixes for.
    #[must_use]
    pub fn callers(&self) -> u64 {
        (1 << (64 - self.length)) - 1
    }

    /// The prefix of a call, which counts from 1, and our address.
    #[must_use]
    pub fn of(&self, call: u16) -> Prefix {
        let bits = self.address.to_bits();
        Prefix {
            prefix: Ipv6Addr::from_bits(bits | (u128::from(call) << 64)),
            gateway: Ipv6Addr::from_bits(bits | 1),
        }
    }

    /// How many of its bits are given.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether the two have an address in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let behind = 128 - u32::from(self.length.min(other.length));
        self.address.to_bits() >> behind == other.address.to_bits() >> behind
    }

    /// The network itself, as the reach rules take it.
    #[must_use]
    pub fn net(&self) -> Option<openras_nat::Net> {
        openras_nat::Net::new(self.address.into(), self.length)
    }
}

impl FromStr for V6Net {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, length) = text.split_once('/').ok_or("is no network")?;
        let address: Ipv6Addr = address.parse().map_err(|_| "is no IPv6 network")?;
        let length: u8 = length.parse().map_err(|_| "is no network")?;
        if !(32..=63).contains(&length) {
            return Err("cannot be cut into prefixes of 64 bits");
        }
        if address.to_bits() << length != 0 {
            return Err("has bits set behind its length");
        }
        let usable = !address.is_unspecified() && !address.is_multicast() && !address.is_unicast_link_local();
        if usable { Ok(Self { address, length }) } else { Err("is no network that hosts have addresses of") }
    }
}

impl fmt::Display for V6Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// What `found` takes: a key, the number of its element, what is wrong, what to write.
pub(super) type Found<'a> = &'a mut dyn FnMut(&'static str, Option<usize>, String, String);

/// The rules of these keys.
pub(super) fn check(port: &PortConfig, found: Found<'_>) {
    let network = &port.network;
    reach(network, found);
    forwards(port, found);
    if let Some(ipv6) = network.ipv6 {
        if u64::from(port.calls) > ipv6.callers() {
            let what =
                format!("ipv6 = \"{ipv6}\" has prefixes for {} calls of {}", ipv6.callers(), port.calls);
            found("ipv6", None, what, "Write a larger network, or fewer calls".into());
        }
        if network.mru < 1280 {
            let what = format!("mru = {} is too small for IPv6", network.mru);
            found("mru", None, what, "Write at least 1280, or leave ipv6 out (RFC 8200)".into());
        }
    }
    if network.resolver.len() > 3 {
        let what = format!("resolver names {} servers", network.resolver.len());
        found("resolver", Some(3), what, "Three are asked: leave out the others".into());
    }
    idle(port, found);
}

fn reach(network: &NetworkConfig, found: Found<'_>) {
    for (n, word) in network.reach.iter().enumerate() {
        if let Err(bad) = Reach::parse([word]) {
            found("reach", Some(n), format!("reach has {word:?}, which means nothing"), sentence(bad.why));
        }
    }
}

pub(super) fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn forwards(port: &PortConfig, found: Found<'_>) {
    for (n, forward) in port.network.forward.iter().enumerate() {
        let listen = forward.listen;
        if !listen.ip().is_loopback() {
            let what = format!("forward listens on {listen}, where others on the network reach it");
            found("forward", Some(n), what, "Write an address of the loopback, such as 127.0.0.1".into());
        }
        if port.network.forward.iter().take(n).any(|other| other.listen == listen) {
            let what = format!("forward has {listen} twice");
            found("forward", Some(n), what, "Write another port of this machine".into());
        }
    }
    if !port.network.forward.is_empty() && port.calls > 1 {
        let what = format!("forward does not say to which of {} callers", port.calls);
        found("forward", None, what, "Write calls = 1, and a port for each caller".into());
    }
}

/// Keys that nothing reads where there is no NAT; before a device `reach` still decides.
fn idle(port: &PortConfig, found: Found<'_>) {
    let (word, why) = match port.ip {
        IpKind::Nat => return,
        IpKind::Loopback => ("loopback", "callers get no further than the port"),
        IpKind::Tun => ("tun", "the routes and the firewall of the system decide there"),
    };
    let (network, usual) = (&port.network, NetworkConfig::default());
    for (key, written) in [
        ("reach", network.reach != usual.reach && port.ip != IpKind::Tun),
        ("forward", !network.forward.is_empty()),
        ("ipv6", network.ipv6.is_some() && port.ip != IpKind::Tun),
        ("resolver", !network.resolver.is_empty()),
    ] {
        if written {
            let what = format!("{key} does nothing where ip = \"{word}\": {why}");
            found(key, None, what, "Write ip = \"nat\", or leave it out".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(port: &PortConfig) -> Vec<String> {
        let mut all = Vec::new();
        check(port, &mut |key, n, what, _| all.push(format!("{key}{n:?}: {what}")));
        all
    }

    fn port() -> PortConfig {
        PortConfig::new("line1", "exchange:100".parse().unwrap())
    }

    #[test]
    fn forwards_and_prefixes_read_as_written_and_nothing_else_does() {
        let forward: ForwardTcp = "tcp:127.0.0.1:8080:80".parse().unwrap();
        assert_eq!((forward.listen.to_string().as_str(), forward.to), ("127.0.0.1:8080", 80));
        let forward: ForwardTcp = "tcp:[::1]:8080:80".parse().unwrap();
        assert_eq!(forward.listen.to_string(), "[::1]:8080");
        for text in [
            "",
            "tcp:",
            "udp:127.0.0.1:1:2",
            "tcp:1:2",
            "tcp:127.0.0.1:0:2",
            "tcp:127.0.0.1:1:0",
            "tcp:127.0.0.1:1:+2",
            "tcp:localhost:1:2",
            "tcp:127.0.0.1:1:65536",
        ] {
            assert!(text.parse::<ForwardTcp>().is_err(), "{text}");
        }
        let net: V6Net = "fd00:1:2::/56".parse().unwrap();
        assert_eq!((net.callers(), net.to_string().as_str()), (255, "fd00:1:2::/56"));
        let first = net.of(1);
        assert_eq!(first.prefix, "fd00:1:2:1::".parse::<Ipv6Addr>().unwrap());
        assert_eq!(first.gateway, "fd00:1:2::1".parse::<Ipv6Addr>().unwrap());
        for (other, overlaps) in [
            ("fd00:1:2::/56", true),
            ("fd00:1::/32", true),
            ("fd00:1:2:80::/57", true),
            ("fd00:1:2:100::/56", false),
        ] {
            let other: V6Net = other.parse().unwrap();
            assert_eq!((net.overlaps(&other), other.overlaps(&net)), (overlaps, overlaps), "{other}");
        }
        for text in
            ["fd00::", "fd00::/64", "fd00::/31", "fd00::1/56", "fe80::/48", "ff00::/48", "10.0.0.0/8", "/56"]
        {
            assert!(text.parse::<V6Net>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_work_together_is_said() {
        assert_eq!(found(&port()), Vec::<String>::new());
        let mut bad = port();
        bad.calls = 300;
        bad.network.reach = vec!["internet".into(), "192.168.7.5/24".into()];
        bad.network.forward = vec!["tcp:0.0.0.0:8080:80".parse().unwrap()];
        bad.network.ipv6 = Some("fd00::/56".parse().unwrap());
        bad.network.mru = 576;
        let all = found(&bad);
        assert_eq!(all.len(), 5, "{all:#?}");
        assert!(all[0].starts_with("reachSome(1)"), "{all:#?}");
        let mut idle = port();
        idle.ip = IpKind::Loopback;
        idle.network.reach = vec!["10.0.0.0/8".into()];
        assert_eq!(found(&idle).len(), 1);
        idle.ip = IpKind::Tun;
        assert_eq!(found(&idle), Vec::<String>::new(), "what goes to a device is looked at, too");
        idle.network.ipv6 = Some("fd00::/56".parse().unwrap());
        assert_eq!(found(&idle), Vec::<String>::new(), "its network leads to the device");
        idle.network.resolver = vec!["192.0.2.53:53".parse().unwrap()];
        assert!(found(&idle)[0].contains("firewall"), "{:?}", found(&idle));
    }
}
