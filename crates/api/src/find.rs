//! Where the service is.
//!
//! What was named counts: `--socket`, then `OPENRAS_SOCKET`. Nothing named, the system's service is asked for, then the user's
//! own. A place in between that has no service, or one this user may not use, is passed over; one that is not to be trusted is
//! an error, since somebody may be trying something.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use openras_engine::RasError;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::Problem;
use crate::trust::{self, Refusal, Trust, Whose};

/// Where the system's service has its socket.
pub const SYSTEM_SOCKET: &str = "/run/openras/api.sock";

/// How a socket was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Named by `--socket`.
    Option,
    /// Named by `OPENRAS_SOCKET`.
    Variable,
    /// The system's service.
    System,
    /// The user's own service.
    Private,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The socket that was taken. Where nothing answers and none was named: where a private service would have it.
    pub socket: PathBuf,
    /// How it was come by.
    pub place: Place,
    /// Whether a service answers there, or why not.
    pub answers: Result<(), Refusal>,
    /// Places before it that were passed over, and why: a user who is not in the group `openras` sees here that there is a
    /// system's service.
    pub passed: Vec<(PathBuf, Problem)>,
}

impl Found {
    /// Whose service must be there.
    pub fn whose(&self) -> Whose {
        match self.place {
            Place::Private => Whose::Private,
            Place::System => Whose::System,
            Place::Option | Place::Variable => whose(&self.socket),
        }
    }

    /// Whether a private service may be started there: nothing answers, and no place was named.
    pub fn may_start(&self) -> bool {
        self.place == Place::Private && matches!(self.answers, Err(Refusal::Missing(_)))
    }
}

/// What the search depends on; [`Environment::real`] is that of this process.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `OPENRAS_SOCKET`.
    pub socket: Option<OsString>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime: Option<OsString>,
    /// `XDG_STATE_HOME`.
    pub state_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
    /// Our effective user id.
    pub uid: u32,
    /// [`SYSTEM_SOCKET`].
    pub system: PathBuf,
    /// The folder with a runtime folder for each user: `/run/user`.
    pub run_user: PathBuf,
}

impl Environment {
    /// This process's.
    pub fn real() -> Self {
        Self {
            socket: std::env::var_os("OPENRAS_SOCKET"),
            runtime: std::env::var_os("XDG_RUNTIME_DIR"),
            state_home: std::env::var_os("XDG_STATE_HOME"),
            home: std::env::var_os("HOME"),
            uid: rustix::process::geteuid().as_raw(),
            system: PathBuf::from(SYSTEM_SOCKET),
            run_user: PathBuf::from("/run/user"),
        }
    }

    /// The folder of what this user's private service keeps: `openras` in `XDG_STATE_HOME` or `~/.local/state`.
    ///
    /// # Errors
    /// 711 where neither is set.
    pub fn state_folder(&self) -> Result<PathBuf, Problem> {
        let base = match (folder(self.state_home.as_ref()), folder(self.home.as_ref())) {
            (Some(state), _) => state,
            (None, Some(home)) => home.join(".local/state"),
            (None, None) => {
                return Err(Problem::new(
                    RasError::RASMAN_CANNOT_INITIALIZE,
                    "There is no place for a service of your own: neither XDG_STATE_HOME nor HOME is set.",
                )
                .remedy("Set HOME, or start a service and name its socket with --socket."));
            }
        };
        // a home behind a symbolic link is common; the socket's folders must be none
        Ok(base.canonicalize().unwrap_or(base).join("openras"))
    }

    /// Where this user's private service has its socket: in the user's runtime folder, else in a folder of mode 0700 in the
    /// state folder. Never in a shared one.
    ///
    /// # Errors
    /// 711 where there is no place.
    pub fn private_socket(&self) -> Result<PathBuf, Problem> {
        let named = folder(self.runtime.as_ref());
        let usual = self.run_user.join(self.uid.to_string());
        for runtime in named.into_iter().chain([usual]) {
            let Ok(real) = runtime.canonicalize() else { continue };
            if ours_alone(&real, self.uid) {
                return Ok(real.join("openras/api.sock"));
            }
        }
        Ok(self.state_folder()?.join("run/api.sock"))
    }

    /// Looks for a service; `socket` is that of `--socket`.
    pub fn find(&self, socket: Option<&Path>) -> Found {
        let variable = self.socket.as_ref().filter(|value| !value.is_empty()).map(Path::new);
        if let Some((named, place)) =
            socket.map(|named| (named, Place::Option)).or(variable.map(|named| (named, Place::Variable)))
        {
            let named = trust::absolute(named);
            let answers = probe(&named, &Trust { uid: self.uid, whose: self.whose(&named) });
            return Found { socket: named, place, answers, passed: Vec::new() };
        }
        let answers = probe(&self.system, &Trust { uid: self.uid, whose: Whose::System });
        let (Err(Refusal::Missing(problem)) | Err(Refusal::Barred(problem))) = answers else {
            return Found { socket: self.system.clone(), place: Place::System, answers, passed: Vec::new() };
        };
        let passed = vec![(self.system.clone(), problem)];
        match self.private_socket() {
            Ok(private) => {
                let answers = probe(&private, &Trust { uid: self.uid, whose: Whose::Private });
                Found { socket: private, place: Place::Private, answers, passed }
            }
            // not Private: nothing can be started where there is no place
            Err(problem) => Found {
                socket: self.system.clone(),
                place: Place::System,
                answers: Err(Refusal::Missing(problem)),
                passed,
            },
        }
    }

    fn whose(&self, socket: &Path) -> Whose {
        if socket == self.system { Whose::System } else { Whose::Named }
    }
}

/// Looks for a service as this process's environment says; `socket` is that of `--socket`. Blocks for no longer than a few
/// looks at the file system.
pub fn find(socket: Option<&Path>) -> Found {
    Environment::real().find(socket)
}

/// The log of this user's private service: `openras/private.log` in the state folder.
///
/// # Errors
/// 711 without a state folder.
pub fn private_log() -> Result<PathBuf, Problem> {
    Ok(Environment::real().state_folder()?.join("private.log"))
}

/// Where this user's private service has its socket.
///
/// # Errors
/// 711 without a place for it.
pub fn private_socket() -> Result<PathBuf, Problem> {
    Environment::real().private_socket()
}

/// Whose service must be at a socket that was named.
pub(crate) fn whose(socket: &Path) -> Whose {
    if socket == Path::new(SYSTEM_SOCKET) { Whose::System } else { Whose::Named }
}

/// An absolute folder from the environment; XDG says to pass over any other.
fn folder(value: Option<&OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

/// A folder that is ours, and closed to everybody else.
fn ours_alone(folder: &Path, uid: u32) -> bool {
    folder
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0)
}

/// Whether somebody to be trusted answers at a socket. Connects and leaves again.
pub(crate) fn probe(socket: &Path, trust: &Trust) -> Result<(), Refusal> {
    let owner = trust.check(socket)?;
    let failed = |error: rustix::io::Errno| trust::unreachable(socket, &error.into());
    let address = SocketAddrUnix::new(socket).map_err(failed)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let ours =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed)?;
    match rustix::net::connect(&ours, &address) {
        Ok(()) => {
            let peer = rustix::net::sockopt::socket_peercred(&ours).map_err(failed)?;
            trust.peer(socket, owner, peer.uid.as_raw())
        }
        // its queue is full: there is somebody, who is looked at when the queue has moved
        Err(rustix::io::Errno::AGAIN) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}
