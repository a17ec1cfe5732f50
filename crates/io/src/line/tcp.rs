//! TCP: dials, and answers. What is spoken on the stream below a call may be telnet, TLS or WebSocket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::RasError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::failure::{NO_ANSWER, NO_CARRIER, NO_NAME, ras_error};
use super::switched::{Accepted, Kind, Later, Switched};
use super::telnet::TelnetStream;
use super::tls::{Notified, TlsClient};
use super::ws;

/// How long a connect may take, with everything below the call, before it is 678.
pub(super) const CONNECT: Duration = Duration::from_secs(30);
/// How long a connection that stands for ever may be silent before the other end is asked whether it is there, how long it
/// has to answer, and how often it is asked.
const SILENT: Duration = Duration::from_secs(60);
const ASKED_EVERY: Duration = Duration::from_secs(15);
const ASKED: u32 = 4;
/// How long a listener rests when the system has no room for another socket.
const BREATH: Duration = Duration::from_millis(200);

/// A line whose other end is one TCP address.
pub struct TcpDial {
    line: Switched<Connect>,
}

impl TcpDial {
    /// `address` is `HOST:PORT`, as `[::1]:7001` for IPv6; a name is looked up at each dial. The number dialled does
    /// not count.
    pub fn new(address: impl Into<String>) -> Self {
        Self::speaking(address.into(), Spoken::Octets)
    }

    /// As [`Self::new`], in telnet.
    pub fn telnet(address: impl Into<String>) -> Self {
        Self::speaking(address.into(), Spoken::Telnet)
    }

    /// As [`Self::new`], in TLS: the certificate of the other end must be for the host of the address.
    pub fn tls(address: impl Into<String>, tls: TlsClient) -> Self {
        Self::speaking(address.into(), Spoken::Tls(tls))
    }

    /// As [`Self::new`], in WebSocket; `path` begins with `/`. With `tls`, within TLS.
    pub fn websocket(address: impl Into<String>, path: &str, tls: Option<TlsClient>) -> Self {
        Self::speaking(address.into(), Spoken::WebSocket { path: path.into(), tls })
    }

    /// As [`Self::new`], for an address somebody else has chosen: each address that is looked up is asked for, and only one
    /// that may be is connected to. Telnet is spoken if the other end begins with it.
    pub fn free(address: impl Into<String>, may: May) -> Self {
        let connect = Connect { address: address.into(), spoken: Spoken::Perhaps, may: Some(may) };
        Self { line: Switched::new(connect) }
    }

    fn speaking(address: String, spoken: Spoken) -> Self {
        Self { line: Switched::new(Connect { address, spoken, may: None }) }
    }
}

/// Octets both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A stream, whatever is spoken on it.
pub(super) type Stream = Box<dyn Duplex>;

/// Whether an address may be connected to, or why not.
pub type May = Arc<dyn Fn(SocketAddr) -> Result<(), String> + Send + Sync>;

/// What is spoken below the call.
#[derive(Clone)]
pub(super) enum Spoken {
    Octets,
    Telnet,
    /// Telnet where the other end begins with it.
    Perhaps,
    Tls(TlsClient),
    WebSocket {
        path: String,
        tls: Option<TlsClient>,
    },
}

impl Spoken {
    /// Shakes hands with the other end of the stream; `address` is its `HOST:PORT`.
    pub(super) async fn begin(self, stream: TcpStream, address: &str) -> Result<Stream, RasError> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        Ok(match self {
            Self::Octets => Box::new(stream),
            Self::Telnet => Box::new(TelnetStream::client(stream)),
            Self::Perhaps => Box::new(TelnetStream::client_perhaps(stream)),
            Self::Tls(tls) => Box::new(Notified::new(tls.connect(stream, host).await?)),
            Self::WebSocket { path, tls: None } => {
                websocket(stream, &format!("ws://{address}{path}")).await?
            }
            Self::WebSocket { path, tls: Some(tls) } => {
                websocket(tls.connect(stream, host).await?, &format!("wss://{address}{path}")).await?
            }
        })
    }
}

