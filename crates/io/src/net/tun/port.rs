//! One call's end of a port's device: what the caller sends is looked at before the system sees it (defence rule 16), what the
//! system sends is made to fit the caller's line, and of IPv6 the router of the link is here.

use std::collections::VecDeque;
use std::future::Future as _;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};

use openras_nat::{Advertised, Bucket, Fit, Heard, Reach, Router, fit, is_of_the_link, passing};
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep, sleep_until};

use super::super::IpPort;
use super::super::autoconf::link_local;
use super::super::nat::{Host, Prefix};
use super::mail::To;
use super::{IPV6_MTU, TunDevice, count, count_octets, lock, mtu, packet};

/// Answers of the router, and errors about packets that are too long: in a second on average, twice as many at once.
const ANSWERS: u32 = 20;
/// Packets of the router that may wait for a line that takes nothing.
const FIRST: usize = 32;
/// Packets that are looked at in one go, of those that are too long.
const AT_ONCE: usize = 32;

/// One call's end of a port's device.
pub struct TunPort {
    device: Arc<TunDevice>,
    host: Arc<Host>,
    reach: Reach,
    /// IPv6 of the call, where the port has any.
    prefix: Option<Prefix>,
    call: u64,
    up: Option<Up>,
    /// Packets that go before those of the system: the router's, and the other parts of one that was cut.
    first: VecDeque<Vec<u8>>,
    errors: Bucket,
    waker: Option<Waker>,
}

struct Up {
    ipv4: Option<Ipv4Addr>,
    ipv6: Option<Link>,
    mtu: u16,
}

/// The link's IPv6.
struct Link {
    router: Router,
    /// Until the router speaks.
    sleep: Pin<Box<Sleep>>,
}

