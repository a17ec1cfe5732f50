//! Standard input and output as a call: a terminal, a socket or two pipes that inetd, ssh or a getty gave us.

#[cfg(test)]
mod tests;

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::Errno;
use rustix::net::Shutdown;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::tty::make_raw;

/// Two descriptors as one stream.
pub struct StdioStream {
    input: AsyncFd<OwnedFd>,
    output: AsyncFd<OwnedFd>,
    is_socket: bool,
    /// We have hung up, on what has no way to say so: nothing is read any more.
    over: bool,
    /// Dropped with this.
    _lives: oneshot::Sender<()>,
}

/// How the descriptors were found. Dropped, it leaves them so again.
pub struct StdioFound {
    terminal: Option<(OwnedFd, Termios)>,
    flags: Vec<(OwnedFd, OFlags)>,
    lives: oneshot::Receiver<()>,
}

impl StdioStream {
    /// The stream with these descriptors, usually 0 and 1; a terminal is made raw. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Nobody can call there: a file, or a descriptor that is closed.
    pub fn new(input: impl AsFd, output: impl AsFd) -> io::Result<(Self, StdioFound)> {
        let (input, output) = (own(input)?, own(output)?);
        let (alive, lives) = oneshot::channel();
        let mut found = StdioFound { terminal: None, flags: Vec::new(), lives };
        for fd in [&input, &output] {
            if FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::RegularFile {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "a file cannot call"));
            }
            let flags = fcntl_getfl(fd)?;
            found.flags.push((own(fd)?, flags));
            fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
        }
        if isatty(&input) {
            found.terminal = Some((own(&input)?, tcgetattr(&input)?));
            make_raw(&input)?;
        }
        let is_socket = FileType::from_raw_mode(fstat(&output)?.st_mode) == FileType::Socket;
        let stream =
            Self { input: watched(input)?, output: watched(output)?, is_socket, over: false, _lives: alive };
        Ok((stream, found))
    }

    /// The other end's address, where it is a socket of the network.
    pub fn peer(&self) -> Option<IpAddr> {
        let peer = rustix::net::getpeername(self.input.get_ref()).ok()??;
        let peer = std::net::SocketAddr::try_from(peer).ok()?;
        Some(peer.ip().to_canonical())
    }
}

impl StdioFound {
    /// Waits until the stream is dropped: a call that was hung up lingers for a moment, so that its last octets arrive.
    pub async fn unused(&mut self) {
        let _ = (&mut self.lives).await;
    }
}

/// A descriptor of our own for the same thing, that no program of ours inherits.
fn own(fd: impl AsFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}

fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    #[allow(
        deprecated,
        reason = "the new one is unsafe for types whose descriptor may change; an OwnedFd's never does"
    )]
    AsyncFd::new(fd)
}

impl Drop for StdioFound {
    fn drop(&mut self) {
        if let Some((terminal, settings)) = &self.terminal {
            let _ = tcsetattr(terminal, OptionalActions::Now, settings);
        }
        // where both are one, the flags that were found first are put back last
        for (fd, flags) in self.flags.iter().rev() {
            let _ = fcntl_setfl(fd, *flags);
        }
    }
}

impl AsyncRead for StdioStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.over {
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut guard = ready!(self.input.poll_read_ready(cx))?;
            match rustix::io::read(self.input.get_ref(), buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                // a terminal whose other end has gone
                Err(Errno::IO) => return Poll::Ready(Ok(())),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

impl AsyncWrite for StdioStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.output.poll_write_ready(cx))?;
            match rustix::io::write(self.output.get_ref(), bytes) {
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// A socket says that no more comes. Pipes and terminals say so when this program ends.
    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_socket {
            self.over = true;
            return Poll::Ready(Ok(()));
        }
        match rustix::net::shutdown(self.output.get_ref(), Shutdown::Write) {
            Ok(()) | Err(Errno::NOTCONN) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}
