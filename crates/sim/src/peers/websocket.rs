//! A WebSocket client and a server that are none of ours: Debian's `python3-websockets`, by `peers/ws-bridge.py`.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Why it cannot run here; else its interpreter.
///
/// # Errors
/// A sentence that names what to do.
pub fn available() -> Result<PathBuf, String> {
    let python = PathBuf::from("/usr/bin/python3");
    let mut command = Command::new(&python);
    command.args(["-c", "import websockets"]).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(python),
        _ => Err("python3-websockets is not installed; run peers/install as root".into()),
    }
}

/// A running bridge. Dropped, it is killed.
pub struct Bridge {
    child: Child,
    /// Where it takes TCP connections, each a call to the WebSocket; as a server, where it takes WebSocket calls.
    pub address: SocketAddr,
}

impl Bridge {
    /// Starts one that calls this URL.
    ///
    /// # Errors
    /// A process that cannot be started, or says no port.
    pub fn start(python: &Path, url: &str) -> io::Result<Self> {
        Self::with(python, &[url])
    }

    /// Starts a server that agrees to this subprotocol or to none; each call becomes a connection to a TCP port of this machine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn serve(python: &Path, port: u16, subprotocol: Option<&str>) -> io::Result<Self> {
        let port = port.to_string();
        let words: Vec<&str> = ["--serve", &port].into_iter().chain(subprotocol).collect();
        Self::with(python, &words)
    }

    fn with(python: &Path, words: &[&str]) -> io::Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../peers/ws-bridge.py");
        let mut command = Command::new(python);
        command.arg(script).args(words).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let port: u16 = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, address: ([127, 0, 0, 1], port).into() })
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
