//! Raw bytes after an upgrade.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

/// Raw bytes after an upgrade: a paused line, or a TCP stream through the link.
#[derive(Debug)]
pub struct Stream {
    io: UnixStream,
    /// What came together with the answer.
    early: Bytes,
}

impl Stream {
    pub(super) fn new(io: UnixStream, early: Bytes) -> Self {
        Self { io, early }
    }

    /// The socket itself and what was read from it already, for programs that go on by themselves.
    pub fn into_parts(self) -> (UnixStream, Bytes) {
        (self.io, self.early)
    }

    /// The socket, for waiting and for messages with descriptors.
    pub(super) fn socket(&self) -> &UnixStream {
        &self.io
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, to);
        }
        let many = self.early.len().min(to.remaining());
        to.put_slice(self.early.get(..many).unwrap_or_default());
        self.early.advance(many);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
