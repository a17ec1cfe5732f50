//! slirp (Debian's `slirp`): a PPP server in user space, on a pty, without rights. It prints a banner first.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Why slirp cannot run here.
///
/// # Errors
/// A sentence that names what to do.
pub fn available() -> Result<PathBuf, String> {
    ["/usr/bin/slirp-fullbolt", "/usr/bin/slirp"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .ok_or_else(|| "slirp is not installed; run peers/install as root".into())
}

/// A running slirp. Dropped, it is killed.
pub struct Slirp {
    child: Child,
}

impl Slirp {
    /// Starts slirp in a folder that is its home (`.pap-secrets`, `.chap-secrets`), with these arguments, and gives
    /// the other end of its pty.
    ///
    /// # Errors
    /// A pty or process that cannot be made.
    pub fn start(program: &Path, home: &Path, arguments: &[&str]) -> io::Result<(Self, OwnedFd)> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut settings = tcgetattr(&slave)?;
        settings.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
        let slave = File::from(slave);
        let child = Command::new(program)
            .args(arguments)
            .env("HOME", home)
            .current_dir(home)
            .stdin(Stdio::from(slave.try_clone()?))
            .stdout(Stdio::from(slave.try_clone()?))
            .stderr(Stdio::from(slave))
            .spawn()?;
        Ok((Self { child }, master))
    }
}

impl Drop for Slirp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
