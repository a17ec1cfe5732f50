//! A dial's own device: its address is the one the other end gives, its peer the other end. Of IPv6 it has what a router over
//! there advertises.

use std::future::Future as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::task::{Context, Poll};

use openras_ppp::Negotiated;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tun::Tun;

use super::super::IpPort;
use super::super::autoconf::{Autoconf, Heard};
use super::super::name_servers::{Keeper, NameServers, System, name_servers};
use super::{IPV6_MTU, Route, built, index, is_for_a_host, may_make, mtu, netlink, packet};

/// A dial's own device: its address is the one the other end gives, its peer the other end.
pub struct TunDial {
    name: String,
    pub(super) tun: Option<Tun>,
    /// What the device was made for.
    agreed: Option<Agreed>,
    /// Networks that it leads to.
    routes: Vec<Route>,
    ipv6: Option<Ipv6>,
    names: Option<NameServers>,
}

/// What IPCP and LCP have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed {
    own: Ipv4Addr,
    peer: Ipv4Addr,
    mtu: u16,
    dns: [Option<Ipv4Addr>; 2],
}

/// The link's IPv6.
struct Ipv6 {
    identifier: [u8; 8],
    autoconf: Autoconf,
    /// Until the next thing to do.
    sleep: Pin<Box<Sleep>>,
    /// What the device has.
    given: Vec<Ipv6Addr>,
}

impl TunDial {
    /// Takes a name for the device, and finds out whether this process may have one; once it is up `routes` lead there. Must be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    /// `PermissionDenied`: it may not; else what the system says.
    pub fn new(routes: Vec<Route>) -> io::Result<Self> {
        if !may_make() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let tun = built(Tun::builder().name("ras%d").close_on_exec())?;
        let name = tun.name().to_owned();
        Ok(Self { name, tun: Some(tun), agreed: None, routes, ipv6: None, names: None })
    }

