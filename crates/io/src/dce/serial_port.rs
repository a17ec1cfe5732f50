//! The computer at a modem by RFC 2217: it sees the modem's DCD, RI and DSR, and its DTR is the modem's.

use std::sync::Arc;
use std::task::{Context, Poll};

use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Computer;
use crate::line::telnet::{TelnetStream, Wires};
use crate::line::{Accepted, Line};

/// A computer that has come over TCP, or another stream, and speaks telnet; one that does not know RFC 2217 has no signals, and its DTR is on.
pub struct SerialPort<S: AsyncRead + AsyncWrite + Send + Unpin + 'static = TcpStream> {
    line: Accepted<TelnetStream<S>>,
    wires: Arc<Wires>,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> SerialPort<S> {
    /// The computer on this stream; `source` is its address.
    pub fn new(stream: S, source: Option<String>) -> Self {
        let wires = Arc::new(Wires::new());
        let stream = TelnetStream::modem_port(stream, wires.clone());
        Self { line: Accepted::new(stream, source), wires }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Line for SerialPort<S> {
    fn op(&mut self, op: LineOp) {
        self.line.op(op);
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.line.poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        self.line.unsent()
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Computer for SerialPort<S> {
    fn show(&mut self, signals: Signals) {
        self.wires.show(signals);
    }

    fn poll_dtr(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.wires.poll_dtr(cx)
    }
}
