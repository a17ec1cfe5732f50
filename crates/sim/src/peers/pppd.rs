//! Debian's pppd on a real kernel, in a guest that needs no rights.
//!
//! The guest's serial line is one end of a socket pair; the other end is the test's line.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What pppd shall do in the guest.
#[derive(Clone, Debug)]
pub struct Job {
    /// Options of pppd besides the terminal's.
    pub options: String,
    /// Lines of pap-secrets and chap-secrets.
    pub secrets: String,
    /// Which of `ip4`, `ip6` must come up; empty waits for pppd's end instead.
    pub wait: String,
    /// A shell script run once they are up; `$LOCAL`, `$REMOTE`, `$LL_REMOTE`, `$DNS1` are set.
    pub run: String,
    /// What follows.
    pub after: After,
    /// Seconds for the link to come up.
    pub limit: u32,
}

/// What the guest does when its script has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Ends pppd politely.
    Stop,
    /// Waits until the other end does.
    Hold,
    /// Powers off without a word: the line is gone.
    Vanish,
}

impl Job {
    /// pppd as a client or server with these options; waits for IPv4, runs nothing, then stops.
    pub fn new(options: impl Into<String>) -> Self {
        Self {
            options: options.into(),
            secrets: "alice * pw *\n".into(),
            wait: "ip4".into(),
            run: String::new(),
            after: After::Stop,
            limit: 30,
        }
    }
}

/// A running guest. Dropped, it is killed.
pub struct Guest {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    _initrd: tempfile::NamedTempFile,
}

/// Why no guest can run here.
///
/// # Errors
/// A sentence that names what to do.
pub fn available() -> Result<PathBuf, String> {
    let folder = super::folder();
    match fs::read_to_string(folder.join("engine")) {
        Ok(_) => Ok(folder),
        Err(_) => Err("the pppd guest is not built; run peers/install as root".into()),
    }
}

impl Guest {
    /// Boots a guest and gives the other end of its serial line.
    ///
    /// # Errors
    /// Files or processes of the guest that cannot be made.
    pub fn start(folder: &Path, job: &Job) -> io::Result<(Self, UnixStream)> {
        let engine = fs::read_to_string(folder.join("engine"))?;
        let engine = engine.trim();
        let initrd = initrd(folder, engine, job)?;
        let (near, far) = UnixStream::pair()?;
        let mut command =
            if engine == "uml" { uml(folder, initrd.path()) } else { qemu(folder, initrd.path()) };
        let mut child = command
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("the guest has no console"))?;
        let (sender, lines) = channel();
        std::thread::spawn(move || read_lines(output, &sender));
        Ok((Self { child, lines, log: Vec::new(), _initrd: initrd }, near))
    }

    /// Waits for a console line with this text.
    ///
    /// # Errors
    /// The whole console, if the guest ends or `limit` passes first.
    pub fn wait_for(&mut self, text: &str, limit: Duration) -> Result<String, String> {
        let until = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line.contains(text) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("no {text:?} in time:\n{}", self.console()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("the guest ended without {text:?}:\n{}", self.console()));
                }
            }
        }
    }

    /// Waits for the job's end. 0 = as it should, 2 = no link, 3 = the script failed.
    ///
    /// # Errors
    /// As [`wait_for`](Self::wait_for).
    pub fn status(&mut self, limit: Duration) -> Result<i32, String> {
        let line = self.wait_for("@@ end ", limit)?;
        let number = line.rsplit(' ').next().and_then(|word| word.parse().ok());
        number.ok_or_else(|| format!("no number in {line:?}"))
    }

    /// Everything the console has said.
    pub fn console(&self) -> String {
        self.log.join("\n")
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // user-mode-linux has processes of its own, which it ends when asked
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::yield_now();
            let _ = self.lines.recv_timeout(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn uml(folder: &Path, initrd: &Path) -> Command {
    let mut command = Command::new(folder.join("linux.uml"));
    command
        .env("LD_PRELOAD", folder.join("xstate-shim.so"))
        // its memory is a file there, which must be executable
        .env("TMPDIR", folder)
        .args(["mem=192M", "rdinit=/init", "con=null", "con0=null,fd:1", "ssl=null", "ssl1=fd:0,fd:0"])
        .arg(format!("initrd={}", initrd.display()))
        .args(["quiet", "loglevel=3", "panic=-1"]);
    command
}

fn qemu(folder: &Path, initrd: &Path) -> Command {
    let mut command = Command::new("qemu-system-x86_64");
    command
        .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-m", "192"])
        .args(["-M", "pc,accel=tcg", "-cpu", "max"])
        .arg("-kernel")
        .arg(folder.join("vmlinuz"))
        .arg("-initrd")
        .arg(initrd)
        .args(["-chardev", "file,id=console,path=/dev/stdout", "-serial", "chardev:console"])
        .args(["-chardev", "socket,id=link,fd=0", "-serial", "chardev:link"])
        .args([
            "-append",
            "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off random.trust_cpu=on rdinit=/init",
        ]);
    command
}

fn read_lines(mut output: impl Read, lines: &std::sync::mpsc::Sender<String>) {
    let mut held = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = output.read(&mut buffer) {
        for &byte in buffer.get(..n).unwrap_or_default() {
            match byte {
                b'\n' => {
                    let line = String::from_utf8_lossy(&held).trim_end().to_string();
                    held.clear();
                    if lines.send(line).is_err() {
                        return;
                    }
                }
                _ if held.len() < 64 * 1024 => held.push(byte),
                _ => {}
            }
        }
    }
}

/// The guest's root with the job behind it; the kernel unpacks both.
fn initrd(folder: &Path, engine: &str, job: &Job) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::copy(&mut fs::File::open(folder.join(format!("{engine}.cpio")))?, &mut file)?;
    let after = match job.after {
        After::Stop => "stop",
        After::Hold => "hold",
        After::Vanish => "vanish",
    };
    let vars = format!(
        "TTY=/dev/ttyS1\nPPPD={}\nWAIT={}\nLIMIT={}\nAFTER={after}\n",
        quoted(&job.options),
        quoted(&job.wait),
        job.limit
    );
    let mut files = vec![("job", include_str!("../../../../peers/guest/job")), ("vars", &vars)];
    files.push(("secrets", &job.secrets));
    if !job.run.is_empty() {
        files.push(("run", &job.run));
    }
    file.write_all(&cpio(&files))?;
    file.flush()?;
    Ok(file)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A "newc" archive with the folder `job` and these files in it.
fn cpio(files: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    entry(&mut out, 1, "job", 0o40755, b"");
    for (number, (name, text)) in (2u32..).zip(files) {
        entry(&mut out, number, &format!("job/{name}"), 0o100_755, text.as_bytes());
    }
    entry(&mut out, 0, "TRAILER!!!", 0, b"");
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn entry(out: &mut Vec<u8>, inode: u32, name: &str, mode: u32, data: &[u8]) {
    let (size, name_size) = (data.len(), name.len() + 1);
    out.extend(b"070701");
    let fields = [inode, mode, 0, 0, 1, 0, size as u32, 0, 0, 0, 0, name_size as u32, 0];
    for field in fields {
        out.extend(format!("{field:08X}").bytes());
    }
    out.extend(name.bytes());
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
}
