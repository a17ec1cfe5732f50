//! ser2net (Debian's `ser2net`): gives a serial port to the network in telnet and RFC 2217, and calls such a port itself.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take until it listens.
const STARTS: Duration = Duration::from_secs(120);

/// Why ser2net cannot run here.
///
/// # Errors
/// A sentence that names what to do.
pub fn available() -> Result<PathBuf, String> {
    ["/usr/sbin/ser2net", "/usr/bin/ser2net"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .ok_or_else(|| "ser2net is not installed; run peers/install as root".into())
}

/// A running ser2net. Dropped, it is killed.
pub struct Ser2net {
    child: Child,
    /// Where it accepts.
    pub address: SocketAddr,
}

impl Ser2net {
    /// Starts it with one connection: what it speaks to whoever calls (`telnet(rfc2217)`, or nothing), and what it
    /// connects callers to, both as ser2net writes them. Its configuration goes into `folder`.
    ///
    /// # Errors
    /// A process that cannot be started, or does not listen.
    pub fn start(program: &Path, folder: &Path, spoken: &str, connector: &str) -> io::Result<Self> {
        // free again in a moment; ser2net cannot say which port it was given
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let layer = if spoken.is_empty() { String::new() } else { format!("{spoken},") };
        let config = folder.join(format!("ser2net-{}.yaml", address.port()));
        let text = format!(
            "connection: &one\n  accepter: {layer}tcp,{},{}\n  connector: {connector}\n",
            address.ip(),
            address.port()
        );
        std::fs::write(&config, text)?;
        let mut command = Command::new(program);
        command.arg("-n").arg("-d").arg("-c").arg(&config).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn()?;
        let started = Self { child, address };
        started.until_it_listens()?;
        Ok(started)
    }

    /// Looks at the system's list of listeners: to call it only to see would be a call.
    fn until_it_listens(&self) -> io::Result<()> {
        let begun = Instant::now();
        let listens = format!(":{:04X} 00000000:0000 0A", self.address.port());
        while begun.elapsed() < STARTS {
            if std::fs::read_to_string("/proc/net/tcp")?.contains(&listens) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "ser2net does not listen"))
    }

    /// A call to it.
    ///
    /// # Errors
    /// It does not take it.
    pub fn call(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.address)
    }
}

impl Drop for Ser2net {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
