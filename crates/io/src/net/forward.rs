//! Ports of this machine that lead through a call: a listener on loopback whose connections go on as TCP over the link, to one
//! place (`--forward`) or to where each client says (`--socks`).
//!
//! Only processes of the user the listener is for, and root's, are served: loopback is open to every user of the machine,
//! the call is not.

use std::io;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::loopback::LoopbackHandle;

mod owner;
mod socks;
#[cfg(test)]
mod tests;

/// How long a SOCKS client may take to say where to.
const REQUEST: Duration = Duration::from_secs(30);
/// After the system could not give us a connection.
const BREATH: Duration = Duration::from_millis(100);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 4;
/// The longest name of a host and of one of its parts, RFC 1035 §2.3.4.
const NAME: usize = 253;
const LABEL: usize = 63;

/// A host: its address, or its name, for the link's DNS servers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name of letters, digits, `-`, `_` and dots.
    Name(String),
}

impl FromStr for Host {
    type Err = io::Error;

    /// An IPv6 address may stand in brackets.
    fn from_str(text: &str) -> io::Result<Self> {
        let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = address.unwrap_or(text).parse() {
            return Ok(Self::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let part = |part: &str| {
            (1..=LABEL).contains(&part.len())
                && part.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
        };
        if address.is_none() && name.len() <= NAME && name.split('.').all(part) {
            return Ok(Self::Name(name.to_ascii_lowercase()));
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not an address and not the name of a host"))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Where a connection is to go: `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// Its TCP port.
    pub port: u16,
}

impl FromStr for Target {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        let wrong = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("write HOST:PORT"))?;
        let bare_ipv6 = host.contains(':') && !host.starts_with('[');
        let digits = port.bytes().all(|octet| octet.is_ascii_digit());
        let port: u16 = port.parse().map_err(|_| wrong("the port is a number up to 65535"))?;
        if bare_ipv6 || !digits || port == 0 {
            return Err(wrong("write HOST:PORT, an IPv6 address in brackets, the port not 0"));
        }
        Ok(Self { host: host.parse()?, port })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What can open a TCP connection through a call.
pub trait Way: Clone + Send + Sync + 'static {
    /// The connection. Dropped, it ends.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin;

    /// Opens one.
    fn open(&self, to: &Target) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Way for LoopbackHandle {
    type Stream = super::loopback::TcpStream;

    async fn open(&self, to: &Target) -> io::Result<Self::Stream> {
        let addresses = match &to.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolve(name).await?,
        };
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses.into_iter().take(ADDRESSES) {
            match self.tcp_connect(address, to.port).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Where a listener's connections go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// All to one place.
    One(Target),
    /// Where each client says, by SOCKS.
    Socks,
}

/// What went through a listener. Each but `open` only grows.
#[derive(Debug, Default)]
pub struct Counts {
    open: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    strangers: AtomicU64,
    full: AtomicU64,
}

/// What [`Counts`] show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Connections that are there now.
    pub open: u64,
    /// Connections that reached the other host.
    pub reached: u64,
    /// Those that did not.
    pub failed: u64,
    /// Those of other users, sent away.
    pub strangers: u64,
    /// Those for which there was no room.
    pub full: u64,
}

impl Counts {
    /// How things stand.
    pub fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            open: read(&self.open),
            reached: read(&self.done),
            failed: read(&self.failed),
            strangers: read(&self.strangers),
            full: read(&self.full),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One connection's place and its count, until dropped.
struct Seat {
    counts: Arc<Counts>,
    _permits: [OwnedSemaphorePermit; 2],
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A listener and for whom it is.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Where its connections go.
    pub to: To,
    /// The user it is for.
    pub owner: u32,
    /// Places of its call, and of all calls.
    pub seats: [Arc<Semaphore>; 2],
    /// What went through.
    pub counts: Arc<Counts>,
}

/// Serves the listener until dropped; its connections end with it. `listener` must be bound to a loopback address.
pub async fn serve(listener: TcpListener, forward: Forward, way: impl Way) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if let Some(seat) = admit(&stream, &forward).await {
                        running.spawn(one(stream, forward.to.clone(), way.clone(), seat));
                    } else {
                        // closed with a reset: nothing will ever come
                        let _ = stream.set_zero_linger();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to forward could not be accepted");
                    tokio::time::sleep(BREATH).await;
                }
            },
            Some(_) = running.join_next() => {}
        }
    }
}

async fn admit(stream: &TcpStream, forward: &Forward) -> Option<Seat> {
    let counts = &forward.counts;
    let (peer, local) = (stream.peer_addr().ok()?, stream.local_addr().ok()?);
    // the table may be long: whoever makes it so holds up this listener, and no call
    let user = tokio::task::spawn_blocking(move || owner::of(peer, local)).await.ok().flatten();
    if user != Some(forward.owner) && user != Some(0) {
        count(&counts.strangers);
        tracing::warn!(?user, owner = forward.owner, "a connection of another user was not forwarded");
        return None;
    }
    let [one, all] = &forward.seats;
    let permits = one.clone().try_acquire_owned().ok().zip(all.clone().try_acquire_owned().ok());
    let Some((one, all)) = permits else {
        count(&counts.full);
        return None;
    };
    count(&counts.open);
    Some(Seat { counts: counts.clone(), _permits: [one, all] })
}

/// A client's connection: reset when dropped before it has ended well, also when the call is gone or the listener is closed.
/// What is broken off at one end is broken off at the other, and not the end of a page.
struct Client {
    stream: TcpStream,
    ended: bool,
}

impl Drop for Client {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// One connection, from its first byte to its last.
async fn one(stream: TcpStream, to: To, way: impl Way, seat: Seat) {
    // what waits in small pieces is typed by somebody
    let _ = stream.set_nodelay(true);
    let mut client = Client { stream, ended: false };
    let (target, version) = match to {
        To::One(target) => (target, None),
        To::Socks => match timeout(REQUEST, socks::request(&mut client.stream)).await {
            Ok(Ok((version, target))) => (target, Some(version)),
            // a refusal has been said, and is to be read
            _ => {
                client.ended = true;
                return count(&seat.counts.failed);
            }
        },
    };
    let opened = way.open(&target).await;
    if let Some(version) = version {
        let result = opened.as_ref().map(drop).map_err(io::Error::kind);
        if client.stream.write_all(&socks::answer(version, result)).await.is_err() {
            return count(&seat.counts.failed);
        }
    }
    match opened {
        Ok(mut through) => {
            count(&seat.counts.done);
            client.ended = copy_bidirectional(&mut client.stream, &mut through).await.is_ok();
        }
        Err(error) => {
            count(&seat.counts.failed);
            tracing::debug!(%error, "a connection through the call was not opened");
            client.ended = version.is_some();
        }
    }
}
