//! What all lines over a stream of bytes have in common: [`Switched`] is the line, a [`Kind`] makes the streams.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::{LineEvent, LineOp, RasError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::failure::{NO_CARRIER, NO_DIALTONE};
use super::{Line, MAX_UNSENT};

/// How long a hang-up waits for written bytes to go out.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// How long, and for how many bytes, a hung-up stream is read so that the last bytes of ours are not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 1024 * 1024;

/// Something that will be done.
pub(crate) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where the streams of a line come from.
pub(crate) trait Kind: Send {
    /// What a standing call is.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Takes the line.
    fn open(&mut self) -> Result<(), RasError> {
        Ok(())
    }

    /// Places a call.
    fn dial(&mut self, _number: &str) -> Later<Result<Self::Stream, RasError>> {
        Box::pin(std::future::ready(Err(NO_DIALTONE)))
    }

    /// A call comes in; polled while the line is open and free. Gives the caller, if known.
    fn poll_ring(&mut self, _cx: &mut Context<'_>) -> Poll<Option<String>> {
        Poll::Pending
    }

    /// Whether it is a wire with one other end: what rings there is who would be dialled.
    fn is_wire(&self) -> bool {
        false
    }

    /// Takes the call that rang.
    fn answer(&mut self) -> Result<Self::Stream, RasError> {
        Err(NO_CARRIER)
    }

    /// Sends the rest and ends the call, within [`DRAIN`].
    fn hang_up(&mut self, stream: Self::Stream, rest: Vec<u8>) -> Later<()> {
        Box::pin(shut_down(stream, rest))
    }

    /// The call is over, or was not taken; the next may come.
    fn ended(&mut self) {}

    /// Gives the line back.
    fn close(&mut self) {}
}

/// Writes the rest, ends the stream in order (TCP: FIN) and lets the other end finish on its own.
async fn shut_down<S>(mut stream: S, rest: Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let orderly = async {
        stream.write_all(&rest).await?;
        stream.shutdown().await
    };
    if matches!(tokio::time::timeout(DRAIN, orderly).await, Ok(Ok(()))) {
        tokio::spawn(async move {
            let mut sink = tokio::io::sink();
            let mut stream = stream.take(LINGER_BYTES);
            drop(tokio::time::timeout(LINGER, tokio::io::copy(&mut stream, &mut sink)).await);
        });
    }
}

enum State<S> {
    Closed,
    Idle,
    Dialling(Later<Result<S, RasError>>),
    Ringing,
    Up(S),
    /// `told`: someone waits for `Disconnected`.
    HangingUp {
        done: Later<()>,
        told: bool,
    },
}

/// A line over streams.
pub(crate) struct Switched<K: Kind> {
    kind: K,
    state: State<K::Stream>,
    /// Close as soon as the hang-up is done.
    closing: bool,
    out: Vec<u8>,
    written: usize,
    events: VecDeque<LineEvent<'static>>,
}

impl<K: Kind> Switched<K> {
    pub(crate) fn new(kind: K) -> Self {
        let state = State::Closed;
        Self { kind, state, closing: false, out: Vec::new(), written: 0, events: VecDeque::new() }
    }

    pub(crate) fn kind(&self) -> &K {
        &self.kind
    }

    fn open(&mut self) {
        let event = match (&self.state, self.kind.open()) {
            (_, Err(error)) => LineEvent::Failed(error),
            (State::Closed, Ok(())) => {
                self.state = State::Idle;
                LineEvent::Opened
            }
            (_, Ok(())) => LineEvent::Opened,
        };
        self.events.push_back(event);
    }

    fn answer(&mut self) {
        let answered = match self.state {
            State::Ringing => self.kind.answer(),
            _ => Err(NO_CARRIER),
        };
        let event = match answered {
            Ok(stream) => {
                self.state = State::Up(stream);
                connected()
            }
            Err(error) => {
                if let State::Ringing = self.state {
                    self.idle();
                }
                LineEvent::Failed(error)
            }
        };
        self.events.push_back(event);
    }

    fn write(&mut self, bytes: Vec<u8>) {
        if !matches!(self.state, State::Up(_)) {
            return;
        }
        if self.out.is_empty() {
            self.out = bytes;
        } else {
            self.out.extend_from_slice(&bytes);
        }
        if self.unsent() > MAX_UNSENT {
            self.idle();
            self.events.push_back(LineEvent::Disconnected);
        }
    }

