//! Where a user may go, and which address is the user's own.

use std::net::Ipv4Addr;

use openras_nat::Reach;
use rusqlite::{Connection, OptionalExtension, params};

use super::account::Account;
use super::admin::begin;
use super::{StoreError, Users, name};

/// Words of one user's `reach`.
const MOST: usize = 64;

/// What the tables have of it since version 3.
pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS user_network (
    user INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    reach TEXT,
    address TEXT
);
";

/// A user's place in the network. The default has what the port gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserNetwork {
    /// Words of `reach` instead of the port's; an empty list reaches nothing.
    pub reach: Option<Vec<String>>,
    /// The address the user always gets.
    pub address: Option<Ipv4Addr>,
}

impl UserNetwork {
    /// In one line, for the audit record.
    pub(super) fn summary(&self) -> String {
        let reach = self.reach.as_ref().map_or_else(|| "port".into(), |words| words.join(" "));
        let address = self.address.map_or_else(|| "pool".into(), |address| address.to_string());
        format!("reach={reach} address={address}")
    }
}

impl Users {
    /// A user's place in the network (`DOMAIN\user` too); who is not in the store has what the port gives.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn network(&self, name: &str) -> Result<UserNetwork, StoreError> {
        self.database.with(|db| match Account::find(db, name::user_part(name))? {
            Some(account) => read(db, account.id),
            None => Ok(UserNetwork::default()),
        })
    }

    /// Changes what is `Some`: to the port's or the pool's with `None` inside of it.
    ///
    /// # Errors
    /// No such user, a word that means nothing, an address no host can have or another user's.
    pub fn set_network(
        &self,
        name: &str,
        reach: Option<Option<Vec<String>>>,
        address: Option<Option<Ipv4Addr>>,
    ) -> Result<(), StoreError> {
        if let Some(Some(words)) = &reach {
            if words.len() > MOST {
                return Err(StoreError::Refused(format!(
                    "{} words of reach are more than {MOST}",
                    words.len()
                )));
            }
            Reach::parse(words).map_err(|bad| StoreError::Refused(bad.to_string()))?;
        }
        if let Some(Some(address)) = address
            && !crate::config::is_host(address)
        {
            return Err(StoreError::Refused(format!("{address} is no address a host can have")));
        }
        self.database.with(|db| {
            let transaction = begin(db)?;
            let id = Account::existing(&transaction, name)?.id;
            let mut network = read(&transaction, id)?;
            if let Some(reach) = &reach {
                network.reach.clone_from(reach);
            }
            if let Some(address) = address {
                network.address = address;
            }
            let text = network.address.map(|address| address.to_string());
            let sql = "SELECT name FROM users JOIN user_network ON user = id WHERE address = ?1 AND id <> ?2";
            let other: Option<String> =
                transaction.query_row(sql, params![text, id], |row| row.get(0)).optional()?;
            if let (Some(other), Some(text)) = (other, &text) {
                return Err(StoreError::Refused(format!("{text} is the address of {other}")));
            }
            transaction.execute(
                "INSERT OR REPLACE INTO user_network (user, reach, address) VALUES (?1, ?2, ?3)",
                params![id, network.reach.as_ref().map(|words| words.join(" ")), text],
            )?;
            Ok(transaction.commit()?)
        })
    }
}

/// What the tables say of this user.
pub(super) fn read(db: &Connection, id: i64) -> Result<UserNetwork, StoreError> {
    let mut statement = db.prepare_cached("SELECT reach, address FROM user_network WHERE user = ?1")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (reach, address): (Option<String>, Option<String>) =
        statement.query_row([id], row).optional()?.unwrap_or_default();
    let damaged = |_| StoreError::Corrupt(format!("the address of user {id} is damaged"));
    Ok(UserNetwork {
        reach: reach.map(|words| words.split_ascii_whitespace().map(Into::into).collect()),
        address: address.map(|address| address.parse()).transpose().map_err(damaged)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{NewUser, Policy};

    #[test]
    fn a_users_network_is_kept_changed_and_goes_with_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let users = Users::open(&folder.path().join("state"), None, Policy::default()).unwrap();
        for name in ["alice", "bob"] {
            users.add(name, &NewUser::default()).unwrap();
        }
        assert_eq!(users.network("alice").unwrap(), UserNetwork::default());
        let words = vec!["internet".to_owned(), "192.168.7.0/24:22,443".to_owned()];
        let at: Ipv4Addr = "10.64.0.9".parse().unwrap();
        users.set_network("alice", Some(Some(words.clone())), Some(Some(at))).unwrap();
        assert_eq!(
            users.network("DOMAIN\\ALICE").unwrap(),
            UserNetwork { reach: Some(words.clone()), address: Some(at) }
        );
        users.set_network("alice", None, Some(None)).unwrap();
        assert_eq!(users.network("alice").unwrap(), UserNetwork { reach: Some(words), address: None });
        // nothing at all is another thing than what the port gives
        users.set_network("alice", Some(Some(Vec::new())), None).unwrap();
        assert_eq!(users.network("alice").unwrap().reach, Some(Vec::new()));
        users.set_network("bob", None, Some(Some(at))).unwrap();
        for refused in [
            users.set_network("alice", None, Some(Some(at))),
            users.set_network("alice", Some(Some(vec!["10.0.0.1/8".into()])), None),
            users.set_network("alice", None, Some(Some("127.0.0.1".parse().unwrap()))),
        ] {
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        }
        assert!(users.list().unwrap()[1].summary().contains("reach=port address=10.64.0.9"));
        users.remove("bob").unwrap();
        users.set_network("alice", None, Some(Some(at))).unwrap();
        assert_eq!(users.network("bob").unwrap(), UserNetwork::default());
    }
}
