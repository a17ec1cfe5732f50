//! wvdial (Debian's `wvdial`): dials a modem, answers the prompts behind it, and starts a pppd. The pppd is one of ours that
//! hands the line on: the host has no rights and mostly no kernel for a real one.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Another user's id, where the tests run as root: wvdial writes to /etc/ppp when it may.
const NOBODY: &str = "65534";

/// Why wvdial cannot run here.
///
/// # Errors
/// A sentence that names what to do.
pub fn available() -> Result<(), String> {
    for program in ["/usr/bin/wvdial", "/usr/bin/socat", "/usr/bin/setpriv"] {
        if !Path::new(program).exists() {
            return Err(format!("{program} is not installed; run peers/install as root"));
        }
    }
    Ok(())
}

/// A running wvdial. Dropped, it is killed.
pub struct Wvdial {
    child: Child,
    /// What it has said.
    pub log: PathBuf,
}

impl Wvdial {
    /// Dials `number` with the modem at `tty` as alice with the password `pw`. The folder must be one that everybody may
    /// enter; a call that has come as far as PPP is handed to the unix socket `pppd.sock` in it. `more` are lines of
    /// wvdial's configuration.
    ///
    /// # Errors
    /// Files or a process that cannot be made.
    pub fn start(folder: &Path, tty: &Path, number: &str, more: &str) -> io::Result<Self> {
        let pppd = folder.join("pppd");
        let socket = folder.join("pppd.sock");
        fs::write(&pppd, format!("#!/bin/sh\nexec socat FD:0,rawer UNIX-CONNECT:{}\n", socket.display()))?;
        fs::set_permissions(&pppd, fs::Permissions::from_mode(0o755))?;
        let config = folder.join("wvdial.conf");
        let text = format!(
            "[Dialer Defaults]\nModem = {}\nBaud = 115200\nInit1 = ATZ\nInit2 = ATQ0 V1 E1 S0=0 &C1 &D2\n\
             Phone = {number}\nUsername = alice\nPassword = pw\nPPPD Path = {}\nCarrier Check = off\n\
             Auto Reconnect = off\n{more}\n",
            tty.display(),
            pppd.display(),
        );
        fs::write(&config, text)?;
        // the device behind the link is ours
        fs::set_permissions(tty, fs::Permissions::from_mode(0o666))?;
        let log = folder.join("wvdial.log");
        let out = fs::File::create(&log)?;
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "wvdial"]);
            command
        } else {
            Command::new("wvdial")
        };
        let child = command
            .args(["--no-syslog", "--config"])
            .arg(&config)
            // its tasks have small stacks, and a symbol looked up late takes 11 KiB of one on newer processors
            .env("LD_BIND_NOW", "1")
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Wvdial {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
