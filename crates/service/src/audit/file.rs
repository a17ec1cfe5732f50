//! The file of the record: added to by several processes in turn, closed where a crash cut it off, put away when it
//! is long.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

use super::chain::{self, Hash};
use super::record::{Record, What};
use crate::users::{Folder, StoreError, open_private};

/// The name of the file.
pub(super) const NAME: &str = "audit.jsonl";
/// The end of the file in which the last record is looked for, at first; then twice as much, and so on.
const TAIL: u64 = 128 * 1024;
/// A file as long as this without one record in it is no record that a crash cut off.
const FIRST: u64 = 4096;
/// More than a crash leaves.
const LONGEST_TORN: u64 = 16 * 1024 * 1024;
/// How often another process's lock is tried, a millisecond apart. Nobody holds it longer than one write takes; one
/// that was stopped while it holds it is waited for once, and costs no call time after that.
const LOCK_TRIES: u32 = 200;

/// How often in a row a file that was put away is left for the next.
const REOPEN: u32 = 100;

/// The open file, and where its chain stands.
#[derive(Debug)]
pub(super) struct Log {
    folder: Folder,
    path: PathBuf,
    file: Arc<File>,
    /// Device and inode: whether it is still the one at its path.
    id: (u64, u64),
    /// Up to here it was read or written.
    length: u64,
    number: u64,
    head: Hash,
    rotate: u64,
    line: String,
    /// How often a lock is tried.
    patience: u32,
}

/// A record that was added.
pub(super) struct Kept<'a> {
    pub(super) number: u64,
    /// Without its end.
    pub(super) line: &'a str,
}

/// What a file ends with.
struct Tail {
    number: u64,
    head: Hash,
    /// Where the last whole record ends.
    good: u64,
}

impl Log {
    pub(super) fn open(folder: &Folder, rotate: u64) -> Result<Self, StoreError> {
        let folder = Folder::open(folder.path())?;
        let path = folder.file(NAME);
        let (file, id) = open_file(&folder, &path)?;
        let mut log = Self {
            folder,
            path,
            file,
            id,
            length: 0,
            number: 0,
            head: Hash::default(),
            rotate,
            line: String::new(),
            patience: LOCK_TRIES,
        };
        let opened = log.lock().and_then(|()| log.catch_up());
        log.unlock();
        opened.map_err(|e| StoreError::file("the audit record", &log.path, e))?;
        Ok(log)
    }

    /// The number of the newest record.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The file, to bring it to the disk.
    pub(super) fn handle(&self) -> Arc<File> {
        self.file.clone()
    }

    /// Another file in place of this one; gives it back.
    #[cfg(test)]
    pub(super) fn replace_file(&mut self, file: File) -> File {
        let old = std::mem::replace(&mut self.file, Arc::new(file));
        old.try_clone().unwrap()
    }

