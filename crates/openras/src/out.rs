//! Standard output and error, whose readers may go away: nothing panics, and who cares can ask.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static GONE: AtomicBool = AtomicBool::new(false);
/// Why output was lost that somebody wants: a full disk, not a reader who has seen enough.
static LOST: OnceLock<String> = OnceLock::new();
/// A raw terminal takes LF as "down" only: lines of ours need a CR there.
static RAW: AtomicBool = AtomicBool::new(false);

/// Says whether the terminal is raw from now on.
pub(crate) fn terminal_is_raw(raw: bool) {
    RAW.store(raw, Ordering::Relaxed);
}

/// Writes one line to standard output.
pub(crate) fn line(text: impl Display) {
    write(&whole_line(&text, RAW.load(Ordering::Relaxed)));
}

/// Writes text that is no whole line, such as a question.
pub(crate) fn part(text: impl Display) {
    write(&text.to_string());
}

/// Writes bytes as they are (only the Interactive pause may: defence rule 15).
pub(crate) fn raw(bytes: &[u8]) {
    let mut out = stdout().lock();
    keep(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Writes one line to standard error; what nobody reads is no failure.
pub(crate) fn note(text: impl Display) {
    let raw = RAW.load(Ordering::Relaxed) && stderr().is_terminal();
    let _ = stderr().write_all(whole_line(&text, raw).as_bytes());
}

/// Standard error for the log, line by line.
#[derive(Debug)]
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        note(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The text and its end. On a raw terminal it begins a line of its own: the other end's prompt may stand there.
fn whole_line(text: &dyn Display, raw: bool) -> String {
    if raw {
        format!("\r\n{text}\n").replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        format!("{text}\n")
    }
}

/// Whether the reader of standard output has gone.
pub(crate) fn is_gone() -> bool {
    GONE.load(Ordering::Relaxed)
}

/// Why not all could be written, where that is no choice of the reader's.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

fn write(text: &str) {
    raw(text.as_bytes());
}

fn keep(written: std::io::Result<()>) {
    if let Err(error) = written {
        GONE.store(true, Ordering::Relaxed);
        if error.kind() != ErrorKind::BrokenPipe {
            // the first reason counts
            let _ = LOST.set(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_step_down_a_raw_terminal() {
        assert_eq!(whole_line(&"one\ntwo", false), "one\ntwo\n");
        assert_eq!(whole_line(&"one\ntwo", true), "\r\none\r\ntwo\r\n");
    }
}
