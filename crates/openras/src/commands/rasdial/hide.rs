//! A password on the command line is taken off it before anything else is done (docs/decisions/0017): the program
//! starts itself anew without the word, and hands it over in a pipe.

use std::ffi::OsString;
use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use openras_ppp::Secret;
use rustix::io::{FdFlags, fcntl_setfd};
use zeroize::Zeroize;

use super::words::PASSWORD_FD;

/// The longest password, in bytes: PWLEN characters, and what a pipe takes without a reader.
const LONGEST: usize = 1024;

/// Becomes the same program with the same words but the one at `at`; comes back only with an error.
pub(super) fn start_anew(
    name: &[OsString],
    words: &[OsString],
    at: usize,
    password: &Secret,
) -> anyhow::Error {
    match prepared(name, words, at, password) {
        Ok((mut command, _reader)) => {
            anyhow::Error::from(command.exec()).context("the password cannot be taken off the command line")
        }
        Err(error) => error,
    }
}

fn prepared(
    name: &[OsString],
    words: &[OsString],
    at: usize,
    password: &Secret,
) -> Result<(Command, PipeReader)> {
    if password.len() > LONGEST {
        bail!("the password is longer than {LONGEST} bytes");
    }
    let (reader, mut writer) = std::io::pipe().context("the system gives no pipe for the password")?;
    writer.write_all(password.expose()).context("the password does not go into its pipe")?;
    fcntl_setfd(&reader, FdFlags::empty()).context("the pipe cannot be handed over")?;
    let (first, rest) = name.split_first().context("the program has no name")?;
    // its own file, even where that was replaced meanwhile
    let program = std::env::current_exe().ok().filter(|path| path.is_file());
    let mut command = Command::new(program.unwrap_or_else(|| "/proc/self/exe".into()));
    command.arg0(first).args(rest).arg(PASSWORD_FD).arg(reader.as_raw_fd().to_string());
    command.args(words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| word));
    Ok((command, reader))
}

/// Reads what was handed over, and closes the descriptor.
///
/// # Errors
/// There is no such descriptor, or not text in it.
pub(super) fn handed_over(descriptor: u32) -> Result<Secret> {
    let number = i32::try_from(descriptor).context("it is no descriptor")?;
    let mut bytes = Vec::with_capacity(LONGEST + 1);
    let read = File::open(format!("/proc/self/fd/{number}"))
        .and_then(|pipe| pipe.take(LONGEST as u64 + 1).read_to_end(&mut bytes));
    let _ = nix::unistd::close(number);
    let password = Secret::new(bytes.as_slice());
    bytes.zeroize();
    read.context("the password that was handed over cannot be read")?;
    Ok(password)
}
