//! A terminal device as a stream of raw bytes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::termios::{ControlModes, OptionalActions, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// 8 data bits, no parity, one stop bit, no modem lines, every byte as it is.
pub(crate) fn make_raw(fd: impl AsFd) -> io::Result<()> {
    let mut settings = tcgetattr(&fd)?;
    settings.make_raw();
    settings.control_modes.remove(ControlModes::CSIZE | ControlModes::PARENB | ControlModes::CSTOPB);
    settings.control_modes.insert(ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL);
    Ok(tcsetattr(&fd, OptionalActions::Now, &settings)?)
}

/// A non-blocking descriptor of a terminal or its master side.
pub(crate) struct TtyStream {
    fd: AsyncFd<OwnedFd>,
}

impl TtyStream {
    /// Takes a descriptor opened non-blocking.
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        #[allow(
            deprecated,
            reason = "the new one is unsafe for types whose descriptor may change; an OwnedFd's never does"
        )]
        let fd = AsyncFd::new(fd)?;
        Ok(Self { fd })
    }

    /// Ready when there is something to read, or the other side has gone; takes nothing.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Ok(mut guard) = ready!(self.fd.poll_read_ready(cx)) else { return Poll::Ready(()) };
            let nothing = rustix::io::ioctl_fionread(self.fd.get_ref()).is_ok_and(|count| count == 0);
            if !nothing || guard.ready().is_read_closed() {
                return Poll::Ready(());
            }
            guard.clear_ready();
        }
    }

    pub(crate) fn into_fd(self) -> OwnedFd {
        self.fd.into_inner()
    }
}

impl AsFd for TtyStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.get_ref().as_fd()
    }
}

impl AsyncRead for TtyStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match rustix::io::read(self.fd.get_ref(), buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                // the other side was closed once, even if it is open again: the call is over
                Err(Errno::AGAIN) if guard.ready().is_read_closed() => return Poll::Ready(Ok(())),
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                // how Linux says that no other side is open
                Err(Errno::IO) => return Poll::Ready(Ok(())),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

impl AsyncWrite for TtyStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.fd.poll_write_ready(cx))?;
            match rustix::io::write(self.fd.get_ref(), bytes) {
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(Errno::AGAIN) if guard.ready().is_write_closed() => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
