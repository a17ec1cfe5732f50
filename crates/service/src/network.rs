//! Where the packets of an answered call go: the port's NAT, or the small stack with the page. What the NAT closes is
//! told in the call's story, and what it counts is in the metrics.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use openras_api::types::event::Event;
use openras_io::IpPort;
use openras_io::net::nat::{Forward, Host, NatPort, Resolver, Settings, ping_allowed};
use openras_nat::{Caps, Closed, Net, Reach, Stats, Times};
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::config::{Config, DeviceLine, IpKind, PortConfig, PortLine};
use crate::page::Page;
use crate::ports::Busy;
use crate::tun::{Devices, TunCall};

/// Settings, and the configuration they were made of.
type Made = (Arc<PortConfig>, Arc<Settings>);

/// What all NATs of the service share.
#[derive(Default)]
pub(crate) struct Networks {
    host: OnceLock<Arc<Host>>,
    resolver: OnceLock<Arc<Resolver>>,
    /// Settings made for a port, by its name.
    ports: Mutex<HashMap<String, Made>>,
    devices: Devices,
    /// What all sessions have counted.
    totals: Mutex<Stats>,
}

impl Networks {
    /// Where the packets of a call go.
    pub(crate) fn call(
        self: &Arc<Self>,
        config: &Config,
        cancel: &CancellationToken,
        port: &Arc<PortConfig>,
        call: u16,
        seed: [u8; 32],
        busy: &Arc<Busy>,
    ) -> CallIp {
        match port.ip {
            IpKind::Loopback => CallIp::Page(Page::default()),
            IpKind::Tun => {
                let host = self.host.get_or_init(|| Host::watch(cancel.clone())).clone();
                CallIp::Tun(self.devices.call(port, host, reach(config, &port.network.reach), busy.clone()))
            }
            IpKind::Nat => {
                let settings = self.settings(config, cancel, port);
                let prefix = port.network.ipv6.map(|net| net.of(call));
                CallIp::Nat(Box::new(Natted {
                    nat: NatPort::new(settings, prefix, seed),
                    told: Stats::default(),
                    networks: self.clone(),
                    busy: busy.clone(),
                }))
            }
        }
    }

    /// The settings of a port, made once for each configuration of it.
    fn settings(&self, config: &Config, cancel: &CancellationToken, port: &Arc<PortConfig>) -> Arc<Settings> {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, settings)) = ports.get(&port.name)
            && Arc::ptr_eq(of, port)
        {
            return settings.clone();
        }
        let host = self.host.get_or_init(|| Host::watch(cancel.clone())).clone();
        let resolver = match port.network.resolver.as_slice() {
            [] => self.resolver.get_or_init(|| Arc::new(Resolver::system())).clone(),
            named => Arc::new(Resolver::fixed(named)),
        };
        let settings = Arc::new(settings(config, port, host, resolver));
        ports.insert(port.name.clone(), (port.clone(), settings.clone()));
        settings
    }

    /// What all sessions have counted until now.
    pub(crate) fn totals(&self) -> Stats {
        *self.counted()
    }

    fn counted(&self) -> MutexGuard<'_, Stats> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settings(config: &Config, port: &PortConfig, host: Arc<Host>, resolver: Arc<Resolver>) -> Settings {
    let network = &port.network;
    let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let caps = match &port.line {
        PortLine::Device(DeviceLine::Serial { speed: Some(speed), .. }) => Caps::for_line(*speed),
        _ => Caps::default(),
    };
    Settings {
        reach: reach(config, &network.reach),
        host,
        resolver,
        forwards: network.forward.iter().map(|it| Forward { listen: it.listen, to: it.to }).collect(),
        caps: Caps { flows: size(network.flows), new_flows: network.new_flows, ..caps },
        times: Times { established: network.tcp_idle, mapping: network.udp_idle, ..Times::default() },
    }
}

/// Where a user may go instead of where the port leads (defence rule 16): by words of the user's own, else by those of all
/// groups the user is in. `None` is the port's.
pub(crate) fn own_reach(config: &Config, user: &str, own: Option<Vec<String>>) -> Option<Reach> {
    own.or_else(|| config.group_reach(user)).map(|words| reach(config, &words))
}

