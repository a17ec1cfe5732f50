//! The configuration of a program module.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::child::{Launch, PATH};

/// `[module.NAME]` with `kind = "program"`.
#[derive(Clone, Debug, Deserialize)]
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
    /// The folder it runs in (default that of the service).
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// The user it runs as (default that of the service); needs the right to change it.
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
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub serde_json::Value);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// When a Receive is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiveMode {
    /// When all bytes asked for have come (default).
    #[default]
    All,
    /// With the first bytes.
    Any,
}

/// What a program may use. Times are seconds in a file, with a fraction if wanted.
#[derive(Clone, Debug, Deserialize)]
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
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let wrong = "must be seconds, more than 0 and at most 3600";
    let value = f64::deserialize(from)?;
    let time = Duration::try_from_secs_f64(value).map_err(|_| serde::de::Error::custom(wrong))?;
    if time.is_zero() || time.as_secs() > 3600 { Err(serde::de::Error::custom(wrong)) } else { Ok(time) }
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
    /// The folder is not there.
    #[error("the folder `{0}` is not there")]
    NoFolder(String),
}

impl ProgramConfig {
    /// A program with all else as by default.
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            config: Settings::default(),
            receive: ReceiveMode::default(),
            folder: None,
            uid: None,
            gid: None,
            limits: Limits::default(),
        }
    }

    /// Looks everything up.
    pub(super) fn launch(&self) -> Result<Launch, ProgramError> {
        let (program, arguments) = self.command.split_first().ok_or(ProgramError::Empty)?;
        if self.command.iter().any(|word| word.contains('\0')) {
            return Err(ProgramError::Zero);
        }
        if self.uid.is_some() != self.gid.is_some() {
            return Err(ProgramError::HalfUser);
        }
        if let Some(folder) = self.folder.as_deref().filter(|folder| !folder.is_dir()) {
            return Err(ProgramError::NoFolder(shown(folder)));
        }
        Ok(Launch {
            program: self.find(program)?,
            arguments: arguments.to_vec(),
            folder: self.folder.clone(),
            uid: self.uid,
            gid: self.gid,
            limits: self.limits.clone(),
        })
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

fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}
