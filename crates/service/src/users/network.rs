//! Where a user may go, which address is the user's own, and how long the user's calls may be up.

use std::net::Ipv4Addr;
use std::time::Duration;

use openras_nat::Reach;
use openras_ppp::config::Limits;
use rusqlite::{Connection, OptionalExtension, params};

use super::account::Account;
use super::database::Id;
use super::{StoreError, Users, name};
use crate::config::show_duration;

/// Words of one user's `reach`.
const MOST: usize = 64;
/// Times a limit may be, as those of a port: 10 s to 30 days.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the tables have of it since version 3.
pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS user_network (
    user INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    reach TEXT,
    address TEXT,
    idle INTEGER,
    session INTEGER
);
";

/// What version 4 has more: limits of time, in seconds.
pub(super) const LIMITS: &str = "
ALTER TABLE user_network ADD COLUMN idle INTEGER;
ALTER TABLE user_network ADD COLUMN session INTEGER;
";

/// A user's place in the network. The default has what the port gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserNetwork {
    /// Words of `reach` instead of the port's; an empty list reaches nothing.
    pub reach: Option<Vec<String>>,
    /// The address the user always gets.
    pub address: Option<Ipv4Addr>,
    /// How long the user's calls may be up; where the port has limits too the shorter ones count.
    pub limits: Limits,
}

/// What to change of it: `None` leaves it, `Some(None)` takes back what was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkChange {
    /// See [`UserNetwork::reach`].
    pub reach: Option<Option<Vec<String>>>,
    /// See [`UserNetwork::address`].
    pub address: Option<Option<Ipv4Addr>>,
    /// How long without a packet; zero is none, as `Some(None)` would be.
    pub idle: Option<Duration>,
    /// How long in all; zero is none.
    pub session: Option<Duration>,
}

impl UserNetwork {
    /// In one line, for the audit record.
    pub(super) fn summary(&self) -> String {
        let reach = self.reach.as_ref().map_or_else(|| "port".into(), |words| words.join(" "));
        let address = self.address.map_or_else(|| "pool".into(), |address| address.to_string());
        let limit = |time: Option<Duration>| time.map_or_else(|| "port".into(), show_duration);
        let (idle, session) = (limit(self.limits.idle_time()), limit(self.limits.session_time()));
        format!("reach={reach} address={address} idle={idle} session={session}")
    }
}

impl NetworkChange {
    /// That it can be kept.
    ///
    /// # Errors
    /// A word that means nothing or too many of them, an address no host can have, a limit that is too short or long.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if let Some(Some(words)) = &self.reach {
            if words.len() > MOST {
                return Err(StoreError::Refused(format!(
                    "{} words of reach are more than {MOST}",
                    words.len()
                )));
            }
            Reach::parse(words).map_err(|bad| StoreError::Refused(bad.to_string()))?;
        }
        if let Some(Some(address)) = self.address
            && !crate::config::is_host(address)
        {
            return Err(StoreError::Refused(format!("{address} is no address a host can have")));
        }
        for (what, limit) in [("idle", self.idle), ("session", self.session)] {
            if limit.is_some_and(|limit| !limit.is_zero() && !(SHORTEST..=LONGEST).contains(&limit)) {
                return Err(StoreError::Refused(format!(
                    "a limit of {what} time is from 10 s to 30 days, or 0 for none"
                )));
            }
        }
        Ok(())
    }

    /// Makes this change to the record of a user; the transaction is the caller's.
    ///
    /// # Errors
    /// Another user's address; the database.
    pub(super) fn store(&self, db: &Connection, id: i64) -> Result<(), StoreError> {
        if *self == Self::default() {
            return Ok(());
        }
        let mut network = read(db, id)?;
        if let Some(reach) = &self.reach {
            network.reach.clone_from(reach);
        }
        if let Some(address) = self.address {
            network.address = address;
        }
        let seconds = |change: Option<Duration>, was: Option<Duration>| {
            // in range, as checked
            change.or(was).map(|limit| limit.as_secs()).filter(|limit| *limit > 0).map(u64::cast_signed)
        };
        let idle = seconds(self.idle, network.limits.idle_time());
        let session = seconds(self.session, network.limits.session_time());
        let text = network.address.map(|address| address.to_string());
        let sql = "SELECT name FROM users JOIN user_network ON user = id WHERE address = ?1 AND id <> ?2";
        let other: Option<String> = db.query_row(sql, params![text, id], |row| row.get(0)).optional()?;
        if let (Some(other), Some(text)) = (other, &text) {
            return Err(StoreError::Refused(format!("{text} is the address of {other}")));
        }
        let reach = network.reach.as_ref().map(|words| words.join(" "));
        db.execute(
            "INSERT OR REPLACE INTO user_network (user, reach, address, idle, session) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, reach, text, idle, session],
        )?;
        Ok(())
    }
}

impl Users {
    /// Something else once another program has changed anything in the store.
    pub(crate) fn version(&self) -> Result<(Id, i64), StoreError> {
        self.database.version()
    }

    /// A user's place in the network (`DOMAIN\user` too); who is not in the store has what the port gives.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn network(&self, name: &str) -> Result<UserNetwork, StoreError> {
        Ok(self.known_network(name)?.unwrap_or_default())
    }

    /// The same; `None` for who is not in the store.
    pub(crate) fn known_network(&self, name: &str) -> Result<Option<UserNetwork>, StoreError> {
        self.database.with(|db| {
            let account = Account::find(db, name::user_part(name))?;
            account.map(|account| read(db, account.id)).transpose()
        })
    }
}

