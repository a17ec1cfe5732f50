//! A program as a service: on a terminal of its own, without a shell, as a user of its own, and gone with its call, with all that
//! it has started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::process::Child;

use crate::line::tty::TtyStream;

mod keeper;
mod kin;

pub use keeper::main_if_asked;

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What a terminal is taken for that nobody has asked.
const TERMINAL: &str = "vt100";
/// What is said where none begins.
const NO_KEEPER: &str = "the process that keeps programs did not begin: the main() of the service's program must call \
                         openras_io::octets::main_if_asked() first, or Program::keeper name one that does";
/// How long a keeper may take to start the program.
const READY: Duration = Duration::from_secs(15);

/// Whom a program runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct As {
    /// User.
    pub uid: u32,
    /// Its first group; it has no other.
    pub gid: u32,
}

/// What is started, and for whom.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// A full path.
    pub path: &'a Path,
    /// What it is told.
    pub arguments: &'a [String],
    /// Whom it runs as; `None` for the user of the service.
    pub user: Option<&'a As>,
    /// The name of that user.
    pub name: &'a str,
    /// Its home.
    pub home: &'a Path,
    /// A program whose `main` begins with [`main_if_asked`]; `None` for the one that runs.
    pub keeper: Option<&'a Path>,
}

/// A program that runs. Dropped, it and all that it has started are ended: by a hang-up, then by force. What it leaves behind
/// when it ends by itself is ended too.
pub struct Command {
    terminal: TtyStream,
    /// To its keeper; held as long as the caller is there.
    _caller: UnixStream,
}

impl Command {
    /// Starts a program. Its environment has PATH, TERM, LANG and, of the user it runs as, HOME, USER and LOGNAME. Inside a
    /// runtime.
    ///
    /// # Errors
    /// There is no terminal left, or no process; [`io::ErrorKind::PermissionDenied`] where `user` is root or nobody at all; [`io::ErrorKind::Unsupported`] where `keeper` is `None` and `main` has not
    /// called [`main_if_asked`]. A program that is not there says so on its terminal.
    pub async fn start(program: &Program<'_>) -> io::Result<Self> {
        if program.keeper.is_none() && !keeper::is_own() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, NO_KEEPER));
        }
        // -1 is no user: where one is to be set it means that nothing changes
        if program.user.is_some_and(|user| user.uid == 0 || user.uid == u32::MAX || user.gid == u32::MAX) {
            let what = "a caller's program is never run as root; give it a user of its own";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        let (master, slave) = terminal(program.user)?;
        let (caller, kept) = Pair::pair()?;
        caller.set_nonblocking(true)?;
        let mut caller = UnixStream::from_std(caller)?;
        let child = keeper_of(program, slave, kept)?;
        let mut word = [0];
        let told = tokio::time::timeout(READY, caller.read_exact(&mut word)).await;
        if !matches!(told, Ok(Ok(_)) if word == [keeper::READY]) {
            // a keeper that is only slow ends all that it keeps, and must not be killed before
            drop(caller);
            tokio::spawn(end(child));
            return Err(io::Error::other(NO_KEEPER));
        }
        tokio::spawn(collect(child));
        Ok(Self { terminal: TtyStream::new(master)?, _caller: caller })
    }
}

/// Starts the keeper, which starts the program.
fn keeper_of(program: &Program<'_>, slave: OwnedFd, kept: Pair) -> io::Result<Child> {
    // the running program even where its file was replaced in the meantime
    let keeper = program.keeper.unwrap_or(Path::new("/proc/self/exe"));
    let mut command = tokio::process::Command::new(keeper);
    let (uid, gid) = match program.user {
        Some(user) => (user.uid.to_string(), user.gid.to_string()),
        None => (keeper::SAME_USER.to_owned(), keeper::SAME_USER.to_owned()),
    };
    let words = [keeper::ARGUMENT, "keep", &uid, &gid].map(OsString::from);
    command.args(words).arg(program.path).args(program.arguments);
    command.env_clear().env("PATH", PATH).env("TERM", TERMINAL).env("LANG", "C.UTF-8");
    command.env("HOME", program.home).env("USER", program.name).env("LOGNAME", program.name);
    command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(OwnedFd::from(kept)));
    command.stderr(Stdio::from(slave)).spawn()
}

/// Waits for the keeper, which ends when everything that it keeps has.
async fn collect(mut child: Child) {
    if let Ok(status) = child.wait().await
        && status.code() == Some(keeper::LEFT_BEHIND)
    {
        tracing::warn!("something that a caller's program has started could not be ended; look with ps");
    }
}

/// Whom nobody waits for any more: as long as a keeper may take to end, then by force.
async fn end(mut child: Child) {
    if tokio::time::timeout(keeper::LAST, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

/// A pair of 80 columns and 24 lines; the user may open its end again as /dev/tty.
fn terminal(user: Option<&As>) -> io::Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    rustix::io::ioctl_fionbio(&master, true)?;
    let name = ptsname(&master, Vec::new())?;
    let path = PathBuf::from(OsStr::new(name.to_str().map_err(io::Error::other)?));
    let slave = rustix::fs::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size)?;
    if let Some(user) = user {
        let owner = rustix::fs::Uid::from_raw(user.uid);
        rustix::fs::fchown(&slave, Some(owner), None)?;
    }
    Ok((master, slave))
}

impl AsyncRead for Command {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.terminal).poll_read(cx, buf)
    }
}

impl AsyncWrite for Command {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.terminal).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