/// The words of a port, group or user, where no caller is anybody's internet.
pub(crate) fn reach(config: &Config, words: &[String]) -> Reach {
    // words that were checked read back; without any nothing is reached
    let reach = Reach::parse(words).or_else(|_| Reach::parse::<&str>([])).unwrap_or_default();
    let pools = config.ports.iter().flat_map(|port| {
        let (first, last) = port.pool.range();
        let own = Net::new(port.address.into(), 32);
        nets(first, last).into_iter().chain(own).chain(port.network.ipv6.and_then(|net| net.net()))
    });
    reach.with_callers(pools)
}

/// The networks that together are a range of addresses.
fn nets(first: Ipv4Addr, last: Ipv4Addr) -> Vec<Net> {
    let (mut at, last) = (u64::from(first.to_bits()), u64::from(last.to_bits()));
    let mut nets = Vec::new();
    while at <= last {
        // the largest that begins here and does not go too far
        let fits = |bits: &u32| at % (1 << bits) == 0 && at + (1 << bits) - 1 <= last;
        let bits = (0..=32).rev().find(fits).unwrap_or(0);
        let length = u8::try_from(32 - bits).unwrap_or(32);
        let address = Ipv4Addr::from_bits(u32::try_from(at).unwrap_or(u32::MAX));
        nets.extend(Net::new(address.into(), length));
        at += 1 << bits;
    }
    nets
}

/// Where callers could ping if the system let this process do so.
pub(crate) fn ping_note(config: &Config) -> Option<String> {
    let nat = config.ports.iter().any(|port| port.ip == IpKind::Nat);
    (nat && !ping_allowed()).then(|| {
        "Callers can ping this end of their link only: the service's group is not in the system's range for that. \
         `sysctl net.ipv4.ping_group_range=\"0 2147483647\"` lets every group ping."
            .into()
    })
}

/// One call's IP.
pub(crate) enum CallIp {
    Page(Page),
    Nat(Box<Natted>),
    Tun(TunCall),
}

/// A NAT with those who want to know of it.
pub(crate) struct Natted {
    nat: NatPort,
    /// What the totals know of it.
    told: Stats,
    networks: Arc<Networks>,
    busy: Arc<Busy>,
}

impl Natted {
    /// Tells what has come together since the last time.
    fn tell(&mut self) {
        let stats = self.nat.stats();
        if stats == self.told {
            return;
        }
        while let Some(closed) = self.nat.poll_closed() {
            self.closed(closed);
        }
        self.networks.counted().add(&stats.since(&self.told));
        self.told = stats;
    }

    /// For `events` and whoever asks why.
    fn closed(&self, closed: Closed) {
        let text = sentence(&closed);
        info!("{text}");
        if let Some(story) = self.busy.story() {
            let port = story.port().unwrap_or_default().to_owned();
            story.tell(Event::Port { port, kind: "closed_by_reach".into(), text, error: None });
        }
    }
}

fn sentence(closed: &Closed) -> String {
    let Closed { to, port, why } = closed;
    match (to, port) {
        (to, None) => format!("closed by reach: {to}: {why}"),
        (IpAddr::V4(to), Some(port)) => format!("closed by reach: {to}:{port}: {why}"),
        (IpAddr::V6(to), Some(port)) => format!("closed by reach: [{to}]:{port}: {why}"),
    }
}

impl IpPort for Natted {
    fn up(&mut self, negotiated: &Negotiated) {
        if let Some(reach) = self.busy.reach() {
            self.nat.set_reach(reach);
        }
        self.nat.up(negotiated);
    }

    fn down(&mut self) {
        self.tell();
        self.nat.down();
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.nat.poll_ready(cx)
    }

    fn send(&mut self, packet: Vec<u8>) {
        self.nat.send(packet);
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        let polled = self.nat.poll_recv(cx, buf);
        if polled.is_pending() {
            self.tell();
        }
        polled
    }
}

