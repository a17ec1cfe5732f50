//! What `openras user` does.

use openras_engine::RasError;
use openras_engine::server::port::Admission;
use openras_engine::users::CallbackRight;
use openras_ppp::Secret;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::account::Account;
use super::codes::{Recovery, seal_totp};
use super::password::{Kept, acceptable};
use super::{Keep, NewUser, StoreError, UserChange, UserInfo, Users, name};

/// Most services of one user.
const MOST_SERVICES: usize = 16;

impl Users {
    /// Adds a user.
    ///
    /// # Errors
    /// A name that cannot be stored or is taken, a password against the policy, a number that is none, another user's
    /// address.
    pub fn add(&self, name: &str, user: &NewUser) -> Result<(), StoreError> {
        name::check(name)?;
        if let Some(password) = &user.password {
            self.check_password(password)?;
        }
        let (callback, prefixes) = callback_columns(&user.callback)?;
        let services = services_column(&user.services)?;
        user.network.check()?;
        let recovery = Recovery::of(&self.vault, &user.recovery)?;
        self.database.with(|db| {
            let transaction = begin(db)?;
            if Account::find(&transaction, name)?.is_some() {
                return Err(StoreError::Exists(name.into()));
            }
            transaction.execute(
                "INSERT INTO users (name, key, disabled, must_change, no_dial_in, callback, services) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    name,
                    name::key(name),
                    user.disabled,
                    user.must_change,
                    user.no_dial_in,
                    callback,
                    services
                ],
            )?;
            let id = transaction.last_insert_rowid();
            store_prefixes(&transaction, id, &prefixes)?;
            user.network.store(&transaction, id)?;
            self.store_password(&transaction, id, user.password.as_ref(), user.keep)?;
            if let Some(totp) = &user.totp {
                seal_totp(&transaction, &self.vault, id, totp)?;
            }
            recovery.store(&transaction, id)?;
            Ok(transaction.commit()?)
        })
    }

    /// Changes a user's settings.
    ///
    /// # Errors
    /// No such user, a number that is none, another user's address.
    pub fn set(&self, name: &str, change: &UserChange) -> Result<(), StoreError> {
        let callback = change.callback.as_ref().map(callback_columns).transpose()?;
        let services = change.services.as_deref().map(services_column).transpose()?;
        change.network.check()?;
        let codes = change.totp.as_ref().and_then(Option::as_ref).map_or(&[][..], |(_, codes)| codes);
        let recovery = Recovery::of(&self.vault, codes)?;
        self.database.with(|db| {
            let transaction = begin(db)?;
            let id = Account::existing(&transaction, name)?.id;
            transaction.execute(
            "UPDATE users SET disabled = coalesce(?2, disabled), must_change = coalesce(?3, must_change), \
             no_dial_in = coalesce(?4, no_dial_in), callback = coalesce(?5, callback), \
             services = coalesce(?6, services) WHERE id = ?1",
            params![
                id,
                change.disabled,
                change.must_change,
                change.no_dial_in,
                callback.as_ref().map(|c| &c.0),
                services
            ],
        )?;
            if let Some((_, prefixes)) = &callback {
                store_prefixes(&transaction, id, prefixes)?;
            }
            change.network.store(&transaction, id)?;
            if let Some(totp) = &change.totp {
                match totp {
                    Some((totp, _)) => seal_totp(&transaction, &self.vault, id, totp)?,
                    None => {
                        transaction
                            .execute("UPDATE users SET totp = NULL, last_step = NULL WHERE id = ?1", [id])?;
                    }
                }
                recovery.store(&transaction, id)?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// Sets a password. `keep` says what to keep of it; `None` keeps what was kept before. `must_change` is
    /// cleared: whoever wants it back says so with [`Self::set`].
    ///
    /// # Errors
    /// No such user, a password against the policy.
    pub fn passwd(&self, name: &str, password: &Secret, keep: Option<Keep>) -> Result<(), StoreError> {
        self.check_password(password)?;
        self.database.with(|db| {
            let transaction = begin(db)?;
            let account = Account::existing(&transaction, name)?;
            self.store_password(&transaction, account.id, Some(password), keep.unwrap_or(account.keep))?;
            transaction.execute("UPDATE users SET must_change = 0 WHERE id = ?1", [account.id])?;
            Ok(transaction.commit()?)
        })
    }

    /// Removes a user with all secrets.
    ///
    /// # Errors
    /// No such user.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM users WHERE key = ?1";
        match self.database.with(|db| Ok(db.execute(sql, [name::key(name)])?))? {
            0 => Err(StoreError::NoSuchUser(name.into())),
            _ => Ok(()),
        }
    }

    /// Forgets a user's wrong tries, of every source.
    ///
    /// # Errors
    /// No such user.
    pub fn unlock(&self, name: &str) -> Result<(), StoreError> {
        let key = self.database.with(|db| {
            let transaction = begin(db)?;
            let key = name::key(&Account::existing(&transaction, name)?.name);
            transaction
                .execute("UPDATE users SET wrong_passwords = 0, wrong_codes = 0 WHERE key = ?1", [&key])?;
            transaction.execute("DELETE FROM tries WHERE user = ?1", [&key])?;
            transaction.commit()?;
            Ok(key)
        })?;
        self.tries().unlock(&key);
        Ok(())
    }

    /// All users by name, without secrets.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn list(&self) -> Result<Vec<UserInfo>, StoreError> {
        self.database.with(|db| Account::all(db)?.iter().map(|account| account.info(db)).collect())
    }

    /// One user, without secrets; `None` if there is none of this name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn get(&self, name: &str) -> Result<Option<UserInfo>, StoreError> {
        self.database.with(|db| Account::find(db, name)?.map(|account| account.info(db)).transpose())
    }

    /// What a caller may do who was let in under this name (`DOMAIN\user` too); asked anew for each call, so that
    /// what was changed meanwhile counts. The refusal is 647, 649, or 691 for a user who is not there any more.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn admit(&self, name: &str) -> Result<Result<Admission, RasError>, StoreError> {
        self.database.with(|db| {
            let found = Account::find(db, name::user_part(name))?;
            let Some(account) = found else { return Ok(Err(RasError(691))) };
            Ok(match &account {
                Account { disabled: true, .. } => Err(RasError(647)),
                Account { no_dial_in: true, .. } => Err(RasError(649)),
                _ => Ok(Admission {
                    callback: account.callback(db)?,
                    services: account.services(),
                    limits: super::network::read(db, account.id)?.limits,
                }),
            })
        })
    }

    pub(super) fn check_password(&self, password: &Secret) -> Result<(), StoreError> {
        acceptable(password, self.policy.password_min).map_err(StoreError::Password)
    }

    fn store_password(
        &self,
        transaction: &Transaction<'_>,
        id: i64,
        password: Option<&Secret>,
        keep: Keep,
    ) -> Result<(), StoreError> {
        transaction.execute(
            "UPDATE users SET keep_argon = ?2, keep_nt = ?3, keep_clear = ?4 WHERE id = ?1",
            params![id, keep.argon, keep.nt, keep.clear],
        )?;
        let Some(password) = password else { return Ok(()) };
        let kept = Kept::of(&self.vault, id, password, keep)?;
        transaction.execute(
            "UPDATE users SET argon = ?2, nt = ?3, clear = ?4 WHERE id = ?1",
            params![id, kept.argon, kept.nt, kept.clear],
        )?;
        Ok(())
    }
}

