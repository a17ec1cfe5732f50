//! How a call that came in over TCP is received: what is spoken on the stream below the call.

use std::sync::Arc;
use std::time::Duration;

use openras_engine::escape;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls::TlsServer;
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
        match tokio::time::timeout(HANDSHAKE, self.shake(stream, source)).await {
            Ok(shaken) => shaken.map_err(refused),
            Err(_) => Err(refused(format!("not within {} seconds", HANDSHAKE.as_secs()))),
        }
    }

    async fn shake(&self, stream: TcpStream, source: Option<String>) -> Result<Box<dyn Line>, String> {
        let explained = |error: std::io::Error| escape::short(&error.to_string(), 200);
        Ok(match self {
            Self::Plain => called(TelnetStream::perhaps(stream), source),
            Self::Telnet => called(TelnetStream::server(stream), source),
            Self::SerialPort => called(TelnetStream::serial_port(stream), source),
            Self::Tls(tls) => called(tls.accept(stream).await.map_err(explained)?, source),
            Self::WebSocket(origins, None) => called(ws::accept(stream, origins).await?, source),
            Self::WebSocket(origins, Some(tls)) => {
                let stream = tls.accept(stream).await.map_err(explained)?;
                called(ws::accept(stream, origins).await?, source)
            }
        })
    }
}

fn called(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    source: Option<String>,
) -> Box<dyn Line> {
    Box::new(Accepted::new(stream, source))
}
