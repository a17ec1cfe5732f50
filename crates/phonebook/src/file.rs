//! Files that several programs change: read whole, locked while edited, replaced at once.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use zeroize::Zeroizing;

/// How long an edit waits for another one, which takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// A file's bytes, wiped when dropped, and how it is protected.
pub(crate) struct Contents {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The file a path means in the end. A link to a file is followed, so that it stays a link when the file is replaced;
/// a file that does not exist yet is named in its folder's own path.
///
/// # Errors
/// As of the system; a link to nothing is `NotFound`.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            let name = path.file_name().ok_or(error)?;
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // the folder itself may have to be made
            folder.canonicalize().or_else(|_| std::path::absolute(folder)).map(|folder| folder.join(name))
        }
        other => other,
    }
}

/// Reads a regular file of at most `max` bytes; one more byte shows that it is longer.
///
/// # Errors
/// As of the system; `InvalidInput` for what is no file.
pub(crate) fn read(path: &Path, max: usize) -> io::Result<Contents> {
    // without waiting, should it be a FIFO
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let room = usize::try_from(known.len()).unwrap_or(max).min(max) + 1;
    // growing would leave copies behind that nobody wipes
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(room as u64).read_to_end(&mut bytes)?;
    Ok(Contents { bytes, mode: known.mode() & 0o7777, uid: known.uid(), gid: known.gid() })
}

/// The right to replace a file, among all who ask for it this way. Readers need none: they see the old or the new file.
pub(crate) struct Lock {
    _file: File,
    path: PathBuf,
}

/// Locks what [`resolve`] gave; makes its folder where it is missing (mode 0700).
///
/// # Errors
/// As of the system; `TimedOut` when another edit lasts longer than [`PATIENCE`].
pub(crate) fn lock(path: &Path, patience: Duration) -> io::Result<Lock> {
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
    }
    let nofollow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nofollow);
    let file = options.open(beside(path, "lock"))?;
    let end = Instant::now() + patience;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock { _file: file, path: path.to_owned() }),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if Instant::now() < end => {
                std::thread::sleep(PAUSE);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another program is changing it"));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

impl Lock {
    /// Puts a new file in the place of the old one, whole or not at all. `like` is the old one: its mode and owner are
    /// kept; without one the mode is `mode`.
    ///
    /// # Errors
    /// As of the system; the old file is then untouched.
    pub(crate) fn replace(&self, bytes: &[u8], like: Option<&Contents>, mode: u32) -> io::Result<()> {
        let draft = beside(&self.path, "new");
        // what a program that died has left; nobody else writes it while we hold the lock
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written =
            write_draft(&draft, bytes, like, mode).and_then(|()| std::fs::rename(&draft, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        written?;
        if let Some(folder) = self.path.parent() {
            // the name is in the folder; a file system that cannot sync one has done what it can
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

fn write_draft(draft: &Path, bytes: &[u8], like: Option<&Contents>, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(bytes)?;
    if let Some(like) = like {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (like.uid, like.gid) {
            let (uid, gid) = (Some(like.uid), Some(like.gid));
            std::os::unix::fs::fchown(&file, uid, gid).or_else(|error| match own.uid() == like.uid {
                // a group we are not in: nobody gains a right by its loss
                true => Ok(()),
                false => Err(error),
            })?;
        }
    }
    let mode = like.map_or(mode, |like| like.mode & 0o777);
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// `.NAME.end` in the same folder.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(end);
    path.with_file_name(name)
}
