//! Wrong tries: a delay that grows for each user and source, and a hard limit for the user (defence rule 6).
//!
//! A try is booked as wrong before it is looked at, and the booking is taken back if it was right. So calls that come
//! at once each wait for those before them, and a crash forgets nothing. Names that do not exist are booked too.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::admin::begin;
use super::{StoreError, Users};

/// Wrong tries in a row, of all sources, after which nothing counts until `openras user unlock`.
pub const HARD_LIMIT: u32 = 100;
/// The longest delay one wrong try adds, in seconds; shorter than the port's shortest wait for an answer.
const LONGEST_STEP: u64 = 15;
/// No delay reaches further into the future, in seconds, whatever clocks do.
const HORIZON: u64 = 600;
/// Seconds after which a source's wrong tries are forgotten.
const MEMORY: u64 = 3600;
/// Most sources and names remembered at once.
const MOST_ROWS: u32 = 20_000;

/// What was tried. The factors do not share counts: a right password must not buy fresh tries at the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    Password = 0,
    Code = 1,
}

impl Factor {
    fn column(self) -> &'static str {
        match self {
            Self::Password => "wrong_passwords",
            Self::Code => "wrong_codes",
        }
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

/// What to do with a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booked {
    /// Its answer is given after this time.
    Wait(Duration),
    /// It would wait longer than the caller can; it is not looked at and not counted.
    TooSoon,
    /// The user's hard limit is reached. The refusal waits like any other, or it would tell that there is such a user.
    Locked(Duration),
}

/// How a booked try came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Right,
    NotCounted,
}

/// Seconds the try after this many wrong ones has to wait.
fn step(count: u32) -> u64 {
    1u64.checked_shl(count.saturating_sub(1)).unwrap_or(LONGEST_STEP).clamp(1, LONGEST_STEP)
}

impl Users {
    /// Books a try as wrong, in one transaction. `longest` is what its answer can wait.
    pub(super) fn book(
        &self,
        who: Try<'_>,
        now: u64,
        longest: Option<Duration>,
    ) -> Result<Booked, StoreError> {
        let source = cut(who.source);
        let mut db = self.db();
        let transaction = begin(&mut db)?;
        self.sweep(&transaction, now)?;
        let (count, wait) = standing(&transaction, who, now)?;
        if longest.is_some_and(|longest| wait > longest.as_secs()) {
            return Ok(Booked::TooSoon);
        }
        let count = count.saturating_add(1);
        transaction
            .prepare_cached(
                "INSERT INTO tries (factor, user, source, count, not_before, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT DO UPDATE SET count = ?4, not_before = ?5, last = ?6",
            )?
            .execute(params![who.factor as i64, who.key, source, count, stored(now.saturating_add(wait + step(count))), stored(now)])?;
        let column = who.factor.column();
        let sql = format!(
            "UPDATE users SET {column} = min({column} + 1, 1000000) WHERE key = ?1 RETURNING {column}"
        );
        let wrong: Option<u32> =
            transaction.prepare_cached(&sql)?.query_row([who.key], |row| row.get(0)).optional()?;
        transaction.commit()?;
        let wait = Duration::from_secs(wait);
        let locked = wrong.is_some_and(|wrong| wrong > HARD_LIMIT);
        Ok(if locked { Booked::Locked(wait) } else { Booked::Wait(wait) })
    }

    /// Takes a booking back: all wrong tries of this user and source if the try was right, else only this one.
    pub(super) fn settle(&self, who: Try<'_>, settled: Settled) -> Result<(), StoreError> {
        let source = cut(who.source);
        let (column, factor) = (who.factor.column(), who.factor as i64);
        let mut db = self.db();
        let transaction = begin(&mut db)?;
        if settled == Settled::Right {
            let sql = "DELETE FROM tries WHERE factor = ?1 AND user = ?2 AND source = ?3";
            transaction.prepare_cached(sql)?.execute(params![factor, who.key, source])?;
            transaction.execute(&format!("UPDATE users SET {column} = 0 WHERE key = ?1"), [who.key])?;
            return Ok(transaction.commit()?);
        }
        let sql = "SELECT count FROM tries WHERE factor = ?1 AND user = ?2 AND source = ?3";
        let count: Option<u32> = transaction
            .prepare_cached(sql)?
            .query_row(params![factor, who.key, source], |row| row.get(0))
            .optional()?;
        if let Some(count) = count.filter(|count| *count > 0) {
            let sql = "UPDATE tries SET count = count - 1, not_before = not_before - ?4 \
                       WHERE factor = ?1 AND user = ?2 AND source = ?3";
            transaction.execute(sql, params![factor, who.key, source, stored(step(count))])?;
            let sql = format!("UPDATE users SET {column} = max({column} - 1, 0) WHERE key = ?1");
            transaction.execute(&sql, [who.key])?;
        }
        Ok(transaction.commit()?)
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

/// Wrong tries so far, and the seconds the next one waits.
fn standing(db: &Connection, who: Try<'_>, now: u64) -> Result<(u32, u64), StoreError> {
    let sql = "SELECT count, not_before, last FROM tries WHERE factor = ?1 AND user = ?2 AND source = ?3";
    let row: Option<(u32, i64, i64)> = db
        .prepare_cached(sql)?
        .query_row(params![who.factor as i64, who.key, cut(who.source)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((count, not_before, last)) = row else { return Ok((0, 0)) };
    // what a clock left that stood far in the future would count for ever
    let forgotten = last.saturating_add(stored(MEMORY)) < stored(now);
    if forgotten || last > stored(now.saturating_add(HORIZON)) {
        return Ok((0, 0));
    }
    let wait = u64::try_from(not_before.saturating_sub(stored(now))).unwrap_or(0);
    Ok((count, wait.min(HORIZON)))
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
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_longest() {
        let steps: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 64, u32::MAX].map(step).into();
        assert_eq!(steps, [1, 1, 2, 4, 8, 15, 15, 15, 15]);
    }
}