async fn websocket(stream: impl Duplex + 'static, url: &str) -> Result<Stream, RasError> {
    match ws::connect(stream, url).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => {
            tracing::info!(url, error, "no WebSocket");
            // somebody is there who answers no calls
            Err(NO_ANSWER)
        }
    }
}

struct Connect {
    address: String,
    spoken: Spoken,
    /// Which addresses it may be; `None` is any.
    may: Option<May>,
}

impl Kind for Connect {
    type Stream = Stream;

    fn dial(&mut self, _number: &str) -> Later<Result<Stream, RasError>> {
        let (address, spoken, may) = (self.address.clone(), self.spoken.clone(), self.may.clone());
        Box::pin(async move {
            let call = async { spoken.begin(connect_where(&address, may.as_ref()).await?, &address).await };
            tokio::time::timeout(CONNECT, call).await.unwrap_or(Err(NO_ANSWER))
        })
    }
}

/// Tries every address of the name in turn; the last failure counts.
pub(super) async fn connect(address: &str) -> Result<TcpStream, RasError> {
    connect_where(address, None).await
}

/// What every connection of ours has: frames are small and someone waits for each, and one that nobody ends is lost when the
/// other machine is, so the system asks for it while nothing is said.
///
/// # Errors
/// The system's, for a connection that has gone.
pub(super) fn set_up(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, SILENT)?;
    sockopt::set_tcp_keepintvl(stream, ASKED_EVERY)?;
    Ok(sockopt::set_tcp_keepcnt(stream, ASKED)?)
}

async fn connect_where(address: &str, may: Option<&May>) -> Result<TcpStream, RasError> {
    let found = tokio::net::lookup_host(address).await.map_err(|error| {
        tracing::info!(address, %error, "the name does not resolve");
        NO_NAME
    })?;
    let mut last = NO_NAME;
    for target in found {
        if let Some(Err(why)) = may.map(|may| may(target)) {
            tracing::info!(%target, why, "not connected to");
            last = NO_CARRIER;
            continue;
        }
        match TcpStream::connect(target).await {
            Ok(stream) => {
                set_up(&stream).map_err(|error| ras_error(&error))?;
                return Ok(stream);
            }
            Err(error) => {
                tracing::info!(%target, %error, "cannot connect");
                last = ras_error(&error);
            }
        }
    }
    Err(last)
}

delegate_line!([] TcpDial);

/// Answers calls on a TCP port; each one is an [`Accepted`] line.
#[derive(Debug)]
pub struct TcpListener {
    socket: tokio::net::TcpListener,
}

impl TcpListener {
    /// Listens on `ADDRESS:PORT`; port 0 takes a free one. Errors are the system's: in use, not permitted.
    pub async fn bind(address: &str) -> io::Result<Self> {
        Ok(Self { socket: tokio::net::TcpListener::bind(address).await? })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next call. Never fails: a call that vanishes is skipped, and where the system has no room for another
    /// socket it tries again after a moment. Safe to cancel.
    pub async fn accept(&self) -> Accepted<TcpStream> {
        let (stream, source) = self.accept_stream().await;
        Accepted::new(stream, Some(source))
    }

    /// As [`Self::accept`], before anything is spoken: the stream, and the caller's address without its port. What it
    /// becomes, a [`Reception`](super::Reception) says.
    pub async fn accept_stream(&self) -> (TcpStream, String) {
        let mut failing = false;
        loop {
            match self.socket.accept().await {
                Ok((stream, from)) => {
                    failing = false;
                    if set_up(&stream).is_ok() {
                        return (stream, from.ip().to_canonical().to_string());
                    }
                }
                Err(error) => {
                    // a system without room says so at every try, and once is enough to read
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "cannot accept a call; trying again until it can");
                    }
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
}
