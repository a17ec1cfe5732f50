//! The configuration of a program module.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openras_engine::server::PppInDialog;
use serde::{Deserialize, Deserializer};

use super::jailed::Jailed;
use super::launch::Launch;
use super::launch::{PATH, Plain};
use crate::jail::{Ceilings, Kind, Places, Settings as Jail, Shows};
use crate::registry::Parts;

/// `[module.NAME]` with `kind = "program"`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramConfig {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// Handed to the program in its begin message; may hold its secrets.
    #[serde(default)]
    pub config: Settings,
    /// When a Receive that does not say is complete.
    #[serde(default)]
    pub receive: ReceiveMode,
    /// What PPP that begins before the verdict is (default wait).
    #[serde(default, with = "PppWord")]
    pub ppp_in_dialog: PppInDialog,
    /// What stands around it.
    #[serde(default)]
    pub isolation: Isolation,
    /// Processes that are kept ready, 0 to 16 (default 2).
    #[serde(default = "warm", deserialize_with = "at_most_sixteen")]
    pub warm: usize,
    /// More files and folders that it may read, absolute.
    #[serde(default)]
    pub readable: Vec<PathBuf>,
    /// It may use the network (default no).
    #[serde(default)]
    pub network: bool,
    /// The folder it runs in and may write to (default an empty one of its own; with `isolation = "none"` that
    /// of the service).
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// The user it runs as (default one of its own, or that of the service); needs the right to change it.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The group it runs as; goes with `uid`.
    #[serde(default)]
    pub gid: Option<u32>,
    /// What it may use.
    #[serde(default)]
    pub limits: Limits,
}

/// A module's own settings, any JSON value. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub serde_json::Value);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What stands around a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// A jail and a process for each dialog (default).
    #[default]
    Call,
    /// A jail and one process for all dialogs.
    Shared,
    /// No jail: a process for each dialog, with the rights of the service or of `uid`.
    None,
}

/// When a Receive is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiveMode {
    /// When all bytes asked for have come (default); `all` or `exact`.
    #[default]
    #[serde(alias = "exact")]
    All,
    /// With the first bytes.
    Any,
}

/// `ppp_in_dialog`.
#[derive(Deserialize)]
#[serde(remote = "PppInDialog", rename_all = "lowercase")]
pub(super) enum PppWord {
    Wait,
    Data,
    Fail,
}

/// What a program may use. Times are seconds in a file, with a fraction if wanted.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Longest time from its start to its first message (default 10 s).
    #[serde(deserialize_with = "seconds")]
    pub begin: Duration,
    /// Longest silence while it is its turn (default 30 s).
    #[serde(deserialize_with = "seconds")]
    pub answer: Duration,
    /// Time to end by itself once its dialog is over (default 2 s).
    #[serde(deserialize_with = "seconds")]
    pub grace: Duration,
    /// Messages a second, four seconds' worth at once (default 50).
    pub messages_per_second: u32,
    /// Bytes it may write in one dialog (default 1 MiB).
    pub bytes: usize,
    /// Address space in MiB, 0 = no limit (default 1024).
    pub memory_mib: u64,
    /// Processor time in seconds (default 30).
    pub cpu_seconds: u64,
    /// Open files (default 64).
    pub files: u64,
    /// Processes and threads it may have at a time (default 16).
    pub processes: u64,
    /// Largest file it may write, in MiB (default 16); what lies in memory (`/tmp`) is bounded by as much.
    pub file_mib: u64,
}

impl Limits {
    pub(super) fn ceilings(&self) -> Ceilings {
        let bytes = |mib: u64| mib.saturating_mul(1024 * 1024);
        Ceilings {
            memory: (self.memory_mib > 0).then(|| bytes(self.memory_mib)),
            cpu: self.cpu_seconds,
            files: self.files,
            processes: self.processes,
            file: bytes(self.file_mib),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            begin: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            grace: Duration::from_secs(2),
            messages_per_second: 50,
            bytes: 1024 * 1024,
            memory_mib: 1024,
            cpu_seconds: 30,
            files: 64,
            processes: 16,
            file_mib: 16,
        }
    }
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let wrong = "must be seconds, more than 0 and at most 3600";
    let value = f64::deserialize(from)?;
    let time = Duration::try_from_secs_f64(value).map_err(|_| serde::de::Error::custom(wrong))?;
    if time.is_zero() || time.as_secs() > 3600 { Err(serde::de::Error::custom(wrong)) } else { Ok(time) }
}

