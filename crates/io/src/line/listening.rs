//! Where the end that dialled can be called back over a connection: the first caller that speaks PPP rings.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::RasError;
use openras_engine::terminal::Recogniser;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::failure::NO_CARRIER;
use super::reception::{HANDSHAKE, Reception};
use super::switched::{Kind, Later, Switched};
use super::tcp::Stream;
use super::unix::UnixListener;

/// Connections that may be looked at together; others wait in the system's queue.
const MOST: usize = 8;
/// And of one source (defence rule 8): who floods from one place leaves room for whoever calls back.
const EACH: usize = 4;
/// How long one may take to begin with PPP; a server that calls back begins at once.
const BEGINS: Duration = Duration::from_secs(15);
/// How long a listener rests when the system has no room for another socket.
const BREATH: Duration = Duration::from_millis(200);
/// The file of a socket can be used by its owner and group, as a port's.
const SOCKET_MODE: u32 = 0o660;

/// Where it listens.
#[derive(Clone)]
pub enum ListensAt {
    /// A TCP port, with what is spoken there.
    Tcp(SocketAddr, Reception),
    /// A Unix socket.
    Unix(PathBuf),
}

/// A line that rings when somebody connects and begins with PPP.
///
/// It is bound when it is made, so that a port in use is known before anything is dialled; nobody is heard before `Open`.
/// The first that sends the header of a PPP frame within 15 s rings, and then nobody else is heard: a scanner that
/// connects and says nothing, or something else, is no callback. One call only.
pub struct CallbackListener {
    line: Switched<Listening>,
}

impl CallbackListener {
    /// Binds the socket. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The system's: in use, not permitted, not our address.
    pub fn bind(at: ListensAt) -> io::Result<Self> {
        let socket = match at {
            ListensAt::Tcp(address, reception) => {
                let socket = std::net::TcpListener::bind(address)?;
                socket.set_nonblocking(true)?;
                Socket::Tcp(tokio::net::TcpListener::from_std(socket)?, reception)
            }
            ListensAt::Unix(path) => Socket::Unix(UnixListener::bind(path, SOCKET_MODE)?),
        };
        let kind =
            Listening { socket: Some(socket), callers: Vec::new(), rung: None, rest: None, turned_away: 0 };
        Ok(Self { line: Switched::new(kind) })
    }

    /// Where it listens on TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.line.kind().socket.as_ref()? {
            Socket::Tcp(socket, _) => socket.local_addr().ok(),
            Socket::Unix(_) => None,
        }
    }
}

delegate_line!([] CallbackListener);

enum Socket {
    Tcp(tokio::net::TcpListener, Reception),
    Unix(UnixListener),
}

/// A caller that has begun with PPP, and where it is.
type Rung = (Early, Option<String>);

/// Somebody who may become a caller.
struct Caller {
    /// From where, on TCP; of IPv6 the network, since a host may have any address of that.
    from: Option<IpAddr>,
    begins: Later<Option<Rung>>,
}

struct Listening {
    /// Gone once somebody rings.
    socket: Option<Socket>,
    callers: Vec<Caller>,
    rung: Option<Early>,
    rest: Option<Pin<Box<Sleep>>>,
    /// Who connected and was no callback.
    turned_away: u64,
}

impl Listening {
    /// The next connection, as somebody who may become a caller.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Caller>> {
        match &self.socket {
            Some(Socket::Tcp(socket, reception)) => socket.poll_accept(cx).map_ok(|(stream, from)| {
                let (reception, from) = (reception.clone(), from.ip().to_canonical());
                let made = async move {
                    super::tcp::set_up(&stream).map_err(|error| error.to_string())?;
                    reception.stream(stream).await
                };
                Caller { from: Some(network(from)), begins: begins(made, Some(from.to_string())) }
            }),
            Some(Socket::Unix(socket)) => socket.poll_accept(cx).map_ok(|stream| {
                let made = std::future::ready(Ok(Box::new(stream) as Stream));
                Caller { from: None, begins: begins(made, None) }
            }),
            None => Poll::Pending,
        }
    }

    /// Whether another of the same source may come. On a Unix socket its rights say who comes.
    fn has_room(&self, from: Option<IpAddr>) -> bool {
        from.is_none() || self.callers.iter().filter(|caller| caller.from == from).count() < EACH
    }

    /// Takes in whoever connects, as far as there is room.
    fn admit(&mut self, cx: &mut Context<'_>) {
        if let Some(rest) = &mut self.rest {
            if rest.as_mut().poll(cx).is_pending() {
                return;
            }
            self.rest = None;
        }
        while self.callers.len() < MOST {
            match self.poll_accept(cx) {
                Poll::Ready(Ok(caller)) if self.has_room(caller.from) => self.callers.push(caller),
                Poll::Ready(Ok(_)) => self.turned_away += 1,
                Poll::Ready(Err(error)) => {
                    tracing::warn!(%error, "cannot accept a callback; trying again until it can");
                    let mut rest = Box::pin(tokio::time::sleep(BREATH));
                    let _ = rest.as_mut().poll(cx);
                    self.rest = Some(rest);
                    return;
                }
                Poll::Pending => break,
            }
        }
    }

    /// Somebody who has begun with PPP; others who are done with are forgotten.
    fn poll_callers(&mut self, cx: &mut Context<'_>) -> Option<Rung> {
        let mut rung = None;
        let before = self.callers.len();
        self.callers.retain_mut(|caller| match caller.begins.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(one) => {
                rung = rung.take().or(one);
                false
            }
        });
        let gone = before - self.callers.len() - usize::from(rung.is_some());
        self.turned_away += gone as u64;
        rung
    }
}

