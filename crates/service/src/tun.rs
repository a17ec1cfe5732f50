//! `ip = "tun"`: the network devices of the ports, and who may have one for a dial.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use openras_api::Problem;
use openras_api::types::connection::DialIp;
use openras_api::types::event::Event;
use openras_engine::{RasError, escape};
use openras_io::IpPort;
use openras_io::net::name_servers::{self, Said, System};
use openras_io::net::nat::{Host, Prefix};
use openras_io::net::tun::{Route, TunCounted, TunCounts, TunDevice, TunPort, may_make};
use openras_nat::Reach;
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;

use crate::config::PortConfig;
use crate::ports::Busy;

/// Devices by name, as long as a call uses them or a port keeps them.
#[derive(Default)]
pub(crate) struct Devices {
    open: Mutex<HashMap<String, Weak<TunDevice>>>,
    /// What went over each, by name: over those that are closed, and over the last one.
    counted: Mutex<BTreeMap<String, (TunCounted, Arc<TunCounts>)>>,
}

impl Devices {
    /// The end of a port's device for a call with this number. Without a device the call goes on and reaches nothing; the log
    /// says why.
    pub(crate) fn call(
        &self,
        port: &Arc<PortConfig>,
        call: u16,
        host: Arc<Host>,
        reach: Reach,
        busy: Arc<Busy>,
    ) -> TunCall {
        match self.open(port) {
            Ok(device) => {
                let tun = Some(TunPort::new(device, host, reach));
                TunCall { tun, port: port.clone(), call, busy, seen: 0 }
            }
            Err(error) => {
                let name = &port.lasting.tun_device;
                tracing::error!(port = port.name, device = name, "{}", why(&error));
                TunCall { tun: None, port: port.clone(), call, busy, seen: 0 }
            }
        }
    }

    fn open(&self, port: &PortConfig) -> io::Result<Arc<TunDevice>> {
        let name = &port.lasting.tun_device;
        let mut devices = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(device) = devices.get(name).and_then(Weak::upgrade) {
            return Ok(device);
        }
        let device = TunDevice::open(name, port.address, length(port))?;
        warn_if_off("net.ipv4.ip_forward", "IPv4", "/proc/sys/net/ipv4/ip_forward");
        devices.insert(name.clone(), Arc::downgrade(&device));
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = counted.get(name).map(|(closed, last)| closed.and(last.read())).unwrap_or_default();
        counted.insert(name.clone(), (before, device.counts().clone()));
        drop(counted);
        Ok(device)
    }

    /// What went over each device, by its name.
    pub(crate) fn counted(&self) -> Vec<(String, TunCounted)> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.iter().map(|(name, (closed, last))| (name.clone(), closed.and(last.read()))).collect()
    }
}

fn warn_if_off(sysctl: &str, family: &str, path: &str) {
    if std::fs::read_to_string(path).is_ok_and(|word| word.trim() == "0") {
        tracing::warn!("{sysctl} is 0: callers of ip = \"tun\" reach this machine by {family} and no other");
    }
}

/// IPv6 of a call: its network leads to the device from now on. Where the system will not have that the call has none, and the log
/// says why.
fn prefix(port: &PortConfig, call: u16, device: &TunDevice) -> Option<Prefix> {
    let net = port.network.ipv6?;
    let prefix = net.of(call);
    match device.lead_ipv6(prefix.gateway, net.length()) {
        Ok(true) => {
            let path = "/proc/sys/net/ipv6/conf/all/forwarding";
            warn_if_off("net.ipv6.conf.all.forwarding", "IPv6", path);
        }
        Ok(false) => {}
        Err(error) => {
            let why = match error.kind() {
                io::ErrorKind::AlreadyExists => "another route of this system leads there".to_owned(),
                _ => error.to_string(),
            };
            tracing::error!(port = port.name, device = device.name(), %net, "callers have no IPv6, their network cannot be led to the device: {why}");
            return None;
        }
    }
    Some(prefix)
}

/// The length of the smallest network that has the port's own address and all of its callers'.
fn length(port: &PortConfig) -> u8 {
    let (first, last) = port.pool.range();
    let own = port.address.to_bits();
    let least = own.min(first.to_bits());
    let most = own.max(last.to_bits());
    // at most 32
    u8::try_from((least ^ most).leading_zeros()).unwrap_or(32)
}

/// Why there is no device, and what to do.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "the network device cannot be made: this needs CAP_NET_ADMIN, or a device that an administrator has made for this \
             user: ip tuntap add dev NAME mode tun user USER"
                .into()
        }
        _ => format!("the network device cannot be opened: {error}"),
    }
}

/// Why a dial gets no device.
pub(crate) fn refused(error: &io::Error) -> Problem {
    let problem = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Problem::new(RasError::ACCESS_DENIED, "The service may not make a network device.")
        }
        io::ErrorKind::NotFound => Problem::new(RasError(635), "This system has no /dev/net/tun."),
        _ => Problem::new(RasError(635), format!("The network device could not be made: {error}.")),
    };
    problem.remedy("A device needs CAP_NET_ADMIN; without it use ports that lead through the connection (--forward, --socks).")
}

