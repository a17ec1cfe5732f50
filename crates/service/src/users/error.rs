//! Why the store cannot do what was asked.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use openras_api::types::problem::Problem;
use openras_engine::RasError;
use rusqlite::ErrorCode;

/// ERROR_AUTH_INTERNAL: nobody can be authenticated, whoever they are.
const AUTH_INTERNAL: RasError = RasError(645);
/// ERROR_DISK_FULL.
const DISK_FULL: RasError = RasError(112);

/// Why the store cannot do what was asked. The text is for the administrator or the log, never for a caller.
#[derive(Debug)]
pub enum StoreError {
    /// A file or folder cannot be used.
    File {
        /// What it is.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A secret could be read by others.
    Unsafe(String),
    /// The key is missing, damaged or not this store's.
    Key(String),
    /// SQLite says no.
    Database {
        /// Its file, once it is known.
        file: Option<PathBuf>,
        /// What it says.
        error: rusqlite::Error,
    },
    /// The database as a whole is not what it must be.
    Unusable(String),
    /// Something stored of one user, or computed, is not what it must be.
    Corrupt(String),
    /// A name, number or setting cannot be stored.
    Refused(String),
    /// The password breaks the policy.
    Password(String),
    /// There is a user of this name.
    Exists(String),
    /// There is no user of this name.
    NoSuchUser(String),
}

impl StoreError {
    pub(crate) fn file(what: &'static str, path: &Path, error: io::Error) -> Self {
        Self::File { what, path: path.into(), error }
    }

    /// The same with the name of the database's file.
    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Database { file: None, error } => Self::Database { file: Some(path.into()), error },
            other => other,
        }
    }

    /// Whether the store fails whoever is asked about, and not only one user.
    pub(crate) fn is_of_all(&self) -> bool {
        match self {
            Self::File { .. }
            | Self::Unsafe(_)
            | Self::Key(_)
            | Self::Database { .. }
            | Self::Unusable(_) => true,
            Self::Corrupt(_)
            | Self::Refused(_)
            | Self::Password(_)
            | Self::Exists(_)
            | Self::NoSuchUser(_) => false,
        }
    }

    /// The RAS or Win32 number.
    pub fn number(&self) -> RasError {
        match self {
            Self::Refused(_) | Self::Password(_) => RasError::INVALID_PARAMETER,
            Self::Exists(_) => RasError(183),
            Self::NoSuchUser(_) => RasError(2),
            Self::File { error, .. } if is_full(error) => DISK_FULL,
            Self::Database { error, .. } if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                DISK_FULL
            }
            _ => AUTH_INTERNAL,
        }
    }

    /// As it is told to a client of the socket.
    pub(crate) fn problem(&self) -> Problem {
        let remedy: Cow<'_, str> = match self {
            Self::NoSuchUser(_) => "GET /v1/users lists all.".into(),
            Self::Exists(_) => "Change that user, or choose another name.".into(),
            Self::Refused(_) | Self::Password(_) => "Give another.".into(),
            _ => match self.remedy() {
                Some(remedy) => sentence(&remedy).into(),
                None => "The service goes on with the store by itself as soon as that is done.".into(),
            },
        };
        Problem::new(self.number(), sentence(&self.what())).remedy(remedy)
    }

    /// What failed and why.
    fn what(&self) -> Cow<'_, str> {
        match self {
            Self::File { what, path, error } => {
                format!("{what} {} cannot be used: {error}", path.display()).into()
            }
            Self::Database { file, error } => {
                let file = file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
                // SQLite repeats the name in some of its texts
                let said = error.to_string().replace(&format!(": {file}"), "");
                let space = if file.is_empty() { "" } else { " " };
                format!("the user database{space}{file} cannot be used: {said}").into()
            }
            Self::Exists(name) => {
                format!("there is a user {name:?} already; use `openras user set` or `openras user passwd`")
                    .into()
            }
            Self::NoSuchUser(name) => {
                format!("there is no user {name:?}; `openras user list` shows all").into()
            }
            Self::Unsafe(text)
            | Self::Key(text)
            | Self::Unusable(text)
            | Self::Corrupt(text)
            | Self::Refused(text)
            | Self::Password(text) => text.into(),
        }
    }

    /// What to try, where the text itself does not say it.
    fn remedy(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::File { error, .. } => Some(of_file(error).into()),
            Self::Database { file, error } => Some(of_database(file.as_deref(), error)),
            _ => None,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        self.remedy().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

// without a source: the text has it already
impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            // one row that holds what it must not; the others are as good as they were
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => {
                Self::Corrupt(format!("a row of the user database is damaged ({error})"))
            }
            error => Self::Database { file: None, error },
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

fn of_file(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "put it back from your copy",
        ErrorKind::PermissionDenied => {
            "run this as the user it belongs to, or name another folder by `state`"
        }
        ErrorKind::ReadOnlyFilesystem => "name a folder on a disk that can be written by `state`",
        _ if is_full(error) => "free some space on its disk",
        _ => "look at its disk and at whom it belongs to, or name another folder by `state`",
    }
}

fn of_database(file: Option<&Path>, error: &rusqlite::Error) -> Cow<'static, str> {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => match file {
            Some(file) => {
                format!("another program keeps it locked: end that one (`fuser {}` names it)", file.display())
                    .into()
            }
            None => "another program keeps it locked: end that one".into(),
        },
        Some(ErrorCode::DiskFull) => "free some space on its disk".into(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "see that it and its folder belong to the user of the service and can be written".into()
        }
        Some(ErrorCode::SystemIoFailure) => "look at its disk".into(),
        _ => "put your copy of it back, and remove the files beside it that end in -wal and -shm".into(),
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
