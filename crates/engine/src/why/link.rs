//! Diagnoses of LCP, and of ends the other side brought about.

use openras_ppp::wire::{Code, Protocol};

use super::asked::{self, Fate};
use super::facts::Facts;
use super::{Found, Who};

/// 732 in LCP: names the option.
pub(super) fn not_converging(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[732]) {
        return None;
    }
    let from_them = facts.last_objection(Who::They, Protocol::LCP);
    let from_us = facts.last_objection(Who::We, Protocol::LCP);
    let last = facts.seen.iter().rev().find(|seen| {
        [from_them, from_us].iter().flatten().any(|objection| std::ptr::eq(objection.packet, seen.packet))
    })?;
    let stubborn = asked::of(facts.of).into_iter().rev().find(|one| {
        one.protocol == Protocol::LCP
            && one.who == last.from.other()
            && matches!(one.fate, Fate::Offered(_) | Fate::Rejected)
    });
    let change = match (last.from, &stubborn) {
        (Who::They, Some(one)) => {
            format!(
                "the other side goes on asking for a change of <{}>: let it accept that there",
                one.option
            )
        }
        (Who::We, Some(one)) => {
            format!("the other side goes on asking for <{}>: take that out of its settings", one.option)
        }
        (_, None) => "change the option in this packet at the end that refuses it".to_owned(),
    };
    Some(Found::new(last.text(), change))
}

/// The other side begins LCP over and over.
pub(super) fn anew(facts: &Facts<'_>) -> Option<Found> {
    if !facts.names("began the LCP negotiation anew") {
        return None;
    }
    let request = facts.last(Who::They, Protocol::LCP, Code::CONFIGURE_REQUEST);
    Some(
        Found::new(
            facts.decisive(request),
            "look at the log of the server for what it wants; it may lose our answers to a garbled line",
        )
        .or("check flow control and speed at both ends of the line"),
    )
}

/// A Terminate-Request of the other side before IP was up.
pub(super) fn terminated(facts: &Facts<'_>) -> Option<Found> {
    let last = facts.last(Who::They, Protocol::LCP, Code::TERMINATE_REQUEST)?;
    if facts.of.connected || !facts.ended_with(&[629, 734, 736]) {
        return None;
    }
    // what it did not get is the likeliest reason
    let refused = asked::of(facts.of)
        .into_iter()
        .filter(|one| one.who == Who::They && matches!(one.fate, Fate::Rejected | Fate::Offered(_)));
    let missed: Vec<String> = refused
        .map(|one| match one.kind {
            Some(_) => format!("<{}>", one.option),
            None => one.protocol.to_string(),
        })
        .collect();
    let change = if !missed.is_empty() {
        format!("the other side went after {} was refused here: switch that off there", missed.join(", "))
    } else if facts.dialled() && callback_is_open(facts) {
        "the server ended it over the callback: give another `--callback` number, or none".to_owned()
    } else if facts.dialled()
        && let Some(proof) = proved(facts)
    {
        let text = "it may demand a callback (`--callback`), or have no address left: its log says which";
        return Some(Found::new(
            format!("{}, after {}", last.text(), proof),
            format!("the server let this user in and ended the call: {text}"),
        ));
    } else {
        "look at the other end's log for its reason: this side refused it nothing".to_owned()
    };
    Some(Found::new(last.text(), change))
}

/// Whether the last word on the callback was ours.
fn callback_is_open(facts: &Facts<'_>) -> bool {
    let last = facts.seen.iter().rev().find(|seen| seen.packet.protocol == Protocol::CBCP);
    last.is_some_and(|last| last.from == Who::We)
}

/// The packet by which the server said yes to us.
fn proved(facts: &Facts<'_>) -> Option<String> {
    let yes = facts
        .last(Who::They, Protocol::CHAP, Code(3))
        .or_else(|| facts.last(Who::They, Protocol::PAP, Code(2)))?;
    Some(yes.text())
}

/// Echo-Requests without an answer on a call that stood.
pub(super) fn gone(facts: &Facts<'_>) -> Option<Found> {
    let silent = facts.names("answers no LCP Echo-Request") || facts.names("no longer answers");
    silent.then(|| {
        let change = if facts.answered() {
            "look at the line; on a slow one raise `echo_interval` or `echo_failures` of the port"
        } else {
            "look at the line, and whether the server still runs"
        };
        Found::new(facts.decisive(facts.last(Who::We, Protocol::LCP, Code::ECHO_REQUEST)), change)
    })
}