pub(super) fn warm() -> usize {
    2
}

pub(super) fn at_most_sixteen<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let value = usize::deserialize(from)?;
    if value > 16 { Err(serde::de::Error::custom("must be a number from 0 to 16")) } else { Ok(value) }
}

/// Why a program cannot be a module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// `command = []`.
    #[error("`command` is empty; name a program, as command = [\"python3\", \"module.py\"]")]
    Empty,
    /// A string with a NUL in it cannot be an argument.
    #[error("`command` has a zero byte in it")]
    Zero,
    /// There is no such file, or it cannot be run.
    #[error("no program `{0}` that can be run; looked in {1}")]
    Missing(String, String),
    /// `uid` without `gid` would leave it in the service's group, and the other way round.
    #[error("`uid` and `gid` belong together; give both or none")]
    HalfUser,
    /// Root is root to the kernel's settings, and the last number means "as it is" to the calls that change users.
    #[error("`uid` = {0} is no wall; leave `uid` and `gid` out, or name an ordinary user and group")]
    NoWallUser(u32),
    /// The folder is not there.
    #[error("the folder `{0}` is not there")]
    NoFolder(String),
    /// A place of `readable` is not there, or not absolute.
    #[error("`readable` names {0}, which is not there; it must be absolute, as \"/srv/data\"")]
    NotReadable(String),
    /// A place that the module would see holds, or lies in, what is the service's alone.
    #[error("the module would see {0}, and with it {1}, which no module may read; move one of them")]
    Shows(String, String),
    /// Another user was asked for.
    #[error("`uid` and `gid` need a service that runs as root; leave them out")]
    NoRight,
    /// A file that it needs cannot be shown, or not be used by the user it runs as.
    #[error(
        "its jail cannot be built: {0}; what it needs must be readable for the user it runs as (chmod, chgrp, or \
         the owner's `uid` and `gid`)"
    )]
    NoAccess(String),
    /// Without one there is nothing to run the process on.
    #[error("isolation = \"shared\" needs a tokio runtime when the module is made")]
    NoRuntime,
    /// `openras-module-host` or `libopenras.so` is not there: which, where it was looked for, and the key that names it.
    #[error("{0} is not found in {1}; install OpenRAS whole, or name it with `{2}`")]
    NoPart(&'static str, String, &'static str),
    /// There is no such library.
    #[error("there is no library `{0}`; write its path from / on")]
    NoLibrary(String),
    /// Whoever may change the library decides who is let in: others may change this file or folder.
    #[error("every user of this host may change {0}, and with it who is let in; run: chmod o-w {0}")]
    Writable(String),
    /// The library lies in the folder that the module itself may write to.
    #[error(
        "the library {0} lies in the module's own `folder`, where one caller's dialog could change it for all others; \
         move it elsewhere"
    )]
    InFolder(String),
    /// It cannot be loaded, or is no security module: what its host says.
    #[error("{0}")]
    NotAModule(String),
    /// It cannot be walled in.
    #[error(
        "its program cannot be walled in ({0}). Run the service as root, or let users make namespaces (sysctl \
         user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns); to go without any wall, write \
         isolation = \"none\" in its table"
    )]
    NoWall(String),
}

impl From<Shows> for ProgramError {
    fn from(shows: Shows) -> Self {
        Self::Shows(shown(&shows.place), shown(&shows.hidden))
    }
}

