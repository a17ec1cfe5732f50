//! resolv.conf itself (resolv.conf(5)): our text in its place, and what was there in a file beside it.
//!
//! Who has name servers in force stands in the text, by device. So whoever comes next, of whatever process, can tell what is
//! still of use, and what has been changed by somebody else: our text is only what we would write ourselves.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::{Wanted, is_alive};

/// The first line of what is ours, and the second where there was no file.
const OURS: &str = "# Name servers of calls, by openras. What was here comes back when they end: it is in the file with .openras behind its name.";
const NOTHING: &str = "# Nothing was here before.";
/// Text that is read of a resolv.conf, in octets: nobody's is longer.
const LONGEST: u64 = 64 * 1024;
/// The rights of a file that was not there before: all programs may read it.
const READABLE: u32 = 0o644;
/// Links that are followed.
const LINKS: usize = 16;
/// How long the lock of the folder is waited for, and the time between two tries. Ours is held for a moment; anybody who may
/// read the folder can have it, and hold it for as long as they like.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);

/// What is left after a call's name servers were taken out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// What was there before.
    Restored,
    /// Those of other calls.
    OthersRemain,
    /// What somebody else has written meanwhile; what was there before is in this file.
    Changed(PathBuf),
}

/// What calls have in force, the newest first.
#[derive(Debug, Default)]
struct Text {
    nothing_before: bool,
    calls: Vec<Wanted>,
}

impl Text {
    /// Our text as we would write it. Of what was there before all lines stay but those of name servers.
    fn written(&self, before: &[u8]) -> Vec<u8> {
        let mut text = format!("{OURS}\n").into_bytes();
        if self.nothing_before {
            text.extend(format!("{NOTHING}\n").into_bytes());
        }
        for call in &self.calls {
            text.extend(format!("# {} {}\n", call.device, call.index).into_bytes());
            for server in &call.servers {
                text.extend(format!("nameserver {server}\n").into_bytes());
            }
        }
        for line in before.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii) {
            if !line.is_empty() && !line.starts_with(b"nameserver") && !line.starts_with(b"#") {
                text.extend(line);
                text.push(b'\n');
            }
        }
        text
    }

    /// Reads it back, as far as it is ours.
    fn read(text: &[u8]) -> Option<Self> {
        let mut lines =
            text.split(|octet| *octet == b'\n').map(|line| std::str::from_utf8(line).unwrap_or(""));
        if lines.next() != Some(OURS) {
            return None;
        }
        let mut found = Self::default();
        for line in lines {
            if line == NOTHING {
                found.nothing_before = true;
            } else if let Some((device, index)) =
                line.strip_prefix("# ").and_then(|call| call.split_once(' '))
            {
                let index = index.parse().ok()?;
                found.calls.push(Wanted { device: device.to_owned(), index, servers: Vec::new() });
            } else if let Some(server) = line.strip_prefix("nameserver ") {
                let server: IpAddr = server.parse().ok()?;
                found.calls.last_mut()?.servers.push(server);
            }
        }
        Some(found)
    }
}

/// What there is.
enum Found {
    /// No file.
    Nothing,
    /// Somebody else's.
    Others(Vec<u8>),
    /// Ours, and what was there before.
    Ours(Text, Vec<u8>),
    /// Ours once, and changed since.
    Changed,
}

/// The file that a path leads to in the end, and the one beside it; locked against others of us while this lives, unless somebody
/// who is none of us has the lock.
struct Place {
    file: PathBuf,
    beside: PathBuf,
    _lock: File,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let file = followed(path)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let lock = File::open(folder)?;
        lock_against_us(&lock, folder)?;
        let beside = with(&file, ".openras");
        Ok(Self { file, beside, _lock: lock })
    }

    fn found(&self) -> io::Result<Found> {
        let Some(text) = content(&self.file)? else { return Ok(Found::Nothing) };
        let before = || content(&self.beside);
        Ok(match Text::read(&text) {
            None if text.starts_with(OURS.as_bytes()) => Found::Changed,
            None => Found::Others(text),
            Some(ours) => {
                let before = if ours.nothing_before { Some(Vec::new()) } else { before()? };
                match before {
                    Some(before) if ours.written(&before) == text => Found::Ours(ours, before),
                    _ => Found::Changed,
                }
            }
        })
    }

    /// Writes ours, or what was before where no call is left.
    fn write(&self, text: &Text, before: &[u8]) -> io::Result<Taken> {
        if !text.calls.is_empty() {
            self.replace(&text.written(before))?;
            return Ok(Taken::OthersRemain);
        }
        if text.nothing_before {
            std::fs::remove_file(&self.file)?;
        } else {
            self.replace(before)?;
            std::fs::remove_file(&self.beside)?;
        }
        Ok(Taken::Restored)
    }

    /// Puts a text in the file's place at once: a reader sees the old one or the new one. Owner and rights stay.
    fn replace(&self, text: &[u8]) -> io::Result<()> {
        let like = self.file.metadata().or_else(|_| self.beside.metadata()).ok();
        let new = with(&self.file, ".openras-new");
        write(&new, text, like.as_ref())?;
        match rustix::fs::rename(&new, &self.file) {
            // a container has it mounted: it can only be written over
            Err(Errno::BUSY) => {
                std::fs::remove_file(&new)?;
                let mut file = OpenOptions::new().write(true).truncate(true).open(&self.file)?;
                file.write_all(text)?;
                file.sync_all()
            }
            other => Ok(other?),
        }
    }
}

