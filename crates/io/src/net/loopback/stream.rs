//! TCP over the stack, as tokio knows it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Shared;

/// A TCP connection over the link. Dropping it ends it in order: what was written still goes out.
///
/// Reading and writing fail with `ConnectionReset` when the other end broke it off or the link went away.
pub struct TcpStream {
    shared: Arc<Shared>,
    handle: SocketHandle,
}

impl TcpStream {
    pub(super) fn new(shared: Arc<Shared>, handle: SocketHandle) -> Self {
        Self { shared, handle }
    }

    pub(super) fn handle(&self) -> SocketHandle {
        self.handle
    }

    /// Acts on the socket and lets the stack go on.
    fn with<T>(&self, act: impl FnOnce(&mut tcp::Socket<'static>) -> Poll<T>) -> Poll<T> {
        let result = act(self.shared.stack().sockets.get_mut(self.handle));
        if result.is_ready() {
            self.shared.wake.notify_one();
        }
        result
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| {
            if !socket.can_recv() && socket.may_recv() {
                socket.register_recv_waker(cx.waker());
                return Poll::Pending;
            }
            let copied = socket.recv(|bytes| {
                let count = bytes.len().min(buf.remaining());
                buf.put_slice(bytes.get(..count).unwrap_or_default());
                (count, ())
            });
            Poll::Ready(match copied {
                Ok(()) | Err(tcp::RecvError::Finished) => Ok(()),
                Err(tcp::RecvError::InvalidState) => Err(io::ErrorKind::ConnectionReset.into()),
            })
        })
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|socket| {
            if !socket.may_send() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if !socket.can_send() {
                socket.register_send_waker(cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(socket.send_slice(bytes).map_err(|_| io::ErrorKind::ConnectionReset.into()))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| {
            socket.close();
            Poll::Ready(Ok(()))
        })
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        self.shared.stack().release(self.handle);
        self.shared.wake.notify_one();
    }
}

/// A port of the stack that answers. Dropping it stops that; accepted connections go on.
pub struct TcpListener {
    shared: Arc<Shared>,
    port: u16,
}

impl TcpListener {
    pub(super) fn new(shared: Arc<Shared>, port: u16) -> Self {
        Self { shared, port }
    }

    /// The next connection; `None` when the link has gone for good. Safe to cancel.
    pub async fn accept(&mut self) -> Option<TcpStream> {
        let handle = poll_fn(|cx| self.shared.stack().poll_accept(self.port, cx)).await?;
        Some(TcpStream::new(self.shared.clone(), handle))
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        self.shared.stack().stop_listening(self.port);
        self.shared.wake.notify_one();
    }
}