    /// The name servers the other end gives are this system's while the call is up. The keeper must be run, and beyond the end of
    /// the call.
    pub fn with_name_servers(&mut self, system: System) -> Keeper {
        let (names, keeper) = name_servers(system);
        self.names = Some(names);
        keeper
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn index(&self) -> io::Result<u32> {
        index(&self.name)
    }

    fn lead(&self, ipv6: bool) {
        for route in self.routes.iter().filter(|route| route.is_ipv6() == ipv6) {
            if let Err(error) = self.index().and_then(|device| route.add(device)) {
                tracing::error!(%error, %route, device = self.name, "the route could not be set");
            }
        }
    }

    /// Makes the device, unless it is there as it should be.
    fn up_ipv4(&mut self, agreed: Agreed) {
        let before = self.agreed.replace(agreed);
        let same =
            |before: Agreed| (before.own, before.peer, before.mtu) == (agreed.own, agreed.peer, agreed.mtu);
        // IPv6 or compression was agreed on after it: what is there stays, with its routes and connections
        if self.tun.is_some() && before.is_some_and(same) {
            return;
        }
        // an address is given to a device that is made; what was there goes first
        self.down();
        let Agreed { own, peer, mtu, .. } = agreed;
        if !is_for_a_host(own) || !is_for_a_host(peer) || own == peer {
            tracing::error!(local = %own, remote = %peer, "a device cannot have the addresses the other end gave");
            return;
        }
        let device = Tun::builder().name(&self.name).close_on_exec().mtu(mtu.into());
        match built(device.address(own).netmask(Ipv4Addr::BROADCAST).destination(peer).up()) {
            Ok(tun) => {
                (self.tun, self.agreed) = (Some(tun), Some(agreed));
                self.lead(false);
            }
            Err(error) => {
                tracing::error!(%error, device = self.name, "the network device could not be set up");
            }
        }
    }

    fn up_ipv6(&mut self, identifier: Option<[u8; 8]>) {
        let enough = self.agreed.is_some_and(|agreed| agreed.mtu >= IPV6_MTU);
        let Some(identifier) = identifier.filter(|_| enough && self.tun.is_some()) else {
            self.forget_ipv6();
            return;
        };
        if self.ipv6.as_ref().is_some_and(|ipv6| ipv6.identifier == identifier) {
            return;
        }
        self.forget_ipv6();
        let now = Instant::now();
        self.ipv6 = Some(Ipv6 {
            identifier,
            autoconf: Autoconf::new(identifier, now),
            sleep: Box::pin(sleep_until(now)),
            given: Vec::new(),
        });
    }

    fn forget_ipv6(&mut self) {
        let given = self.ipv6.take().map(|ipv6| ipv6.given).unwrap_or_default();
        given.into_iter().for_each(|address| self.set_address(address, false));
    }

    fn set_address(&self, address: Ipv6Addr, there: bool) {
        let set = self.index().and_then(|device| netlink::set_address(device, address, there));
        if let Err(error) = set {
            tracing::error!(%error, %address, device = self.name, "the IPv6 address could not be set");
        }
    }

    /// The router's word; the device's own, which is the link's, goes before it.
    fn set_mtu_of_ipv6(&self, mtu: u32) {
        let least = self.agreed.map_or(mtu, |agreed| mtu.min(agreed.mtu.into()));
        let path = format!("/proc/sys/net/ipv6/conf/{}/mtu", self.name);
        if let Err(error) = std::fs::write(path, least.to_string()) {
            tracing::warn!(%error, device = self.name, "the MTU of IPv6 could not be set");
        }
    }

    /// Gives the system what the router says now.
    fn changed(&mut self) {
        let Some(ipv6) = &mut self.ipv6 else { return };
        let now: Vec<Ipv6Addr> = ipv6.autoconf.addresses().collect();
        let before = std::mem::replace(&mut ipv6.given, now.clone());
        let first = before.is_empty() && !now.is_empty();
        for gone in before.iter().filter(|one| !now.contains(one)) {
            self.set_address(*gone, false);
        }
        for new in now.iter().filter(|one| !before.contains(one)) {
            self.set_address(*new, true);
        }
        if first {
            self.lead(true);
        }
        if let Some(mtu) = self.ipv6.as_ref().and_then(|ipv6| ipv6.autoconf.mtu()) {
            self.set_mtu_of_ipv6(mtu);
        }
        self.tell_names();
    }

    fn tell_names(&self) {
        let Some(names) = &self.names else { return };
        let (Some(agreed), Ok(index), true) = (self.agreed, self.index(), self.tun.is_some()) else {
            return names.clear();
        };
        let v4 = agreed.dns.into_iter().flatten().map(IpAddr::V4);
        let of_router = self.ipv6.iter().filter(|ipv6| !ipv6.given.is_empty());
        let v6 = of_router.flat_map(|ipv6| ipv6.autoconf.servers()).map(IpAddr::V6);
        names.set(&self.name, index, v4.chain(v6));
    }

    /// The next packet of the link's own, and the time for it.
    fn poll_solicitation(&mut self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        loop {
            let Some(ipv6) = &mut self.ipv6 else { return Poll::Pending };
            let now = Instant::now();
            let (packet, changed) = ipv6.autoconf.due(now);
            let next = ipv6.autoconf.timeout();
            if changed {
                self.changed();
            }
            if let Some(packet) = packet {
                return Poll::Ready(packet);
            }
            let (Some(next), Some(ipv6)) = (next, &mut self.ipv6) else { return Poll::Pending };
            ipv6.sleep.as_mut().reset(next);
            if ipv6.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Whether a packet is for this system alone: one that forwards would carry any other into its networks.
    fn is_ours(&self, packet: &[u8]) -> bool {
        match packet::addresses(packet) {
            Some((_, to)) => self.agreed.is_some_and(|agreed| agreed.own == to),
            None => packet::addresses_of_ipv6(packet).is_some_and(|(_, to)| self.has(to)),
        }
    }

    /// Whether the system sends it as what the other end knows it by.
    fn is_to_go(&self, packet: &[u8]) -> bool {
        // the kernel has a link-local address of its own making there, and asks for routers
        packet::addresses(packet).is_some()
            || packet::addresses_of_ipv6(packet).is_some_and(|(from, _)| self.has(from))
    }

    fn has(&self, address: Ipv6Addr) -> bool {
        self.ipv6.as_ref().is_some_and(|ipv6| ipv6.given.contains(&address))
    }
}

impl IpPort for TunDial {
    fn up(&mut self, negotiated: &Negotiated) {
        let Some(v4) = negotiated.ipv4 else { return self.down() };
        self.up_ipv4(Agreed { own: v4.local, peer: v4.remote, mtu: mtu(negotiated), dns: v4.dns });
        self.up_ipv6(negotiated.ipv6.map(|(local, _)| local));
        self.tell_names();
    }

    fn down(&mut self) {
        // its addresses and routes go with it
        (self.ipv6, self.tun, self.agreed) = (None, None, None);
        self.tell_names();
    }

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn send(&mut self, packet: Vec<u8>) {
        if let Some(ipv6) = &mut self.ipv6 {
            match ipv6.autoconf.handle(&packet, Instant::now()) {
                Heard::Nothing => {}
                Heard::Same => return,
                Heard::Changed => return self.changed(),
            }
        }
        if let Some(tun) = self.tun.as_ref().filter(|_| self.is_ours(&packet)) {
            // the system's own queue is full: as a router would
            let _ = tun.try_send(&packet);
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        if let Poll::Ready(packet) = self.poll_solicitation(cx) {
            buf.put_slice(packet.get(..buf.remaining()).unwrap_or(&packet));
            return Poll::Ready(());
        }
        loop {
            let Some(tun) = &mut self.tun else { return Poll::Pending };
            let begin = buf.filled().len();
            match Pin::new(tun).poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() > begin => {
                    if self.is_to_go(buf.filled()) {
                        return Poll::Ready(());
                    }
                    buf.clear();
                }
                Poll::Ready(_) => {
                    self.tun = None;
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
