//! What did not decide a call and is worth knowing.

use openras_ppp::wire::{Code, Protocol};

use super::Who;
use super::asked::{self, Fate};
use super::facts::Facts;

/// Control protocols old callers ask for, and what they are.
const OLD: &[(u16, &str)] = &[
    (0x802b, "IPX (IPXCP)"),
    (0x803f, "NetBEUI (NBFCP)"),
    (0x80fd, "compression (CCP)"),
    (0x8029, "AppleTalk (ATCP)"),
];
/// Damaged frames that are worth a word.
const SOME: u64 = 3;

/// The notes, in order.
pub(super) fn of(facts: &Facts<'_>, diagnosis: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let refused: Vec<&str> = OLD
        .iter()
        .filter(|(number, _)| facts.protocol_rejected(Who::We, Protocol(*number)).is_some())
        .map(|(_, name)| *name)
        .collect();
    if !refused.is_empty() {
        notes.push(format!("Refused, as it should be: {}. IP does without.", refused.join(", ")));
    }
    let counters = facts.of.counters;
    let bad = counters.fcs_errors + counters.runts + counters.bad_headers;
    if bad >= SOME && diagnosis != "damaged" {
        notes.push(format!("{bad} frames came damaged: look at speed and flow control of the line."));
    }
    let asked = asked::of(facts.of);
    let mru = asked.iter().find(|one| one.protocol == Protocol::LCP && one.kind == Some(1));
    if let Some(one) = mru.filter(|one| one.fate == Fate::Rejected) {
        notes.push(format!("<{}> was refused; 1500 is used, as the standard says.", one.option));
    }
    if facts.step("no_authentication").is_some() {
        notes.push("The server asked for no authentication.".to_owned());
    }
    if facts.last(Who::They, Protocol::LCP, Code::IDENTIFICATION).is_some()
        && let Some(step) = facts.step("identification")
    {
        notes.push(format!("The other side says it is \"{}\".", step.text));
    }
    notes
}
