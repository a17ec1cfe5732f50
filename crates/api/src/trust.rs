//! Whether a socket and whoever listens there are to be trusted, before anything is sent (defence rule 9).
//!
//! A password goes over this socket. If another user could put a socket of theirs at the place, or swap the folder it is in,
//! they would read it. So every folder on the way must belong to root or to us and be closed to others, nothing may be a
//! symbolic link, and after connecting the kernel says who is at the other end.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use openras_engine::{RasError, escape};

use crate::Problem;

/// Longest path of a Unix socket in bytes (`sun_path` is 108 with its final NUL).
pub const LONGEST_PATH: usize = 107;

/// Whose service is expected at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Root's or our own: any place that was named.
    Named,
    /// The system's: also that of the user who owns the folder, which only root can have made.
    System,
    /// Our own and nobody else's.
    Private,
}

/// Why a socket is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is none, or nobody listens.
    Missing(Problem),
    /// It is not for us.
    Barred(Problem),
    /// It may be somebody else's trap.
    Untrusted(Problem),
}

impl Refusal {
    /// What to tell the user.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Missing(problem) | Self::Barred(problem) | Self::Untrusted(problem) => problem,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Missing(problem) | Refusal::Barred(problem) | Refusal::Untrusted(problem) => problem,
        }
    }
}

/// What is checked at a socket, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Our effective user id.
    pub uid: u32,
    /// Whose service it must be.
    pub whose: Whose,
}

impl Trust {
    /// For the user this process runs as.
    pub fn ours(whose: Whose) -> Self {
        Self { uid: rustix::process::geteuid().as_raw(), whose }
    }

    /// Checks a socket before connecting. Gives the uid that owns it.
    ///
    /// # Errors
    /// [`Refusal`] with 711 where there is none or the path cannot be one, 5 where it is barred or not to be trusted.
    pub fn check(&self, socket: &Path) -> Result<u32, Refusal> {
        fits(socket).map_err(Refusal::Missing)?;
        let folder = socket.parent().ok_or_else(|| untrusted(socket, "is no file", "Name a socket."))?;
        let mut master = 0;
        for part in folder.ancestors().collect::<Vec<_>>().into_iter().rev() {
            master = self.folder(part, part == folder).map_err(|refusal| match refusal {
                // it is the socket that is missed
                Refusal::Missing(_) => unreachable(socket, &io::ErrorKind::NotFound.into()),
                other => other,
            })?;
        }
        let found = look(socket)?;
        if found.file_type().is_symlink() {
            return Err(untrusted(socket, "is a symbolic link", &real(socket)));
        }
        if !found.file_type().is_socket() {
            return Err(untrusted(socket, "is not a socket", "Name the socket of a service."));
        }
        let owner = found.uid();
        if owner == 0 || owner == self.uid || (self.whose == Whose::System && owner == master) {
            return Ok(owner);
        }
        Err(untrusted(
            socket,
            &format!("belongs to user {owner}, not to root or you"),
            "Somebody else may have put it there: remove it, or name the right one with --socket.",
        ))
    }

    /// Checks who is at the other end, by what the kernel says, after connecting to a socket that `owner` owns.
    ///
    /// # Errors
    /// [`Refusal::Untrusted`] with 5.
    pub fn peer(&self, socket: &Path, owner: u32, peer: u32) -> Result<(), Refusal> {
        let good = match self.whose {
            Whose::Private => peer == self.uid,
            Whose::Named => peer == 0 || peer == self.uid,
            Whose::System => peer == 0 || peer == self.uid || peer == owner,
        };
        if good {
            return Ok(());
        }
        Err(untrusted(
            socket,
            &format!("is answered by a program of user {peer}, which must not have your requests"),
            "Find out what listens there; nothing was sent to it.",
        ))
    }

    /// Checks one folder on the way; `last` is the socket's own. Gives its owner.
    fn folder(&self, folder: &Path, last: bool) -> Result<u32, Refusal> {
        let found = look(folder)?;
        if found.file_type().is_symlink() {
            return Err(untrusted(folder, "is a symbolic link", &real(folder)));
        }
        if !found.is_dir() {
            return Err(untrusted(folder, "is not a folder", "Name another place."));
        }
        let owner = found.uid();
        if owner != 0 && owner != self.uid && !(last && self.whose == Whose::System) {
            return Err(untrusted(
                folder,
                &format!("belongs to user {owner}, not to root or you"),
                "Name a socket in a folder of root's or your own.",
            ));
        }
        if let Some(others) = writable(&found, last) {
            return Err(untrusted(
                folder,
                &format!("can be written by {others}"),
                &closed(folder, &found, owner == self.uid),
            ));
        }
        Ok(owner)
    }
}

