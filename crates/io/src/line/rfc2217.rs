//! A device over TCP: a serial port of a terminal server by RFC 2217, with its signals; or a bare stream without any, raw or in
//! telnet, as WiFi modems and emulators have them, in TLS or WebSocket.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::RasError;
use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::{Format, Remote, Signals};
use openras_engine::telnet::{Config, Event, Mode, Role, Telnet};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::MAX_UNSENT;
use super::attached::{Device, Told};
use super::failure::{FROM_DEVICE, NO_ANSWER};
use super::switched::Later;
use super::tcp::{CONNECT, Spoken, Stream, connect};
use super::tls::{TlsClient, TlsError};

/// How long a terminal server has to agree to RFC 2217 and tell the signals.
const AGREE: Duration = Duration::from_secs(10);
/// How long what was written may take to go out before the connection is closed.
const DRAIN: Duration = Duration::from_secs(2);
/// Octets read at once.
const READ: usize = 4096;
/// What is kept of a terminal server that sends data before it has agreed to anything.
const MAX_EARLY: usize = 16 * 1024;
/// What may wait for an other end that takes nothing: what a line may hold, doubled by telnet, and answers.
const MOST_UNSENT: usize = 3 * MAX_UNSENT;

/// What is spoken on the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Octets as they are.
    Octets,
    /// Telnet.
    Telnet,
    /// Telnet with RFC 2217; the port shall be like this.
    ComPort(Format),
}

/// A device over TCP.
pub struct NetDevice {
    address: String,
    speaks: Speaks,
    /// What is spoken below that, or why it cannot be.
    below: Result<Spoken, TlsError>,
    state: State,
    events: VecDeque<Told>,
    reason: Option<String>,
}

enum State {
    Closed,
    Connecting(Later<Result<Stream, RasError>>),
    Open(Box<Open>),
}

struct Open {
    stream: Stream,
    telnet: Option<Telnet>,
    remote: Option<Remote>,
    /// RFC 2217 is not agreed yet, or the signals were not told; until when.
    agreeing: Option<Pin<Box<Sleep>>>,
    out: Vec<u8>,
    sent: usize,
    /// The stream may hold some of what was sent.
    held: bool,
    /// Octets of the modem that nobody had room for yet.
    data: Vec<u8>,
    read: usize,
    signals: VecDeque<Signals>,
    /// To be closed as soon as all is written, or then.
    closing: Option<Pin<Box<Sleep>>>,
}

impl NetDevice {
    /// A device at `HOST:PORT`, connected when it is opened.
    pub fn new(address: impl Into<String>, speaks: Speaks) -> Self {
        Self::over(address.into(), speaks, Ok(Spoken::Octets))
    }

    /// As [`Self::new`], octets in TLS: the certificate of the other end must be for the host of the address. Certificates of
    /// ours that cannot be used make it a device that cannot be had.
    pub fn tls(address: impl Into<String>, tls: Result<TlsClient, TlsError>) -> Self {
        Self::over(address.into(), Speaks::Octets, tls.map(Spoken::Tls))
    }

    /// As [`Self::new`], octets in WebSocket; `path` begins with `/`. With `tls`, within TLS.
    pub fn websocket(
        address: impl Into<String>,
        path: &str,
        tls: Option<Result<TlsClient, TlsError>>,
    ) -> Self {
        let below = tls.transpose().map(|tls| Spoken::WebSocket { path: path.into(), tls });
        Self::over(address.into(), Speaks::Octets, below)
    }

    fn over(address: String, speaks: Speaks, below: Result<Spoken, TlsError>) -> Self {
        Self { address, speaks, below, state: State::Closed, events: VecDeque::new(), reason: None }
    }

    fn connect(&mut self) {
        let below = match &self.below {
            Ok(below) => below.clone(),
            Err(error) => {
                self.reason = Some(format!("{error}."));
                self.events.push_back(Told::Failed(RasError::CERT_FOR_ENCRYPTION_NOT_FOUND));
                return;
            }
        };
        let address = self.address.clone();
        self.state = State::Connecting(Box::pin(async move {
            let connecting = async { below.begin(connect(&address).await?, &address).await };
            tokio::time::timeout(CONNECT, connecting).await.unwrap_or(Err(NO_ANSWER))
        }));
    }

