//! Does the chain hold?

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use openras_api::types::audit::Verified;

use super::chain::{self, Hash};
use super::file::{NAME, numbered};

/// Longer than any line is.
const LONGEST: u64 = 256 * 1024;
/// The most that is read to find the record that closes what a crash has left.
const MOST_TORN: u64 = 16 * 1024 * 1024;

/// How far the chain was followed.
struct Chain {
    records: u64,
    /// The number of the next record; `None` before the first.
    next: Option<u64>,
    head: Hash,
}

/// Checks the whole record of a state folder: the numbers, the hashes, and that nothing stands in between but what a
/// `recovered` record owns up to. A record whose oldest files were taken away is good from its first `continued` on.
pub fn verify(state: &Path) -> Verified {
    let mut verified = once(state);
    // it grows while it is read, and a file that is put away meanwhile is missed: what is wrong stays wrong
    while verified.problem.is_some() {
        let again = once(state);
        if again.problem == verified.problem {
            break;
        }
        verified = again;
    }
    verified
}

fn once(state: &Path) -> Verified {
    let mut chain = Chain { records: 0, next: None, head: Hash::default() };
    let problem = files(state).map_err(|e| format!("the record cannot be read: {e}")).and_then(|files| {
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match chain.file(&path) {
                Ok(()) => {}
                Err(Wrong::File(error)) => return Err(format!("{name} cannot be read: {error}")),
                Err(Wrong::Line(line, what)) => return Err(format!("{name}, line {line}: {what}")),
            }
        }
        if chain.records == 0 { Err("there is no record".into()) } else { Ok(()) }
    });
    Verified { records: chain.records, head: chain::hex(&chain.head), problem: problem.err() }
}

/// All files of the record, the oldest first.
pub(super) fn files(state: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = numbered(state)?.into_iter().map(|(_, path)| path).collect();
    files.push(state.join(NAME));
    Ok(files)
}

enum Wrong {
    File(io::Error),
    Line(u64, String),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl Chain {
    fn file(&mut self, path: &Path) -> Result<(), Wrong> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        let mut number = 0;
        // bytes since the last record that are no record, and the first line of them
        let mut torn: Option<(u64, u64)> = None;
        loop {
            line.clear();
            let length = (&mut reader).take(LONGEST).read_until(b'\n', &mut line)? as u64;
            if length == 0 {
                break;
            }
            number += 1;
            let before = torn.map_or(0, |(bytes, _)| bytes);
            match self.line(&line, before) {
                Ok(()) => torn = None,
                Err(what) if before + length > MOST_TORN => return Err(Wrong::Line(number, what)),
                Err(_) => torn = Some((before + length, torn.map_or(number, |(_, first)| first))),
            }
        }
        match torn {
            None => Ok(()),
            Some((bytes, first)) => {
                let what =
                    format!("{bytes} bytes from here to the end of the file are not the record that follows");
                Err(Wrong::Line(first, what))
            }
        }
    }

    /// One line, behind so many bytes that were no record.
    fn line(&mut self, line: &[u8], torn: u64) -> Result<(), String> {
        let no_record = || "this is no record".to_owned();
        let line = line.strip_suffix(b"\n").ok_or("the record is cut off")?;
        let line = std::str::from_utf8(line).map_err(|_| no_record())?;
        let link = chain::read(line).ok_or_else(no_record)?;
        let begin = if self.next.is_none() { continued(line) } else { None };
        let head = begin.unwrap_or(self.head);
        if self.next.is_some_and(|next| next != link.number)
            || (self.next.is_none() && begin.is_none() && link.number != 1)
        {
            return Err(format!("the record has the number {}", link.number));
        }
        if !chain::follows(&head, line) {
            return Err("the hash is not that of this record behind the one before".into());
        }
        if link.torn.unwrap_or(0) != torn {
            return Err("something stands before it that it does not own up to".into());
        }
        (self.head, self.next) = (link.hash, Some(link.number + 1));
        self.records += 1;
        Ok(())
    }
}

/// The hash that the first record of a later file says it follows.
fn continued(line: &str) -> Option<Hash> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    if value.get("what")?.as_str()? != "continued" {
        return None;
    }
    chain::unhex(value.get("before")?.as_str()?)
}