impl Drop for Natted {
    fn drop(&mut self) {
        self.tell();
    }
}

impl IpPort for CallIp {
    fn up(&mut self, negotiated: &Negotiated) {
        match self {
            Self::Page(page) => page.up(negotiated),
            Self::Nat(nat) => nat.up(negotiated),
            Self::Tun(tun) => tun.up(negotiated),
        }
    }

    fn down(&mut self) {
        match self {
            Self::Page(page) => page.down(),
            Self::Nat(nat) => nat.down(),
            Self::Tun(tun) => tun.down(),
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Page(page) => page.poll_ready(cx),
            Self::Nat(nat) => nat.poll_ready(cx),
            Self::Tun(tun) => tun.poll_ready(cx),
        }
    }

    fn send(&mut self, packet: Vec<u8>) {
        match self {
            Self::Page(page) => page.send(packet),
            Self::Nat(nat) => nat.send(packet),
            Self::Tun(tun) => tun.send(packet),
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        match self {
            Self::Page(page) => page.poll_recv(cx, buf),
            Self::Nat(nat) => nat.poll_recv(cx, buf),
            Self::Tun(tun) => tun.poll_recv(cx, buf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_its_networks_and_no_more() {
        for (first, last) in
            [("10.64.0.2", "10.64.0.254"), ("10.0.0.0", "10.0.255.255"), ("1.2.3.4", "1.2.3.4")]
        {
            let (first, last): (Ipv4Addr, Ipv4Addr) = (first.parse().unwrap(), last.parse().unwrap());
            let nets = nets(first, last);
            let within = |bits: u32| nets.iter().any(|net| net.contains(Ipv4Addr::from_bits(bits).into()));
            assert!((first.to_bits()..=last.to_bits()).all(within), "{first}-{last}");
            assert!(!within(first.to_bits() - 1) && !within(last.to_bits() + 1), "{first}-{last}");
            assert!(nets.len() < 64);
        }
    }

    #[test]
    fn the_users_words_go_before_those_of_groups_and_these_before_the_ports() {
        let groups = "[group.web]\nusers = [\"alice\"]\nreach = [\"192.0.2.1:80\"]\n\
                      [group.shell]\nusers = [\"Alice\"]\nreach = [\"192.0.2.1:22\"]\n\
                      [group.none]\nusers = [\"eve\"]\nreach = []\n";
        let config = Config::parse(groups, "f").unwrap();
        let own = || Some(vec!["192.0.2.1:443".to_owned()]);
        // who, the words of the user's own, which of the ports 80, 22 and 443 are open; `None` is what the port says
        for (who, own, open) in [
            ("alice", None, Some([true, true, false])),
            ("CORP\\ALICE", None, Some([true, true, false])),
            ("alice", own(), Some([false, false, true])),
            ("alice", Some(Vec::new()), Some([false; 3])),
            ("eve", None, Some([false; 3])),
            ("eve", own(), Some([false, false, true])),
            ("bob", None, None),
            ("bob", own(), Some([false, false, true])),
        ] {
            let reach = own_reach(&config, who, own);
            let to = "192.0.2.1".parse().unwrap();
            let got = reach.map(|reach| [80, 22, 443].map(|port| reach.allows(to, Some(port)).is_ok()));
            assert_eq!(got, open, "{who}");
        }
    }

    #[test]
    fn callers_are_nobodys_internet() {
        let mut port = PortConfig::new("line1", "exchange:100".parse().unwrap());
        // a pool out of public addresses, as some have
        port.pool = "5.9.0.2-5.9.0.6".parse().unwrap();
        port.address = "5.9.0.1".parse().unwrap();
        let config = Config { ports: vec![port], ..Config::empty() };
        let reach = reach(&config, &["internet".into()]);
        let allows = |to: &str| reach.allows(to.parse().unwrap(), Some(80)).is_ok();
        assert!(allows("5.9.0.7") && !allows("5.9.0.1") && !allows("5.9.0.2") && !allows("5.9.0.6"));
    }
}