/// The remedy for a folder others can write: one of ours can be closed; one that is shared on purpose, as `/tmp`, must not be.
fn closed(folder: &Path, found: &Metadata, ours: bool) -> String {
    let shared = found.mode() & 0o1000 != 0;
    if ours && !shared {
        format!("Close it: chmod go-w {}", shown(folder))
    } else {
        "Name a socket in a folder that only root or you can write.".to_owned()
    }
}

/// Who besides its owner can put things into a folder. In one that is sticky, as `/tmp`, others cannot swap what is ours:
/// good enough on the way, but not for the socket itself.
fn writable(folder: &Metadata, last: bool) -> Option<&'static str> {
    let mode = folder.mode();
    if mode & 0o1000 != 0 && !last {
        None
    } else if mode & 0o002 != 0 {
        Some("everybody")
    } else if mode & 0o020 != 0 && folder.gid() != 0 {
        Some("its group")
    } else {
        None
    }
}

fn look(path: &Path) -> Result<Metadata, Refusal> {
    path.symlink_metadata().map_err(|error| unreachable(path, &error))
}

/// What an error of the system at a socket means.
pub(crate) fn unreachable(path: &Path, error: &io::Error) -> Refusal {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::PermissionDenied => Refusal::Barred(
            Problem::new(RasError::ACCESS_DENIED, format!("You may not use {}.", shown(path)))
                .remedy("Ask the administrator to add you to the group openras, and log in again."),
        ),
        Kind::ConnectionRefused => Refusal::Missing(
            Problem::new(
                RasError::RASMAN_CANNOT_INITIALIZE,
                format!("No service answers at {}: the one it belonged to has ended.", shown(path)),
            )
            .remedy("Start the service: openras serve."),
        ),
        Kind::NotFound => Refusal::Missing(
            Problem::new(
                RasError::RASMAN_CANNOT_INITIALIZE,
                format!("No service runs: {} does not exist.", shown(path)),
            )
            .remedy("Start the service: openras serve."),
        ),
        _ => Refusal::Missing(
            Problem::new(
                RasError::RASMAN_CANNOT_INITIALIZE,
                format!("The service at {} cannot be reached: {error}.", shown(path)),
            )
            .remedy("Look whether it runs and at its log."),
        ),
    }
}

/// Whether a path can be that of a socket: absolute and short enough.
///
/// # Errors
/// 711.
pub fn fits(socket: &Path) -> Result<(), Problem> {
    let bytes = socket.as_os_str().as_bytes();
    let wrong = if bytes.len() > LONGEST_PATH {
        format!(
            "The socket's path is {} bytes long, and the system allows {LONGEST_PATH}: {}.",
            bytes.len(),
            shown(socket)
        )
    } else if bytes.contains(&0) || !socket.is_absolute() {
        format!("{} cannot be the path of a socket.", shown(socket))
    } else {
        return Ok(());
    };
    Err(Problem::new(RasError::RASMAN_CANNOT_INITIALIZE, wrong).remedy("Choose a shorter, absolute path."))
}

fn untrusted(path: &Path, what: &str, remedy: &str) -> Refusal {
    let message = format!("The service is not trusted, and nothing was sent: {} {what}.", shown(path));
    Refusal::Untrusted(Problem::new(RasError::ACCESS_DENIED, message).remedy(remedy))
}

/// The remedy where a symbolic link is in the way.
fn real(path: &Path) -> String {
    match path.canonicalize() {
        Ok(real) => format!("If that is meant, name the real place: {}.", shown(&real)),
        Err(_) => "Name the real place.".to_owned(),
    }
}

/// A path as it may be shown.
pub(crate) fn shown(path: &Path) -> String {
    escape::bytes(path.as_os_str().as_bytes())
}

/// A relative path made absolute as the process stands now.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