/// What the tables say of this user.
pub(super) fn read(db: &Connection, id: i64) -> Result<UserNetwork, StoreError> {
    type Row = (Option<String>, Option<String>, Option<i64>, Option<i64>);
    let mut statement =
        db.prepare_cached("SELECT reach, address, idle, session FROM user_network WHERE user = ?1")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let (reach, address, idle, session): Row = statement.query_row([id], row).optional()?.unwrap_or_default();
    let damaged = |_| StoreError::Corrupt(format!("the address of user {id} is damaged"));
    let limit = |seconds: Option<i64>| seconds.and_then(|it| u64::try_from(it).ok()).map(Duration::from_secs);
    Ok(UserNetwork {
        reach: reach.map(|words| words.split_ascii_whitespace().map(Into::into).collect()),
        address: address.map(|address| address.parse()).transpose().map_err(damaged)?,
        limits: Limits::of(limit(idle), limit(session)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{NewUser, Policy, UserChange};

    fn store(folder: &tempfile::TempDir) -> Users {
        Users::open(&folder.path().join("state"), None, Policy::default()).unwrap()
    }

    fn change(users: &Users, name: &str, network: NetworkChange) -> Result<(), StoreError> {
        users.set(name, &UserChange { network, ..UserChange::default() })
    }

    fn nothing() -> NetworkChange {
        NetworkChange::default()
    }

    #[test]
    fn a_users_network_is_kept_changed_and_goes_with_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let users = store(&folder);
        for name in ["alice", "bob"] {
            users.add(name, &NewUser::default()).unwrap();
        }
        assert_eq!(users.network("alice").unwrap(), UserNetwork::default());
        let words = vec!["internet".to_owned(), "192.168.7.0/24:22,443".to_owned()];
        let at: Ipv4Addr = "10.64.0.9".parse().unwrap();
        let both = NetworkChange { reach: Some(Some(words.clone())), address: Some(Some(at)), ..nothing() };
        change(&users, "alice", both).unwrap();
        let own = |address| UserNetwork { reach: Some(words.clone()), address, limits: Limits::default() };
        assert_eq!(users.network("DOMAIN\\ALICE").unwrap(), own(Some(at)));
        change(&users, "alice", NetworkChange { address: Some(None), ..nothing() }).unwrap();
        assert_eq!(users.network("alice").unwrap(), own(None));
        // nothing at all is another thing than what the port gives
        change(&users, "alice", NetworkChange { reach: Some(Some(Vec::new())), ..nothing() }).unwrap();
        assert_eq!(users.network("alice").unwrap().reach, Some(Vec::new()));
        change(&users, "bob", NetworkChange { address: Some(Some(at)), ..nothing() }).unwrap();
        for refused in [
            NetworkChange { address: Some(Some(at)), ..nothing() },
            NetworkChange { reach: Some(Some(vec!["10.0.0.1/8".into()])), ..nothing() },
            NetworkChange { address: Some(Some("127.0.0.1".parse().unwrap())), ..nothing() },
        ] {
            // and nothing else of the same change is made
            let whole = UserChange { disabled: Some(true), network: refused, ..UserChange::default() };
            let refused = users.set("alice", &whole);
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
            assert!(!users.get("alice").unwrap().unwrap().disabled);
        }
        let taken = NetworkChange { address: Some(Some(at)), ..nothing() };
        let eve = users.add("eve", &NewUser { network: taken.clone(), ..NewUser::default() });
        assert!(eve.is_err() && users.get("eve").unwrap().is_none(), "{eve:?}");
        users.remove("bob").unwrap();
        change(&users, "alice", taken).unwrap();
        assert_eq!(users.network("bob").unwrap(), UserNetwork::default());
    }

    #[test]
    fn limits_are_kept_beside_the_rest_and_a_store_of_before_them_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let users = store(&folder);
        let (idle, session) = (Duration::from_secs(600), Duration::from_secs(7200));
        let network = NetworkChange { reach: Some(Some(Vec::new())), idle: Some(idle), ..nothing() };
        users.add("alice", &NewUser { network, ..NewUser::default() }).unwrap();
        let limits = |users: &Users| users.admit("alice").unwrap().unwrap().limits;
        assert_eq!(limits(&users), Limits::of(Some(idle), None));
        change(&users, "alice", NetworkChange { session: Some(session), ..nothing() }).unwrap();
        assert_eq!(limits(&users), Limits::of(Some(idle), Some(session)));
        change(&users, "alice", NetworkChange { idle: Some(Duration::ZERO), ..nothing() }).unwrap();
        assert_eq!(limits(&users), Limits::of(None, Some(session)));
        assert_eq!(users.network("alice").unwrap().reach, Some(Vec::new()), "the rest stays");
        for wrong in [9, 30 * 24 * 3600 + 1] {
            let wrong = NetworkChange { idle: Some(Duration::from_secs(wrong)), ..nothing() };
            assert!(matches!(change(&users, "alice", wrong), Err(StoreError::Refused(_))));
        }
        // as version 3 left it
        let before = "ALTER TABLE user_network DROP COLUMN idle; ALTER TABLE user_network DROP COLUMN session; \
                      PRAGMA user_version = 3";
        users.database.raw().execute_batch(before).unwrap();
        drop(users);
        let users = store(&folder);
        assert_eq!(limits(&users), Limits::default());
        assert_eq!(users.network("alice").unwrap().reach, Some(Vec::new()));
        change(&users, "alice", NetworkChange { idle: Some(idle), ..nothing() }).unwrap();
        assert_eq!(limits(&users), Limits::of(Some(idle), None));
    }
}
