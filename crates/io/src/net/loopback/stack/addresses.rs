//! The addresses of the stack: those that were negotiated, and of IPv6 those that a router at the other end advertises.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use smoltcp::wire::IpCidr;
use tokio::time::Instant;

use super::{Link, Stack, interface};
use crate::net::autoconf::{Autoconf, Heard, link_local};

/// The smallest MTU IPv6 allows; below it only IPv4 is used (RFC 8200 §5).
const IPV6_MTU: usize = 1280;

impl Stack {
    /// IPv6 of a link with this identifier at our end, and whether a router may be beyond it.
    pub(super) fn begin_ipv6(&mut self, identifier: Option<[u8; 8]>, routed: bool) {
        let identifier = identifier.filter(|_| self.link_mtu >= IPV6_MTU);
        // IPv4 may have come up after it: what is known stays so
        if self.identifier != identifier || self.autoconf.is_none() {
            self.autoconf = identifier.filter(|_| routed).map(|it| Autoconf::new(it, Instant::now()));
        }
        self.identifier = identifier;
    }

    /// Gives the interface what is known.
    pub(super) fn set_addresses(&mut self, remote: Option<Ipv4Addr>) {
        let advertised =
            self.autoconf.as_ref().and_then(Autoconf::mtu).and_then(|mtu| usize::try_from(mtu).ok());
        let mtu = advertised.map_or(self.link_mtu, |mtu| mtu.min(self.link_mtu));
        if mtu != self.queues.mtu {
            self.queues.mtu = mtu;
            self.interface = interface(&mut self.queues);
        }
        let v4 = self.v4.map(|v4| IpCidr::new(v4.into(), 32));
        let local = self.identifier.map(|it| IpCidr::new(link_local(it).into(), 64));
        let beyond = self.autoconf.iter().flat_map(Autoconf::addresses).map(|it| IpCidr::new(it.into(), 128));
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            // there is room for as many as there can be
            addresses.extend(v4.into_iter().chain(local).chain(beyond));
        });
        let routes = self.interface.routes_mut();
        routes.remove_default_ipv4_route();
        routes.remove_default_ipv6_route();
        // on a point-to-point link any gateway is the other end
        let gateway = remote.unwrap_or(Ipv4Addr::new(169, 254, 0, 1));
        let full = self.v4.is_some() && routes.add_default_ipv4_route(gateway).is_err();
        let router = self.autoconf.as_ref().and_then(Autoconf::router);
        if full || router.is_some_and(|router| routes.add_default_ipv6_route(router).is_err()) {
            tracing::warn!("no room for the default route");
        }
    }

    /// Whether a packet was a router's advertisement; it is dealt with then.
    pub(super) fn advertised(&mut self, packet: &[u8], now: Instant) -> bool {
        let Some(autoconf) = &mut self.autoconf else { return false };
        match autoconf.handle(packet, now) {
            Heard::Nothing => return false,
            Heard::Same => {}
            Heard::Changed => self.changed(),
        }
        // who waited for it, whatever it said
        self.up_wakers.drain(..).for_each(Waker::wake);
        true
    }

    /// Asks for a router when it is time, and forgets what has run out; says how long nothing is to be done.
    pub(super) fn solicit(&mut self, now: Instant) -> Option<Duration> {
        let autoconf = self.autoconf.as_mut()?;
        let (packet, changed) = autoconf.due(now);
        let next = autoconf.timeout().map(|at| at.saturating_duration_since(now));
        self.queues.outgoing.extend(packet);
        if changed {
            self.changed();
            self.up_wakers.drain(..).for_each(Waker::wake);
        }
        next
    }

    fn changed(&mut self) {
        if let Link::Up { remote, .. } = self.link {
            self.set_addresses(remote);
        }
    }

    /// Waits until it is known whether there is a way to an address.
    pub(in crate::net::loopback) fn poll_way(
        &mut self,
        to: IpAddr,
        cx: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        let beyond = matches!(to, IpAddr::V6(to) if !to.is_unicast_link_local());
        let (Link::Up { v6: true, .. }, true) = (self.link, beyond) else {
            return Poll::Ready(self.check(to));
        };
        let Some(autoconf) = &self.autoconf else { return Poll::Ready(self.check(to)) };
        if autoconf.addresses().next().is_some() && autoconf.router().is_some() {
            return Poll::Ready(Ok(()));
        }
        if !autoconf.is_asking() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the other end gave no IPv6 address that leads beyond the link",
            )));
        }
        self.wake_on_change(cx);
        Poll::Pending
    }

    /// Whom to ask for names.
    ///
    /// # Errors
    /// `NotConnected`: IP is not up; `NotFound`: the other end gave none.
    pub(in crate::net::loopback) fn name_servers(&self) -> io::Result<Vec<IpAddr>> {
        if !matches!(self.link, Link::Up { .. }) {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let v4 = self.v4.iter().flat_map(|_| &self.v4_name_servers).map(|it| IpAddr::V4(*it));
        let v6 =
            self.autoconf.iter().filter(|it| it.addresses().next().is_some()).flat_map(Autoconf::servers);
        let servers: Vec<IpAddr> = v4.chain(v6.map(IpAddr::V6)).collect();
        if servers.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the other end gave no DNS server"));
        }
        Ok(servers)
    }
}
