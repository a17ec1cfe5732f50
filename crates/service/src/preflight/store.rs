//! The state folder, the store of users and the key beside it.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustix::fs::{Access, access};

use super::Desk;
use crate::config::Config;
use crate::host::unix_seconds;
use crate::users::{Policy, Users, is_same};

/// Looks at what is there; gives the store where there is one that opens. None is made.
pub(super) fn look(config: &Config, desk: &mut Desk) -> Option<Arc<Users>> {
    let line = desk.lines.top("state");
    let state = &config.state;
    let proves = config.ports.iter().any(|port| !port.auth.is_empty());
    match state.metadata() {
        Err(_) => {
            let what = format!("the state folder {} is not there yet: there are no users", state.display());
            if proves {
                desk.add(line, what, "`openras user add NAME` makes it and the first user");
            }
            return None;
        }
        Ok(about) if !about.is_dir() => {
            desk.add(line, format!("state = {state:?} is no folder"), "write another one");
            return None;
        }
        Ok(_) if access(state, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() => {
            let what = format!("this user may not look into the state folder {}", state.display());
            desk.add(line, what, "run this as the service's user to have users and key looked at too");
            return None;
        }
        Ok(_) => key(config, desk),
    }
    if !state.join("users.db").exists() {
        if proves {
            let what = "there are no users: nobody can prove who they are";
            desk.add(line, what, "`openras user add NAME` adds the first");
        }
        return None;
    }
    open(config, line, proves, desk)
}

/// Users of groups that are not in the store; without one that opens nothing is said.
pub(super) fn groups(config: &Config, users: Option<&Users>, desk: &mut Desk) {
    if config.groups.is_empty() {
        return;
    }
    let Some(known) = users.and_then(|users| users.list().ok()) else { return };
    for (group, about) in &config.groups {
        for (n, user) in about.users.iter().enumerate() {
            if !known.iter().any(|known| is_same(&known.name, user)) {
                let line = desk.lines.member(group, n);
                let what = format!("the group {group} has {user:?}, and the store has no such user");
                desk.add(line, what, "correct the name, or add the user with `openras user add NAME`");
            }
        }
    }
}

/// Defence rule 13.
fn key(config: &Config, desk: &mut Desk) {
    let path = config.key_path();
    let line = desk.lines.top("key_file");
    match path.metadata() {
        Ok(about) if about.mode() & 0o077 != 0 => desk.add(
            line,
            format!(
                "the key file {} can be read by others (mode {:03o})",
                path.display(),
                about.mode() & 0o777
            ),
            "chmod 600; it is refused as it is, and what it encrypts is no secret any more if it was read",
        ),
        Err(_) if config.key_file.is_some() && config.state.join("users.db").exists() => desk.add(
            line,
            format!("the key file {} cannot be read", path.display()),
            "bring it back: without it no second factor and no reversible password can be checked",
        ),
        _ => {}
    }
}

fn open(config: &Config, line: usize, proves: bool, desk: &mut Desk) -> Option<Arc<Users>> {
    let policy = Policy { password_min: config.password_min };
    let users = match Users::open(&config.state, config.key_file.as_deref(), policy) {
        Ok(users) => users,
        Err(error) => {
            desk.add(
                line,
                format!("the user store cannot be used: {error}"),
                "the service does not start until it can",
            );
            return None;
        }
    };
    match users.newest_code() {
        Ok(Some(newest)) if newest > unix_seconds() => desk.add(
            line,
            format!("the clock is {} s behind a code that was taken already", newest - unix_seconds()),
            "set it, or have it set: codes that change with the time are refused until then",
        ),
        Err(error) => desk.add(line, format!("something in the user store cannot be read: {error}"), ""),
        Ok(_) => {}
    }
    if proves && users.list().is_ok_and(|list| list.is_empty()) {
        desk.add(
            line,
            "there are no users: nobody can prove who they are",
            "`openras user add NAME` adds the first",
        );
    }
    Some(Arc::new(users))
}
