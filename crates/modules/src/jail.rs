//! The wall around foreign code (defence rule 11): what runs as `PROGRAM module-jail …`.
//!
//! A module's program is never started by the service itself but by the service's own program, asked to be a
//! jail: a process with one thread, which can do what a service cannot, and without `unsafe`. It has two stages.
//! `supervise` stays outside, holds the service's pipe and ends everything inside when the service or the
//! module goes away; `inside` is process 1 of the new process namespace, builds the file system, drops all
//! rights and runs the program. `docs/modules.md` says what each wall stops, and what it does not.

mod drop;
mod inside;
mod mounts;
mod places;
mod settings;
mod supervise;
mod sweep;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::exit;

pub(crate) use places::{Places, Shows};
pub(crate) use settings::{Ceilings, Identity, Kind, Report, Settings};

/// The first argument that makes a program a jail.
pub const ARGUMENT: &str = "module-jail";
/// Status of a jail that could not be built.
const BROKEN: i32 = 70;

/// Must be the first thing in `main`, before any thread exists: where this process was started as a jail it
/// becomes one and never returns, else nothing happens.
pub fn main_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != ARGUMENT) {
        return;
    }
    let failed = match stage(arguments.next(), arguments.next()) {
        Ok(status) => exit(status),
        Err(failed) => failed,
    };
    // The service reads this in place of the ready line. Nobody is left to hear of a pipe that is gone.
    let _ = std::io::stdout().write_all(&Report::Failed(failed).line());
    exit(BROKEN);
}

fn stage(name: Option<OsString>, settings: Option<OsString>) -> Result<i32, Failed> {
    let settings = settings.unwrap_or_default();
    let settings = settings.to_str().and_then(|text| serde_json::from_str(text).ok());
    let settings = settings.ok_or_else(|| Failed::at("reading the jail's settings", nix::Error::EINVAL))?;
    match name.as_deref().and_then(|name| name.to_str()) {
        Some("supervise") => supervise::run(&settings),
        Some("inside") => inside::run(&settings),
        _ => Err(Failed::at("finding out which stage of the jail this is", nix::Error::EINVAL)),
    }
}

/// Which step of building a jail failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Failed {
    /// What was being done, to follow "while".
    pub step: String,
    /// The system's error number.
    pub errno: i32,
    /// It is not the wall that fails, but a file that cannot be shown or that the module's user may not use; a lower
    /// wall is no answer to that.
    #[serde(default)]
    pub file: bool,
}

impl Failed {
    fn at(step: impl Into<String>, errno: nix::Error) -> Self {
        Self { step: step.into(), errno: errno as i32, file: false }
    }

    fn io(step: impl Into<String>, error: &std::io::Error) -> Self {
        Self { step: step.into(), errno: error.raw_os_error().unwrap_or(nix::Error::EIO as i32), file: false }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} while {}", std::io::Error::from_raw_os_error(self.errno), self.step.escape_debug())
    }
}

/// Says which step it was.
trait Step<T> {
    fn step(self, what: &str) -> Result<T, Failed>;
}

impl<T> Step<T> for nix::Result<T> {
    fn step(self, what: &str) -> Result<T, Failed> {
        self.map_err(|errno| Failed::at(what, errno))
    }
}

impl<T> Step<T> for std::io::Result<T> {
    fn step(self, what: &str) -> Result<T, Failed> {
        self.map_err(|error| Failed::io(what, &error))
    }
}

impl<T> Step<T> for Result<T, rustix::io::Errno> {
    fn step(self, what: &str) -> Result<T, Failed> {
        self.map_err(|errno| Failed { step: what.to_owned(), errno: errno.raw_os_error(), file: false })
    }
}

/// What stands between a module and the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// Namespaces of its own: files, processes, network, messages.
    Namespaces {
        /// And a user of its own for each process, where the service is root.
        own_uid: bool,
    },
    /// A user of its own for each process, where the service may change users and nothing more.
    OwnUid,
    /// `isolation = "none"` was written.
    None,
}

impl std::fmt::Display for Wall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Namespaces { own_uid: true } => "namespaces and a user of its own",
            Self::Namespaces { own_uid: false } => "namespaces",
            Self::OwnUid => "a user of its own",
            Self::None => "none",
        })
    }
}
