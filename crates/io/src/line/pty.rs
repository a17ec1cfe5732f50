//! `pty:PATH` on a port: a pseudo-terminal of ours with a link at the path. A program that opens it has called.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::RasError;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, Sleep};

use super::failure::{FROM_DEVICE, NO_CARRIER, device_error};
use super::switched::{DRAIN, Kind, Later, Switched};
use super::tty::{TtyStream, make_raw};

/// How often an idle master looks whether somebody has opened the other side: Linux says that it was closed, but
/// wakes nobody when it is opened.
const LOOK: Duration = Duration::from_millis(50);
/// How often a hang-up looks whether the other side has read everything.
const LOOK_DRAINED: Duration = Duration::from_millis(5);
/// How many looks in a row must find nothing unread: the kernel moves bytes on to the reader's queue from a worker of
/// its own, and what that has not moved yet is not counted.
const EMPTY: u32 = 20;

/// A line that rings when a program opens the link. After each call the link leads to a new pseudo-terminal, so that
/// the old one can be hung up; it goes when the line is closed or dropped.
pub struct PtyMade {
    line: Switched<Made>,
}

impl PtyMade {
    /// The link appears at `path` when the line is opened. A link to a pseudo-terminal or to nothing that lies there
    /// is replaced; anything else makes `Open` fail with 633.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { line: Switched::new(Made { link: path.into(), pair: None, sleep: None }) }
    }
}

delegate_line!([] PtyMade);

struct Made {
    link: PathBuf,
    pair: Option<Pair>,
    /// Until the next look.
    sleep: Option<Pin<Box<Sleep>>>,
}

struct Pair {
    /// Gone to the stream while a call stands.
    master: Option<OwnedFd>,
    slave: PathBuf,
}

impl Pair {
    /// A raw pair whose slave has been open once: only then does the master report whether it is open now.
    fn new() -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = PathBuf::from(name.to_str().map_err(io::Error::other)?);
        make_raw(&master)?;
        drop(open_slave(&slave)?);
        Ok(Self { master: Some(master), slave })
    }

    /// Whether a program has the slave open, or has left bytes in it.
    fn is_called(&self) -> bool {
        let Some(master) = &self.master else { return false };
        let mut poll = [PollFd::new(master, PollFlags::IN)];
        if rustix::event::poll(&mut poll, Some(&Timespec::default())).is_err() {
            return false;
        }
        poll.iter().any(|poll| {
            let events = poll.revents();
            events.contains(PollFlags::IN) || !events.contains(PollFlags::HUP)
        })
    }
}

fn open_slave(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

impl Made {
    /// A new pair, with the link on it. The old pair goes last, so that the link never leads nowhere.
    fn renew(&mut self) -> io::Result<()> {
        let pair = Pair::new()?;
        if let Ok(file) = fs::symlink_metadata(&self.link)
            && !(file.is_symlink() && leads_to_pty_or_nowhere(&self.link))
        {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "something else lies there"));
        }
        let mut name = self.link.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let fresh = self.link.with_file_name(name);
        drop(fs::remove_file(&fresh));
        std::os::unix::fs::symlink(&pair.slave, &fresh)?;
        fs::rename(&fresh, &self.link)?;
        self.pair = Some(pair);
        self.sleep = None;
        Ok(())
    }

    fn unlink(&mut self) {
        if let Some(pair) = self.pair.take()
            && fs::read_link(&self.link).is_ok_and(|target| target == pair.slave)
        {
            drop(fs::remove_file(&self.link));
        }
    }
}

fn leads_to_pty_or_nowhere(link: &Path) -> bool {
    fs::read_link(link).is_ok_and(|target| target.starts_with("/dev/pts")) || fs::metadata(link).is_err()
}

impl Kind for Made {
    type Stream = TtyStream;

    fn open(&mut self) -> Result<(), RasError> {
        if self.pair.is_some() {
            return Ok(());
        }
        self.renew().map_err(|error| {
            tracing::warn!(link = %self.link.display(), %error, "cannot make the pseudo-terminal");
            device_error(&error)
        })
    }

    fn poll_ring(&mut self, cx: &mut Context<'_>) -> Poll<Option<String>> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if self.pair.as_ref().is_some_and(Pair::is_called) {
                return Poll::Ready(None);
            }
            sleep.as_mut().reset(Instant::now() + LOOK);
        }
    }

    fn is_wire(&self) -> bool {
        true
    }

    /// Connected as soon as a program has the link open: it is the only one that can be called.
    fn dial(&mut self, _number: &str) -> Later<Result<TtyStream, RasError>> {
        let master = self.pair.as_mut().and_then(|pair| pair.master.take());
        Box::pin(async move {
            let pair = Pair { master: Some(master.ok_or(NO_CARRIER)?), slave: PathBuf::new() };
            while !pair.is_called() {
                tokio::time::sleep(LOOK).await;
            }
            let master = pair.master.ok_or(NO_CARRIER)?;
            TtyStream::new(master).map_err(|_| FROM_DEVICE)
        })
    }

    fn answer(&mut self) -> Result<TtyStream, RasError> {
        let master = self.pair.as_mut().and_then(|pair| pair.master.take()).ok_or(NO_CARRIER)?;
        TtyStream::new(master).map_err(|_| FROM_DEVICE)
    }

    /// Closing the master throws away what the other side has not read, so that is waited for.
    fn hang_up(&mut self, mut stream: TtyStream, rest: Vec<u8>) -> Later<()> {
        let slave = self.pair.as_ref().map(|pair| pair.slave.clone());
        Box::pin(async move {
            let orderly = async {
                stream.write_all(&rest).await?;
                let master = Pair { master: Some(stream.into_fd()), slave: PathBuf::new() };
                let mut empty = 0;
                // where nobody has it open nobody will read it
                while let (Some(slave), true, true) = (&slave, empty < EMPTY, master.is_called()) {
                    let unread = rustix::io::ioctl_fionread(open_slave(slave)?)?;
                    empty = if unread == 0 { empty + 1 } else { 0 };
                    tokio::time::sleep(LOOK_DRAINED).await;
                }
                io::Result::Ok(())
            };
            drop(tokio::time::timeout(DRAIN, orderly).await);
        })
    }

    fn ended(&mut self) {
        if let Err(error) = self.renew() {
            tracing::warn!(link = %self.link.display(), %error, "the pseudo-terminal cannot be made again");
            self.unlink();
        }
    }

    fn close(&mut self) {
        self.unlink();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.unlink();
    }
}