/// Routes of one dial.
const ROUTES: usize = 64;

/// The networks that a dial's device is to lead to.
///
/// # Errors
/// 87: no network, too many, or no device.
pub(crate) fn routes(wanted: &[String], ip: DialIp) -> Result<Vec<Route>, Problem> {
    let wrong = |why: String| Problem::new(RasError::INVALID_PARAMETER, why);
    if wanted.len() > ROUTES {
        return Err(
            wrong(format!("A dial has {ROUTES} routes at most.")).remedy("Name fewer and larger networks.")
        );
    }
    if !wanted.is_empty() && ip != DialIp::Tun {
        return Err(wrong("Routes need a network device.".into()).remedy("Dial with --ip tun."));
    }
    let route = |text: &String| {
        text.parse().map_err(|error: io::Error| {
            wrong(format!("\"{}\" is no network to lead to.", escape::short(text, 200)))
                .remedy(format!("{error}."))
        })
    };
    wanted.iter().map(route).collect()
}

/// Whether the other end's name servers are to be this system's.
///
/// # Errors
/// 87: they are, and there is no device.
pub(crate) fn name_servers(wanted: bool, ip: DialIp) -> Result<bool, Problem> {
    if wanted && ip != DialIp::Tun {
        let why = "Name servers for the whole system need a network device.";
        return Err(Problem::new(RasError::INVALID_PARAMETER, why)
            .remedy("Dial with --ip tun; --forward and --socks ask the other end's servers by themselves."));
    }
    Ok(wanted)
}

/// What became of a dial's name servers, told.
pub(crate) fn event(said: &Said) -> Event {
    log(said);
    let (kind, text) = match said {
        Said::InForce(text) => ("name_servers", text),
        Said::Undone(text) => ("name_servers_undone", text),
        Said::Failed(text) => ("name_servers_failed", text),
    };
    Event::Network { kind: kind.into(), text: text.clone() }
}

/// The same for the log.
pub(crate) fn log(said: &Said) {
    match said {
        Said::InForce(text) | Said::Undone(text) => tracing::info!("{text}"),
        Said::Failed(text) => tracing::error!("{text}"),
    }
}

/// Undoes what a service left in force that was killed, as far as this one may.
pub(crate) async fn repair() {
    if may_make() {
        name_servers::repair(&System::default()).await;
    }
}

/// One call's IP over a device of the system.
pub(crate) struct TunCall {
    tun: Option<TunPort>,
    port: Arc<PortConfig>,
    /// Its number.
    call: u16,
    busy: Arc<Busy>,
    /// Which version of the rules about where it may go it has.
    seen: u64,
}

impl TunCall {
    /// Takes the rules of now. Each packet is looked at, so nothing has to be woken for them.
    fn rule(&mut self) {
        if let Some(tun) = &mut self.tun
            && let Some(ruling) = self.busy.rules.news(&mut self.seen)
        {
            tun.set_reach(ruling.reach.clone());
        }
    }
}

impl IpPort for TunCall {
    fn up(&mut self, negotiated: &Negotiated) {
        self.rule();
        if let Some(tun) = &mut self.tun {
            if negotiated.ipv6.is_some() {
                tun.set_prefix(prefix(&self.port, self.call, tun.device()));
            }
            tun.up(negotiated);
        }
    }

    fn down(&mut self) {
        self.tun.iter_mut().for_each(IpPort::down);
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.tun.as_mut().map_or(Poll::Ready(()), |tun| tun.poll_ready(cx))
    }

    fn send(&mut self, packet: Vec<u8>) {
        self.rule();
        if let Some(tun) = &mut self.tun {
            tun.send(packet);
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        self.tun.as_mut().map_or(Poll::Pending, |tun| tun.poll_recv(cx, buf))
    }
}

/// Whether a device can have this name: 15 octets at most, and nothing the system means otherwise.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
    (1..=15).contains(&name.len()) && name.bytes().all(plain)
}

/// Whether two ports may have one device: only as the same network.
pub(crate) fn may_share(one: &PortConfig, other: &PortConfig) -> bool {
    one.lasting.tun_device != other.lasting.tun_device
        || (one.address, &one.pool) == (other.address, &other.pool)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_network_of_a_device_has_the_port_and_its_callers() {
        let mut port = PortConfig::new("line1", "exchange:100".parse().unwrap());
        assert_eq!(length(&port), 24);
        port.pool = "10.64.0.2-10.64.0.3".parse().unwrap();
        assert_eq!(length(&port), 30);
        port.address = Ipv4Addr::new(192, 0, 2, 1);
        assert_eq!(length(&port), 0);
        assert!(
            is_name("openras0")
                && !is_name("")
                && !is_name("../x")
                && !is_name("a name of 16 oct")
                && !is_name("ras%d")
        );
    }
}
