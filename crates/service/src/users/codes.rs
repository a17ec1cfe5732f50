//! The second factor's side of the store: seeds, steps taken, recovery codes.

use std::time::Duration;

use openras_modules::totp::{
    self, CodeStore, Enrolment, Hash, Seed, Standing, TryResult, normalise_recovery_code,
};
use openras_ppp::Secret;
use rusqlite::{Connection, params};

use super::account::Account;
use super::password::recovery_hash;
use super::tries::{Booked, Factor, Settled, Try};
use super::vault::{Kind, Vault, random};
use super::{StoreError, Users, name};
use crate::limits::place;

impl From<StoreError> for totp::StoreError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl CodeStore for Users {
    fn enrolment(&self, user: &str) -> Result<Option<Enrolment>, totp::StoreError> {
        let found = self.database.with(|db| Account::find(db, name::user_part(user)))?;
        let Some(account) = found else { return Ok(None) };
        let Some(sealed) = &account.totp else { return Ok(None) };
        let totp = open_totp(&self.vault, account.id, sealed)?;
        Ok(Some(Enrolment {
            user: account.name,
            seed: totp.key,
            hash: totp.hash,
            digits: totp.digits,
            period: totp.period,
            last_step: account.last_step,
        }))
    }

    fn book_try(&self, user: &str, source: &str, now: u64) -> Result<Standing, totp::StoreError> {
        let key = name::key(name::user_part(user));
        let source = &place(source);
        Ok(match self.book(Try { factor: Factor::Code, key: &key, source }, now, None)? {
            Booked::Wait(wait, ..) => Standing::Wait(wait),
            Booked::Locked(wait, _) => Standing::Locked(wait),
            // not said where any wait will do
            Booked::TooSoon => Standing::Wait(Duration::MAX),
        })
    }

    fn settle_try(&self, user: &str, source: &str, result: TryResult) -> Result<(), totp::StoreError> {
        let settled = match result {
            TryResult::Right => Settled::Right,
            TryResult::Wrong => Settled::Wrong,
            TryResult::NotCounted => Settled::NotCounted,
        };
        let key = name::key(name::user_part(user));
        let source = &place(source);
        Ok(self.settle_oldest(Try { factor: Factor::Code, key: &key, source }, settled)?)
    }

    fn claim_step(&self, user: &str, step: u64) -> Result<bool, totp::StoreError> {
        let Ok(step) = i64::try_from(step) else { return Ok(false) };
        // one statement is one transaction; synchronous = FULL makes it durable before it returns
        let changed = self.database.with(|db| {
            Ok(db.execute(
                "UPDATE users SET last_step = ?1 \
             WHERE key = ?2 AND totp IS NOT NULL AND (last_step IS NULL OR last_step < ?1)",
                params![step, name::key(name::user_part(user))],
            )?)
        })?;
        Ok(changed == 1)
    }

    fn use_recovery_code(&self, user: &str, code: &Secret) -> Result<bool, totp::StoreError> {
        let found = self.database.with(|db| Account::find(db, name::user_part(user)))?;
        let (id, salt) = match &found {
            Some(account) => {
                (account.id, account.recovery_salt.as_deref().and_then(|salt| salt.try_into().ok()))
            }
            None => (0, None),
        };
        // an unknown user, and one without codes, cost the same work
        let hash = recovery_hash(&self.vault, code, salt.unwrap_or(&[0; 16]))?;
        let sql = "DELETE FROM recovery WHERE user = ?1 AND hash = ?2";
        let removed = self.database.with(|db| Ok(db.execute(sql, params![id, hash.as_slice()])?))?;
        Ok(removed == 1 && salt.is_some())
    }
}

impl Users {
    /// When the newest code that was ever taken was due, in seconds since 1970; `None` where none was. A clock that is
    /// behind it refuses codes.
    ///
    /// # Errors
    /// The database or a seed cannot be read.
    pub fn newest_code(&self) -> Result<Option<u64>, StoreError> {
        let accounts = self.database.with(|db| Account::all(db))?;
        let mut newest = None;
        for account in accounts {
            if let (Some(sealed), Some(step)) = (&account.totp, account.last_step) {
                let totp = open_totp(&self.vault, account.id, sealed)?;
                // a clock may be a step behind that of whoever made the code
                newest = newest.max(Some(step.saturating_sub(1).saturating_mul(totp.period)));
            }
        }
        Ok(newest)
    }
}

