//! `pty:PATH` on a dial: a terminal device, opened raw and alone.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::RasError;
use rustix::fs::{FlockOperation, Mode, OFlags};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, Sleep};

use super::failure::{FROM_DEVICE, device_error};
use super::switched::{DRAIN, Kind, Later, Switched};
use super::tty::{TtyStream, make_raw};

/// How long a hung-up device may take to send what the system still holds.
const SEND: Duration = Duration::from_secs(10);
/// How long a device rests before it is opened again after a call: the other end notices that it was closed.
const LOOK: Duration = Duration::from_millis(500);

/// A line over a terminal device: `Open` takes it for ourselves, `Dial` is connected at once.
pub struct PtyDevice {
    line: Switched<Device>,
}

impl PtyDevice {
    /// The device at `path`, or behind the link there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { line: Switched::new(Device { path: path.into(), fd: None, again: None, was_called: false }) }
    }

    /// The same, and after a call it rings when the device can be opened again: its other end, where it is a port's
    /// pseudo-terminal, then has somebody to call back.
    pub fn called_back(path: impl Into<PathBuf>) -> Self {
        let again = Some(Box::pin(tokio::time::sleep(Duration::ZERO)));
        Self { line: Switched::new(Device { path: path.into(), fd: None, again, was_called: false }) }
    }
}

delegate_line!([] PtyDevice);

struct Device {
    path: PathBuf,
    fd: Option<OwnedFd>,
    /// Until the next look whether it can be opened again; `None` never rings.
    again: Option<Pin<Box<Sleep>>>,
    was_called: bool,
}

impl Device {
    fn take(&mut self) -> Result<OwnedFd, RasError> {
        match self.fd.take() {
            Some(fd) => Ok(fd),
            None => open(&self.path).map_err(|error| {
                tracing::info!(path = %self.path.display(), %error, "cannot open the device");
                device_error(&error)
            }),
        }
    }
}

/// Opens, locks and sets the device raw.
fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    if !rustix::termios::isatty(&fd) {
        return Err(io::Error::other("not a terminal device"));
    }
    rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive)?;
    if !is_pty(&fd)? {
        // on a pseudo-terminal the mark would outlive us and lock out the master's owner
        rustix::termios::ioctl_tiocexcl(&fd)?;
    }
    make_raw(&fd)?;
    Ok(fd)
}

/// Unix98 pseudo-terminals have the major numbers 136–143.
fn is_pty(fd: &OwnedFd) -> io::Result<bool> {
    Ok((136..=143).contains(&rustix::fs::major(rustix::fs::fstat(fd)?.st_rdev)))
}

impl Kind for Device {
    type Stream = TtyStream;

    fn open(&mut self) -> Result<(), RasError> {
        self.fd = Some(self.take()?);
        Ok(())
    }

    fn dial(&mut self, _number: &str) -> Later<Result<TtyStream, RasError>> {
        let stream = self.take().and_then(|fd| TtyStream::new(fd).map_err(|_| FROM_DEVICE));
        Box::pin(std::future::ready(stream))
    }

    fn hang_up(&mut self, mut stream: TtyStream, rest: Vec<u8>) -> Later<()> {
        Box::pin(async move {
            drop(tokio::time::timeout(DRAIN, stream.write_all(&rest)).await);
            let fd = stream.into_fd();
            // draining and closing a slow device block; one that never drains keeps that thread, not us
            let sent = tokio::task::spawn_blocking(move || rustix::termios::tcdrain(&fd).is_ok());
            drop(tokio::time::timeout(SEND, sent).await);
        })
    }

    fn poll_ring(&mut self, cx: &mut Context<'_>) -> Poll<Option<String>> {
        let Some(again) = self.again.as_mut().filter(|_| self.was_called) else { return Poll::Pending };
        loop {
            ready!(again.as_mut().poll(cx));
            if let Ok(fd) = open(&self.path) {
                self.fd = Some(fd);
                return Poll::Ready(None);
            }
            again.as_mut().reset(Instant::now() + LOOK);
        }
    }

    fn answer(&mut self) -> Result<TtyStream, RasError> {
        self.take().and_then(|fd| TtyStream::new(fd).map_err(|_| FROM_DEVICE))
    }

    fn ended(&mut self) {
        self.was_called = true;
        if let Some(again) = &mut self.again {
            again.as_mut().reset(Instant::now() + LOOK);
        }
    }

    fn close(&mut self) {
        self.fd = None;
        self.was_called = false;
    }
}
