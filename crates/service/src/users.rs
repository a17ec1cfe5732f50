//! The users and their secrets: one SQLite file in the state folder, and the answers to "is this true?".
//!
//! Calls block (for the disk, and some 20 ms where a password is hashed): from async code use `spawn_blocking`. Any
//! number of processes may have the store open; the service sees at once what `openras user` changes, and opens a
//! database anew that was replaced or mended.
//! `docs/security.md` says what is stored how.

mod account;
mod admin;
mod callbacks;
mod codes;
mod database;
mod desk;
mod error;
mod files;
mod name;
mod network;
mod password;
mod schema;
mod tries;
mod vault;
mod verify;

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use crate::limits::Tries;
use openras_engine::users::CallbackRight;
use openras_modules::totp::Seed;
use openras_ppp::{AuthMethod, Secret};

pub use callbacks::CALLBACKS_A_DAY;
pub use error::StoreError;
pub(crate) use files::{Folder, open_private};
pub(crate) use name::{check as check_name, is_same};
pub use network::{NetworkChange, UserNetwork};
pub use tries::HARD_LIMIT;
pub use verify::{Checked, Reason};

/// The store. Shared between threads; each call is whole or nothing.
#[derive(Debug)]
pub struct Users {
    database: database::Database,
    vault: Arc<vault::Vault>,
    /// Stands in for users that do not exist, so that they cost the same work.
    nobody: account::Account,
    policy: Policy,
    /// Tries that are being looked at.
    tries: Mutex<Tries>,
    /// When old tries were last swept out, in seconds since 1970.
    swept: AtomicU64,
    /// Questions from async code.
    desk: desk::Desk,
}

/// What new passwords must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Least characters (default 1).
    pub password_min: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { password_min: 1 }
    }
}

/// What is kept of a password (defence rule 13). A method whose kind is not kept is refused to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The Argon2id hash, for PAP (default yes).
    pub argon: bool,
    /// The NT hash, encrypted, for MS-CHAP (default yes).
    pub nt: bool,
    /// The password itself, encrypted, for CHAP-MD5 (default no).
    pub clear: bool,
}

impl Default for Keep {
    fn default() -> Self {
        Self { argon: true, nt: true, clear: false }
    }
}

/// A user to be added. The default may dial in, has no password yet and no callback.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// The password; without one only ports whose `auth` is `none` let the user in.
    pub password: Option<Secret>,
    /// What to keep of it.
    pub keep: Keep,
    /// The second factor.
    pub totp: Option<Seed>,
    /// Recovery codes as they are printed; only hashes are kept.
    pub recovery: Vec<Secret>,
    /// The password must be changed at the next call (648).
    pub must_change: bool,
    /// The account is disabled (647).
    pub disabled: bool,
    /// The user may not dial in (649).
    pub no_dial_in: bool,
    /// Callback; numbers are normalised.
    pub callback: CallbackRight,
    /// What the user gets at a login prompt, in the order of the menu: `ppp`, `slip`, `cslip`, names of `[service.NAME]`.
    /// None: what the port gives.
    pub services: Vec<String>,
    /// What differs from what the port gives: where the user may go, with which address, for how long.
    pub network: NetworkChange,
}

/// What to change of a user; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// See [`NewUser::must_change`].
    pub must_change: Option<bool>,
    /// See [`NewUser::disabled`].
    pub disabled: Option<bool>,
    /// See [`NewUser::no_dial_in`].
    pub no_dial_in: Option<bool>,
    /// See [`NewUser::callback`].
    pub callback: Option<CallbackRight>,
    /// See [`NewUser::services`].
    pub services: Option<Vec<String>>,
    /// See [`NewUser::network`].
    pub network: NetworkChange,
    /// Another second factor with its recovery codes, or `Some(None)` for none.
    pub totp: Option<Option<(Seed, Vec<Secret>)>>,
}

/// A user as an administrator sees it; no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// The name as it was added.
    pub name: String,
    /// See [`NewUser::must_change`].
    pub must_change: bool,
    /// See [`NewUser::disabled`].
    pub disabled: bool,
    /// See [`NewUser::no_dial_in`].
    pub no_dial_in: bool,
    /// Callback.
    pub callback: CallbackRight,
    /// See [`NewUser::services`].
    pub services: Vec<String>,
    /// Where the user may go, with which address, and for how long.
    pub network: UserNetwork,
    /// The methods there is a secret for.
    pub methods: Vec<AuthMethod>,
    /// Whether there is a TOTP seed.
    pub totp: bool,
    /// Recovery codes left.
    pub recovery_left: u32,
    /// Wrong passwords since the last right one or `unlock`.
    pub wrong_passwords: u32,
    /// Wrong codes since the last right one or `unlock`.
    pub wrong_codes: u32,
}

impl UserInfo {
    /// The rights in one line, for the audit record: what was before a change, and what is after.
    pub fn summary(&self) -> String {
        let word = |truth: bool| if truth { "yes" } else { "no" };
        let callback = match &self.callback {
            CallbackRight::None => "none".into(),
            CallbackRight::Caller { allow } => format!("caller({})", allow.join(",")),
            CallbackRight::Preset(number) => number.clone(),
        };
        let methods: Vec<_> = self.methods.iter().map(|method| method.word()).collect();
        format!(
            "must_change={} disabled={} no_dial_in={} callback={callback} services={} {} auth={} totp={} recovery_codes={} \
             locked={}",
            word(self.must_change),
            word(self.disabled),
            word(self.no_dial_in),
            self.services.join(","),
            self.network.summary(),
            methods.join(","),
            word(self.totp),
            self.recovery_left,
            word(self.is_locked()),
        )
    }

    /// Whether the hard limit is reached: nothing is accepted until `unlock`.
    pub fn is_locked(&self) -> bool {
        self.wrong_passwords >= HARD_LIMIT || self.wrong_codes >= HARD_LIMIT
    }
}

impl Users {
    /// Opens the store `users.db` in the folder `state`, and makes what is not there: the folder (mode 0700), the
    /// database and the key (0600), all owned as the folder is.
    ///
    /// # Errors
    /// A file others may read, a missing or foreign key, a folder or database that cannot be used.
    pub fn open(state: &Path, key_file: Option<&Path>, policy: Policy) -> Result<Self, StoreError> {
        let folder = Folder::open(state)?;
        let file = folder.file("users.db");
        folder.prepare(&file)?;
        for side in ["users.db-wal", "users.db-shm"] {
            folder.inspect(&folder.file(side))?;
        }
        let key_file = key_file.map_or_else(|| folder.file("key"), Path::to_path_buf);
        let opened = schema::open(&file, true).and_then(|mut db| {
            let vault = account::unlock_vault(&mut db, &folder, &key_file)?;
            Ok((db, Arc::new(vault)))
        });
        let (db, vault) = opened.map_err(|error| error.in_file(&file))?;
        let nobody = account::Account::nobody(&vault)?;
        Ok(Self {
            database: database::Database::new(folder, file, db, vault.clone())?,
            vault,
            nobody,
            policy,
            tries: Mutex::default(),
            swept: AtomicU64::new(0),
            desk: desk::Desk::default(),
        })
    }

    /// Whether the store can be read and written now.
    ///
    /// # Errors
    /// What is in the way.
    pub fn probe(&self) -> Result<(), StoreError> {
        self.database.probe()
    }
}

#[cfg(test)]
mod tests;