/// Waits for the lock, and no longer than one of us could have it: name servers that nobody can undo are worse than none locked.
fn lock_against_us(lock: &File, folder: &Path) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match rustix::fs::flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if Instant::now() < until => std::thread::sleep(LOOK),
            Err(Errno::WOULDBLOCK) => {
                tracing::warn!(folder = %folder.display(), "another program keeps the folder locked; going on without the lock");
                return Ok(());
            }
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Where the links end; what they end at may not be there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_path_buf();
    for _ in 0..LINKS {
        match std::fs::read_link(&at) {
            Ok(to) => at = at.parent().map_or_else(|| to.clone(), |folder| folder.join(&to)),
            Err(_) => return Ok(at),
        }
    }
    Err(Errno::LOOP.into())
}

fn content(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("{} is longer than {LONGEST} octets", path.display())));
    }
    Ok(Some(text))
}

/// A new file, whole on the disk.
fn write(path: &Path, text: &[u8], like: Option<&Metadata>) -> io::Result<()> {
    // what a writer before us left that was killed
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(READABLE).open(path)?;
    if let Some(like) = like {
        // only root may give files away; a file of another owner that all can read is as good
        let _ = fchown(&file, Some(like.uid()), Some(like.gid()));
    }
    // not as the umask of a service would have it: every program asks for names
    file.set_permissions(like.map_or_else(|| Permissions::from_mode(READABLE), Metadata::permissions))?;
    file.write_all(text)?;
    file.sync_all()
}

/// Puts a call's name servers in force, before those of others.
///
/// # Errors
/// The file cannot be written, or was changed by somebody while calls had theirs in it.
pub(super) fn put(path: &Path, wanted: &Wanted) -> io::Result<()> {
    let place = Place::of(path)?;
    let (mut text, before) = match place.found()? {
        Found::Nothing => (Text { nothing_before: true, ..Text::default() }, Vec::new()),
        Found::Others(before) => {
            write(&place.beside, &before, place.file.metadata().ok().as_ref())?;
            (Text::default(), before)
        }
        Found::Ours(text, before) => (text, before),
        Found::Changed => {
            return Err(io::Error::other(format!(
                "{} was changed while a call had name servers in it; put it in order, what was there before is in {}",
                path.display(),
                place.beside.display()
            )));
        }
    };
    text.calls.retain(|call| call.device != wanted.device);
    text.calls.insert(0, wanted.clone());
    place.write(&text, &before).map(drop)
}

/// Takes them out again.
///
/// # Errors
/// The file cannot be written.
pub(super) fn take(path: &Path, was: &Wanted) -> io::Result<Taken> {
    let place = Place::of(path)?;
    match place.found()? {
        Found::Ours(mut text, before) => {
            text.calls.retain(|call| (&call.device, call.index) != (&was.device, was.index));
            place.write(&text, &before)
        }
        Found::Nothing | Found::Others(_) | Found::Changed => Ok(Taken::Changed(place.beside)),
    }
}

/// Takes out those of devices that are gone. `true`: there were some.
///
/// # Errors
/// The file cannot be written.
pub(super) fn repair(path: &Path) -> io::Result<bool> {
    // most often nothing is ours, and nothing is locked then
    let ours = content(&followed(path)?)?.is_some_and(|text| text.starts_with(OURS.as_bytes()));
    if !ours {
        return Ok(false);
    }
    let place = Place::of(path)?;
    let Found::Ours(mut text, before) = place.found()? else { return Ok(false) };
    let count = text.calls.len();
    text.calls.retain(|call| is_alive(&call.device, call.index));
    if text.calls.len() == count {
        return Ok(false);
    }
    place.write(&text, &before).map(|_| true)
}
