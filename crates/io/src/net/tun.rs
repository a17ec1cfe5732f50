//! `ip = "tun"`: a network device of the system at the end of calls, where this process may have one (CAP_NET_ADMIN, or a
//! persistent device that an administrator made for its user).
//!
//! A port has one device for all its callers: what the system sends to a caller's address is told apart here, and what a caller
//! sends is looked at before the system sees it (defence rule 16). A dial has a device of its own. A device we made is gone when
//! it is closed, with its addresses and routes, also after a crash.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use openras_nat::Reach;
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;
use tokio::task::AbortHandle;
use tokio_tun::Tun;

use super::nat::Host;
use super::{IpPort, MAX_PACKET};

mod dial;
mod netlink;
mod packet;
mod route;
#[cfg(test)]
mod tests;

pub use dial::TunDial;
pub use route::Route;

/// Packets that may wait for one call.
const QUEUE: usize = 128;
/// Octets of a packet on the device.
const MTU: u16 = 1500;

/// What went over a device and did not. They only grow.
#[derive(Debug, Default)]
pub struct TunCounts {
    sent: AtomicU64,
    sent_octets: AtomicU64,
    given: AtomicU64,
    given_octets: AtomicU64,
    forged: AtomicU64,
    closed: AtomicU64,
    lost: AtomicU64,
    unknown: AtomicU64,
}

/// What [`TunCounts`] show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TunCounted {
    /// Packets of callers that the system got.
    pub sent: u64,
    /// Their octets.
    pub sent_octets: u64,
    /// Packets of the system that callers got.
    pub given: u64,
    /// Their octets.
    pub given_octets: u64,
    /// Those whose source was not the caller's address, or that were no whole IPv4.
    pub forged: u64,
    /// Those that `reach` closes.
    pub closed: u64,
    /// Packets of either way for which there was no room.
    pub lost: u64,
    /// Packets of the system for nobody here.
    pub unknown: u64,
}

impl TunCounts {
    /// How things stand.
    pub fn read(&self) -> TunCounted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TunCounted {
            sent: read(&self.sent),
            sent_octets: read(&self.sent_octets),
            given: read(&self.given),
            given_octets: read(&self.given_octets),
            forged: read(&self.forged),
            closed: read(&self.closed),
            lost: read(&self.lost),
            unknown: read(&self.unknown),
        }
    }
}

impl TunCounted {
    /// Both together, as of a device that was closed and the one of its name that came after it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            sent_octets: self.sent_octets + other.sent_octets,
            given: self.given + other.given,
            given_octets: self.given_octets + other.given_octets,
            forged: self.forged + other.forged,
            closed: self.closed + other.closed,
            lost: self.lost + other.lost,
            unknown: self.unknown + other.unknown,
        }
    }
}

