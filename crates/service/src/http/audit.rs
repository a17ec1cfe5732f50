//! The audit record, read and checked.

use bytes::Bytes;
use openras_api::Problem;
use openras_engine::RasError;

use super::answer::{self, Answer, Lines, inside};
use super::ask::Ask;
use crate::audit;

/// `GET /v1/audit`.
pub(super) async fn read(ask: Ask) -> Answer {
    let (after, follow) = (ask.number("after")?, ask.flag("follow")?);
    if follow {
        ask.session.pulse.stream();
    }
    let record = ask.api.service.audit().ok_or_else(none)?;
    answer::stream(Records(record.lines(after, follow)))
}

struct Records(audit::Lines);

impl Lines for Records {
    async fn lines(mut self) -> Option<(Bytes, Self)> {
        match self.0.next().await? {
            Ok(lines) => Some((lines.into(), self)),
            Err(error) => {
                tracing::error!(%error, "the audit record cannot be read");
                None
            }
        }
    }
}

/// `GET /v1/audit/verify`.
pub(super) async fn verify(ask: Ask) -> Answer {
    let record = ask.api.service.audit().ok_or_else(none)?.clone();
    let checked = tokio::task::spawn_blocking(move || record.verify()).await;
    answer::json(&checked.map_err(|_| inside())?)
}

fn none() -> Problem {
    Problem::new(RasError(2), "This service has no record: nothing answers here.")
        .remedy("A service with ports keeps one.")
}
