//! How a call that came in over TCP is received: what is spoken on the stream below the call.

use std::sync::Arc;
use std::time::Duration;

use openras_engine::escape;
use tokio::net::TcpStream;

use super::tcp::Stream;
use super::tls::{Notified, TlsServer};
use super::ws::{self, Origins};
use super::{Accepted, Line, TelnetStream};

/// How long a caller may take to shake hands in TLS and WebSocket.
pub const HANDSHAKE: Duration = Duration::from_secs(15);

/// What is spoken on the stream of a call.
#[derive(Clone)]
pub enum Reception {
    /// Octets as they are; a greeting in telnet is understood (`listen:tcp:`).
    Plain,
    /// Telnet (`listen:telnet:`).
    Telnet,
    /// Telnet with a serial port (`listen:rfc2217:`).
    SerialPort,
    /// TLS (`listen:tls:`).
    Tls(TlsServer),
    /// WebSocket, in TLS or not (`listen:ws:`, `listen:wss:`).
    WebSocket(Arc<Origins>, Option<TlsServer>),
}

/// Why a caller did not get as far as a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoHandshake {
    /// In what.
    pub word: &'static str,
    /// What happened; text of the other end in it is escaped.
    pub why: String,
}

impl std::fmt::Display for NoHandshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no {} handshake: {}", self.word, self.why)
    }
}

impl Reception {
    /// The kind of line in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Plain => "tcp",
            Self::Telnet => "telnet",
            Self::SerialPort => "rfc2217",
            Self::Tls(_) => "tls",
            Self::WebSocket(_, None) => "ws",
            Self::WebSocket(_, Some(_)) => "wss",
        }
    }

    /// Makes a line of a call. Waits for the caller only where hands are shaken, and then for [`HANDSHAKE`] at most.
    ///
    /// # Errors
    /// What the caller did wrong, or that it took too long.
    pub async fn receive(
        &self,
        stream: TcpStream,
        source: Option<String>,
    ) -> Result<Box<dyn Line>, NoHandshake> {
        let refused = |why| NoHandshake { word: self.word(), why };
        match tokio::time::timeout(HANDSHAKE, self.stream(stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(Accepted::new(stream, source))),
            Ok(Err(why)) => Err(refused(why)),
            Err(_) => Err(refused(format!("not within {} seconds", HANDSHAKE.as_secs()))),
        }
    }

    /// The same as a stream, for as long as it takes.
    ///
    /// # Errors
    /// What the caller did wrong.
    pub(super) async fn stream(&self, stream: TcpStream) -> Result<Stream, String> {
        let explained = |error: std::io::Error| escape::short(&error.to_string(), 200);
        Ok(match self {
            Self::Plain => Box::new(TelnetStream::perhaps(stream)),
            Self::Telnet => Box::new(TelnetStream::server(stream)),
            Self::SerialPort => Box::new(TelnetStream::serial_port(stream)),
            Self::Tls(tls) => Box::new(Notified::new(tls.accept(stream).await.map_err(explained)?)),
            Self::WebSocket(origins, None) => Box::new(ws::accept(stream, origins, false).await?),
            Self::WebSocket(origins, Some(tls)) => {
                let stream = tls.accept(stream).await.map_err(explained)?;
                Box::new(ws::accept(stream, origins, true).await?)
            }
        })
    }
}
