//! The connection to the database, opened again whenever its file was replaced or found damaged: what an administrator
//! mends while the service runs is in use with the next question.

use std::fs::symlink_metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use super::files::Folder;
use super::vault::Vault;
use super::{StoreError, account, schema};

/// How long another process's lock is waited for. With the longest delay of a refusal less than a port waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same for a while after it was waited for in vain: who needs no lock must not wait behind many who do.
const SHORT: Duration = Duration::from_millis(100);
/// That while.
const WARY: Duration = Duration::from_secs(10);

/// Which file it is, whatever its name: device and inode.
pub(super) type Id = (u64, u64);

/// The database of the store.
#[derive(Debug)]
pub(super) struct Database {
    folder: Folder,
    file: PathBuf,
    vault: Arc<Vault>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    open: Option<Open>,
    /// The last failure that was everybody's and has not been looked after since.
    trouble: Option<String>,
    /// When a lock was waited for in vain.
    locked: Option<Instant>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    id: Id,
    /// Its write-ahead log.
    log: Option<Id>,
}

impl Database {
    /// Keeps an open connection whose key is known.
    pub(super) fn new(
        folder: Folder,
        file: PathBuf,
        connection: Connection,
        vault: Arc<Vault>,
    ) -> Result<Self, StoreError> {
        let id = id(&file).map_err(|error| StoreError::file("the user database", &file, error))?;
        let open = Some(Open { connection, id, log: id_of(&beside(&file, "-wal")) });
        Ok(Self { folder, file, vault, state: Mutex::new(State { open, trouble: None, locked: None }) })
    }

    /// Asks the database. An error that may come from a damaged or replaced file has it opened again for the next
    /// question.
    pub(super) fn with<T>(
        &self,
        ask: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.state();
        let done = self.current(&mut state).and_then(ask).map_err(|error| error.in_file(&self.file));
        if let Err(error) = &done
            && error.is_of_all()
        {
            if is_about_the_file(error) {
                state.open.take().into_iter().for_each(Open::leave);
            }
            if is_lock(error) {
                state.locked = Some(Instant::now());
            }
            state.trouble = Some(error.to_string());
        }
        done
    }

    /// Another number once another program has changed something in it, or put another file in its place.
    pub(super) fn version(&self) -> Result<(Id, i64), StoreError> {
        let id = id(&self.file).map_err(|error| StoreError::file("the user database", &self.file, error))?;
        // data_version is that of this connection, which is opened anew with another file
        Ok((id, self.with(|db| Ok(db.query_row("PRAGMA data_version", [], |row| row.get(0))?))?))
    }

    /// Whether it can be read and written now; an error says what is in the way. Writes only where something failed
    /// before, and waits for no lock that is held for longer than a moment.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        let failed = {
            let mut state = self.state();
            state.locked = Some(Instant::now());
            state.trouble.is_some()
        };
        self.with(|db| {
            let transaction = super::admin::begin(db)?;
            if failed {
                // a full disk is noticed by writing to it
                transaction.execute("UPDATE meta SET value = value WHERE key = 'check'", [])?;
                transaction.commit()?;
            }
            Ok(())
        })?;
        let mut state = self.state();
        state.locked = None;
        if state.trouble.take().is_some() {
            tracing::info!("the user store works again");
        }
        Ok(())
    }

    /// The connection to the file that lies there now.
    fn current<'a>(&self, state: &'a mut State) -> Result<&'a mut Connection, StoreError> {
        // one that is only away for a while is still the one that is open
        let id = id(&self.file).map_err(|error| StoreError::file("the user database", &self.file, error))?;
        if let Some(open) = state.open.take_if(|open| open.id != id) {
            tracing::warn!(file = %self.file.display(), "the user database was replaced");
            self.set_aside_log_of(open);
        }
        let open = match state.open.take() {
            Some(open) => open,
            None => self.open_again(id)?,
        };
        let open = state.open.insert(open);
        let wary = state.locked.is_some_and(|since| since.elapsed() < WARY);
        open.connection.busy_timeout(if wary { SHORT } else { PATIENCE })?;
        Ok(&mut open.connection)
    }

    /// As at the start, but nothing is made: an empty store would lock everybody out without a word.
    fn open_again(&self, id: Id) -> Result<Open, StoreError> {
        self.folder.inspect(&self.file)?;
        let connection = schema::open(&self.file, false)?;
        account::check_key(&connection, &self.vault)?;
        tracing::info!(file = %self.file.display(), "the user database was opened again");
        Ok(Open { connection, id, log: id_of(&beside(&self.file, "-wal")) })
    }

    /// The log of a database that has gone would be taken for that of the one in its place. It may hold the newest
    /// changes, so it is kept under another name.
    fn set_aside_log_of(&self, open: Open) {
        let (log, index) = (beside(&self.file, "-wal"), beside(&self.file, "-shm"));
        let is_its = open.log.is_some() && id_of(&log) == open.log;
        open.leave();
        if !is_its {
            return;
        }
        let old = beside(&self.file, "-wal.old");
        match std::fs::rename(&log, &old).and_then(|()| std::fs::remove_file(&index)) {
            Ok(()) => tracing::warn!(file = %old.display(), "the log of the old user database was set aside"),
            Err(error) => {
                tracing::error!(file = %log.display(), %error, "the log of the old user database stays");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // a panic in another thread leaves no half-done transaction: SQLite rolls it back
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes it and leaves file and log as they are: nothing is written into a file that is damaged or not its own.
    fn leave(self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        // it is gone either way
        drop(self.connection.close());
    }
}

/// Whether another connection to the file might do better.
fn is_about_the_file(error: &StoreError) -> bool {
    let StoreError::Database { error, .. } = error else { return false };
    !matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::ConstraintViolation
        )
    )
}

/// Whether another process has it.
pub(super) fn is_lock(error: &StoreError) -> bool {
    let StoreError::Database { error, .. } = error else { return false };
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn id(path: &Path) -> std::io::Result<Id> {
    symlink_metadata(path).map(|about| (about.dev(), about.ino()))
}

fn id_of(path: &Path) -> Option<Id> {
    id(path).ok()
}

/// `users.db-wal` of `users.db`.
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The open connection, for tests that spoil what it shows.
#[cfg(test)]
pub(super) struct Raw<'a>(MutexGuard<'a, State>);

#[cfg(test)]
impl std::ops::Deref for Raw<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.open.as_ref().unwrap().connection
    }
}

#[cfg(test)]
impl Database {
    /// The connection as it is.
    pub(super) fn raw(&self) -> Raw<'_> {
        let mut state = self.state();
        self.current(&mut state).unwrap();
        Raw(state)
    }
}
