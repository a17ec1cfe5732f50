//! Wrong tries: a delay that grows for each user and source, and a hard limit for the user (defence rule 6).
//!
//! A try is booked in memory before it is looked at, so that calls at once each wait for those before them
//! ([`Tries`]). One that comes out wrong is on the disk before its answer is given; a right one writes only where
//! there is something to take back. Names that do not exist are counted too.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};

use super::admin::begin;
use super::{StoreError, Users};
use crate::limits::{Ahead, Booking, HORIZON, Kept, MEMORY, Standing, Tries};

pub(super) use crate::limits::Factor;

/// Wrong tries in a row, of all sources, after which nothing counts until `openras user unlock`.
pub const HARD_LIMIT: u32 = 100;
/// Most sources and names remembered at once.
const MOST_ROWS: u32 = 20_000;

/// Where a factor's wrong tries are counted for the user.
fn column(factor: Factor) -> &'static str {
    match factor {
        Factor::Password => "wrong_passwords",
        Factor::Code => "wrong_codes",
    }
}

/// Who tries what, from where.
#[derive(Clone, Copy)]
pub(super) struct Try<'a> {
    pub(super) factor: Factor,
    /// The key of the name, which need not exist.
    pub(super) key: &'a str,
    pub(super) source: &'a str,
}

impl<'a> Try<'a> {
    fn who(&self) -> (Factor, &'a str, &'a str) {
        (self.factor, self.key, cut(self.source))
    }
}

/// What to do with a try.
#[derive(Clone, Debug)]
pub(super) enum Booked {
    /// Its answer is given after this time, or sooner when those ahead of it have come out harmless.
    Wait(Duration, Booking, Option<Ahead>),
    /// It would wait longer than the caller can; it is not looked at and not counted.
    TooSoon,
    /// The user's hard limit is reached. The refusal waits like any other, or it would tell that there is such a user.
    Locked(Duration, Booking),
}

/// How a booked try came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Right,
    Wrong,
    NotCounted,
}

impl Users {
    /// Books a try. `longest` is what its answer can wait. Reads, and writes nothing.
    pub(super) fn book(
        &self,
        who: Try<'_>,
        now: u64,
        longest: Option<Duration>,
    ) -> Result<Booked, StoreError> {
        let (kept, wrong) = self.database.with(|db| on_record(db, who))?;
        Ok(match self.tries().book(who.who(), kept, now, longest) {
            Standing::TooSoon => Booked::TooSoon,
            // those in flight may all come out wrong
            Standing::Wait(wait, booking, flying, _) if wrong.saturating_add(flying) > HARD_LIMIT => {
                Booked::Locked(wait, booking)
            }
            Standing::Wait(wait, booking, _, ahead) => Booked::Wait(wait, booking, ahead),
        })
    }

    /// Ends a booking: a right try clears this user and source, a wrong one is on the disk when this returns.
    pub(super) fn settle(&self, who: Try<'_>, booking: &Booking, settled: Settled) -> Result<(), StoreError> {
        // in this order, so that another try never finds a wrong one neither in flight nor on record
        let stored = match settled {
            Settled::Right => self.store_right(who),
            Settled::Wrong => self.store_wrong(who, booking),
            Settled::NotCounted => Ok(()),
        };
        let mut tries = self.tries();
        match settled {
            Settled::Wrong if stored.is_err() => tries.keep_wrong(who.who(), booking),
            Settled::Wrong => tries.settle_wrong(who.who(), booking),
            Settled::Right | Settled::NotCounted => tries.settle(who.who(), booking),
        }
        if settled == Settled::Right && stored.is_ok() {
            tries.clear(who.who());
        }
        stored
    }

    /// As [`Self::settle`], of the oldest try in flight: for whoever does not hold its booking.
    pub(super) fn settle_oldest(&self, who: Try<'_>, settled: Settled) -> Result<(), StoreError> {
        let oldest = self.tries().oldest(who.who());
        match oldest {
            Some(booking) => self.settle(who, &booking, settled),
            None => Ok(()),
        }
    }