fn count_octets(counter: &AtomicU64, packet: &[u8]) {
    counter.fetch_add(packet.len() as u64, Ordering::Relaxed);
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What waits for one call.
#[derive(Default)]
struct Mailbox {
    packets: VecDeque<Vec<u8>>,
    waker: Option<Waker>,
}

/// A device of the system, for as many calls as there are.
pub struct TunDevice {
    tun: Arc<Tun>,
    calls: Calls,
    counts: Arc<TunCounts>,
    reader: AbortHandle,
}

type Calls = Arc<Mutex<HashMap<Ipv4Addr, Mailbox>>>;

fn lock(calls: &Calls) -> MutexGuard<'_, HashMap<Ipv4Addr, Mailbox>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TunDevice {
    /// Opens the device called `name`. One that is there already is an administrator's and taken as it is; else it is made, with
    /// this address and a route to the network of `length` bits it is in. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// `PermissionDenied`: this process may not; else what the system says.
    pub fn open(name: &str, address: Ipv4Addr, length: u8) -> io::Result<Arc<Self>> {
        if is_there(name) {
            return Self::of(Tun::builder().name(name).close_on_exec());
        }
        if !may_make() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mask =
            Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(length.clamp(1, 32))).unwrap_or(0));
        let made = Tun::builder().name(name).address(address).netmask(mask).mtu(MTU.into()).up();
        Self::of(made.close_on_exec())
    }

    fn of(builder: tokio_tun::TunBuilder) -> io::Result<Arc<Self>> {
        let tun = Arc::new(built(builder)?);
        let (calls, counts) = (Calls::default(), Arc::<TunCounts>::default());
        let reader = tokio::spawn(read(tun.clone(), calls.clone(), counts.clone())).abort_handle();
        Ok(Arc::new(Self { tun, calls, counts, reader }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.tun.name()
    }

    /// What went over it, also once it is closed.
    pub fn counts(&self) -> &Arc<TunCounts> {
        &self.counts
    }
}

impl Drop for TunDevice {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Whether this process may make devices.
pub fn may_make() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

/// Whether an administrator has made this device.
fn is_there(name: &str) -> bool {
    nix::net::if_::if_nametoindex(name).is_ok()
}

fn built(builder: tokio_tun::TunBuilder) -> io::Result<Tun> {
    let tuns = builder.build().map_err(|error| match error {
        tokio_tun::Error::IoError(error) => error,
        tokio_tun::Error::NixError(errno) => io::Error::from_raw_os_error(errno as i32),
    })?;
    tuns.into_iter().next().ok_or_else(|| io::Error::other("the system gave no device"))
}

/// Takes what the system sends, until dropped.
async fn read(tun: Arc<Tun>, calls: Calls, counts: Arc<TunCounts>) {
    let mut memory = vec![0; MAX_PACKET];
    loop {
        let length = match tun.recv(&mut memory).await {
            Ok(length) => length,
            Err(error) => {
                tracing::error!(%error, device = tun.name(), "the network device can no longer be read");
                return;
            }
        };
        let Some(bytes) = memory.get(..length) else { continue };
        let mut calls = lock(&calls);
        let Some(mailbox) = packet::addresses(bytes).and_then(|(_, to)| calls.get_mut(&to)) else {
            count(&counts.unknown);
            continue;
        };
        if mailbox.packets.len() >= QUEUE {
            count(&counts.lost);
            continue;
        }
        mailbox.packets.push_back(bytes.to_vec());
        mailbox.waker.take().into_iter().for_each(Waker::wake);
    }
}

/// One call's end of a port's device.
pub struct TunPort {
    device: Arc<TunDevice>,
    host: Arc<Host>,
    reach: Reach,
    up: Option<Up>,
}

#[derive(Clone, Copy)]
struct Up {
    caller: Ipv4Addr,
    mtu: u16,
}

impl TunPort {
    /// For one call; `reach` is without this machine's addresses, which are `host`'s.
    pub fn new(device: Arc<TunDevice>, host: Arc<Host>, reach: Reach) -> Self {
        Self { device, host, reach, up: None }
    }

    /// Another reach, as that of the user who has proved who it is.
    pub fn set_reach(&mut self, reach: Reach) {
        self.reach = reach;
    }

    /// Whether a packet of the caller's may go to the system.
    fn admits(&self, packet: &[u8], caller: Ipv4Addr) -> Result<(), &AtomicU64> {
        let counts = &self.device.counts;
        let Some((from, to)) = packet::addresses(packet) else { return Err(&counts.forged) };
        if from != caller {
            return Err(&counts.forged);
        }
        let reach = self.reach.clone().with_host(self.host.addresses().iter().copied());
        reach.allows(IpAddr::V4(to), packet::port(packet)).map_err(|_| &counts.closed)
    }
}

impl IpPort for TunPort {
    fn up(&mut self, negotiated: &Negotiated) {
        self.down();
        let Some(v4) = negotiated.ipv4.filter(|v4| !v4.remote.is_unspecified()) else { return };
        lock(&self.device.calls).insert(v4.remote, Mailbox::default());
        self.up = Some(Up { caller: v4.remote, mtu: mtu(negotiated) });
    }

    fn down(&mut self) {
        if let Some(up) = self.up.take() {
            lock(&self.device.calls).remove(&up.caller);
        }
    }

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn send(&mut self, mut packet: Vec<u8>) {
        let Some(up) = self.up else { return };
        if let Err(counter) = self.admits(&packet, up.caller) {
            return count(counter);
        }
        packet::clamp_mss(&mut packet, up.mtu);
        let counts = &self.device.counts;
        // the system's own queue is full: as a router would
        let sent = self.device.tun.try_send(&packet);
        if sent.is_ok() {
            count_octets(&counts.sent_octets, &packet);
        }
        count(if sent.is_ok() { &counts.sent } else { &counts.lost });
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        let Some(up) = self.up else { return Poll::Pending };
        let mut calls = lock(&self.device.calls);
        let Some(mailbox) = calls.get_mut(&up.caller) else { return Poll::Pending };
        match mailbox.packets.pop_front() {
            Some(mut packet) => {
                packet::clamp_mss(&mut packet, up.mtu);
                count(&self.device.counts.given);
                count_octets(&self.device.counts.given_octets, &packet);
                buf.put_slice(packet.get(..buf.remaining()).unwrap_or(&packet));
                Poll::Ready(())
            }
            None => {
                mailbox.packets = VecDeque::new();
                mailbox.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for TunPort {
    fn drop(&mut self) {
        self.down();
    }
}

fn mtu(negotiated: &Negotiated) -> u16 {
    match negotiated.link.send_mru {
        0 => MTU,
        mru => mru.min(MTU),
    }
}

/// Whether an address that the other end says may become one of this system's: one host's, and not the system's own business.
pub(super) fn is_for_a_host(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    (1..224).contains(&first) && !address.is_loopback() && !address.is_link_local()
}
