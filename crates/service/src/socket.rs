//! The socket of the API: made where no other user can have put anything, by one service at a time.
//!
//! The winner holds the lock file beside the socket for as long as it lives; only the holder removes a dead socket.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};

use nix::unistd::Group;
use openras_api::Problem;
use openras_engine::RasError;
use rustix::fs::{AtFlags, FlockOperation, OFlags, flock};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::UnixListener;

use crate::rights::DIAL_GROUP;

/// The longest path a socket can have, in bytes.
const LONGEST: usize = 107;
/// Clients that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Whose socket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The system's service: folder 0750 and socket 0660 of the group `openras`, where there is one.
    System,
    /// A private service: folder 0700, socket 0600.
    Private,
}

/// The listening socket. Dropped, it is removed and its lock let go.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode, so that only our own is removed.
    identity: (u64, u64),
    /// Held for the life of the service.
    _lock: File,
}

impl Socket {
    /// Makes the socket. Must be called inside a tokio runtime; takes a few system calls and no waiting.
    ///
    /// # Errors
    /// 711 with a sentence: the path is too long or is no socket, the folder is a link, another user's or open to
    /// others, another service runs there, or the system says no.
    pub fn bind(path: &Path, mode: Mode) -> Result<Self, Problem> {
        let bytes = path.as_os_str().len();
        if bytes > LONGEST {
            return Err(problem(
                path,
                &format!("its path has {bytes} bytes, and {LONGEST} is the most"),
                "Choose a shorter path.",
            ));
        }
        let folder = path.parent().filter(|_| path.is_absolute()).ok_or_else(|| {
            problem(
                path,
                "it is no full path",
                "Write the path from the root folder on, as /run/openras/api.sock.",
            )
        })?;
        let group = (mode == Mode::System).then(dial_group).flatten();
        prepare_folder(folder, mode, group)?;
        let lock = take_lock(path)?;
        remove_dead(path)?;
        let listener = listen(path, mode, group).map_err(|error| system(path, &error))?;
        let made = fs::symlink_metadata(path).map_err(|error| system(path, &error))?;
        Ok(Self { listener, path: path.to_owned(), identity: (made.dev(), made.ino()), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours = |found: fs::Metadata| (found.dev(), found.ino()) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(ours) {
            // one that cannot be removed is dead to the next service, which removes it
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn problem(path: &Path, what: &str, remedy: &str) -> Problem {
    let path = openras_engine::escape::line(&path.display().to_string());
    Problem::new(
        RasError::RASMAN_CANNOT_INITIALIZE,
        format!("The service cannot answer on the socket {path}: {what}."),
    )
    .remedy(remedy)
}

fn system(path: &Path, error: &io::Error) -> Problem {
    problem(path, &error.to_string(), "Check that this user may write there, or choose another path.")
}

fn dial_group() -> Option<u32> {
    Group::from_name(DIAL_GROUP).ok().flatten().map(|group| group.gid.as_raw())
}

/// The folder must be ours, and nobody else may put anything there or swap it for another.
fn prepare_folder(folder: &Path, mode: Mode, group: Option<u32>) -> Result<(), Problem> {
    match fs::symlink_metadata(folder) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(folder, mode, group).map_err(|error| system(folder, &error))?;
        }
        Err(error) => return Err(system(folder, &error)),
    }
    let found = fs::symlink_metadata(folder).map_err(|error| system(folder, &error))?;
    let bad = |what: &str, remedy: &str| Err(problem(folder, what, remedy));
    let us = rustix::process::geteuid().as_raw();
    let shared = if mode == Mode::Private { 0o077 } else { 0o022 };
    if found.is_symlink() {
        return bad(
            "this folder is a symbolic link, which another user may have made",
            "Name the folder itself.",
        );
    }
    if !found.is_dir() {
        return bad("this is no folder", "Choose another path, or remove what stands there.");
    }
    if found.uid() != us && !(found.uid() == 0 && mode == Mode::System) {
        let whose = format!("this folder belongs to uid {}, not to uid {us}", found.uid());
        return bad(&whose, "Choose a folder of your own.");
    }
    if found.mode() & shared != 0 {
        let how = format!("other users may use this folder (mode {:04o})", found.mode() & 0o7777);
        let least = if mode == Mode::Private { "chmod 700" } else { "chmod go-w" };
        // one that is shared on purpose, as /tmp, must stay so
        let remedy = match found.mode() & 0o1000 {
            0 => format!("{least} {}, or choose another folder.", folder.display()),
            _ => "Choose a folder of your own.".to_owned(),
        };
        return bad(&how, &remedy);
    }
    match folder.canonicalize() {
        // by the names that were given, and where links among these lead
        Ok(real) => folder.ancestors().chain(real.ancestors()).skip(1).try_for_each(|above| {
            let who =
                swappers(above, us).map(|who| format!("{who} may replace what is in {}", above.display()));
            who.map_or(Ok(()), |how| bad(&how, "Choose a folder that only its owner can move."))
        }),
        Err(error) => Err(system(folder, &error)),
    }
}

/// Who besides root and us can swap what is in a folder on the way, if anybody can.
fn swappers(above: &Path, us: u32) -> Option<String> {
    let found = fs::symlink_metadata(above).ok()?;
    let (mode, owner) = (found.mode(), found.uid());
    // in one that is sticky, as /tmp, others cannot; a link has no mode of its own
    let fixed = found.is_symlink() || mode & 0o1000 != 0;
    match () {
        () if owner != 0 && owner != us => Some(format!("uid {owner}")),
        () if fixed => None,
        () if mode & 0o002 != 0 => Some("anybody".to_owned()),
        () if mode & 0o020 != 0 && found.gid() != 0 => Some(format!("the group {}", found.gid())),
        () => None,
    }
}

fn make_folder(folder: &Path, mode: Mode, group: Option<u32>) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if mode == Mode::System {
        if let Some(gid) = group {
            give_group(folder, gid);
        }
        fs::set_permissions(folder, Permissions::from_mode(0o750))?;
    }
    Ok(())
}

/// Gives a file to the group, where we may: without, only administrators reach it, and that is safe.
fn give_group(path: &Path, gid: u32) {
    let gid = Some(rustix::fs::Gid::from_raw(gid));
    if let Err(error) = rustix::fs::chownat(rustix::fs::CWD, path, None, gid, AtFlags::SYMLINK_NOFOLLOW) {
        tracing::warn!(path = %path.display(), %error, "cannot be given to the group {DIAL_GROUP}");
    }
}

/// One winner: the lock file is never removed, for two could hold two files of one name.
fn take_lock(path: &Path) -> Result<File, Problem> {
    let lock = path.with_extension("lock");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
        .open(&lock)
        .map_err(|error| system(&lock, &error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(running(path)),
        Err(error) => Err(system(&lock, &error.into())),
    }
}

fn running(path: &Path) -> Problem {
    problem(
        path,
        "another service answers there",
        "`openras status` shows it; end that one or use another path. A private service, which a dial has started, ends \
         by itself a minute after its last call.",
    )
}

/// Removes what a service left that did not end well. Only under the lock.
fn remove_dead(path: &Path) -> Result<(), Problem> {
    use std::os::unix::fs::FileTypeExt;
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(path, &error)),
    };
    if !found.file_type().is_socket() {
        return Err(problem(
            path,
            "something that is no socket stands there",
            "Remove it or choose another path.",
        ));
    }
    match answers(path) {
        Ok(true) => Err(running(path)),
        Ok(false) => fs::remove_file(path).map_err(|error| system(path, &error)),
        Err(error) => Err(system(path, &error)),
    }
}

/// Whether anybody listens there; never waits.
fn answers(path: &Path) -> io::Result<bool> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&socket, &address) {
        // with a full queue it lives too
        Ok(()) | Err(rustix::io::Errno::AGAIN) => Ok(true),
        Err(rustix::io::Errno::CONNREFUSED | rustix::io::Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Binds, sets who may, and only then listens.
fn listen(path: &Path, mode: Mode, group: Option<u32>) -> io::Result<UnixListener> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &address)?;
    if let Some(gid) = group {
        give_group(path, gid);
    }
    let bits = if mode == Mode::Private { 0o600 } else { 0o660 };
    fs::set_permissions(path, Permissions::from_mode(bits))?;
    rustix::net::listen(&socket, BACKLOG)?;
    UnixListener::from_std(StdListener::from(socket))
}
