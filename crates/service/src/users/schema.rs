//! The database: opening it, and its tables by version.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::StoreError;

/// The version this program writes.
const VERSION: i64 = 4;

/// Ids are never used twice (AUTOINCREMENT): what is sealed for a removed user opens for no later one.
const TABLES: &str = "
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    disabled INTEGER NOT NULL DEFAULT 0,
    must_change INTEGER NOT NULL DEFAULT 0,
    no_dial_in INTEGER NOT NULL DEFAULT 0,
    callback TEXT NOT NULL DEFAULT 'none',
    keep_argon INTEGER NOT NULL DEFAULT 1,
    keep_nt INTEGER NOT NULL DEFAULT 1,
    keep_clear INTEGER NOT NULL DEFAULT 0,
    argon BLOB,
    nt BLOB,
    clear BLOB,
    totp BLOB,
    last_step INTEGER,
    recovery_salt BLOB,
    wrong_passwords INTEGER NOT NULL DEFAULT 0,
    wrong_codes INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE callback_prefixes (
    user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    prefix TEXT NOT NULL,
    PRIMARY KEY (user, prefix)
) WITHOUT ROWID;
CREATE TABLE recovery (
    user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (user, hash)
) WITHOUT ROWID;
CREATE TABLE tries (
    factor INTEGER NOT NULL,
    user TEXT NOT NULL,
    source TEXT NOT NULL,
    count INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (factor, user, source)
) WITHOUT ROWID;
CREATE INDEX tries_last ON tries (last);
CREATE TABLE callbacks (
    user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user, day)
) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
";

/// What version 2 has more: the services of a user who logs in at a prompt, their names with commas.
const SERVICES: &str = "ALTER TABLE users ADD COLUMN services TEXT NOT NULL DEFAULT ''";

/// Opens the database file, which exists, and brings its tables up to date. With `may_make` it may be empty.
pub(super) fn open(path: &Path, may_make: bool) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(10))?;
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let path = path.display();
        return Err(StoreError::Unusable(format!(
            "{path} cannot use a write-ahead log; put `state` on a local disk"
        )));
    }
    // FULL: what is committed is on the disk when the call returns (defence rule 7)
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    // a plan does not hang on the values it is asked with: else a kept statement is planned anew at each question,
    // which costs three times what reading does
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // no lock is waited for where there is nothing to do
    match version(&db)? {
        VERSION => {}
        0 if !may_make => {
            let path = path.display();
            return Err(StoreError::Unusable(format!(
                "{path} is empty; put your copy of it back, or start the service again for a store without users"
            )));
        }
        _ => migrate(&mut db, path)?,
    }
    Ok(db)
}

fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        VERSION => {}
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(SERVICES)?;
            transaction.execute_batch(super::network::TABLE)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        1 => {
            transaction.execute_batch(SERVICES)?;
            transaction.execute_batch(super::network::TABLE)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        2 => {
            transaction.execute_batch(super::network::TABLE)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        3 => {
            transaction.execute_batch(super::network::LIMITS)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        newer => {
            return Err(StoreError::Unusable(format!(
                "{} is of version {newer}, this program knows {VERSION}; use a newer openras",
                path.display()
            )));
        }
    }
    Ok(transaction.commit()?)
}
