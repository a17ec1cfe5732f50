//! A client's socket as HTTP sees it: with an end to every waiting, and with the other end's half-close understood.
//!
//! | waits for | at most |
//! |---|---|
//! | the next request | 60 s |
//! | the rest of a request's head | 10 s |
//! | the client to read | 30 s |
//!
//! A client that has closed its sending half still gets its answer; a stream of events ends then, for nobody can tell
//! that from a client that has gone.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::{Instant, Sleep};

const IDLE: Duration = Duration::from_secs(60);
const HEAD: Duration = Duration::from_secs(10);
const STALL: Duration = Duration::from_secs(30);

/// What a connection is doing; shared by its socket and its requests.
#[derive(Default)]
pub(super) struct Pulse {
    /// A request is being answered.
    busy: AtomicBool,
    /// Its answer is a stream.
    streaming: AtomicBool,
    /// It is no HTTP any more.
    raw: AtomicBool,
    /// Who reads, to be woken when the answer is done.
    reader: Mutex<Option<Waker>>,
}

impl Pulse {
    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.store(true, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// The answer is a stream: the client's end of sending is the end of it.
    pub(super) fn stream(&self) {
        self.streaming.store(true, Ordering::Relaxed);
    }

    /// From now on both ends may be silent as long as they like.
    pub(super) fn raw(&self) {
        self.raw.store(true, Ordering::Relaxed);
    }

    fn is_raw(&self) -> bool {
        self.raw.load(Ordering::Relaxed)
    }
}

/// A request is being answered as long as this lives.
pub(super) struct Busy(Arc<Pulse>);

impl Busy {
    /// Until this body is out.
    pub(super) fn around(self, body: Body) -> Body {
        Body::new(Held { body, _busy: self })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
        self.0.streaming.store(false, Ordering::Relaxed);
        if let Some(reader) = self.0.reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
            reader.wake();
        }
    }
}

struct Held {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The socket.
pub(super) struct Conn {
    stream: UnixStream,
    pulse: Arc<Pulse>,
    /// The first bytes of a request came at this time, and it has not begun yet.
    head_since: Option<Instant>,
    eof: bool,
    read_by: Timer,
    write_by: Timer,
}

impl Conn {
    pub(super) fn new(stream: UnixStream, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse, head_since: None, eof: false, read_by: Timer(None), write_by: Timer(None) }
    }

    /// The socket itself, for what is not bytes.
    pub(super) fn socket(&self) -> &UnixStream {
        &self.stream
    }
}

/// A deadline that is made when first needed.
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Ready when the deadline has passed; set by the first poll since [`Self::off`].
    fn poll(&mut self, cx: &mut Context<'_>, after: Duration) -> Poll<()> {
        self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep(after))).as_mut().poll(cx)
    }

    fn off(&mut self) {
        self.0 = None;
    }
}

impl AsyncRead for Conn {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let busy = this.pulse.busy.load(Ordering::Relaxed);
        if busy {
            this.head_since = None;
        }
        let before = buf.filled().len();
        if !this.eof
            && let Poll::Ready(done) = Pin::new(&mut this.stream).poll_read(cx, buf)
        {
            done?;
            this.eof = buf.filled().len() == before;
            if !this.eof {
                if !busy && this.head_since.is_none() {
                    this.head_since = Some(Instant::now());
                    this.read_by.off();
                }
                return Poll::Ready(Ok(()));
            }
        }
        if this.pulse.is_raw() {
            return if this.eof { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        if this.eof && (!busy || this.pulse.streaming.load(Ordering::Relaxed)) {
            return Poll::Ready(Ok(()));
        }
        if busy {
            this.read_by.off();
            *this.pulse.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let after = if this.head_since.is_some() { HEAD } else { IDLE };
        ready!(this.read_by.poll(cx, after));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Conn {
    /// A write that the client does not take in time is the end of the connection.
    fn patient<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() || self.pulse.is_raw() {
            self.write_by.off();
            return done;
        }
        ready!(self.write_by.poll(cx, STALL));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Conn {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.patient(cx, done)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.patient(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
