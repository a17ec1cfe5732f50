//! Users of the store.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::secret::SecretText;

/// A user: a line of `GET /v1/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// The name.
    pub name: String,
    /// Methods the stored secrets are good for.
    pub auth: Vec<String>,
    /// A TOTP seed is stored.
    pub totp: bool,
    /// Recovery codes left.
    pub recovery_codes: u32,
    /// The password must be changed at the next call.
    pub must_change: bool,
    /// The account is disabled (647).
    pub disabled: bool,
    /// The user may not dial in (649).
    pub no_dial_in: bool,
    /// `none`, `caller`, or the number that is always called back.
    pub callback: String,
    /// Prefixes a caller may choose.
    pub callback_allow: Vec<String>,
    /// What the user gets at a login prompt; empty is what the port gives.
    #[serde(default)]
    pub services: Vec<String>,
    /// Words of `reach` instead of the port's or the groups'; empty reaches nothing, `null` is what those say.
    #[serde(default)]
    pub reach: Option<Vec<String>>,
    /// The IPv4 address the user always gets; `null` is one of the port's pool.
    #[serde(default)]
    pub address: Option<Ipv4Addr>,
    /// Seconds the user's calls may be up without an IP packet either way; 0 is no limit but the port's.
    #[serde(default)]
    pub idle_limit: u32,
    /// Seconds the user's calls may be up in all; 0 is no limit but the port's.
    #[serde(default)]
    pub session_limit: u32,
    /// Wrong tries reached the hard limit; `POST …/unlock`.
    pub locked: bool,
}

/// A new user: `POST /v1/users`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name, 1 to 256 bytes.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// The password; how long it must be, the configuration says.
    pub password: SecretText,
    /// Also keep the password itself, encrypted: `chap` needs it.
    #[serde(default)]
    pub reversible: bool,
    /// What the user may do.
    #[serde(default, deserialize_with = "object")]
    pub rights: UserRights,
}

/// Only what has names: serde would also take a list of the members in their order.
fn object<'de, D: Deserializer<'de>>(from: D) -> Result<UserRights, D::Error> {
    let members = serde_json::Map::deserialize(from)?;
    serde_json::from_value(members.into()).map_err(D::Error::custom)
}

/// What a user may do; members left out are not changed, or as by default for a new user: `PATCH /v1/users/{name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserRights {
    /// The password must be changed at the next call.
    pub must_change: Option<bool>,
    /// The account is disabled.
    pub disabled: Option<bool>,
    /// The user may not dial in.
    pub no_dial_in: Option<bool>,
    /// `none`, `caller`, or the number that is always called back.
    pub callback: Option<String>,
    /// With `caller`: prefixes that are allowed.
    pub callback_allow: Option<Vec<String>>,
    /// What the user gets at a login prompt: `ppp`, `slip`, `cslip`, names of `[service.NAME]`; empty is what the port
    /// gives.
    pub services: Option<Vec<String>>,
    /// Words of `reach` instead of the port's or the groups', 64 at most; empty reaches nothing, `null` is what those say.
    /// Calls that run are held to it at once.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub reach: Option<Option<Vec<String>>>,
    /// The IPv4 address the user always gets, which no other user may have; `null` is one of the port's pool.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub address: Option<Option<Ipv4Addr>>,
    /// Seconds the user's calls may be up without an IP packet either way, from 10 to 2592000, or 0 for no limit but the
    /// port's. The shorter of both counts.
    pub idle_limit: Option<u32>,
    /// Seconds the user's calls may be up in all, as `idle_limit`.
    pub session_limit: Option<u32>,
}

/// A member that is there, if only as `null`.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Another password: `PUT /v1/users/{name}/password`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// The new one; how long it must be, the configuration says.
    pub password: SecretText,
    /// Also keep the password itself, encrypted.
    #[serde(default)]
    pub reversible: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_have_names() {
        let user = |rights: &str| {
            serde_json::from_str::<NewUser>(&format!(r#"{{"name":"eve","password":"x","rights":{rights}}}"#))
        };
        assert_eq!(user(r#"{"disabled":true}"#).unwrap().rights.disabled, Some(true));
        // a member that is null is another thing than one that is not there
        let rights = |rights| user(rights).unwrap().rights;
        assert_eq!(rights(r#"{"reach":null,"address":null}"#).reach, Some(None));
        assert_eq!(rights(r#"{"reach":null,"address":null}"#).address, Some(None));
        assert_eq!(rights(r#"{"reach":[]}"#).reach, Some(Some(vec![])));
        assert_eq!((rights("{}").reach, rights("{}").address), (None, None));
        let sent = serde_json::to_value(UserRights { reach: Some(None), ..UserRights::default() }).unwrap();
        assert!(sent["reach"].is_null() && sent.get("reach").is_some() && sent.get("address").is_none());
        assert!(user(r#"{"address":"10.0.0.1/8"}"#).is_err() && user(r#"{"idle_limit":-1}"#).is_err());
        assert!(user("[true,true]").is_err());
        assert!(user(r#"{"no_such":1}"#).is_err());
    }
}
