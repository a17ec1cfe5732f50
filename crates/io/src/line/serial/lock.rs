//! Who has a serial device: the lock file of UUCP, which dial-out programs and gettys share, `flock`, and TIOCEXCL.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::process::{Pid, test_kill_process};

/// A lock file younger than this without a readable number is still being written by its owner.
const FRESH: Duration = Duration::from_secs(5);
/// Makes the names of temporary files differ.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Why a device is not ours.
#[derive(Debug)]
pub(super) enum Taken {
    /// By the process with this number, where it is known.
    By(Option<i32>),
    /// The system refuses.
    Error(io::Error),
}

impl From<io::Error> for Taken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock => Self::By(None),
            _ => Self::Error(error),
        }
    }
}

/// All locks of an open device.
pub(super) struct Locks {
    folder: PathBuf,
    name: String,
    /// TIOCEXCL is set too: not on a pseudo-terminal, where it would outlive us.
    exclusive: bool,
    held: bool,
    file: Option<PathBuf>,
}

impl Locks {
    /// None yet. `device` is the device file itself, no link to it.
    pub(super) fn new(folder: &Path, device: &Path, exclusive: bool) -> Self {
        Self { folder: folder.to_owned(), name: lock_name(device), exclusive, held: false, file: None }
    }

    /// Whether the device is ours alone.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Whether another program has made its lock file while we hold none.
    pub(super) fn look(&self) -> Result<(), Taken> {
        let lock = self.folder.join(&self.name);
        if self.held || !lock.exists() { Ok(()) } else { stale(&lock) }
    }

    /// Takes them all, or none.
    pub(super) fn take(&mut self, fd: impl AsFd) -> Result<(), Taken> {
        if self.held {
            return Ok(());
        }
        let Made { file, was_there } = lock_file(&self.folder, &self.name)?;
        if let Err(errno) = rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            if was_there {
                // another line of this process has it
                return Err(Taken::By(i32::try_from(std::process::id()).ok()));
            }
            remove(file);
            return Err(io::Error::from(errno).into());
        }
        if self.exclusive
            && let Err(errno) = rustix::termios::ioctl_tiocexcl(&fd)
        {
            remove(file);
            return Err(io::Error::from(errno).into());
        }
        (self.file, self.held) = (file, true);
        Ok(())
    }

    /// Lets others have the device.
    pub(super) fn release(&mut self, fd: impl AsFd) {
        if std::mem::take(&mut self.held) {
            if self.exclusive {
                let _ = rustix::termios::ioctl_tiocnxcl(&fd);
            }
            let _ = rustix::fs::flock(&fd, FlockOperation::Unlock);
            remove(self.file.take());
        }
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        remove(self.file.take());
    }
}

fn remove(file: Option<PathBuf>) {
    // who took it over meanwhile has written another number
    if let Some(file) = file.filter(|file| is_ours(file)) {
        drop(fs::remove_file(file));
    }
}

/// `LCK..ttyUSB0` of `/dev/ttyUSB0`; folders below /dev are joined by `_`.
fn lock_name(device: &Path) -> String {
    let name = device.strip_prefix("/dev").unwrap_or(device).to_string_lossy();
    format!("LCK..{}", name.trim_start_matches('/').replace('/', "_"))
}

/// A lock file with our number.
#[derive(Debug)]
struct Made {
    /// `None` where its folder is not ours to write to and nobody else has one there.
    file: Option<PathBuf>,
    /// It was there already: another line of this process has it, or a process of the same number that died had it. Services
    /// in containers have the same number each time. `flock` knows.
    was_there: bool,
}

fn is_ours(lock: &Path) -> bool {
    fs::read(lock).ok().and_then(|content| owner(&content)) == i32::try_from(std::process::id()).ok()
}

/// Makes the lock file.
fn lock_file(folder: &Path, name: &str) -> Result<Made, Taken> {
    let lock = folder.join(name);
    if is_ours(&lock) {
        return Ok(Made { file: Some(lock), was_there: true });
    }
    new_lock_file(folder, lock).map(|file| Made { file, was_there: false })
}

