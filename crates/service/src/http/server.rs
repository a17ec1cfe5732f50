//! The service itself.

use super::answer::{self, Answer, inside};
use super::ask::Ask;
use crate::rights::Rights;

/// `GET /v1/server`. Notes are for administrators, and so is how many calls others have.
pub(super) async fn server(ask: &Ask) -> Answer {
    let service = ask.api.service.clone();
    let session = ask.session.clone();
    // it may look into the store; with the seat, so that a client that goes away asks no more often than one that waits
    let told = tokio::task::spawn_blocking(move || {
        let _session = session;
        service.server()
    })
    .await;
    let mut told = told.map_err(|_| inside())?;
    told.private = matches!(ask.api.rights, Rights::Private { .. });
    if !ask.peer().is_admin() {
        told.notes.clear();
        // others' calls are not its to know of
        told.connections = u32::try_from(ask.api.held.of(ask.peer().uid)).unwrap_or(u32::MAX);
        told.ports_in_use = 0;
    }
    answer::json(&told)
}

/// Reads the configuration file again.
pub(super) async fn reload(ask: Ask) -> Answer {
    let uid = ask.peer().uid;
    let service = ask.api.service.clone();
    // a client that goes away does not leave it half done
    let reloaded = tokio::spawn(async move { service.reload_file_for(uid).await }).await;
    let reloaded = reloaded.map_err(|_| inside())??;
    tracing::info!(uid, "the configuration was read again");
    answer::json(&reloaded)
}

/// `GET /metrics`.
pub(super) fn metrics(ask: &Ask) -> Answer {
    answer::text("text/plain; version=0.0.4", ask.api.service.metrics())
}
