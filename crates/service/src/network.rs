//! Where the packets of an answered call go: the port's NAT, or the small stack with the page. What the NAT closes is
//! told in the call's story, and what it counts is in the metrics.

mod natted;

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use openras_io::IpPort;
use openras_io::net::nat::{Forward, Host, NatPort, Resolver, Settings, ping_allowed};
use openras_io::net::tun::TunCounted;
use openras_nat::{Caps, Net, Open, Reach, Stats, Times};
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;
use tokio_util::sync::CancellationToken;

use self::natted::Natted;
use crate::config::{Config, DeviceLine, IpKind, PortConfig, PortLine};
use crate::page::Page;
use crate::ports::Busy;
use crate::ruling::Ruling;
use crate::tun::{Devices, TunCall};

/// What is made for a port, and the configuration it was made of.
#[derive(Clone)]
struct Made {
    of: Arc<PortConfig>,
    settings: Arc<Settings>,
    ruling: Arc<Ruling>,
}

/// What the NATs of a port have counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    /// Until now.
    pub(crate) stats: Stats,
    /// Open now.
    pub(crate) open: Open,
}

/// What all NATs of the service share.
#[derive(Default)]
pub(crate) struct Networks {
    host: OnceLock<Arc<Host>>,
    resolver: OnceLock<Arc<Resolver>>,
    /// Settings made for a port, by its name.
    ports: Mutex<HashMap<String, Made>>,
    devices: Devices,
    /// What all sessions have counted, by port.
    totals: Mutex<BTreeMap<String, Counted>>,
    /// How often the rules about where callers may go have changed.
    epoch: AtomicU64,
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
                let ruling = Arc::new(Ruling::of_port(config, port));
                busy.rules.begin(ruling.clone());
                let call = self.devices.call(port, call, host, ruling.reach.clone(), busy.clone());
                CallIp::Tun(Box::new(call))
            }
            IpKind::Nat => {
                let Made { settings, ruling, .. } = self.made(config, cancel, port);
                busy.rules.begin(ruling);
                let prefix = port.network.ipv6.map(|net| net.of(call));
                let nat = NatPort::new(settings, prefix, seed);
                let (name, busy) = (port.name.clone(), busy.clone());
                CallIp::Nat(Box::new(Natted::new(nat, name, self.clone(), busy)))
            }
        }
    }

    /// What a port needs, made once for each configuration of it.
    fn made(&self, config: &Config, cancel: &CancellationToken, port: &Arc<PortConfig>) -> Made {
        let mut ports = self.ports();
        if let Some(made) = ports.get(&port.name)
            && Arc::ptr_eq(&made.of, port)
        {
            return made.clone();
        }
        let host = self.host.get_or_init(|| Host::watch(cancel.clone())).clone();
        let resolver = match port.network.resolver.as_slice() {
            [] => self.resolver.get_or_init(|| Arc::new(Resolver::system())).clone(),
            named => Arc::new(Resolver::fixed(named)),
        };
        let made = Made {
            of: port.clone(),
            settings: Arc::new(settings(config, port, host, resolver)),
            ruling: Arc::new(Ruling::of_port(config, port)),
        };
        ports.insert(port.name.clone(), made.clone());
        made
    }

    /// The rules have changed: nothing made of the old ones is given to another call, since the pools of all ports are among
    /// them. Gives the new rules' [`epoch`](Self::epoch).
    pub(crate) fn changed(&self) -> u64 {
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        self.ports().clear();
        epoch
    }

    /// Which rules: a greater number, newer ones.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn ports(&self) -> MutexGuard<'_, HashMap<String, Made>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a session of this port has counted since.
    fn count(&self, port: &str, now: &(Stats, Open), before: &(Stats, Open)) {
        let mut totals = self.counted();
        if !totals.contains_key(port) {
            totals.insert(port.to_owned(), Counted::default());
        }
        let Some(total) = totals.get_mut(port) else { return };
        total.stats.add(&now.0.since(&before.0));
        total.open = total.open.moved(&before.1, &now.1);
    }

    /// The same of each port that has had calls behind a NAT.
    pub(crate) fn by_port(&self) -> BTreeMap<String, Counted> {
        self.counted().clone()
    }

    /// What went over the ports' network devices, by name.
    pub(crate) fn devices(&self) -> Vec<(String, TunCounted)> {
        self.devices.counted()
    }

    /// What all sessions have counted until now.
    pub(crate) fn totals(&self) -> Stats {
        let mut sum = Stats::default();
        self.counted().values().for_each(|port| sum.add(&port.stats));
        sum
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<String, Counted>> {
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
    Tun(Box<TunCall>),
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