impl ProgramConfig {
    /// A program with all else as by default.
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            config: Settings::default(),
            receive: ReceiveMode::default(),
            ppp_in_dialog: PppInDialog::default(),
            isolation: Isolation::default(),
            warm: warm(),
            readable: Vec::new(),
            network: false,
            folder: None,
            uid: None,
            gid: None,
            limits: Limits::default(),
        }
    }

    /// Looks everything up and finds the wall that holds.
    pub(super) fn launch(&self, parts: &Parts) -> Result<Arc<dyn Launch>, ProgramError> {
        let (program, arguments) = self.command.split_first().ok_or(ProgramError::Empty)?;
        if self.command.iter().any(|word| word.contains('\0')) {
            return Err(ProgramError::Zero);
        }
        let user = match (self.uid, self.gid) {
            (Some(uid), Some(gid)) => Some((uid, gid)),
            (None, None) => None,
            _ => return Err(ProgramError::HalfUser),
        };
        if let Some((uid, gid)) = user
            && (uid == u32::MAX || gid == u32::MAX || (uid == 0 && self.isolation != Isolation::None))
        {
            return Err(ProgramError::NoWallUser(uid));
        }
        if let Some(folder) = self.folder.as_deref().filter(|folder| !folder.is_dir()) {
            return Err(ProgramError::NoFolder(shown(folder)));
        }
        let program = self.find(program)?;
        if self.isolation == Isolation::None {
            let (arguments, folder) = (arguments.to_vec(), self.folder.clone());
            return Ok(Arc::new(Plain { program, arguments, folder, user, limits: self.limits.clone() }));
        }
        let settings = self.jail(program, arguments, &parts.hidden)?;
        Ok(Arc::new(Jailed::new(parts.helper.clone(), settings, user, &parts.uids, self.limits.begin)?))
    }

    fn jail(&self, program: PathBuf, words: &[String], hidden: &[PathBuf]) -> Result<Jail, ProgramError> {
        let mut places = Places::new(hidden)?;
        let folder = self.folder.as_deref().and_then(|folder| folder.canonicalize().ok());
        if let Some(folder) = &folder {
            places.check(folder)?;
        }
        let within = |file: &Path| folder.as_deref().is_some_and(|folder| file.starts_with(folder));
        for place in &self.readable {
            if !place.is_absolute() || !place.exists() {
                return Err(ProgramError::NotReadable(shown(place)));
            }
            if within(place) {
                places.check(place)?;
            } else {
                places.add(place)?;
            }
        }
        let mut arguments = Vec::with_capacity(words.len());
        for word in words {
            let file = self.file_argument(word);
            if let Some(file) = file.as_deref().filter(|file| !within(file)) {
                places.add(file)?;
            }
            arguments.push(file.and_then(|file| file.to_str().map(str::to_owned)).unwrap_or(word.clone()));
        }
        if !within(&program) {
            places.add(&program)?;
        }
        Ok(Jail {
            kind: Kind::Namespaces,
            program,
            arguments,
            folder,
            readable: places.found(),
            network: self.network,
            identity: None,
            grace: u64::try_from(self.limits.grace.as_millis()).unwrap_or(u64::MAX),
            ceilings: self.limits.ceilings(),
            probe: false,
        })
    }

    /// A word of the command that is a path to a file: seen by the module at its absolute path.
    fn file_argument(&self, word: &str) -> Option<PathBuf> {
        let base = self.folder.clone().unwrap_or_default();
        let file = std::path::absolute(base.join(word)).ok()?;
        let plain = !file.components().any(|part| part == std::path::Component::ParentDir);
        let file = if plain { file } else { file.canonicalize().ok()? };
        (word.contains('/') && file.is_file()).then_some(file)
    }

    /// A name without `/` is looked for where programs are, then where the service itself would look.
    fn find(&self, name: &str) -> Result<PathBuf, ProgramError> {
        let path = match name {
            "" => return Err(ProgramError::Empty),
            _ if name.contains('/') => return self.file(name),
            _ => std::env::var_os("PATH").unwrap_or_default(),
        };
        let own = std::env::split_paths(PATH);
        let found = own.chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
        let missing = || ProgramError::Missing(name.escape_debug().to_string(), format!("{PATH} and $PATH"));
        found.into_iter().find(|file| file.is_absolute() && can_run(file)).ok_or_else(missing)
    }

    /// A path is taken from the module's folder, or the service's.
    fn file(&self, name: &str) -> Result<PathBuf, ProgramError> {
        let base = self.folder.clone().unwrap_or_default();
        let missing = || {
            let place = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
            ProgramError::Missing(name.escape_debug().to_string(), shown(place))
        };
        let file = std::path::absolute(base.join(name)).map_err(|_| missing())?;
        if can_run(&file) { Ok(file) } else { Err(missing()) }
    }
}

fn can_run(file: &Path) -> bool {
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}