    fn store_right(&self, who: Try<'_>) -> Result<(), StoreError> {
        self.database.with(|db| {
            if on_record(db, who)? == (Kept::default(), 0) {
                return Ok(());
            }
            let transaction = begin(db)?;
            let sql = "DELETE FROM tries WHERE factor = ?1 AND user = ?2 AND source = ?3";
            transaction.prepare_cached(sql)?.execute(params![who.factor as i64, who.key, cut(who.source)])?;
            let column = column(who.factor);
            transaction.execute(&format!("UPDATE users SET {column} = 0 WHERE key = ?1"), [who.key])?;
            Ok(transaction.commit()?)
        })
    }

    fn store_wrong(&self, who: Try<'_>, booking: &Booking) -> Result<(), StoreError> {
        self.database.with(|db| {
        let transaction = begin(db)?;
        self.sweep(&transaction, booking.now)?;
        let Kept { count, not_before, last } = on_record(&transaction, who)?.0.after(booking);
        transaction
            .prepare_cached(
                "INSERT INTO tries (factor, user, source, count, not_before, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT DO UPDATE SET count = ?4, not_before = ?5, last = ?6",
            )?
            .execute(params![
                who.factor as i64,
                who.key,
                cut(who.source),
                count,
                stored(not_before),
                stored(last)
            ])?;
        let column = column(who.factor);
        let sql = format!("UPDATE users SET {column} = min({column} + 1, 1000000) WHERE key = ?1");
        transaction.prepare_cached(&sql)?.execute([who.key])?;
        Ok(transaction.commit()?)
        })
    }

    pub(super) fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is old, and the oldest of too much; at most once a minute.
    fn sweep(&self, db: &Connection, now: u64) -> Result<(), StoreError> {
        if now.abs_diff(self.swept.load(Ordering::Relaxed)) < 60 {
            return Ok(());
        }
        self.swept.store(now, Ordering::Relaxed);
        let (oldest, newest) = (stored(now.saturating_sub(MEMORY)), stored(now.saturating_add(HORIZON)));
        db.execute("DELETE FROM tries WHERE last < ?1 OR last > ?2", [oldest, newest])?;
        db.execute(
            "DELETE FROM tries WHERE last <= (SELECT last FROM tries ORDER BY last DESC LIMIT 1 OFFSET ?1)",
            [MOST_ROWS],
        )?;
        Ok(())
    }
}

/// What is on record of this user and source, and the user's wrong tries of all sources; 0 for names that do not
/// exist. One statement: each is a transaction of its own, which costs more than what it reads.
fn on_record(db: &Connection, who: Try<'_>) -> Result<(Kept, u32), StoreError> {
    let read = |row: &rusqlite::Row<'_>| {
        let number = |at| -> rusqlite::Result<u64> {
            Ok(row.get::<_, Option<i64>>(at)?.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
        };
        let count = |at| -> rusqlite::Result<u32> { Ok(row.get::<_, Option<u32>>(at)?.unwrap_or(0)) };
        Ok((Kept { count: count(0)?, not_before: number(1)?, last: number(2)? }, count(3)?))
    };
    let mut statement = db.prepare_cached(&question(who.factor))?;
    Ok(statement.query_row(params![who.factor as i64, who.key, cut(who.source)], read)?)
}

/// The statement of [`on_record`].
fn question(factor: Factor) -> String {
    let column = column(factor);
    format!(
        "SELECT t.count, t.not_before, t.last, (SELECT {column} FROM users WHERE key = ?2) FROM (SELECT 1) \
         LEFT JOIN tries t ON t.factor = ?1 AND t.user = ?2 AND t.source = ?3"
    )
}

/// SQLite's numbers have a sign.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A source as it is kept: its first 128 characters.
fn cut(source: &str) -> &str {
    source.char_indices().nth(128).and_then(|(at, _)| source.get(..at)).unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::users::schema;

    /// Planning it costs some three times what reading does, and each call asks it twice.
    #[test]
    fn what_is_on_record_is_read_again_without_planning_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.db");
        std::fs::write(&path, "").unwrap();
        let db = schema::open(&path, true).unwrap();
        for key in ["alice", "bob"] {
            on_record(&db, Try { factor: Factor::Password, key, source: "192.0.2.7" }).unwrap();
        }
        let statement = db.prepare_cached(&question(Factor::Password)).unwrap();
        assert_eq!(statement.get_status(StatementStatus::Run), 2, "it is the kept one");
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
