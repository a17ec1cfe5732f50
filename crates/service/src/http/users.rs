//! `/v1/users`: the store, for administrators. Every change is in the audit record, without secrets.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use openras_api::Problem;
use openras_api::types::user::{self, Password, UserRights};
use openras_engine::RasError;
use openras_engine::users::CallbackRight;

use super::Api;
use super::answer::{self, Answer, inside};
use super::ask::{Ask, wrong};
use crate::users::{Keep, NetworkChange, NewUser, StoreError, UserChange, UserInfo, Users};

/// RasAdminUserEnum.
pub(super) async fn list(ask: Ask) -> Answer {
    let users = with(&ask.api, Users::list).await?;
    answer::json(&users.iter().map(shown).collect::<Vec<_>>())
}

/// RasAdminUserGetInfo.
pub(super) async fn one(ask: Ask) -> Answer {
    answer::json(&shown(&find(&ask).await?))
}

/// Adds a user.
pub(super) async fn add(mut ask: Ask) -> Answer {
    let wanted: user::NewUser = ask.json().await?;
    let name = wanted.name.clone();
    let rights = wanted.rights;
    let new = NewUser {
        callback: callback(&rights, None)?.unwrap_or_default(),
        network: network(&rights),
        services: rights.services.unwrap_or_default(),
        must_change: rights.must_change.unwrap_or_default(),
        disabled: rights.disabled.unwrap_or_default(),
        no_dial_in: rights.no_dial_in.unwrap_or_default(),
        keep: Keep { clear: wanted.reversible, ..Keep::default() },
        password: Some(wanted.password.0),
        ..NewUser::default()
    };
    let info = with(&ask.api, move |users| {
        users.add(&wanted.name, &new)?;
        users.get(&wanted.name)?.ok_or(StoreError::NoSuchUser(wanted.name))
    })
    .await?;
    audited(&ask.api, ask.peer().uid, "user add", &name, "", &words(&info)).await;
    answer::made(&shown(&info))
}

/// Changes what a user may do.
pub(super) async fn set(mut ask: Ask) -> Answer {
    let rights: UserRights = ask.json().await?;
    let before = find(&ask).await?;
    let change = UserChange {
        must_change: rights.must_change,
        disabled: rights.disabled,
        no_dial_in: rights.no_dial_in,
        callback: callback(&rights, Some(&before.callback))?,
        network: network(&rights),
        services: rights.services,
        totp: None,
    };
    let name = ask.param("name").to_owned();
    let after = with(&ask.api, move |users| {
        users.set(&name, &change)?;
        users.get(&name)?.ok_or(StoreError::NoSuchUser(name))
    })
    .await?;
    if before.network.reach != after.network.reach {
        // calls that run are held to it before the answer
        crate::ruling::refresh(ask.api.service.shared()).await;
    }
    audited(&ask.api, ask.peer().uid, "user set", &after.name, &words(&before), &words(&after)).await;
    answer::json(&shown(&after))
}

/// Removes a user.
pub(super) async fn remove(ask: Ask) -> Answer {
    let before = find(&ask).await?;
    change(&ask, "user remove", &words(&before), "", Users::remove).await
}

/// Sets a password.
pub(super) async fn password(mut ask: Ask) -> Answer {
    let Password { password, reversible } = ask.json().await?;
    let keep = reversible.then(|| Keep { clear: true, ..Keep::default() });
    let set = move |users: &Users, name: &str| users.passwd(name, &password.0, keep);
    change(&ask, "user passwd", "", "", set).await
}

/// Forgets a user's wrong tries.
pub(super) async fn unlock(ask: Ask) -> Answer {
    change(&ask, "user unlock", "", "", Users::unlock).await
}

async fn change(
    ask: &Ask,
    what: &str,
    before: &str,
    after: &str,
    act: impl FnOnce(&Users, &str) -> Result<(), StoreError> + Send + 'static,
) -> Answer {
    let name = ask.param("name").to_owned();
    with(&ask.api, move |users| act(users, &name)).await?;
    audited(&ask.api, ask.peer().uid, what, ask.param("name"), before, after).await;
    answer::nothing()
}

