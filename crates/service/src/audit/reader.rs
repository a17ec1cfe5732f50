//! Reading the record as it stands, and as it grows.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;

use super::chain;
use super::file::NAME;
use super::verify::files;

/// Bytes handed out at once, at most a line more.
const CHUNK: usize = 64 * 1024;
/// How often a follower looks for what other processes have added.
const LOOK: Duration = Duration::from_secs(1);

/// Records behind a number, in order, whole lines at a time.
#[derive(Debug)]
pub struct Lines {
    place: Option<Place>,
    follow: Option<watch::Receiver<u64>>,
}

/// Where reading stands. Goes to a blocking thread and back.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    after: u64,
    /// Files to come.
    files: Option<VecDeque<PathBuf>>,
    file: Option<BufReader<File>>,
}

impl Lines {
    pub(super) fn new(folder: PathBuf, after: u64, follow: Option<watch::Receiver<u64>>) -> Self {
        Self { place: Some(Place { folder, after, files: None, file: None }), follow }
    }

    /// The next whole lines, each with its end; `None` behind the newest unless it follows. Must not be called again
    /// after a call that was dropped half-way.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn next(&mut self) -> Option<io::Result<String>> {
        loop {
            if let Some(follow) = &mut self.follow {
                follow.borrow_and_update();
            }
            let mut place = self.place.take()?;
            let read = tokio::task::spawn_blocking(move || (place.read(), place)).await;
            let Ok((read, place)) = read else {
                return Some(Err(io::Error::other("reading the audit record failed")));
            };
            self.place = Some(place);
            match read {
                Ok(text) if text.is_empty() => {}
                other => return Some(other),
            }
            let follow = self.follow.as_mut()?;
            // other processes tell nobody what they add
            if let Ok(Err(_)) = tokio::time::timeout(LOOK, follow.changed()).await {
                return None;
            }
        }
    }
}

impl Place {
    /// Some whole lines; empty behind the newest.
    fn read(&mut self) -> io::Result<String> {
        let mut text = String::new();
        while text.len() < CHUNK {
            if self.file.is_none() && !self.open_next()? {
                break;
            }
            let Some(file) = &mut self.file else { break };
            let mut line = Vec::new();
            let length = file.read_until(b'\n', &mut line)?;
            if line.ends_with(b"\n") {
                // what is torn may be anything, and no text
                let line = std::str::from_utf8(&line).unwrap_or_default();
                match chain::read(line.trim_end_matches('\n')) {
                    Some(link) if link.number > self.after => {
                        self.after = link.number;
                        text.push_str(line);
                    }
                    // known already, or torn
                    _ => {}
                }
                continue;
            }
            // a line that is just being added
            file.seek(SeekFrom::Current(-i64::try_from(length).unwrap_or(0)))?;
            if !self.has_more()? {
                break;
            }
            self.file = None;
        }
        Ok(text)
    }

    /// Whether there are files behind the open one.
    fn has_more(&mut self) -> io::Result<bool> {
        if self.files.as_ref().is_some_and(|files| !files.is_empty()) {
            return Ok(true);
        }
        let open = self.file.as_ref().and_then(|file| file.get_ref().metadata().ok());
        let open = open.map(|open| (open.dev(), open.ino()));
        let now = std::fs::metadata(self.folder.join(NAME)).map(|now| (now.dev(), now.ino()));
        if open.is_some() && now.ok() == open {
            return Ok(false);
        }
        // the open one was put away
        self.files = None;
        Ok(true)
    }

    /// Opens the next file that can hold something new.
    fn open_next(&mut self) -> io::Result<bool> {
        if self.files.is_none() {
            self.files = Some(self.beginning_at()?.into());
        }
        let Some(path) = self.files.as_mut().and_then(VecDeque::pop_front) else { return Ok(false) };
        self.file = Some(BufReader::new(File::open(path)?));
        Ok(true)
    }

    fn beginning_at(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = files(&self.folder)?;
        let newer = files.iter().skip(1).take_while(|path| first(path).is_some_and(|n| n <= self.after + 1));
        let skip = newer.count();
        Ok(files.split_off(skip))
    }
}

/// The number of a file's first record.
fn first(path: &Path) -> Option<u64> {
    let mut line = String::new();
    BufReader::new(File::open(path).ok()?).read_line(&mut line).ok()?;
    chain::read(line.trim_end_matches('\n')).map(|link| link.number)
}