/// A transaction that writes from its first moment, so that two processes never both read and then collide.
pub(super) fn begin(db: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// The column `callback` and the prefixes, normalised (defence rule 3).
fn callback_columns(right: &CallbackRight) -> Result<(String, Vec<String>), StoreError> {
    let number = |text: &String| {
        openras_engine::server::callback::normalise(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            StoreError::Refused(format!("{shown:?} is no telephone number: an optional + and 1 to 20 digits"))
        })
    };
    Ok(match right {
        CallbackRight::None => ("none".into(), Vec::new()),
        CallbackRight::Caller { allow } => {
            ("caller".into(), allow.iter().map(number).collect::<Result<_, _>>()?)
        }
        CallbackRight::Preset(preset) => (number(preset)?, Vec::new()),
    })
}

/// The column `services`: names that can stand in a configuration.
fn services_column(services: &[String]) -> Result<String, StoreError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let wrong = |name: &&String| !(1..=32).contains(&name.len()) || !name.chars().all(fits);
    if let Some(name) = services.iter().find(wrong) {
        let shown: String = name.chars().take(40).collect();
        return Err(StoreError::Refused(format!(
            "{shown:?} is no service: ppp, slip, cslip or the NAME of a [service.NAME]"
        )));
    }
    if services.len() > MOST_SERVICES {
        let many = services.len();
        return Err(StoreError::Refused(format!(
            "{many} services are more than the {MOST_SERVICES} of a menu"
        )));
    }
    Ok(services.join(","))
}

fn store_prefixes(transaction: &Transaction<'_>, id: i64, prefixes: &[String]) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM callback_prefixes WHERE user = ?1", [id])?;
    for prefix in prefixes {
        let sql = "INSERT OR IGNORE INTO callback_prefixes (user, prefix) VALUES (?1, ?2)";
        transaction.execute(sql, params![id, prefix])?;
    }
    Ok(())
}
