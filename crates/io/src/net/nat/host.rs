//! This machine's own addresses, which no word of `reach` opens by accident (defence rule 16): listed at the start and
//! again whenever the kernel says that they have changed.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};
use tokio::io::unix::AsyncFd;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::ready::Ready;

/// They are listed again as often as this, whether the kernel has said something or not.
const AGAIN: Duration = Duration::from_secs(60);
/// The same where the kernel may not be listened to.
const UNHEARD: Duration = Duration::from_secs(5);

/// The addresses, and the sessions that have to know of them.
#[derive(Debug, Default)]
pub struct Host {
    /// Grows when they change.
    version: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    addresses: Arc<[IpAddr]>,
    sessions: Vec<Weak<Ready>>,
    /// Sessions there may be before the gone ones are swept out.
    most: usize,
}

impl Host {
    /// With the addresses of now, watched for change until it is cancelled. Must be called inside a tokio runtime.
    pub fn watch(cancel: CancellationToken) -> Arc<Self> {
        let host = Arc::new(Self::default());
        host.listed(list());
        tokio::spawn({
            let host = host.clone();
            async move { cancel.run_until_cancelled(host.watching()).await }
        });
        host
    }

    /// With these addresses, for good.
    #[must_use]
    pub fn fixed(addresses: impl IntoIterator<Item = IpAddr>) -> Arc<Self> {
        let host = Arc::new(Self::default());
        host.set(addresses.into_iter().collect());
        host
    }

    /// The addresses.
    #[must_use]
    pub fn addresses(&self) -> Arc<[IpAddr]> {
        self.state().addresses.clone()
    }

    /// Other ones from now on; sessions that run end what goes there.
    pub(super) fn set(&self, addresses: BTreeSet<IpAddr>) {
        let sessions = {
            let mut state = self.state();
            if addresses.iter().eq(state.addresses.iter()) {
                return;
            }
            state.addresses = addresses.into_iter().collect();
            self.version.fetch_add(1, Ordering::Release);
            state.sessions.clone()
        };
        sessions.iter().filter_map(Weak::upgrade).for_each(|session| session.wake());
    }

    /// Which addresses: another number, other addresses.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// A session that is woken when they change.
    pub(super) fn join(&self, session: &Arc<Ready>) {
        let mut state = self.state();
        if state.sessions.len() >= state.most {
            state.sessions.retain(|session| session.strong_count() > 0);
            state.most = (2 * state.sessions.len()).max(64);
        }
        state.sessions.push(Arc::downgrade(session));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a look has found. One that failed changes nothing: without the list every address of this machine would be
    /// somewhere on the internet. Whether it is known now.
    fn listed(&self, found: io::Result<BTreeSet<IpAddr>>) -> bool {
        match found {
            Ok(addresses) => {
                self.set(addresses);
                true
            }
            Err(error) => {
                warn!(%error, "this machine's addresses cannot be listed; those known before stay closed, and they are looked up again in 5 s");
                false
            }
        }
    }

    async fn watching(&self) {
        let kernel = listen()
            .inspect_err(|error| warn!(%error, "the kernel does not tell of new addresses; they are looked up every 5 s"))
            .ok();
        let mut known = !self.addresses().is_empty();
        loop {
            match &kernel {
                Some(kernel) if known => tokio::select! {
                    () = heard(kernel) => {}
                    () = tokio::time::sleep(AGAIN) => {}
                },
                _ => tokio::time::sleep(UNHEARD).await,
            }
            known = self.listed(list());
        }
    }
}

/// Every address of every interface. The loopback addresses are closed by their network.
///
/// # Errors
/// The system does not say, such as where there is no descriptor for the question.
fn list() -> io::Result<BTreeSet<IpAddr>> {
    let addresses = getifaddrs()?.filter_map(|interface| interface.address);
    let v4 = |address: &nix::sys::socket::SockaddrStorage| Some(address.as_sockaddr_in()?.ip().into());
    let v6 = |address: &nix::sys::socket::SockaddrStorage| Some(address.as_sockaddr_in6()?.ip().into());
    Ok(addresses.filter_map(|address| v4(&address).or_else(|| v6(&address))).collect())
}

/// A socket that hears of changes, rtnetlink(7).
#[allow(deprecated, reason = "sound for an owned descriptor; what replaces it is unsafe")]
fn listen() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
    let groups = u32::try_from(libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR).unwrap_or_default();
    bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    AsyncFd::new(fd)
}

/// Until there is something new; what it says in particular is not looked at.
async fn heard(kernel: &AsyncFd<OwnedFd>) {
    let Ok(mut guard) = kernel.readable().await else { return };
    let mut buffer = [0; 8192];
    // until there is nothing more. An error is news as well: more happened than fits (ENOBUFS)
    while recv(kernel.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok() {}
    guard.clear_ready();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_addresses_are_found() {
        assert!(list().unwrap().contains(&"127.0.0.1".parse().unwrap()), "{:?}", list());
    }

    /// A process without descriptors cannot ask; that must open nothing.
    #[test]
    fn a_look_that_fails_opens_no_address_of_this_machine() {
        let host = Host::fixed(["192.0.2.1".parse().unwrap()]);
        let (before, version) = (host.addresses(), host.version());
        assert!(!host.listed(Err(io::ErrorKind::Other.into())));
        assert_eq!((host.addresses(), host.version()), (before, version));
        assert!(host.listed(list()) && host.version() > version);
    }

    #[tokio::test]
    async fn sessions_are_woken_when_they_change_and_only_then() {
        let host = Host::fixed(["192.0.2.1".parse().unwrap()]);
        let session = Arc::new(Ready::default());
        host.join(&session);
        let before = host.version();
        let (waker, woken) = (Arc::new(Woken::default()), || host.version() != before);
        session.register(&waker.clone().into());
        host.set(["192.0.2.1".parse().unwrap()].into());
        assert!(!woken() && !waker.0.load(Ordering::Relaxed));
        host.set(["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()].into());
        assert!(woken() && waker.0.load(Ordering::Relaxed));
        drop(session);
        for _ in 0..1000 {
            host.join(&Arc::new(Ready::default()));
        }
        assert!(host.state().sessions.len() <= 65, "the gone ones are forgotten");
    }

    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