    fn failed(&mut self, number: RasError, why: &str) -> Told {
        let why = why.trim_end_matches('.');
        self.reason = Some(format!("The device at {} cannot be had: {why}.", self.address));
        self.state = State::Closed;
        Told::Failed(number)
    }

    fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<Told> {
        let State::Connecting(connecting) = &mut self.state else { return Poll::Pending };
        match ready!(connecting.as_mut().poll(cx)) {
            Ok(stream) => {
                self.reason = None;
                let open = Open::new(stream, self.speaks);
                let opened = open.agreeing.is_none();
                self.state = State::Open(Box::new(open));
                if opened {
                    return Poll::Ready(Told::Opened(None));
                }
                self.poll_open(cx, &mut ReadBuf::new(&mut []))
            }
            Err(number) => Poll::Ready(self.failed(number, &number.sentence())),
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        let State::Open(open) = &mut self.state else { return Poll::Pending };
        let told = match open.poll(cx, buf) {
            Poll::Ready(told) => told,
            Poll::Pending => return Poll::Pending,
        };
        match told {
            Told::Failed(number) => {
                let why =
                    "it does not speak RFC 2217; where it is a raw or a telnet port, write tcp: or telnet:";
                return Poll::Ready(self.failed(number, why));
            }
            Told::Gone => {
                self.reason = Some(format!("The connection to the device at {} was lost.", self.address));
                self.state = State::Closed;
            }
            Told::Closed => self.state = State::Closed,
            _ => {}
        }
        Poll::Ready(told)
    }
}

impl Device for NetDevice {
    fn op(&mut self, op: DeviceOp) {
        match (op, &mut self.state) {
            (DeviceOp::Open, State::Closed) => self.connect(),
            (DeviceOp::Open, _) => {}
            (DeviceOp::Close, State::Open(open)) => {
                open.closing.get_or_insert_with(|| Box::pin(tokio::time::sleep(DRAIN)));
            }
            (DeviceOp::Close, _) => {
                self.state = State::Closed;
                self.events.push_back(Told::Closed);
            }
            (DeviceOp::Write(octets), State::Open(open)) => open.write(&octets),
            (DeviceOp::Dtr(on), State::Open(open)) => open.say(&Remote::dtr(on)),
            (DeviceOp::Write(_) | DeviceOp::Dtr(_), _) => {}
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        match self.state {
            State::Closed => Poll::Pending,
            State::Connecting(_) => self.poll_connect(cx),
            State::Open(_) => self.poll_open(cx, buf),
        }
    }

    fn unsent(&self) -> usize {
        match &self.state {
            State::Open(open) => open.out.len() - open.sent,
            _ => 0,
        }
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn note(&self) -> Option<String> {
        let State::Open(open) = &self.state else { return None };
        let differs = open.remote.as_ref()?.differs()?;
        let at = &self.address;
        Some(format!(
            "The terminal server at {at} has its port at {differs}; set it there, or write the speed that it can do behind the line."
        ))
    }
}

impl Open {
    fn new(stream: Stream, speaks: Speaks) -> Self {
        let (telnet, remote) = match speaks {
            Speaks::Octets => (None, None),
            Speaks::Telnet => (Some(telnet(false)), None),
            Speaks::ComPort(format) => (Some(telnet(true)), Some(Remote::new(format))),
        };
        let mut open = Self {
            stream,
            agreeing: remote.is_some().then(|| Box::pin(tokio::time::sleep(AGREE))),
            telnet,
            remote,
            out: Vec::new(),
            sent: 0,
            held: false,
            data: Vec::new(),
            read: 0,
            signals: VecDeque::new(),
            closing: None,
        };
        if let Some(telnet) = &mut open.telnet {
            telnet.open(&mut open.out);
        }
        open
    }

    fn write(&mut self, octets: &[u8]) {
        match &mut self.telnet {
            Some(telnet) => telnet.send(octets, &mut self.out),
            None => self.out.extend_from_slice(octets),
        }
    }

    /// Says something of RFC 2217, where that is spoken.
    fn say(&mut self, said: &[u8]) {
        if let (Some(telnet), Some(_)) = (&mut self.telnet, &self.remote) {
            telnet.say_com_port(said, &mut self.out);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        loop {
            if self.poll_write(cx).is_err() || self.out.len() - self.sent > MOST_UNSENT {
                return Poll::Ready(Told::Gone);
            }
            if self.poll_closing(cx).is_ready() {
                return Poll::Ready(Told::Closed);
            }
            if let Some(told) = self.told(cx, buf) {
                return Poll::Ready(told);
            }
            // what nobody has room for is waited with, and no more read
            if self.agreeing.is_none() && (buf.remaining() == 0 || self.closing.is_some()) {
                return Poll::Pending;
            }
            if !ready!(self.poll_receive(cx)) {
                return Poll::Ready(Told::Gone);
            }
        }
    }

    /// Ready when the stream is to be closed and nothing has to be waited for.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = &mut self.closing else { return Poll::Pending };
        if closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.sent < self.out.len() {
            return Poll::Pending;
        }
        // the other end is told in the words of its protocol
        Pin::new(&mut self.stream).poll_shutdown(cx).map(drop)
    }

    /// What can be told without reading.
    fn told(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Option<Told> {
        if let Some(agreeing) = &mut self.agreeing {
            if let Some(signals) = self.remote.as_ref().and_then(Remote::signals) {
                self.agreeing = None;
                self.signals.clear();
                return Some(Told::Opened(Some(signals)));
            }
            return agreeing.as_mut().poll(cx).is_ready().then_some(Told::Failed(FROM_DEVICE));
        }
        if let Some(signals) = self.signals.pop_front() {
            return Some(Told::Signals(signals));
        }
        let rest = self.data.get(self.read..).filter(|rest| !rest.is_empty() && buf.remaining() > 0)?;
        let fits = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..fits).unwrap_or_default());
        self.read += fits;
        Some(Told::Bytes)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<(), ()> {
        // telnet's own words go out even where the other end wants no data: they are few
        let suspended = self.remote.as_ref().is_some_and(Remote::is_suspended);
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty() && !suspended) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.sent += count;
                    self.held = true;
                }
                Poll::Ready(_) => return Err(()),
                Poll::Pending => return Ok(()),
            }
        }
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
        }
        // a stream that wraps another may still hold some of it
        if self.held {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.held = false,
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    /// Reads once; `false` at the end of the stream.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut memory = [0; READ];
        let mut buf = ReadBuf::new(&mut memory);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf));
        if read.is_err() || buf.filled().is_empty() {
            return Poll::Ready(false);
        }
        let Some(telnet) = &mut self.telnet else {
            self.keep(buf.filled().to_vec());
            return Poll::Ready(true);
        };
        let received = telnet.receive(buf.filled());
        self.keep(received.data);
        self.out.extend(received.answer);
        for event in received.events {
            self.event(&event);
        }
        Poll::Ready(true)
    }

    /// Keeps data until there is room for it. All that was read before is taken, but while RFC 2217 is being agreed: the port
    /// may be open at the other end and its first octets, a caller's PPP, are there already.
    fn keep(&mut self, data: Vec<u8>) {
        if self.agreeing.is_none() {
            (self.data, self.read) = (data, 0);
            return;
        }
        let room = MAX_EARLY.saturating_sub(self.data.len());
        self.data.extend(data.into_iter().take(room));
    }

    fn event(&mut self, event: &Event) {
        let Some(remote) = &mut self.remote else { return };
        match event {
            Event::ComPort => {
                for said in remote.begin() {
                    self.say(&said);
                }
            }
            Event::ComPortSays(said) => {
                if remote.receive(said) {
                    self.signals.extend(remote.signals());
                }
            }
            Event::Break => {}
        }
    }
}

fn telnet(com_port: bool) -> Telnet {
    Telnet::new(Config { role: Role::Client, mode: Mode::Telnet, echo: false, com_port })
}

#[cfg(test)]
mod tests;
