//! A program as a service: on a terminal of its own, without a shell, as a user of its own, and gone with its call.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::Child;
use tokio::sync::oneshot;

use crate::line::tty::TtyStream;

mod session;

use session::Session;

/// Makes the terminal the program's own and then becomes the program (util-linux).
const SETSID: &str = "/usr/bin/setsid";
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What a terminal is taken for that nobody has asked.
const TERMINAL: &str = "vt100";
/// How long a program may take to end when its caller has gone.
const GRACE: Duration = Duration::from_secs(2);

/// Whom a program runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct As {
    /// User.
    pub uid: u32,
    /// Its first group; it has no other.
    pub gid: u32,
}

/// A program that runs. Dropped, it and all of its session are ended: by a hang-up, then by force. What it leaves behind when it
/// ends by itself is ended too.
pub struct Command {
    terminal: TtyStream,
    /// Held as long as the caller is there.
    _caller: oneshot::Sender<()>,
}

impl Command {
    /// Starts `program`, a full path. Its environment has PATH, TERM, LANG and, of the user it runs as, HOME, USER and LOGNAME.
    /// Inside a runtime.
    ///
    /// # Errors
    /// There is no terminal left, no such program, or no right to run it so.
    pub fn start(
        program: &Path,
        arguments: &[String],
        user: Option<&As>,
        (name, home): (&str, &Path),
    ) -> io::Result<Self> {
        let (master, slave) = terminal(user)?;
        let mut command = tokio::process::Command::new(SETSID);
        command.arg("--ctty").arg("--").arg(program).args(arguments);
        command.env_clear().env("PATH", PATH).env("TERM", TERMINAL).env("LANG", "C.UTF-8");
        command.env("HOME", home).env("USER", name).env("LOGNAME", name);
        command.current_dir(if home.is_dir() { home } else { Path::new("/") });
        command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(slave.try_clone()?));
        command.stderr(Stdio::from(slave)).kill_on_drop(true);
        if let Some(user) = user {
            // with them go the groups of whoever starts it
            command.uid(user.uid).gid(user.gid);
        }
        let missing = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::other(format!("{SETSID} is missing; install util-linux")),
            _ => error,
        };
        let child = without_capabilities(&mut command).map_err(missing)?;
        drop(command);
        let (caller, left) = oneshot::channel();
        tokio::spawn(end_with(child, left));
        Ok(Self { terminal: TtyStream::new(master)?, _caller: caller })
    }
}

/// Starts it on a thread that has given up what a service without root may have been given to pass on (systemd's
/// AmbientCapabilities, for network devices): a caller's program is to have none of it.
fn without_capabilities(command: &mut tokio::process::Command) -> io::Result<Child> {
    let runtime = tokio::runtime::Handle::current();
    let start = || {
        let _inside = runtime.enter();
        rustix::thread::clear_ambient_capability_set()?;
        command.spawn()
    };
    std::thread::scope(|scope| {
        let started = std::thread::Builder::new().spawn_scoped(scope, start)?;
        started.join().unwrap_or_else(|_| Err(io::Error::other("the thread that starts programs failed")))
    })
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

/// Collects the program; ends it when its caller has left, and what it has started in any case.
async fn end_with(mut child: Child, left: oneshot::Receiver<()>) {
    // also where this task itself is dropped, with the runtime
    let session = Session::of(&child);
    tokio::select! {
        _ = child.wait() => return,
        _ = left => {}
    }
    session.hang_up();
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
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
