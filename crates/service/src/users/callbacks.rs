//! How often a user may be called back: a cap a day, counted before anything is dialled (defence rule 3).

use rusqlite::params;

use super::account::Account;
use super::admin::begin;
use super::{StoreError, Users, name};

/// Callbacks a user may have in one day (UTC).
pub const CALLBACKS_A_DAY: u32 = 20;

impl Users {
    /// Counts a callback to this user (`DOMAIN\user` too) and says whether it may be dialled. One that may not is not
    /// counted. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// No such user, or the database cannot be written; nothing may be dialled then.
    pub fn count_callback(&self, name: &str, now: u64) -> Result<bool, StoreError> {
        let today = i64::try_from(now / 86_400).unwrap_or(i64::MAX);
        self.database.with(|db| {
            let transaction = begin(db)?;
            let id = Account::existing(&transaction, name::user_part(name))?.id;
            transaction.execute("DELETE FROM callbacks WHERE day < ?1", [today])?;
            let counted = transaction.execute(
                "INSERT INTO callbacks (user, day, count) VALUES (?1, ?2, 1) \
             ON CONFLICT DO UPDATE SET count = count + 1 WHERE count < ?3",
                params![id, today, CALLBACKS_A_DAY],
            )?;
            transaction.commit()?;
            Ok(counted == 1)
        })
    }
}
