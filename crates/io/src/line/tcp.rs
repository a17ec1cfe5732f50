//! TCP: `tcp:HOST:PORT` dials, `listen:tcp:ADDRESS:PORT` answers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use openras_engine::RasError;
use tokio::net::TcpStream;

use super::failure::{NO_ANSWER, NO_NAME, ras_error};
use super::switched::{Accepted, Kind, Later, Switched};

/// How long a connect may take before it is 678.
const CONNECT: Duration = Duration::from_secs(30);
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
        Self { line: Switched::new(Connect { address: address.into() }) }
    }
}

struct Connect {
    address: String,
}

impl Kind for Connect {
    type Stream = TcpStream;

    fn dial(&mut self, _number: &str) -> Later<Result<TcpStream, RasError>> {
        let address = self.address.clone();
        Box::pin(async move {
            match tokio::time::timeout(CONNECT, connect(&address)).await {
                Ok(result) => result,
                Err(_) => Err(NO_ANSWER),
            }
        })
    }
}

/// Tries every address of the name in turn; the last failure counts.
async fn connect(address: &str) -> Result<TcpStream, RasError> {
    let found = tokio::net::lookup_host(address).await.map_err(|error| {
        tracing::info!(address, %error, "the name does not resolve");
        NO_NAME
    })?;
    let mut last = NO_NAME;
    for target in found {
        match TcpStream::connect(target).await {
            Ok(stream) => {
                // frames are small and someone waits for each
                stream.set_nodelay(true).map_err(|error| ras_error(&error))?;
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
        let mut failing = false;
        loop {
            match self.socket.accept().await {
                Ok((stream, from)) => {
                    failing = false;
                    if stream.set_nodelay(true).is_ok() {
                        return Accepted::new(stream, Some(from.ip().to_canonical().to_string()));
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
