//! Callbacks that were not granted, by the reason that the service kept.

use super::Found;
use super::facts::Facts;
use openras_ppp::wire::Protocol;

/// What the service kept where it granted none, if it is this.
fn reason<'a>(facts: &Facts<'a>, words: &str) -> Option<&'a str> {
    let kept = facts.of.error.filter(|_| facts.answered()).and_then(|_| facts.step("reason"))?;
    Some(kept.text.as_str()).filter(|text| text.starts_with("no callback: ") && text.contains(words))
}

/// The reason, with the packet that asked for it.
fn decided(facts: &Facts<'_>, why: &str) -> String {
    let asked = facts.seen.iter().rev().find(|seen| seen.packet.protocol == Protocol::CBCP);
    asked.map_or_else(|| why.to_owned(), |seen| format!("{why} ({})", seen.text()))
}

/// The port calls back by its directory, which does not have the number.
pub(super) fn directory(facts: &Facts<'_>) -> Option<Found> {
    let why = reason(facts, "is not in [directory]")?;
    let change = "add the number to `[directory]` with the line it is called back over, such as \
                  `5551234 = \"tcp:192.0.2.7:7002\"`, and reload";
    Some(
        Found::new(decided(facts, why), change)
            .or("`openras user set NAME --callback NUMBER` names one that is there"),
    )
}

/// A cap, or a store that could not count.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Found> {
    let why = reason(facts, "")?;
    let change = "wait until tomorrow: callbacks are counted for each user and day; if the store failed, look at the log";
    Some(Found::new(decided(facts, why), change))
}