impl Link {
    fn new(says: Advertised) -> Self {
        let now = Instant::now();
        let router = Router::new(now.into_std(), says, ANSWERS);
        Self { router, sleep: Box::pin(sleep_until(now)) }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        loop {
            if let Some(packet) = self.router.due(Instant::now().into_std()) {
                return Poll::Ready(packet);
            }
            let Some(next) = self.router.timeout() else { return Poll::Pending };
            self.sleep.as_mut().reset(next.into());
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Up {
    /// What a packet of the caller's is to the link.
    fn hears(&mut self, packet: &[u8]) -> Heard {
        match &mut self.ipv6 {
            Some(link) => link.router.hear(Instant::now().into_std(), packet),
            None if is_of_the_link(packet) => Heard::Nothing,
            None => Heard::Elsewhere,
        }
    }

    fn addresses(&self) -> impl Iterator<Item = To> {
        let ipv6 = self.ipv6.as_ref().map(|link| To::from(link.router.says().prefix));
        self.ipv4.map(To::from).into_iter().chain(ipv6)
    }

    fn is_caller(&self, from: IpAddr) -> bool {
        let from = match from {
            IpAddr::V4(from) => To::from(from),
            IpAddr::V6(from) => To::from(from),
        };
        self.addresses().any(|own| own == from)
    }
}

impl TunPort {
    /// For one call; `reach` is without this machine's addresses, which are `host`'s. Until it has a prefix the caller has link-local
    /// addresses only.
    pub fn new(device: Arc<TunDevice>, host: Arc<Host>, reach: Reach) -> Self {
        let call = lock(&device.mail).begin();
        let errors = Bucket::new(Instant::now().into_std(), ANSWERS, 2 * ANSWERS);
        Self {
            device,
            host,
            reach,
            prefix: None,
            call,
            up: None,
            first: VecDeque::new(),
            errors,
            waker: None,
        }
    }

    /// The device.
    pub fn device(&self) -> &Arc<TunDevice> {
        &self.device
    }

    /// What the caller has of IPv6 from its next [`up`](IpPort::up) on; the network leads to the device
    /// ([`TunDevice::lead_ipv6`]).
    pub fn set_prefix(&mut self, prefix: Option<Prefix>) {
        self.prefix = prefix;
    }

    /// Another reach, as that of the user who has proved who it is.
    pub fn set_reach(&mut self, reach: Reach) {
        self.reach = reach;
    }

    /// Whether a packet of the caller's may go to the system.
    fn admits(&self, packet: &[u8], up: &Up) -> Result<(), &AtomicU64> {
        let counts = &self.device.counts;
        let Some(passing) = passing(packet).filter(|passing| up.is_caller(passing.from)) else {
            return Err(&counts.forged);
        };
        let reach = self.reach.clone().with_host(self.host.addresses().iter().copied());
        reach.allows(passing.to, passing.port).map_err(|_| &counts.closed)
    }

    /// What the link has of IPv6: its router stays when something else has come up beside it.
    fn link(&self, negotiated: &Negotiated, before: Option<Link>) -> Option<Link> {
        let mtu = mtu(negotiated);
        let (ours, _) = negotiated.ipv6.filter(|_| mtu >= IPV6_MTU)?;
        // names are asked for where IPCP said
        let (link_local, prefix) = (link_local(ours), self.prefix?.prefix);
        // the rules were changed under a call that still has it
        if !lock(&self.device.mail).is_free(prefix.into(), self.call) {
            tracing::warn!(%prefix, device = self.device.name(), "another call has this IPv6 network: this one has none");
            return None;
        }
        let says = Advertised { link_local, prefix, resolver: None, mtu: mtu.into() };
        before.filter(|link| link.router.says() == says).or_else(|| Some(Link::new(says)))
    }

    /// A packet of the system's, as it goes to the caller; none when it cannot, and its sender is told.
    fn fitted(&mut self, mut packet: Vec<u8>, mtu: u16) -> Option<Vec<u8>> {
        packet::clamp_mss(&mut packet, mtu);
        let counts = &self.device.counts;
        let octets = packet.len();
        let packet = match fit(packet, mtu) {
            Fit::Whole(packet) => Some(packet),
            Fit::Parts(parts) => {
                self.first.extend(parts);
                self.first.pop_front()
            }
            Fit::TooLong(error) => {
                count(&counts.long);
                let told = error.filter(|_| self.errors.take(Instant::now().into_std()));
                // the system's own queue is full: as a router would
                told.into_iter().for_each(|error| drop(self.device.tun.try_send(&error)));
                None
            }
        };
        if packet.is_some() {
            count(&counts.given);
            count_octets(&counts.given_octets, octets);
        }
        packet
    }

    fn poll_packet(&mut self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        for _ in 0..AT_ONCE {
            let Some(up) = &mut self.up else { return Poll::Pending };
            if let Some(packet) = self.first.pop_front() {
                return Poll::Ready(packet);
            }
            if let Some(link) = &mut up.ipv6
                && let Poll::Ready(packet) = link.poll(cx)
            {
                return Poll::Ready(packet);
            }
            let mtu = up.mtu;
            let Some(packet) = lock(&self.device.mail).take(self.call, cx.waker()) else {
                self.waker = Some(cx.waker().clone());
                return Poll::Pending;
            };
            if let Some(packet) = self.fitted(packet, mtu) {
                return Poll::Ready(packet);
            }
        }
        // others of the call have their turn too
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl IpPort for TunPort {
    fn up(&mut self, negotiated: &Negotiated) {
        let before = self.up.take().and_then(|up| up.ipv6);
        let ipv4 = negotiated.ipv4.map(|ipv4| ipv4.remote).filter(|remote| !remote.is_unspecified());
        let up = Up { ipv4, ipv6: self.link(negotiated, before), mtu: mtu(negotiated) };
        lock(&self.device.mail).set(self.call, up.addresses());
        self.up = Some(up);
    }

    fn down(&mut self) {
        self.up = None;
        self.first = VecDeque::new();
        lock(&self.device.mail).end(self.call);
    }

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn send(&mut self, mut packet: Vec<u8>) {
        let Some(mut up) = self.up.take() else { return };
        let counts = self.device.counts.clone();
        match up.hears(&packet) {
            Heard::Elsewhere => match self.admits(&packet, &up) {
                Ok(()) => {
                    packet::clamp_mss(&mut packet, up.mtu);
                    // the system's own queue is full: as a router would
                    let sent = self.device.tun.try_send(&packet);
                    if sent.is_ok() {
                        count_octets(&counts.sent_octets, packet.len());
                    }
                    count(if sent.is_ok() { &counts.sent } else { &counts.lost });
                }
                Err(counter) => count(counter),
            },
            Heard::Answer(_) if self.first.len() >= FIRST => count(&counts.lost),
            Heard::Answer(answer) => {
                self.first.push_back(answer);
                self.waker.take().into_iter().for_each(Waker::wake);
            }
            Heard::Nothing | Heard::TooOften => count(&counts.link),
        }
        self.up = Some(up);
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        self.poll_packet(cx).map(|packet| buf.put_slice(packet.get(..buf.remaining()).unwrap_or(&packet)))
    }
}

impl Drop for TunPort {
    fn drop(&mut self) {
        self.down();
    }
}