async fn find(ask: &Ask) -> Result<UserInfo, Problem> {
    let name = ask.param("name").to_owned();
    with(&ask.api, move |users| users.get(&name)?.ok_or(StoreError::NoSuchUser(name))).await
}

/// Does something with the store, away from the calls.
async fn with<T: Send + 'static>(
    api: &Api,
    act: impl FnOnce(&Users) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let users = api.service.users().cloned().ok_or_else(|| {
        Problem::new(RasError(2), "This service has no users: nothing answers here.")
            .remedy("A service with ports has them.")
    })?;
    let done = tokio::task::spawn_blocking(move || act(&users)).await;
    done.map_err(|_| inside())?.map_err(|error| problem(&error))
}

fn problem(error: &StoreError) -> Problem {
    if error.is_of_all() {
        tracing::error!(%error, "the user store");
    }
    error.problem()
}

/// Puts a change into the audit record. One that cannot be written is counted there and said by the service's notes.
pub(super) async fn audited(api: &Arc<Api>, uid: u32, what: &str, target: &str, before: &str, after: &str) {
    let Some(audit) = api.service.audit().cloned() else { return };
    let [what, target, before, after] = [what, target, before, after].map(str::to_owned);
    let written =
        tokio::task::spawn_blocking(move || audit.admin(uid, &what, &target, &before, &after)).await;
    if let Ok(Err(error)) = written {
        tracing::error!(%error, "a change is missing in the audit record");
    }
}

/// A user in the record.
fn words(info: &UserInfo) -> String {
    serde_json::to_string(&shown(info)).unwrap_or_default()
}

fn shown(info: &UserInfo) -> user::User {
    let (callback, callback_allow) = match &info.callback {
        CallbackRight::None => ("none".to_owned(), Vec::new()),
        CallbackRight::Caller { allow } => ("caller".to_owned(), allow.clone()),
        CallbackRight::Preset(number) => (number.clone(), Vec::new()),
    };
    user::User {
        name: info.name.clone(),
        auth: info.methods.iter().map(|method| method.word().to_owned()).collect(),
        totp: info.totp,
        recovery_codes: info.recovery_left,
        must_change: info.must_change,
        disabled: info.disabled,
        no_dial_in: info.no_dial_in,
        callback,
        callback_allow,
        services: info.services.clone(),
        reach: info.network.reach.clone(),
        address: info.network.address,
        idle_limit: info.network.limits.idle.map_or(0, NonZeroU32::get),
        session_limit: info.network.limits.session.map_or(0, NonZeroU32::get),
        locked: info.is_locked(),
    }
}

/// What the members about the network ask for.
fn network(rights: &UserRights) -> NetworkChange {
    let time = |seconds: Option<u32>| seconds.map(|seconds| Duration::from_secs(seconds.into()));
    NetworkChange {
        reach: rights.reach.clone(),
        address: rights.address,
        idle: time(rights.idle_limit),
        session: time(rights.session_limit),
    }
}

/// What the members about callback ask for; prefixes alone are a caller's.
fn callback(rights: &UserRights, before: Option<&CallbackRight>) -> Result<Option<CallbackRight>, Problem> {
    let kept = match before {
        Some(CallbackRight::Caller { allow }) => allow.clone(),
        _ => Vec::new(),
    };
    Ok(match (rights.callback.as_deref(), &rights.callback_allow) {
        (None, None) => None,
        (None | Some("caller"), Some(allow)) => Some(CallbackRight::Caller { allow: allow.clone() }),
        (Some("caller"), None) => Some(CallbackRight::Caller { allow: kept }),
        (Some(_), Some(allow)) if !allow.is_empty() => {
            return Err(wrong("callback_allow goes with the callback caller.".into()));
        }
        (Some("none"), _) => Some(CallbackRight::None),
        (Some(number), _) => Some(CallbackRight::Preset(number.to_owned())),
    })
}
