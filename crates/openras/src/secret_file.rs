//! Secrets come from files and terminals, never from the command line (defence rule 14).

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use openras_ppp::Secret;
use zeroize::Zeroize;

use crate::keyboard::{Keyboard, Mode};
use crate::signals::{Interrupted, Signals};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 4096;

/// The first line of a file, without its end; `-` is standard input.
///
/// # Errors
/// A file that cannot be read, is too long, or that others can read (defence rule 13).
pub(crate) fn first_line(path: &Path) -> Result<Secret> {
    let mut bytes = Vec::new();
    let name = path.display();
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else {
        open(path)?
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {name}"))?;
    }
    if bytes.len() as u64 > LONGEST {
        bytes.zeroize();
        bail!("{name} is longer than {LONGEST} bytes; only its first line counts");
    }
    let end = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    let secret = Secret::new(bytes.get(..end).unwrap_or_default());
    bytes.zeroize();
    Ok(secret)
}

/// A whole file of at most so many bytes, such as a private key.
///
/// # Errors
/// As [`first_line`].
pub(crate) fn whole(path: &Path, longest: u64) -> Result<Secret> {
    let name = path.display();
    let mut bytes = Vec::new();
    open(path)?.take(longest + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    let secret = Secret::new(bytes.as_slice());
    let length = bytes.len() as u64;
    bytes.zeroize();
    if length > longest {
        bail!("{name} is longer than {longest} bytes");
    }
    Ok(secret)
}

/// A file that others cannot read.
fn open(path: &Path) -> Result<std::fs::File> {
    let name = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {name}"))?;
    let mode = file.metadata()?.mode();
    if mode & 0o077 != 0 && mode & 0o170_000 == 0o100_000 {
        bail!("{name} can be read by others (mode {:03o}); run: chmod 600 {name}", mode & 0o777);
    }
    Ok(file)
}

/// Asks at the terminal, without showing what is typed.
///
/// # Errors
/// Standard input has ended; [`Interrupted`] after a signal. The terminal is as it was found, however it ends.
pub(crate) async fn ask(keyboard: &mut Keyboard, signals: &mut Signals, prompt: &str) -> Result<Secret> {
    keyboard.mode(Mode::Hidden);
    // a question belongs to the person, not into the output
    let _ = write!(std::io::stderr(), "{prompt}");
    let line = tokio::select! {
        line = keyboard.line() => Ok(line),
        () = signals.next() => Err(Interrupted),
    };
    keyboard.mode(Mode::Line);
    let line = line?;
    line.context("no password was typed")
}
