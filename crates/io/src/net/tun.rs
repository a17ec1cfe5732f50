//! `ip = "tun"`: a network device of the system at the end of calls, where this process may have one (CAP_NET_ADMIN, or a
//! persistent device that an administrator made for its user).
//!
//! A port has one device for all its callers: what the system sends to a caller's address is told apart here, and what a caller
//! sends is looked at before the system sees it (defence rule 16). A dial has a device of its own. A device we made is gone when
//! it is closed, with its addresses and routes, also after a crash.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_ppp::Negotiated;
use tokio::task::AbortHandle;
use tokio_tun::Tun;

use super::MAX_PACKET;

mod dial;
mod mail;
mod netlink;
mod packet;
mod port;
mod route;
#[cfg(test)]
mod tests;

pub use dial::TunDial;
pub use port::TunPort;
pub use route::Route;

use mail::{Delivered, Mail};

/// Octets of a packet on the device.
const MTU: u16 = 1500;
/// The smallest MTU of IPv6 (RFC 8200 §5).
const IPV6_MTU: u16 = 1280;

/// What went over a device and did not. They only grow.
#[derive(Debug, Default)]
pub struct TunCounts {
    sent: AtomicU64,
    sent_octets: AtomicU64,
    given: AtomicU64,
    given_octets: AtomicU64,
    forged: AtomicU64,
    closed: AtomicU64,
    link: AtomicU64,
    long: AtomicU64,
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
    /// Those whose source was not the caller's address, or that were no whole IP.
    pub forged: u64,
    /// Those that `reach` closes.
    pub closed: u64,
    /// Those that were for the link alone, and that the router there does not answer.
    pub link: u64,
    /// Packets of the system that were too long for the caller's line; their senders are told, where they may be and not too often.
    pub long: u64,
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
            link: read(&self.link),
            long: read(&self.long),
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
            link: self.link + other.link,
            long: self.long + other.long,
            lost: self.lost + other.lost,
            unknown: self.unknown + other.unknown,
        }
    }
}

fn count_octets(counter: &AtomicU64, octets: usize) {
    counter.fetch_add(octets as u64, Ordering::Relaxed);
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A device of the system, for as many calls as there are.
pub struct TunDevice {
    tun: Arc<Tun>,
    /// It was made by us, and is ours to give addresses.
    is_ours: bool,
    /// Networks of IPv6 that lead here.
    led: Mutex<Vec<(Ipv6Addr, u8)>>,
    mail: Arc<Mutex<Mail>>,
    counts: Arc<TunCounts>,
    reader: AbortHandle,
}

impl TunDevice {
    /// Opens the device called `name`. One that is there already is an administrator's and taken as it is; else it is made, with
    /// this address and a route to the network of `length` bits it is in. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// `PermissionDenied`: this process may not; else what the system says.
    pub fn open(name: &str, address: Ipv4Addr, length: u8) -> io::Result<Arc<Self>> {
        if is_there(name) {
            return Self::of(Tun::builder().name(name).close_on_exec(), false);
        }
        if !may_make() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mask =
            Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(length.clamp(1, 32))).unwrap_or(0));
        let made = Tun::builder().name(name).address(address).netmask(mask).mtu(MTU.into()).up();
        Self::of(made.close_on_exec(), true)
    }

    fn of(builder: tokio_tun::TunBuilder, is_ours: bool) -> io::Result<Arc<Self>> {
        let tun = Arc::new(built(builder)?);
        let (mail, counts) = (Arc::<Mutex<Mail>>::default(), Arc::<TunCounts>::default());
        let reader = tokio::spawn(read(tun.clone(), mail.clone(), counts.clone())).abort_handle();
        Ok(Arc::new(Self { tun, is_ours, led: Mutex::default(), mail, counts, reader }))
    }

    /// Leads the network of IPv6 that `own` and the first `length` bits of it make to the device, which has this address then; one
    /// of an administrator's has what it was given. To be called whenever a call comes up: who sets the device down and up again
    /// takes both away. Gives whether it is the first time.
    ///
    /// # Errors
    /// What the system says: `AlreadyExists` where another route leads there, `PermissionDenied` where it has no IPv6.
    pub fn lead_ipv6(&self, own: Ipv6Addr, length: u8) -> io::Result<bool> {
        let behind = u128::MAX.checked_shr(length.into()).unwrap_or(0);
        let network = (Ipv6Addr::from_bits(own.to_bits() & !behind), length);
        let mut led = self.led.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !led.contains(&network);
        if self.is_ours {
            let unless_there = |result: io::Result<()>| match result {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            };
            let index = index(self.name())?;
            unless_there(netlink::set_address(index, own, true))?;
            let route = netlink::add_route(index, network.0.into(), length);
            // the first time it is somebody else's
            if is_first { route } else { unless_there(route) }?;
        }
        if is_first {
            led.push(network);
        }
        Ok(is_first)
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
    index(name).is_ok()
}

/// The number of the device that has this name.
fn index(name: &str) -> io::Result<u32> {
    nix::net::if_::if_nametoindex(name).map_err(io::Error::from)
}

fn built(builder: tokio_tun::TunBuilder) -> io::Result<Tun> {
    let tuns = builder.build().map_err(|error| match error {
        tokio_tun::Error::IoError(error) => error,
        tokio_tun::Error::NixError(errno) => io::Error::from_raw_os_error(errno as i32),
    })?;
    tuns.into_iter().next().ok_or_else(|| io::Error::other("the system gave no device"))
}

fn lock(mail: &Mutex<Mail>) -> MutexGuard<'_, Mail> {
    mail.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes what the system sends, until dropped.
async fn read(tun: Arc<Tun>, mail: Arc<Mutex<Mail>>, counts: Arc<TunCounts>) {
    let mut memory = vec![0; MAX_PACKET];
    loop {
        let length = match tun.recv(&mut memory).await {
            Ok(length) => length,
            Err(error) => {
                tracing::error!(%error, device = tun.name(), "the network device can no longer be read");
                return;
            }
        };
        match lock(&mail).deliver(memory.get(..length).unwrap_or_default()) {
            Delivered::Taken => {}
            Delivered::Full => count(&counts.lost),
            Delivered::Nobody => count(&counts.unknown),
        }
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
