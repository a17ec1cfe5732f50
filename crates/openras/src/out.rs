//! Standard output and error, whose readers may go away: nothing panics, and who cares can ask.

use std::fmt::{Arguments, Display};
use std::io::{Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

static GONE: AtomicBool = AtomicBool::new(false);

/// Writes one line to standard output.
pub(crate) fn line(text: impl Display) {
    write(format_args!("{text}\n"));
}

/// Writes text that is no whole line, such as a question.
pub(crate) fn part(text: impl Display) {
    write(format_args!("{text}"));
}

/// Writes bytes as they are (only the Interactive pause may: defence rule 15).
pub(crate) fn raw(bytes: &[u8]) {
    let mut out = stdout().lock();
    keep(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Writes one line to standard error; what nobody reads is no failure.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// Whether the reader of standard output has gone.
pub(crate) fn is_gone() -> bool {
    GONE.load(Ordering::Relaxed)
}

fn write(text: Arguments<'_>) {
    let mut out = stdout().lock();
    keep(out.write_fmt(text).and_then(|()| out.flush()));
}

fn keep(written: std::io::Result<()>) {
    if written.is_err() {
        GONE.store(true, Ordering::Relaxed);
    }
}
