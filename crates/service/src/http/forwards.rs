//! `/v1/connections/{id}/forwards`: ports of this machine that lead through the link.

use openras_api::Problem;
use openras_api::types::forward::Forward;
use openras_engine::RasError;

use super::answer::{self, Answer};
use super::ask::{Ask, wrong};

/// Opens one, for processes of whoever asks.
pub(super) async fn open(mut ask: Ask) -> Answer {
    let held = ask.held()?;
    let wanted: Forward = ask.json().await?;
    let opened = held.forwards().open(&wanted, ask.peer().uid, held.stack()).await?;
    answer::made(&opened)
}

/// Lists them.
pub(super) fn list(ask: &Ask) -> Answer {
    answer::json(&ask.held()?.forwards().list())
}

/// Closes one.
pub(super) fn close(ask: &Ask) -> Answer {
    let held = ask.held()?;
    let listen = ask.query("listen")?.unwrap_or_default();
    let listen = listen.parse().map_err(|_| {
        wrong("listen must be the address of a port as it is listed, as 127.0.0.1:8080.".into())
    })?;
    if held.forwards().close(listen) {
        return answer::nothing();
    }
    Err(Problem::new(RasError::FILE_NOT_FOUND, "No port of this connection listens there.")
        .remedy("GET the same path lists those that are open."))
}