/// Stores a seed. Steps taken of another seed say nothing about this one; those of the same stay taken.
pub(super) fn seal_totp(db: &Connection, vault: &Vault, user: i64, totp: &Seed) -> Result<(), StoreError> {
    let (seed, digits) = (totp.key.expose(), totp.digits);
    if seed.is_empty() || seed.len() > 128 || !(6..=8).contains(&digits) || !(1..=3600).contains(&totp.period)
    {
        let what = "a TOTP seed has 1 to 128 bytes, its codes 6 to 8 digits, its period 1 to 3600 seconds";
        return Err(StoreError::Refused(what.into()));
    }
    let old: Option<Vec<u8>> =
        db.query_row("SELECT totp FROM users WHERE id = ?1", [user], |row| row.get(0))?;
    let same = match old {
        Some(sealed) => open_totp(vault, user, &sealed).is_ok_and(|old| old == *totp),
        None => false,
    };
    if same {
        return Ok(());
    }
    // room for all of it: a vector that grows leaves copies of the seed behind
    let mut plain = Vec::with_capacity(7 + seed.len());
    plain.extend([1, hash_number(totp.hash), u8::try_from(digits).unwrap_or(6)]);
    plain.extend(u32::try_from(totp.period).unwrap_or(30).to_be_bytes());
    plain.extend(seed);
    let sealed = vault.seal(user, Kind::Totp, &Secret::new(plain))?;
    db.execute("UPDATE users SET totp = ?2, last_step = NULL WHERE id = ?1", params![user, sealed])?;
    Ok(())
}

fn open_totp(vault: &Vault, user: i64, sealed: &[u8]) -> Result<Seed, StoreError> {
    let plain = vault.open_sealed(user, Kind::Totp, sealed)?;
    let read = || {
        let (&[1, hash, digits], rest) = plain.expose().split_first_chunk()? else { return None };
        let (period, seed) = rest.split_first_chunk()?;
        let hash = HASHES.into_iter().find(|known| hash_number(*known) == hash)?;
        let (digits, period) = (digits.into(), u32::from_be_bytes(*period).into());
        Some(Seed { key: Secret::new(seed), hash, digits, period })
    };
    read().ok_or_else(|| StoreError::Corrupt(format!("the totp of user {user} is damaged")))
}

const HASHES: [Hash; 3] = [Hash::Sha1, Hash::Sha256, Hash::Sha512];

fn hash_number(hash: Hash) -> u8 {
    match hash {
        Hash::Sha1 => 1,
        Hash::Sha256 => 2,
        Hash::Sha512 => 3,
    }
}

/// Recovery codes ready to be stored. Hashing takes some 20 ms each, so it is done before a transaction begins and
/// holds up no caller.
pub(super) struct Recovery {
    salt: Option<[u8; 16]>,
    hashes: Vec<Vec<u8>>,
}

impl Recovery {
    /// Hashes printed codes under a fresh salt.
    pub(super) fn of(vault: &Vault, codes: &[Secret]) -> Result<Self, StoreError> {
        if codes.len() > 100 {
            return Err(StoreError::Refused("at most 100 recovery codes".into()));
        }
        if codes.is_empty() {
            return Ok(Self { salt: None, hashes: Vec::new() });
        }
        let salt: [u8; 16] = random()?;
        let wrong = || StoreError::Refused("a recovery code is not of the form xxxxx-xxxxx".into());
        let hash = |code: &Secret| {
            let code = normalise_recovery_code(code.expose()).ok_or_else(wrong)?;
            Ok::<_, StoreError>(recovery_hash(vault, &code, &salt)?.to_vec())
        };
        Ok(Self { salt: Some(salt), hashes: codes.iter().map(hash).collect::<Result<_, _>>()? })
    }

    /// Stores them for a user in place of all earlier ones.
    pub(super) fn store(&self, db: &Connection, user: i64) -> Result<(), StoreError> {
        db.execute("DELETE FROM recovery WHERE user = ?1", [user])?;
        let salt = self.salt.as_ref().map(|salt| salt.as_slice());
        db.execute("UPDATE users SET recovery_salt = ?2 WHERE id = ?1", params![user, salt])?;
        for hash in &self.hashes {
            db.execute("INSERT OR IGNORE INTO recovery (user, hash) VALUES (?1, ?2)", params![user, hash])?;
        }
        Ok(())
    }
}