fn new_lock_file(folder: &Path, lock: PathBuf) -> Result<Option<PathBuf>, Taken> {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let pid = std::process::id();
    let fresh = folder.join(format!("LTMP..{pid}.{count}"));
    let made = fs::OpenOptions::new().write(true).create_new(true).open(&fresh);
    let may_write = match made.and_then(|mut file| writeln!(file, "{pid:>10}")) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::StorageFull => return Err(Taken::Error(error)),
        Err(_) => false,
    };
    // the one that is there may be of a dead process, once; two tries more bear with others who look at the same time
    let mut result = Err(Taken::By(None));
    for _ in 0..3 {
        if may_write {
            match fs::hard_link(&fresh, &lock) {
                Ok(()) => {
                    result = Ok(Some(lock));
                    break;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    result = Err(Taken::Error(error));
                    break;
                }
            }
        } else if !lock.exists() {
            result = Ok(None);
            break;
        }
        if let Err(taken) = stale(&lock) {
            result = Err(taken);
            break;
        }
        // of a dead process; one we cannot remove binds nobody all the same
        if fs::remove_file(&lock).is_err() && !may_write {
            result = Ok(None);
            break;
        }
    }
    if may_write {
        drop(fs::remove_file(&fresh));
    }
    result
}

/// Whether nobody has this lock file any more.
fn stale(lock: &Path) -> Result<(), Taken> {
    let content = match fs::read(lock) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(_) => return Err(Taken::By(None)),
    };
    let Some(number) = owner(&content) else {
        let age = fs::metadata(lock).and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        // whoever writes no number at all has been dead for long
        let old = content.is_empty() && age.is_some_and(|age| age > FRESH);
        return if old { Ok(()) } else { Err(Taken::By(None)) };
    };
    let Some(pid) = Pid::from_raw(number) else { return Err(Taken::By(None)) };
    match test_kill_process(pid) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        _ => Err(Taken::By(Some(number))),
    }
}

/// The number in a lock file: as text (HDB) or as four octets of this machine.
fn owner(content: &[u8]) -> Option<i32> {
    if let Ok(octets) = <[u8; 4]>::try_from(content) {
        return Some(i32::from_ne_bytes(octets)).filter(|pid| *pid > 0);
    }
    let text = std::str::from_utf8(content).ok()?.split_whitespace().next()?;
    text.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> i32 {
        // the largest number there can be is taken last
        (1..4_194_304).rev().find(|pid| test_kill_process(Pid::from_raw(*pid).unwrap()).is_err()).unwrap()
    }

    #[test]
    fn the_lock_file_has_our_number_in_ten_columns_and_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let made = lock_file(folder.path(), "LCK..ttyS9").unwrap().file.unwrap();
        assert_eq!(fs::read(&made).unwrap(), format!("{:>10}\n", std::process::id()).as_bytes());
        assert!(lock_file(folder.path(), "LCK..ttyS9").unwrap().was_there, "whose it is, flock says");
        remove(Some(made));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no temporary file stays");
    }

    #[test]
    fn a_lock_of_a_dead_process_is_taken_over_and_one_that_cannot_be_read_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("LCK..x");
        for dead in [format!("{:>10}\n", nobody()).into_bytes(), nobody().to_ne_bytes().to_vec()] {
            fs::write(&lock, dead).unwrap();
            assert!(lock_file(folder.path(), "LCK..x").unwrap().file.is_some());
            fs::remove_file(&lock).unwrap();
        }
        for busy in [&b"garbage"[..], b"", b"         1\n", b"-5\n"] {
            fs::write(&lock, busy).unwrap();
            assert!(lock_file(folder.path(), "LCK..x").is_err(), "{busy:?}");
        }
        assert!(lock_file(Path::new("/nonexistent"), "LCK..x").unwrap().file.is_none());
    }

    #[test]
    fn the_name_is_that_of_the_device() {
        assert_eq!(lock_name(Path::new("/dev/ttyUSB0")), "LCK..ttyUSB0");
        assert_eq!(lock_name(Path::new("/dev/pts/3")), "LCK..pts_3");
    }
}
