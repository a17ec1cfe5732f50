//! The log: what happens, on standard error, as text or as one JSON object a line.
//!
//! Lines of a call carry its span (`call`, `port`, `source`). Texts from outside were escaped where they came in; here
//! whatever could steer a terminal is spelt out once more, in both forms (defence rule 15).
//!
//! A thread writes: a log that nobody reads holds no call. What finds no room is left out and counted.

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use openras_engine::escape;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::cli::LogFormat;
use crate::out;

#[cfg(test)]
mod tests;

/// Lines that may wait to be written.
const QUEUED: usize = 4096;
/// Octets at which the log of a private service begins a new file; the one before is kept.
pub(crate) const LARGEST: u64 = 1024 * 1024;
/// How long the end of the program waits for the last lines.
const LAST: Duration = Duration::from_secs(1);

static LOG: OnceLock<SyncSender<Vec<u8>>> = OnceLock::new();
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// Begins to log for a command that speaks of itself: only what goes wrong, or more with `detail` (0 to 3).
pub(crate) fn start(detail: u8) {
    let log = tracing_subscriber::fmt().with_env_filter(filter(detail)).with_target(false);
    let fields = debug_fn(show).delimited(" ");
    log.with_ansi(false).fmt_fields(fields).with_writer(|| out::Log).init();
}

/// Begins to log for the service, on a thread. Hold what is given until the end: dropped, it waits for the last
/// lines. `file` is where standard error goes, if it is a file of ours that must not grow for ever.
pub(crate) fn start_service(detail: u8, format: LogFormat, file: Option<PathBuf>) -> io::Result<Last> {
    let (lines, queue) = sync_channel(QUEUED);
    let (flush, flushes) = channel();
    let target = Target { file, written: 0 };
    std::thread::Builder::new().name("log".into()).spawn(move || target.run(&queue, &flushes))?;
    // there is but one service in a process
    let _ = LOG.set(lines);
    let log = tracing_subscriber::fmt().with_env_filter(filter(detail));
    match format {
        LogFormat::Text => log
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(debug_fn(show).delimited(" "))
            .with_writer(|| Queue(LogFormat::Text))
            .init(),
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_writer(|| Queue(LogFormat::Json))
            .init(),
    }
    Ok(Last(flush))
}

/// Which lines: ours from `detail` on, libraries in trouble only. `RUST_LOG` says otherwise, but see [`capped`].
fn filter(detail: u8) -> EnvFilter {
    let level = match detail {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let usual = || EnvFilter::new(format!("error,openras={level}"));
    match std::env::var("RUST_LOG") {
        Err(_) => usual(),
        Ok(wanted) => EnvFilter::try_new(capped(&wanted)).unwrap_or_else(|error| {
            let text = escape::line(&error.to_string());
            out::note(format_args!("openras: RUST_LOG is not understood and not used: {text}"));
            usual()
        }),
    }
}

/// The words of `RUST_LOG`, so that no library writes what went through it into the log: a level alone is for our
/// parts (libraries: warnings), and a library that is named gives `debug` at most.
fn capped(wanted: &str) -> String {
    let mut words = vec!["warn".to_owned()];
    for word in wanted.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let lower = word.to_ascii_lowercase();
        let (target, level) = word.rsplit_once('=').unwrap_or((word, ""));
        if matches!(lower.as_str(), "off" | "error" | "warn" | "info" | "debug" | "trace")
            || lower.parse::<u8>().is_ok()
        {
            words.push(format!("openras={lower}"));
        } else if target.starts_with("openras") {
            words.push(word.to_owned());
        } else if level.is_empty() || level.eq_ignore_ascii_case("trace") || level == "5" {
            words.push(format!("{target}=debug"));
        } else {
            words.push(word.to_owned());
        }
    }
    words.join(",")
}

/// One field of a line of text.
fn show(to: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    let value = safe(&format!("{value:?}"));
    if field.name() == "message" { write!(to, "{value}") } else { write!(to, "{}={value}", field.name()) }
}

/// Nothing in it steers a terminal. A backslash stays: it may be an escape already.
fn safe(text: &str) -> String {
    text.split('\\').map(escape::line).collect::<Vec<_>>().join("\\")
}

/// JSON spells out only some of what must be; the rest can stand in its texts only, where this means the same.
fn safe_json(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_ascii() || escape::line(c.encode_utf8(&mut [0; 4])).starts_with(c) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Where a line of the service's log is put.
struct Queue(LogFormat);

impl Write for Queue {
    /// One call of this is one line.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = match self.0 {
            LogFormat::Text => bytes.to_vec(),
            LogFormat::Json => safe_json(&String::from_utf8_lossy(bytes)).into_bytes(),
        };
        if let Some(lines) = LOG.get()
            && let Err(TrySendError::Full(_)) = lines.try_send(line)
        {
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log's end.
pub(crate) struct Last(Sender<Sender<()>>);

impl Drop for Last {
    fn drop(&mut self) {
        let (done, wait) = channel();
        // an empty line wakes the thread
        if self.0.send(done).is_ok() && LOG.get().is_some_and(|lines| lines.try_send(Vec::new()).is_ok()) {
            let _ = wait.recv_timeout(LAST);
        }
    }
}

/// Standard error, as the log's thread sees it.
struct Target {
    file: Option<PathBuf>,
    written: u64,
}

impl Target {
    fn run(mut self, queue: &Receiver<Vec<u8>>, flushes: &Receiver<Sender<()>>) {
        self.written =
            self.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |about| about.len());
        while let Ok(line) = queue.recv() {
            self.write(&line);
            let left_out = LEFT_OUT.swap(0, Ordering::Relaxed);
            if left_out > 0 {
                self.write(format!("{left_out} lines of the log were left out: nobody read it\n").as_bytes());
            }
            if line.is_empty()
                && let Ok(done) = flushes.try_recv()
            {
                let _ = done.send(());
            }
        }
    }

    /// What cannot be written is gone: there is no other place to say so.
    fn write(&mut self, line: &[u8]) {
        self.written += line.len() as u64;
        if self.written > LARGEST
            && let Some(path) = &self.file
            && let Ok(file) = turn_over(path)
        {
            let _ = rustix::stdio::dup2_stderr(&file);
            self.written = line.len() as u64;
        }
        let _ = io::stderr().write_all(line);
    }
}

/// Keeps the log at `path` as `path.1` and begins a new one.
fn turn_over(path: &Path) -> io::Result<File> {
    let mut old = path.as_os_str().to_owned();
    old.push(".1");
    std::fs::rename(path, old)?;
    open(path)
}

/// The log at `path`, to be added to: mode 0600, and no link is followed. One that is too large is turned over first.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if path.symlink_metadata().is_ok_and(|about| about.is_file() && about.len() > LARGEST) {
        return turn_over(path);
    }
    let mut options = File::options();
    options.append(true).create(true).mode(0o600);
    options
        .custom_flags((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32)
        .open(path)
}