    /// Ends whatever goes on; `told` wants `Disconnected`.
    fn hang_up(&mut self, told: bool) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Up(stream) => {
                self.out.drain(..self.written);
                self.written = 0;
                let done = self.kind.hang_up(stream, std::mem::take(&mut self.out));
                self.state = State::HangingUp { done, told };
            }
            State::HangingUp { done, told: before } => {
                self.state = State::HangingUp { done, told: told || before };
            }
            state => {
                if let State::Dialling(_) | State::Ringing = state {
                    self.kind.ended();
                }
                if let State::Closed = state {
                    self.state = State::Closed;
                }
                if told {
                    self.events.push_back(LineEvent::Disconnected);
                }
            }
        }
    }

    fn close(&mut self) {
        self.hang_up(false);
        if let State::HangingUp { .. } = self.state {
            self.closing = true;
        } else {
            self.shut();
        }
    }

    fn shut(&mut self) {
        self.closing = false;
        self.kind.close();
        self.state = State::Closed;
        self.events.push_back(LineEvent::Closed);
    }

    /// The call is over.
    fn idle(&mut self) {
        self.state = State::Idle;
        self.out = Vec::new();
        self.written = 0;
        self.kind.ended();
    }

    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::HangingUp { done, told } = &mut self.state {
            ready!(done.as_mut().poll(cx));
            if std::mem::take(told) {
                self.events.push_back(LineEvent::Disconnected);
            }
            self.idle();
            if self.closing {
                self.shut();
            }
        }
        Poll::Ready(())
    }

    fn poll_dial(&mut self, cx: &mut Context<'_>) -> Poll<LineEvent<'static>> {
        let State::Dialling(dialling) = &mut self.state else { return Poll::Pending };
        Poll::Ready(match ready!(dialling.as_mut().poll(cx)) {
            Ok(stream) => {
                self.state = State::Up(stream);
                connected()
            }
            Err(error) => {
                self.idle();
                LineEvent::Failed(error)
            }
        })
    }

    /// Writes as much as goes; ready when the stream is broken.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Up(stream) = &mut self.state else { return Poll::Pending };
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *stream).poll_write(cx, rest)) {
                Ok(count) if count > 0 => self.written += count,
                _ => return Poll::Ready(()),
            }
        }
        self.out = Vec::new();
        self.written = 0;
        // a stream that wraps another may still hold some of it
        match ready!(Pin::new(stream).poll_flush(cx)) {
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(()),
        }
    }

    /// `None` when the call is over.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Option<()>> {
        let State::Up(stream) = &mut self.state else { return Poll::Pending };
        if buf.remaining() == 0 {
            return Poll::Pending;
        }
        let read = ready!(Pin::new(stream).poll_read(cx, buf));
        Poll::Ready((read.is_ok() && !buf.filled().is_empty()).then_some(()))
    }
}

impl<K: Kind> Line for Switched<K> {
    fn op(&mut self, op: LineOp) {
        match op {
            LineOp::Open => self.open(),
            LineOp::Dial(number) => match self.state {
                State::Idle => self.state = State::Dialling(self.kind.dial(&number)),
                // the other end was first, and both want the call
                State::Ringing if self.kind.is_wire() => {
                    self.state = State::Dialling(self.kind.dial(&number));
                }
                _ => self.events.push_back(LineEvent::Failed(NO_DIALTONE)),
            },
            LineOp::Answer => self.answer(),
            LineOp::Write(bytes) => self.write(bytes),
            LineOp::HangUp => self.hang_up(true),
            LineOp::Close => self.close(),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if self.events.is_empty() {
            ready!(self.poll_hang_up(cx));
        }
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        match &mut self.state {
            State::Idle => {
                let caller = ready!(self.kind.poll_ring(cx));
                self.state = State::Ringing;
                Poll::Ready(LineEvent::Ring { caller })
            }
            State::Dialling(_) => self.poll_dial(cx),
            State::Up(_) => {
                let broken = self.poll_write(cx).is_ready();
                // what had come before the break is still read
                match self.poll_read(cx, buf) {
                    Poll::Ready(Some(())) => Poll::Ready(LineEvent::Bytes(buf.filled())),
                    Poll::Pending if !broken => Poll::Pending,
                    Poll::Pending | Poll::Ready(None) => {
                        self.idle();
                        Poll::Ready(LineEvent::Disconnected)
                    }
                }
            }
            State::Closed | State::Ringing | State::HangingUp { .. } => Poll::Pending,
        }
    }

    fn unsent(&self) -> usize {
        self.out.len() - self.written
    }
}

fn connected() -> LineEvent<'static> {
    LineEvent::Connected { text: "CONNECT".into() }
}

/// A call that has come in over a listening socket: rings at once, `Answer` takes it. One call only.
pub struct Accepted<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    line: Switched<Incoming<S>>,
}

struct Incoming<S> {
    stream: Option<S>,
    rang: bool,
    source: Option<String>,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Accepted<S> {
    /// The call on this stream; `source` says where it comes from and is shown as the caller.
    pub fn new(stream: S, source: Option<String>) -> Self {
        Self { line: Switched::new(Incoming { stream: Some(stream), rang: false, source }) }
    }

    /// Where the call comes from: an address without its port, or `uid N`.
    pub fn source(&self) -> Option<&str> {
        self.line.kind().source.as_deref()
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Kind for Incoming<S> {
    type Stream = S;

    fn poll_ring(&mut self, _cx: &mut Context<'_>) -> Poll<Option<String>> {
        if self.stream.is_none() || std::mem::replace(&mut self.rang, true) {
            return Poll::Pending;
        }
        Poll::Ready(self.source.clone())
    }

    fn answer(&mut self) -> Result<S, RasError> {
        self.stream.take().ok_or(NO_CARRIER)
    }

    fn ended(&mut self) {
        self.stream = None;
    }

    fn close(&mut self) {
        self.stream = None;
    }
}

delegate_line!([S: AsyncRead + AsyncWrite + Send + Unpin + 'static] Accepted<S>);
