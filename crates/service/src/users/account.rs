//! One user's record, read whole.

use openras_engine::users::CallbackRight;
use openras_ppp::{AuthMethod, Secret};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use zeroize::Zeroizing;

use super::files::Folder;
use super::vault::{Kind, Vault, random};
use super::{Keep, StoreError, UserInfo, name};

/// A record as it stands in the table; what is sealed is still sealed.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) disabled: bool,
    pub(super) must_change: bool,
    pub(super) no_dial_in: bool,
    callback: String,
    services: String,
    pub(super) keep: Keep,
    pub(super) argon: Option<Vec<u8>>,
    pub(super) nt: Option<Vec<u8>>,
    pub(super) clear: Option<Vec<u8>>,
    pub(super) totp: Option<Vec<u8>>,
    pub(super) last_step: Option<u64>,
    pub(super) recovery_salt: Option<Vec<u8>>,
    wrong_passwords: u32,
    wrong_codes: u32,
}

const COLUMNS: &str = "id, name, disabled, must_change, no_dial_in, callback, keep_argon, keep_nt, keep_clear, argon, \
                       nt, clear, totp, last_step, recovery_salt, wrong_passwords, wrong_codes, services";

impl Account {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            disabled: row.get("disabled")?,
            must_change: row.get("must_change")?,
            no_dial_in: row.get("no_dial_in")?,
            callback: row.get("callback")?,
            services: row.get("services")?,
            keep: Keep {
                argon: row.get("keep_argon")?,
                nt: row.get("keep_nt")?,
                clear: row.get("keep_clear")?,
            },
            argon: row.get("argon")?,
            nt: row.get("nt")?,
            clear: row.get("clear")?,
            totp: row.get("totp")?,
            last_step: row.get::<_, Option<i64>>("last_step")?.and_then(|step| u64::try_from(step).ok()),
            recovery_salt: row.get("recovery_salt")?,
            wrong_passwords: row.get("wrong_passwords")?,
            wrong_codes: row.get("wrong_codes")?,
        })
    }

    /// The user of this name, in any case.
    pub(super) fn find(db: &Connection, name: &str) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE key = ?1");
        Ok(db.prepare_cached(&sql)?.query_row([name::key(name)], Self::read).optional()?)
    }

    /// The user of this name, who must be there.
    pub(super) fn existing(db: &Connection, name: &str) -> Result<Self, StoreError> {
        Self::find(db, name)?.ok_or_else(|| StoreError::NoSuchUser(name.into()))
    }

    /// All users, by name.
    pub(super) fn all(db: &Connection) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM users ORDER BY key");
        let mut statement = db.prepare_cached(&sql)?;
        let rows = statement.query_map([], Self::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A user who is not there, with random secrets of every kind but Argon2id (whose check does its work without).
    pub(super) fn nobody(vault: &Vault) -> Result<Self, StoreError> {
        let seal =
            |kind| -> Result<_, StoreError> { vault.seal(0, kind, &Secret::new(random::<16>()?)).map(Some) };
        Ok(Self {
            id: 0,
            name: String::new(),
            disabled: false,
            must_change: false,
            no_dial_in: false,
            callback: "none".into(),
            services: String::new(),
            keep: Keep { argon: true, nt: true, clear: true },
            argon: None,
            nt: seal(Kind::Nt)?,
            clear: seal(Kind::Clear)?,
            totp: None,
            last_step: None,
            recovery_salt: None,
            wrong_passwords: 0,
            wrong_codes: 0,
        })
    }

    /// The NT hash, if there is one: as good as the password, so it is wiped.
    pub(super) fn nt_hash(&self, vault: &Vault) -> Result<Option<Zeroizing<[u8; 16]>>, StoreError> {
        let Some(sealed) = &self.nt else { return Ok(None) };
        let opened = vault.open_sealed(self.id, Kind::Nt, sealed)?;
        let damaged = || StoreError::Corrupt(format!("the nt-hash of user {} is damaged", self.id));
        let mut hash = Zeroizing::new([0; 16]);
        let bytes: &[u8; 16] = opened.expose().try_into().map_err(|_| damaged())?;
        hash.copy_from_slice(bytes);
        Ok(Some(hash))
    }

    /// The password itself, if it is kept.
    pub(super) fn clear_password(&self, vault: &Vault) -> Result<Option<Secret>, StoreError> {
        self.clear.as_ref().map(|sealed| vault.open_sealed(self.id, Kind::Clear, sealed)).transpose()
    }

    /// What callback the user may have.
    pub(super) fn callback(&self, db: &Connection) -> Result<CallbackRight, StoreError> {
        Ok(match self.callback.as_str() {
            "none" => CallbackRight::None,
            "caller" => {
                let mut statement = db
                    .prepare_cached("SELECT prefix FROM callback_prefixes WHERE user = ?1 ORDER BY prefix")?;
                let rows = statement.query_map([self.id], |row| row.get(0))?;
                CallbackRight::Caller { allow: rows.collect::<Result<_, _>>()? }
            }
            number => CallbackRight::Preset(number.into()),
        })
    }

    /// What the user gets at a prompt, in the order of the menu; none is what the port gives.
    pub(super) fn services(&self) -> Vec<String> {
        self.services.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Without secrets.
    pub(super) fn info(&self, db: &Connection) -> Result<UserInfo, StoreError> {
        let has = [
            (AuthMethod::MsChapV2, self.nt.is_some()),
            (AuthMethod::MsChapV1, self.nt.is_some()),
            (AuthMethod::ChapMd5, self.clear.is_some()),
            (AuthMethod::Pap, self.argon.is_some()),
        ];
        Ok(UserInfo {
            name: self.name.clone(),
            must_change: self.must_change,
            disabled: self.disabled,
            no_dial_in: self.no_dial_in,
            callback: self.callback(db)?,
            network: super::network::read(db, self.id)?,
            services: self.services(),
            methods: has.into_iter().filter(|(_, has)| *has).map(|(method, _)| method).collect(),
            totp: self.totp.is_some(),
            recovery_left: db.query_row(
                "SELECT count(*) FROM recovery WHERE user = ?1",
                [self.id],
                |row| row.get(0),
            )?,
            wrong_passwords: self.wrong_passwords,
            wrong_codes: self.wrong_codes,
        })
    }
}

/// What is sealed under the store's key when it is made.
const TEXT: &str = "openras";

/// Opens the key and makes sure that it is this store's: a known text, sealed when the store was made, must open.
pub(super) fn unlock_vault(
    db: &mut Connection,
    folder: &Folder,
    key_file: &std::path::Path,
) -> Result<Vault, StoreError> {
    let foreign = || {
        let key_file = key_file.display();
        StoreError::Key(format!("{key_file} is not the key this store was made with; put the right one back"))
    };
    if let Some(sealed) = known_text(db)? {
        let vault = Vault::open(folder, key_file, false)?;
        return if opens(&vault, &sealed) { Ok(vault) } else { Err(foreign()) };
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // another process may have been faster
    let sealed = known_text(&transaction)?;
    let vault = Vault::open(folder, key_file, sealed.is_none())?;
    match sealed {
        None => {
            let sealed = vault.seal(0, Kind::Check, &Secret::from(TEXT))?;
            transaction.execute("INSERT INTO meta (key, value) VALUES ('check', ?1)", params![sealed])?;
        }
        Some(sealed) if opens(&vault, &sealed) => {}
        Some(_) => return Err(foreign()),
    }
    transaction.commit()?;
    Ok(vault)
}

/// Makes sure that a database that was opened again is of the same key.
pub(super) fn check_key(db: &Connection, vault: &Vault) -> Result<(), StoreError> {
    match known_text(db)? {
        Some(sealed) if opens(vault, &sealed) => Ok(()),
        _ => Err(StoreError::Key(
            "the user database was replaced by one of another key; put the right one back, or start the service \
             again with that one's key"
                .into(),
        )),
    }
}

fn known_text(db: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = 'check'", [], |row| row.get(0)).optional()?)
}

fn opens(vault: &Vault, sealed: &[u8]) -> bool {
    vault.open_sealed(0, Kind::Check, sealed).is_ok_and(|text| text == Secret::from(TEXT))
}
