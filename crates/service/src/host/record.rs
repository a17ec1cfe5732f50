//! What of a call goes on record: every answer, attempt, verdict and end (defence rule 20).

use openras_engine::server::DialogVerdict;
use openras_engine::server::port::PortEvent;
use tokio::time::Instant;
use tracing::warn;

use super::Host;
use crate::audit::{Outcome, Record, What};
use crate::service::Shared;

impl Host {
    /// The record of an event; `why` a claim was refused.
    pub(super) fn recorded<'a>(&'a self, event: &'a PortEvent, why: Option<&'a str>) -> Option<Record<'a>> {
        let of_call = |what| Record {
            call: Some(self.call()),
            port: Some(&self.caller.port),
            source: Some(&self.caller.source),
            number: self.number.as_deref(),
            ..Record::new(what)
        };
        Some(match event {
            PortEvent::Answered(_) => of_call(What::Answered),
            PortEvent::DialogEnded(module, verdict) => {
                let (name, error, reason) = match verdict {
                    DialogVerdict::Success { user, .. } => (Some(user), None, None),
                    DialogVerdict::Failure { user, .. } => (Some(user), Some(691), None),
                    DialogVerdict::Error { code, text } => (None, Some(*code), Some(text.as_str())),
                };
                let name = name.map(String::as_str);
                tried(of_call(What::Tried), module, name, error, reason)
            }
            PortEvent::LoggedIn(name) => tried(of_call(What::Tried), "login", Some(name), None, None),
            PortEvent::Authenticated(name) => tried(of_call(What::Tried), "ppp", name.as_deref(), None, None),
            PortEvent::Refused(name, error) => {
                let factor = if self.begun { "ppp" } else { "login" };
                tried(of_call(What::Tried), factor, Some(name), Some(error.0), why)
            }
            PortEvent::CallingBack(number) => Record { number: Some(number), ..of_call(What::CallingBack) },
            PortEvent::Up(_) => of_call(What::Up),
            PortEvent::Down(end) => {
                let error = end.error.map(|error| error.0);
                Record {
                    name: end.name.as_deref(),
                    outcome: outcome(error),
                    error,
                    reason: (!end.why.is_empty()).then_some(end.why.as_str()),
                    ..of_call(What::Ended)
                }
            }
            _ => return None,
        })
    }
}

fn tried<'a>(
    record: Record<'a>,
    factor: &'a str,
    name: Option<&'a str>,
    error: Option<u32>,
    reason: Option<&'a str>,
) -> Record<'a> {
    Record { name, factor: Some(factor), outcome: outcome(error), error, reason, ..record }
}

fn outcome(error: Option<u32>) -> Option<Outcome> {
    Some(if error.is_some() { Outcome::Refused } else { Outcome::Accepted })
}

/// A caller there is no room for: said, and put on record if that can be. A flood of them is told by its number.
pub(crate) fn turned_away(shared: &Shared, port: &str, source: &str, why: &dyn std::fmt::Display) {
    shared.calls.turn_away(port, source, &why.to_string());
    let Some(untold) = shared.limits.tells_of_turned_away(port, Instant::now()) else { return };
    let why = match untold {
        0 => why.to_string(),
        _ => format!("{why}; {untold} more were turned away here since the last on record"),
    };
    warn!(port, source, "refused: {why}");
    shared.record(&Record {
        port: Some(port),
        source: (!source.is_empty()).then_some(source),
        outcome: Some(Outcome::Refused),
        reason: Some(&why),
        ..Record::new(What::TurnedAway)
    });
}
