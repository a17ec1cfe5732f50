//! `ip = "loopback"`: a small TCP/IP stack in this process at the end of a call.
//!
//! It takes the addresses IPCP and IPV6CP agreed on (IPv4 as a host address, IPv6 link-local from the interface
//! identifier, and of a network where a router at the other end advertises one), answers pings, and offers ping and TCP to the program: no rights and no network device are needed.
//! One task a stack; packets between it and the driver wait in two bounded queues; TCP buffers exist only while a
//! connection does.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use openras_ppp::Negotiated;
use smoltcp::socket::{icmp, tcp};
use tokio::io::ReadBuf;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use self::stack::Stack;
use super::IpPort;

mod ping;
mod resolve;
mod stack;
mod stream;
#[cfg(test)]
pub(super) mod tests;

pub use ping::Rtt;
pub use stream::{TcpListener, TcpStream};

/// How long a connect may take.
const CONNECT: Duration = Duration::from_secs(30);

/// What the port, the handles and the streams share.
struct Shared {
    stack: Mutex<Stack>,
    /// Wakes the stack's task.
    wake: Arc<Notify>,
}

impl Shared {
    fn stack(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// What lies at the other end of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarEnd {
    /// A caller with one address: IPv4 packets from any other are dropped (defence rule 16).
    Host,
    /// A way to other hosts: packets come from anywhere.
    Gateway,
}

/// A new stack, down until its port is told otherwise: the port for the driver, the handle for the program. Must be
/// called inside a tokio runtime.
pub fn loopback(far_end: FarEnd) -> (LoopbackPort, LoopbackHandle) {
    let wake = Arc::new(Notify::new());
    let shared =
        Arc::new(Shared { stack: Mutex::new(Stack::new(Instant::now(), far_end)), wake: wake.clone() });
    tokio::spawn(work(Arc::downgrade(&shared), wake));
    (LoopbackPort { shared: shared.clone() }, LoopbackHandle { shared })
}

/// The task: turns the stack when a packet, the program or a timer wants it.
async fn work(shared: Weak<Shared>, wake: Arc<Notify>) {
    let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        let wait = match shared.upgrade() {
            Some(shared) => shared.stack().turn(Instant::now()),
            None => return,
        };
        if let Some(wait) = wait {
            sleep.as_mut().reset(Instant::now() + wait);
        }
        tokio::select! {
            () = wake.notified() => {}
            () = &mut sleep, if wait.is_some() => {}
        }
    }
}

/// The stack's [`IpPort`]. When it is dropped the link has gone for good.
pub struct LoopbackPort {
    shared: Arc<Shared>,
}

impl IpPort for LoopbackPort {
    fn up(&mut self, negotiated: &Negotiated) {
        self.shared.stack().up(negotiated);
        self.shared.wake.notify_one();
    }

    fn down(&mut self) {
        self.shared.stack().down();
        self.shared.wake.notify_one();
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.stack().poll_room(cx)
    }

    fn send(&mut self, packet: Vec<u8>) {
        self.shared.stack().receive(packet);
        self.shared.wake.notify_one();
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        let mut stack = self.shared.stack();
        let Some((packet, was_full)) = stack.next_packet(cx) else { return Poll::Pending };
        buf.put_slice(packet.get(..buf.remaining()).unwrap_or(&packet));
        if was_full {
            self.shared.wake.notify_one();
        }
        Poll::Ready(())
    }
}

impl Drop for LoopbackPort {
    fn drop(&mut self) {
        self.shared.stack().gone();
        self.shared.wake.notify_one();
    }
}

/// The program's side of a stack. Clones are the same stack.
#[derive(Clone)]
pub struct LoopbackHandle {
    shared: Arc<Shared>,
}

impl LoopbackHandle {
    /// Waits until IP is up.
    ///
    /// # Errors
    /// `NotConnected`: the port is gone, it will never be up.
    pub async fn until_up(&self) -> io::Result<()> {
        poll_fn(|cx| self.shared.stack().poll_up(cx)).await
    }

    /// Sends `count` echo requests, one after the other, and tells how long each answer took. An answer that has not
    /// come after five seconds is lost.
    ///
    /// # Errors
    /// `NotConnected`: IP is not up, or went away; `Unsupported`: the other address family was agreed on.
    pub async fn ping(&self, address: IpAddr, count: u16) -> io::Result<Vec<Rtt>> {
        ping::ping(&self.shared, address, count).await
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// `NotConnected`: IP is not up; `ConnectionRefused`: the other end said no, or the link went away;
    /// `TimedOut`: no answer in 30 s; `Unsupported`: no address of that family.
    pub async fn tcp_connect(&self, address: IpAddr, port: u16) -> io::Result<TcpStream> {
        // just after the call has come up the router may not have spoken yet
        poll_fn(|cx| self.shared.stack().poll_way(address, cx)).await?;
        let stream = {
            let mut stack = self.shared.stack();
            let handle = stack.connect(address, port)?;
            TcpStream::new(self.shared.clone(), handle)
        };
        self.shared.wake.notify_one();
        let established = poll_fn(|cx| {
            let mut stack = self.shared.stack();
            let socket = stack.sockets.get_mut::<tcp::Socket<'_>>(stream.handle());
            match socket.state() {
                tcp::State::SynSent | tcp::State::SynReceived => {
                    socket.register_send_waker(cx.waker());
                    Poll::Pending
                }
                tcp::State::Closed => Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionRefused))),
                _ => Poll::Ready(Ok(())),
            }
        });
        timeout(CONNECT, established).await.map_err(|_| io::ErrorKind::TimedOut)??;
        Ok(stream)
    }

    /// Answers connections to this port until the listener is dropped. May be called before IP is up.
    ///
    /// # Errors
    /// `AddrInUse`: there is a listener already.
    pub fn tcp_listen(&self, port: u16) -> io::Result<TcpListener> {
        self.shared.stack().listen(port)?;
        Ok(TcpListener::new(self.shared.clone(), port))
    }
}

/// An echo request's socket, gone when dropped.
struct IcmpSocket<'a> {
    shared: &'a Shared,
    handle: smoltcp::iface::SocketHandle,
}

impl IcmpSocket<'_> {
    fn with<T>(&self, act: impl FnOnce(&mut icmp::Socket<'static>) -> T) -> T {
        act(self.shared.stack().sockets.get_mut(self.handle))
    }
}

impl Drop for IcmpSocket<'_> {
    fn drop(&mut self) {
        self.shared.stack().sockets.remove(self.handle);
    }
}