/// What counts as one source.
fn network(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(from) => IpAddr::V6((from.to_bits() >> 64 << 64).into()),
    }
}

/// Until a caller has shaken hands and begun with PPP; `None` for one that does not.
fn begins(
    made: impl Future<Output = Result<Stream, String>> + Send + 'static,
    source: Option<String>,
) -> Later<Option<Rung>> {
    Box::pin(async move {
        let mut stream = match tokio::time::timeout(HANDSHAKE, made).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(why)) => {
                tracing::info!(source, why, "no callback: no handshake");
                return None;
            }
            Err(_) => return None,
        };
        let early = tokio::time::timeout(BEGINS, header(&mut stream)).await.ok().flatten();
        if early.is_none() {
            tracing::info!(source, "no callback: it did not begin with PPP");
        }
        early.map(|early| (Early { early, stream }, source))
    })
}

/// What has come from the first PPP frame on; `None` at the end of the stream.
async fn header(stream: &mut Stream) -> Option<Vec<u8>> {
    let mut recogniser = Recogniser::new();
    let mut memory = [0; 1024];
    loop {
        let count = stream.read(&mut memory).await.ok().filter(|count| *count > 0)?;
        let octets = memory.get(..count).unwrap_or_default();
        if let Some((_, frame)) = recogniser.push(Instant::now().into_std(), octets).ppp {
            return Some(frame);
        }
    }
}

impl Kind for Listening {
    type Stream = Early;

    fn poll_ring(&mut self, cx: &mut Context<'_>) -> Poll<Option<String>> {
        loop {
            self.admit(cx);
            let before = self.callers.len();
            if let Some((stream, source)) = self.poll_callers(cx) {
                self.rung = Some(stream);
                // nobody else is heard from now on
                self.close();
                return Poll::Ready(source);
            }
            // there is room for who waits
            if before < MOST || self.callers.len() == before || self.rest.is_some() {
                return Poll::Pending;
            }
        }
    }

    fn answer(&mut self) -> Result<Early, RasError> {
        self.rung.take().ok_or(NO_CARRIER)
    }

    fn close(&mut self) {
        if self.turned_away > 0 {
            let count = std::mem::take(&mut self.turned_away);
            tracing::info!(count, "connections that were no callback");
        }
        self.socket = None;
        self.callers = Vec::new();
    }
}

/// A stream of which some octets have been read.
pub(crate) struct Early {
    early: Vec<u8>,
    stream: Stream,
}

impl AsyncRead for Early {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.early.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let rest = this.early.split_off(this.early.len().min(buf.remaining()));
        buf.put_slice(&std::mem::replace(&mut this.early, rest));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Early {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_does_not_take_all_the_room() {
        let mut listening =
            Listening { socket: None, callers: Vec::new(), rung: None, rest: None, turned_away: 0 };
        let from = |text: &str| Some(network(text.parse().unwrap()));
        for (flood, its_other, somebody) in
            [("192.0.2.1", "192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1")]
        {
            listening.callers.clear();
            for _ in 0..EACH {
                assert!(listening.has_room(from(flood)));
                let begins: Later<Option<Rung>> = Box::pin(std::future::pending());
                listening.callers.push(Caller { from: from(flood), begins });
            }
            assert!(!listening.has_room(from(flood)) && !listening.has_room(from(its_other)));
            assert!(listening.has_room(from(somebody)) && listening.has_room(None));
            assert!(listening.callers.len() < MOST, "there is a place for who calls back");
        }
    }
}
