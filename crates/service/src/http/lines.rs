//! Which lines a client may have dialled (defence rule 10): those the configuration grants to its user or groups.

use nix::unistd::{Group, User};
use openras_api::Problem;
use openras_engine::{RasError, escape};

use super::Api;
use super::accept::Session;
use crate::config::{DialLine, Grant, GrantTo};
use crate::rights::Peer;

/// Whether this client may use this line. Administrators may use any.
pub(super) async fn check(api: &Api, session: &Session, line: &DialLine) -> Result<(), Problem> {
    let peer = &session.peer;
    if peer.is_admin() {
        return Ok(());
    }
    let current = api.service.shared().current();
    let covering: Vec<Grant> =
        current.config.grants.iter().filter(|grant| grant.covers(line)).cloned().collect();
    if covering.iter().any(|grant| grant.to == GrantTo::Uid(peer.uid)) {
        return Ok(());
    }
    let is_named = covering.iter().any(|grant| !matches!(grant.to, GrantTo::Uid(_)));
    // with its seat: a database that is slow is not asked more often than there are seats, whoever goes away meanwhile
    let asker = session.clone();
    let named = move || {
        // the whole of it, not its peer alone
        let asker = asker;
        covering.iter().any(|grant| is_for(&grant.to, &asker.peer))
    };
    if is_named && tokio::task::spawn_blocking(named).await.unwrap_or(false) {
        return Ok(());
    }
    let line = escape::line(&line.to_string());
    Err(Problem::new(
        RasError::ACCESS_DENIED,
        format!("No [[grant]] of the configuration lets uid {} use the line {line}.", peer.uid),
    )
    .remedy("An administrator may write one, with uid, user or group and its lines, and reload the service."))
}

/// Whether this client may have a number of its own on the exchange. Phones of one number are a hunt group: whoever could
/// choose any would be called in the place of a port, or of another user who is called back. A grant of a line is one
/// to call it, not to be it.
pub(super) fn check_own(peer: &Peer, own: Option<&str>) -> Result<(), Problem> {
    if own.is_none() || peer.is_admin() {
        return Ok(());
    }
    Err(Problem::new(RasError::ACCESS_DENIED, "Only administrators may give a dial a number of its own.")
        .remedy("Leave own_number out; without one the call cannot be called back over the exchange."))
}

/// Asks the system's databases for the names of a grant.
fn is_for(to: &GrantTo, peer: &Peer) -> bool {
    match to {
        GrantTo::Uid(uid) => *uid == peer.uid,
        GrantTo::User(name) => {
            User::from_name(name).ok().flatten().is_some_and(|user| user.uid.as_raw() == peer.uid)
        }
        GrantTo::Group(name) => {
            Group::from_name(name).ok().flatten().is_some_and(|group| peer.gids.contains(&group.gid.as_raw()))
        }
    }
}
