//! The record of calls: `journal.jsonl` in the state folder, one JSON object a line, only ever added to.
//!
//! Every attempt stands there with its verdict and reason, and never with a secret. The lines are plain ASCII: what
//! came from outside is spelt as `\u….` and cannot steer the terminal of whoever reads it (defence rule 15).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::users::{Folder, StoreError, open_private};

/// The longest text of one field, in characters.
const LONGEST: usize = 512;

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was answered.
    Answered,
    /// A factor was tried: a security module, or PPP's own authentication.
    Tried,
    /// IP is up.
    Up,
    /// It is being called back.
    CallingBack,
    /// It is over.
    Ended,
}

/// How it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Good.
    Accepted,
    /// Refused, or ended by a failure.
    Refused,
}

/// One line of the record. Fields that say nothing are left out.
#[derive(Clone, Debug, Serialize)]
pub struct Entry<'a> {
    /// Seconds since 1970.
    pub time: u64,
    /// What happened.
    pub what: What,
    /// Which port, as `line1/3`.
    pub port: &'a str,
    /// Where the call came from: an address, a number, or the line.
    pub source: &'a str,
    /// The name given, proved or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// What was tried: a module's name, or an authentication method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<&'a str>,
    /// How it came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The RAS number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<u32>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The number called back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// An entry with nothing but its time, kind, port and source.
    pub fn new(time: u64, what: What, port: &'a str, source: &'a str) -> Self {
        Self {
            time,
            what,
            port,
            source,
            name: None,
            factor: None,
            outcome: None,
            error: None,
            reason: None,
            number: None,
        }
    }

    /// With every text cut to its longest.
    fn cut(mut self) -> Self {
        self.port = cut(self.port);
        self.source = cut(self.source);
        for text in [&mut self.name, &mut self.factor, &mut self.reason, &mut self.number] {
            *text = text.map(cut);
        }
        self
    }
}

/// The open record.
#[derive(Debug)]
pub struct Journal {
    open: Mutex<Open<File>>,
}

#[derive(Debug)]
struct Open<F> {
    file: F,
    /// A line could not be written, or not all of it.
    torn: bool,
}

impl<F: Write> Open<F> {
    /// One write, so that lines of several processes do not mix. A line that a full disk cut off is closed first.
    fn add(&mut self, line: &str) -> io::Result<()> {
        let start = if self.torn { "\n" } else { "" };
        self.torn = true;
        self.file.write_all(format!("{start}{line}\n").as_bytes())?;
        self.torn = false;
        Ok(())
    }
}

impl Journal {
    /// Opens the record in the state folder; makes it (mode 0600, owned as the folder is) if it is not there. A last
    /// line that a crash cut off is closed, so that the next one stands on its own.
    ///
    /// # Errors
    /// The folder or file cannot be used, or others may read it.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let folder = Folder::open(state)?;
        let path = folder.file("journal.jsonl");
        folder.prepare(&path)?;
        let mut file = open_private(&path, OpenOptions::new().read(true).append(true))?;
        close_last_line(&mut file).map_err(|e| StoreError::file("the journal", &path, e))?;
        Ok(Self { open: Mutex::new(Open { file, torn: false }) })
    }

    /// Adds one line. It is with the system when this returns, not yet surely on the disk.
    ///
    /// # Errors
    /// The line could not be written, as on a full disk.
    pub fn record(&self, entry: Entry<'_>) -> io::Result<()> {
        let text = serde_json::to_string(&entry.cut())?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).add(&ascii(&text))
    }
}

fn close_last_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// The same JSON in printable ASCII. Outside of strings JSON has nothing else, inside them `\uXXXX` says the same.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out += &format!("\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn refused<'a>(name: &'a str, reason: &'a str) -> Entry<'a> {
        Entry {
            name: Some(name),
            factor: Some("mschapv2"),
            outcome: Some(Outcome::Refused),
            error: Some(691),
            reason: Some(reason),
            ..Entry::new(1_700_000_000, What::Tried, "line1/3", "192.0.2.7")
        }
    }

    #[test]
    fn a_line_tells_who_tried_what_from_where_and_why_it_failed() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path()).unwrap();
        journal.record(refused("CORP\\alice", "wrong password")).unwrap();
        journal.record(Entry::new(1_700_000_001, What::Ended, "line1/3", "192.0.2.7")).unwrap();
        let text = std::fs::read_to_string(state.path().join("journal.jsonl")).unwrap();
        insta::assert_snapshot!(text, @r#"
{"time":1700000000,"what":"tried","port":"line1/3","source":"192.0.2.7","name":"CORP\\alice","factor":"mschapv2","outcome":"refused","error":691,"reason":"wrong password"}
{"time":1700000001,"what":"ended","port":"line1/3","source":"192.0.2.7"}
"#);
        let mode = std::fs::metadata(state.path().join("journal.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn hostile_text_is_spelt_out_cut_and_comes_back_whole() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path()).unwrap();
        let name = "a\n\u{1b}[2J\u{9b}\u{202e}\u{7f}😀\"\\";
        journal.record(refused(name, &"x".repeat(100_000))).unwrap();
        let text = std::fs::read_to_string(state.path().join("journal.jsonl")).unwrap();
        assert!(text.trim_end_matches('\n').chars().all(|c| matches!(c, ' '..='~')), "{text:?}");
        assert!(text.len() < 1500);
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["name"], name);
    }

    #[test]
    fn a_line_cut_off_by_a_crash_spoils_no_other() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("journal.jsonl");
        Journal::open(state.path()).unwrap().record(refused("a", "b")).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"time\":17").unwrap();
        Journal::open(state.path()).unwrap().record(refused("c", "d")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(
            text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count(),
            2
        );
    }

    /// A disk with room for so many bytes.
    struct Disk {
        room: usize,
        written: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.written.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_cut_off_by_a_full_disk_spoils_no_other() {
        let mut open = Open { file: Disk { room: 10, written: Vec::new() }, torn: false };
        assert!(open.add("{\"a\":1}").is_ok());
        assert!(open.add("{\"b\":2}").is_err());
        open.file.room = 100;
        assert!(open.add("{\"c\":3}").is_ok());
        assert!(open.add("{\"d\":4}").is_ok());
        assert_eq!(String::from_utf8(open.file.written).unwrap(), "{\"a\":1}\n{\"\n{\"c\":3}\n{\"d\":4}\n");
    }

    #[test]
    fn a_record_that_others_may_read_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = Journal::open(state.path()).unwrap_err().to_string();
        assert!(said.contains("chmod 600"), "{said}");
    }
}