    pub(super) fn add(&mut self, record: &Record<'_>, now: u64) -> io::Result<Kept<'_>> {
        self.lock()?;
        let added =
            self.catch_up().and_then(|()| self.put_away(now)).and_then(|()| self.write(record, now, ""));
        self.unlock();
        added?;
        Ok(Kept { number: self.number, line: &self.line })
    }

    fn lock(&mut self) -> io::Result<()> {
        for left in (0..self.patience).rev() {
            match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) if left == 0 => {}
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(std::time::Duration::from_millis(1)),
                other => {
                    self.patience = LOCK_TRIES;
                    return Ok(other?);
                }
            }
        }
        self.patience = 1;
        Err(io::Error::new(io::ErrorKind::WouldBlock, "another process keeps it locked"))
    }

    fn unlock(&self) {
        // it goes with the descriptor at the latest
        let _ = flock(&self.file, FlockOperation::Unlock);
    }

    /// Reads what other processes have added, and closes what one that died has left.
    fn catch_up(&mut self) -> io::Result<()> {
        self.open_newest()?;
        let length = self.file.metadata()?.len();
        if length == self.length && length > 0 {
            return Ok(());
        }
        if length < self.length {
            tracing::error!("the audit record was cut short by something else; the check will show it");
        }
        if length == 0 {
            return self.begin();
        }
        let tail = self.tail(length)?;
        // Nobody who only adds goes back: of the file this process wrote to, records were taken away. The chain goes on
        // from what it knows, so that the check finds the place. Another file at its path is another chain.
        let is_same = self.length > 0;
        self.length = length;
        if tail.number > self.number || !is_same {
            (self.number, self.head) = (tail.number, tail.head);
        }
        if tail.good < length { self.recover(&tail) } else { Ok(()) }
    }

    /// Opens the file anew where another process has put it away. The next one may be put away as well before this
    /// process has locked it, and what is added to one that was put away breaks the chain.
    fn open_newest(&mut self) -> io::Result<()> {
        for _ in 0..REOPEN {
            if std::fs::symlink_metadata(&self.path).map(|at| (at.dev(), at.ino())).ok() == Some(self.id) {
                return Ok(());
            }
            self.open_again()?;
        }
        Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "others put its files away faster than they are opened",
        ))
    }

    fn open_again(&mut self) -> io::Result<()> {
        self.unlock();
        let opened = open_file(&self.folder, &self.path).map_err(io::Error::other);
        (self.file, self.id) = opened?;
        self.length = 0;
        self.lock()
    }

    /// The chain begins, or goes on in a file that another process has not come to begin.
    fn begin(&mut self) -> io::Result<()> {
        self.length = 0;
        let now = crate::host::unix_seconds();
        match last_put_away(self.folder.path())? {
            Some(path) => {
                let old = File::open(path)?;
                let length = old.metadata()?.len();
                let tail = tail(&old, length)?.ok_or_else(no_record)?;
                // whoever put it away may have added to it since this process looked
                if tail.number >= self.number {
                    (self.number, self.head) = (tail.number, tail.head);
                }
                self.go_on(now)
            }
            None if self.number > 0 => self.go_on(now),
            None => {
                let chain = random_name()?;
                self.write(&Record { chain: Some(&chain), ..Record::new(What::Chain) }, now, "")
            }
        }
    }

    /// The first record of a file that is not the first: it names the hash it follows.
    fn go_on(&mut self, now: u64) -> io::Result<()> {
        let before = chain::hex(&self.head);
        self.write(&Record { before: Some(&before), ..Record::new(What::Continued) }, now, "")
    }

    fn tail(&self, length: u64) -> io::Result<Tail> {
        match tail(&self.file, length)? {
            Some(tail) => Ok(tail),
            None if length <= FIRST => Ok(Tail { number: 0, head: Hash::default(), good: 0 }),
            None => Err(no_record()),
        }
    }

    /// Closes what a crash has left of a last record. One of which only the line's end is missing is whole.
    fn recover(&mut self, tail: &Tail) -> io::Result<()> {
        let mut rest = Vec::new();
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(tail.good))?;
        file.take(LONGEST_TORN).read_to_end(&mut rest)?;
        let whole = std::str::from_utf8(&rest).ok().filter(|line| chain::follows(&self.head, line));
        if let Some(link) = whole.and_then(chain::read).filter(|link| link.number == self.number + 1) {
            (&*self.file).write_all(b"\n")?;
            (self.number, self.head) = (link.number, link.hash);
            self.length += 1;
            return Ok(());
        }
        let close = if rest.ends_with(b"\n") { "" } else { "\n" };
        let torn = self.length - tail.good + close.len() as u64;
        let chain = if tail.number == 0 { Some(random_name()?) } else { None };
        let record = Record { torn: Some(torn), chain: chain.as_deref(), ..Record::new(What::Recovered) };
        self.write(&record, crate::host::unix_seconds(), close)
    }

    /// One write, so that a crash leaves at most one record that is cut off. What a full disk has cut off is taken
    /// back at once.
    fn write(&mut self, record: &Record<'_>, now: u64, before: &str) -> io::Result<()> {
        let number = self.number + 1;
        let (line, hash) = chain::line(&self.head, number, now, record)?;
        let bytes = format!("{before}{line}\n");
        if let Err(error) = (&*self.file).write_all(bytes.as_bytes()) {
            // if this fails too, the next one who adds closes it
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        (self.number, self.head, self.line) = (number, hash, line);
        Ok(())
    }

    /// Puts a long file away under a number; the chain goes on in a new one.
    fn put_away(&mut self, now: u64) -> io::Result<()> {
        if self.length < self.rotate {
            return Ok(());
        }
        let next = numbered(self.folder.path())?.last().map_or(1, |(number, _)| number.saturating_add(1));
        self.file.sync_data()?;
        std::fs::rename(&self.path, self.folder.file(&format!("audit-{next}.jsonl")))?;
        self.unlock();
        (self.file, self.id) = open_file(&self.folder, &self.path).map_err(io::Error::other)?;
        self.lock()?;
        // another process may have been quicker to begin it
        match self.file.metadata()?.len() {
            0 => {
                self.length = 0;
                self.go_on(now)
            }
            _ => {
                self.length = 0;
                self.catch_up()
            }
        }
    }
}

fn no_record() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it does not end with a record; keep it as evidence, move it away, and a new chain begins",
    )
}

/// Opens the newest file, made where there is none.
fn open_file(folder: &Folder, path: &Path) -> Result<(Arc<File>, (u64, u64)), StoreError> {
    let mut left = REOPEN;
    let file = loop {
        folder.prepare(path)?;
        match open_private(path, OpenOptions::new().read(true).append(true)) {
            // put away by another process between the two
            Err(StoreError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound && left > 0 => {
                left -= 1
            }
            other => break other?,
        }
    };
    let about = file.metadata().map_err(|e| StoreError::file("the audit record", path, e))?;
    Ok((Arc::new(file), (about.dev(), about.ino())))
}

/// The last whole record of a file; `None` if it has none.
fn tail(mut file: &File, length: u64) -> io::Result<Option<Tail>> {
    let mut size = TAIL;
    loop {
        let from = length.saturating_sub(size);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(length - from).read_to_end(&mut bytes)?;
        let mut end = bytes.len();
        while let Some(at) = bytes.get(..end).and_then(|bytes| bytes.iter().rposition(|&b| b == b'\n')) {
            let start = bytes.get(..at).and_then(|bytes| bytes.iter().rposition(|&b| b == b'\n'));
            // the first line of the piece may have begun before it
            if start.is_none() && from > 0 {
                break;
            }
            let line = bytes.get(start.map_or(0, |start| start + 1)..at).unwrap_or_default();
            if let Some(link) = std::str::from_utf8(line).ok().and_then(chain::read) {
                let good = from + at as u64 + 1;
                return Ok(Some(Tail { number: link.number, head: link.hash, good }));
            }
            end = at;
        }
        if from == 0 {
            return Ok(None);
        }
        size *= 2;
    }
}

/// The files that were put away, the oldest first.
pub(super) fn numbered(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".jsonl"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            files.push((number, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

fn last_put_away(folder: &Path) -> io::Result<Option<PathBuf>> {
    Ok(numbered(folder)?.pop().map(|(_, path)| path))
}

fn random_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(chain::hex(&bytes))
}
