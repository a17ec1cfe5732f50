//! Telnet on a stream: what is said in telnet stays in here, the line sees data. As a server of RFC 2217 the other end has
//! a serial port of ours with it, whose DTR is its hook.

mod com_port;
#[cfg(test)]
mod tests;
mod wires;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use openras_engine::telnet::{Config, Event, Mode, Role, Telnet};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use com_port::ComPort;
pub(crate) use wires::Wires;

/// Octets read from the stream at once.
const READ: usize = 8 * 1024;
/// Octets that may wait for the stream: with more of them nothing is read and nothing taken, so that a peer that only asks
/// and never reads costs no more than this and the answers to one more read.
const WAITING: usize = 16 * 1024;
/// How long an FF that may begin a command waits for its rest, where the other end has said nothing in telnet yet: commands are
/// written whole, so it is far longer than one can be cut on its way.
const DOUBT: Duration = Duration::from_millis(500);

/// A stream under telnet.
pub struct TelnetStream<S> {
    stream: S,
    telnet: Telnet,
    com_port: Option<ComPort>,
    /// Octets for the stream; those before `sent` have gone out.
    out: Vec<u8>,
    sent: usize,
    /// Data for whoever reads; those before `read` are taken.
    data: Vec<u8>,
    read: usize,
    /// When an FF in doubt is data.
    doubt: Option<Pin<Box<Sleep>>>,
    /// The other end has hung up: by DTR, or by closing the stream.
    over: bool,
    /// Who wants to write while the other end takes nothing.
    writer: Option<Waker>,
}

impl<S> TelnetStream<S> {
    /// The end that called, in telnet from the first octet on.
    pub fn client(stream: S) -> Self {
        Self::new(stream, Role::Client, Mode::Telnet, None)
    }

    /// The end that called, whom the other end may answer in telnet or not: nothing is said in it before that has.
    pub fn client_perhaps(stream: S) -> Self {
        Self::new(stream, Role::Client, Mode::Auto, None)
    }

    /// The end that was called, in telnet from the first octet on.
    pub fn server(stream: S) -> Self {
        Self::new(stream, Role::Server, Mode::Telnet, None)
    }

    /// The end that was called by who may speak telnet or not: a modem emulator greets in telnet whomever it dials, and
    /// goes on raw. Nothing is said in telnet before the other end has.
    pub fn perhaps(stream: S) -> Self {
        Self::new(stream, Role::Server, Mode::Auto, None)
    }

    /// The end that was called, with a serial port that can be set and whose signals can be seen (RFC 2217): carrier is on
    /// for as long as the call stands, and when the other end drops DTR it has hung up.
    pub fn serial_port(stream: S) -> Self {
        Self::new(stream, Role::Server, Mode::Telnet, Some(ComPort::new()))
    }

    /// The end that was called, with the serial port of a modem we play.
    pub(crate) fn modem_port(stream: S, wires: Arc<Wires>) -> Self {
        Self::new(stream, Role::Server, Mode::Telnet, Some(ComPort::of_modem(wires)))
    }

    fn new(stream: S, role: Role, mode: Mode, com_port: Option<ComPort>) -> Self {
        // a person who types sees it: what answers a call echoes, and PPP does not ask for it
        let echo = role == Role::Server;
        let mut telnet = Telnet::new(Config { role, mode, echo, com_port: com_port.is_some() });
        let mut out = Vec::new();
        telnet.open(&mut out);
        let (sent, read) = (0, 0);
        let data = Vec::new();
        Self { stream, telnet, com_port, out, sent, data, read, doubt: None, over: false, writer: None }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TelnetStream<S> {
    fn waiting(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends what waits; ready when nothing does.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting() < WAITING
            && let Some(said) = self.com_port.as_mut().and_then(ComPort::news)
        {
            self.telnet.say_com_port(&said, &mut self.out);
        }
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.sent += count,
            }
        }
        self.out.clear();
        self.sent = 0;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Reads once and takes the telnet out of it.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut memory = [0; READ];
        let mut buf = ReadBuf::new(&mut memory);
        if Pin::new(&mut self.stream).poll_read(cx, &mut buf)?.is_pending() {
            return self.poll_doubt(cx).map(Ok);
        }
        self.doubt = None;
        self.read = 0;
        if buf.filled().is_empty() {
            self.over = true;
            self.data = self.telnet.settle().into_iter().collect();
            return Poll::Ready(Ok(()));
        }
        let received = self.telnet.receive(buf.filled());
        self.out.extend(received.answer);
        self.data = received.data;
        for event in received.events {
            self.event(&event);
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when an FF that may have begun a command has become data.
    fn poll_doubt(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.telnet.is_in_doubt() {
            return Poll::Pending;
        }
        let doubt = self.doubt.get_or_insert_with(|| Box::pin(tokio::time::sleep(DOUBT)));
        ready!(doubt.as_mut().poll(cx));
        self.doubt = None;
        self.data = self.telnet.settle().into_iter().collect();
        self.read = 0;
        Poll::Ready(())
    }

    fn event(&mut self, event: &Event) {
        let Some(com_port) = &mut self.com_port else { return };
        let was_suspended = com_port.is_suspended();
        let said = match event {
            Event::ComPort => vec![com_port.begin()],
            Event::ComPortSays(said) => com_port.receive(said),
            Event::Break => Vec::new(),
        };
        for said in said {
            self.telnet.say_com_port(&said, &mut self.out);
        }
        self.over |= com_port.has_hung_up();
        if was_suspended
            && !com_port.is_suspended()
            && let Some(writer) = self.writer.take()
        {
            writer.wake();
        }
    }

    fn is_suspended(&self) -> bool {
        self.com_port.as_ref().is_some_and(ComPort::is_suspended)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TelnetStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if let Some(rest) = this.data.get(this.read..).filter(|rest| !rest.is_empty()) {
                let fits = rest.len().min(buf.remaining());
                buf.put_slice(rest.get(..fits).unwrap_or_default());
                this.read += fits;
                if this.read == this.data.len() {
                    // a call that is silent holds no buffer
                    (this.data, this.read) = (Vec::new(), 0);
                }
                // its answers go out with it; a break is told when all that came before it is read
                let _ = this.poll_send(cx);
                return Poll::Ready(Ok(()));
            }
            let sent = this.poll_send(cx);
            if this.over {
                return Poll::Ready(Ok(()));
            }
            if sent.is_pending() && this.waiting() > WAITING {
                return Poll::Pending;
            }
            if let Poll::Ready(Err(_)) = sent {
                // nobody takes it any more
                this.out.clear();
                this.sent = 0;
            }
            ready!(this.poll_receive(cx))?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TelnetStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.waiting() >= WAITING {
            ready!(this.poll_send(cx))?;
        }
        if this.is_suspended() {
            this.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        // doubled it still fits
        let taken = bytes.get(..WAITING / 2).unwrap_or(bytes);
        this.telnet.send(taken, &mut this.out);
        let _ = this.poll_send(cx)?;
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(said) = this.com_port.as_mut().and_then(ComPort::carrier_lost) {
            this.telnet.say_com_port(&said, &mut this.out);
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}
