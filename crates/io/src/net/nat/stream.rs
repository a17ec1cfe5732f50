//! One TCP connection outside. Octets go between the socket and the caller's connection without a place of their own
//! in between: what is not taken waits where it is, and closes the window behind it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use openras_nat::{End, FlowId, Input, Nat, Refusal};
use openras_ppp::Machine;
use rustix::net::{self, AddressFamily, Shutdown, SocketFlags, SocketType, sockopt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::ready::Bell;

/// Octets moved each way before other flows have their turn.
const TURN: usize = 64 * 1024;

/// A connection to the outside, or from there.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) bell: Bell,
    /// `None` once both sides have ended: nothing is left to do outside.
    socket: Option<TcpStream>,
    phase: Phase,
    /// The outside has ended.
    ended: bool,
    /// The caller has ended.
    shut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The outside has not answered yet.
    Connecting,
    /// From outside; the caller has not answered yet.
    Calling,
    Open,
}

impl Stream {
    /// Begins to connect.
    pub(super) fn connect(to: SocketAddr, bell: Bell) -> io::Result<Self> {
        let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        match net::connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let socket = TcpStream::from_std(socket.into())?;
        bell.ring();
        Ok(Self::new(socket, Phase::Connecting, bell))
    }

    /// One that was accepted outside; the caller is being asked.
    pub(super) fn accepted(socket: TcpStream, bell: Bell) -> Self {
        Self::new(socket, Phase::Calling, bell)
    }

    fn new(socket: TcpStream, phase: Phase, bell: Bell) -> Self {
        // the caller's TCP has made its segments already; nothing is gained by waiting for more
        let _ = socket.set_nodelay(true);
        Self { bell, socket: Some(socket), phase, ended: false, shut: false }
    }

    /// The caller has answered.
    pub(super) fn answered(&mut self) {
        self.phase = Phase::Open;
        self.bell.ring();
    }

    /// Moves what can be moved.
    pub(super) fn work(&mut self, nat: &mut Nat, now: Instant, id: FlowId) {
        let Self { bell, socket, phase, ended, .. } = self;
        let mut cx = Context::from_waker(bell.answer());
        let Some(tcp) = socket else { return };
        match phase {
            Phase::Calling => return,
            Phase::Connecting => match connected(tcp, &mut cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {
                    *phase = Phase::Open;
                    nat.handle(now, Input::Connected(id));
                }
                Poll::Ready(Err(error)) => return nat.handle(now, Input::Refused(id, refusal(&error))),
            },
            Phase::Open => {}
        }
        let moved = write(tcp, nat, now, id, &mut cx)
            .and_then(|more| Ok(read(tcp, nat, now, id, ended, &mut cx)? | more));
        match moved {
            Ok(true) => bell.ring(),
            Ok(false) => {}
            Err(_) => {
                *socket = None;
                nat.handle(now, Input::Failed(id));
            }
        }
        self.rest();
    }

    /// The caller will send nothing more.
    pub(super) fn shut(&mut self) {
        self.shut = true;
        if let Some(socket) = &self.socket {
            // one that is broken tells when it is read
            let _ = net::shutdown(socket, Shutdown::Write);
        }
        self.rest();
    }

    /// A socket that has nothing to do is given back; the caller's side may wait for late packets without it.
    fn rest(&mut self) {
        if self.ended && self.shut {
            self.socket = None;
        }
    }

    /// The flow is gone.
    pub(super) fn close(self, end: End) {
        if let (Some(socket), End::Reset | End::TimedOut | End::Reach | End::Outside) = (self.socket, end) {
            reset(&socket);
        }
    }
}

/// Closes with a reset when it is dropped.
pub(super) fn reset(socket: &TcpStream) {
    // where it fails the outside sees an ordinary end
    let _ = sockopt::set_socket_linger(socket, Some(Duration::ZERO));
}

fn connected(tcp: &TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    std::task::ready!(tcp.poll_write_ready(cx))?;
    Poll::Ready(match tcp.take_error()? {
        Some(error) => Err(error),
        // an address of this machine and a port nobody listens on may meet themselves (simultaneous open)
        None if tcp.peer_addr()? == tcp.local_addr()? => Err(io::ErrorKind::ConnectionRefused.into()),
        None => Ok(()),
    })
}

pub(super) fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Refusal::Refused,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Refusal::Network,
        _ => Refusal::Host,
    }
}

/// From the caller to the outside; whether there is more to do at once.
fn write(
    tcp: &mut TcpStream,
    nat: &mut Nat,
    now: Instant,
    id: FlowId,
    cx: &mut Context<'_>,
) -> io::Result<bool> {
    let mut moved = 0;
    while moved < TURN {
        let waiting = nat.waiting(id);
        if waiting.is_empty() {
            return Ok(false);
        }
        match Pin::new(&mut *tcp).poll_write(cx, waiting) {
            Poll::Pending => return Ok(false),
            Poll::Ready(written) => {
                let written = written?;
                nat.take(now, id, written);
                moved += written;
            }
        }
    }
    Ok(true)
}

/// From the outside to the caller; whether there is more to do at once.
fn read(
    tcp: &mut TcpStream,
    nat: &mut Nat,
    now: Instant,
    id: FlowId,
    ended: &mut bool,
    cx: &mut Context<'_>,
) -> io::Result<bool> {
    let mut moved = 0;
    if *ended {
        return Ok(false);
    }
    while moved < TURN && !*ended {
        let mut polled = Poll::Pending;
        let room = nat.fill(now, id, |room| {
            let mut buffer = ReadBuf::new(room);
            let read = Pin::new(&mut *tcp).poll_read(cx, &mut buffer);
            let octets = buffer.filled().len();
            polled = read.map_ok(|()| octets);
            octets
        });
        match polled {
            // without room `Writable` comes when there is some
            _ if !room => return Ok(false),
            Poll::Pending => return Ok(false),
            Poll::Ready(octets) => {
                let octets = octets?;
                moved += octets;
                *ended = octets == 0;
            }
        }
    }
    if *ended {
        nat.handle(now, Input::Ended(id));
    }
    Ok(!*ended)
}
