//! Diagnoses of what stands before PPP: room for callers, modules, prompts, scripts.

use super::facts::Facts;
use super::{Found, Step};

/// What a caller was turned away for, told as a step of its own.
fn turned_away<'a>(facts: &Facts<'a>, setting: &str) -> Option<&'a Step> {
    facts.step("turned_away").filter(|step| step.text.contains(setting))
}

pub(super) fn audit_full(facts: &Facts<'_>) -> Option<Found> {
    turned_away(facts, "(audit_full)").map(|step| {
        Found::new(
            step.text.clone(),
            "free some space on the disk of the state folder: `audit_full = \"refuse\"` answers nobody without a record",
        )
        .or("write `audit_full = \"go-on\"` if calls matter more than their record")
    })
}

pub(super) fn unauthenticated(facts: &Facts<'_>) -> Option<Found> {
    turned_away(facts, "(unauthenticated)").map(|step| {
        Found::new(
            step.text.clone(),
            "wait: half of a port's calls are kept for callers who have proved who they are; `calls` makes room for more",
        )
        .or("raise `unauthenticated` of the port if these are all good callers")
    })
}

pub(super) fn per_source(facts: &Facts<'_>) -> Option<Found> {
    turned_away(facts, "(per_source)").map(|step| {
        Found::new(
            step.text.clone(),
            "raise `per_source` of the port if many callers share this address (a terminal server, a NAT)",
        )
    })
}

pub(super) fn calls_taken(facts: &Facts<'_>) -> Option<Found> {
    turned_away(facts, "(calls)").map(|step| {
        Found::new(step.text.clone(), "raise `calls` of the port, and make its `pool` as large")
            .or("end calls that are not used any more (`openras calls`, `openras hangup`)")
    })
}

/// Callers that never came as far as a call: TLS or WebSocket was not agreed on.
pub(super) fn handshake(facts: &Facts<'_>) -> Option<Found> {
    let step = turned_away(facts, " handshake: ")?;
    let says = |words: &[&str]| words.iter().any(|word| step.text.contains(word));
    let change = if says(&["InvalidContentType", "corrupt message"]) {
        "the caller speaks no TLS: have it dial `tls:`, or answer it on a line without"
    } else if says(&["no certificates", "CertificateRequired"]) {
        "give the caller a certificate that somebody in `clients` of the port's `tls` has signed (`--tls-certificate`), or \
         take `clients` out"
    } else if says(&["alert: Certificate", "alert: UnknownCA", "alert: BadCertificate"]) {
        "the caller does not believe the port's certificate: give it who signed it (`openras dial --tls-ca FILE`), or the \
         port one that is believed and is for the name that is dialled"
    } else {
        "have the caller speak what the line is (`tls:`, `ws:`, `wss:`)"
    };
    Some(Found::new(step.text.clone(), change))
}

/// The module's sentence: its setting is the `modules` list.
fn module<'a>(facts: &Facts<'a>) -> &'a str {
    let text = &facts.of.why;
    text.split("security module \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("?")
}

/// Defence rule 1.
pub(super) fn no_terminal(facts: &Facts<'_>) -> Option<Found> {
    if !facts.names("The caller has no terminal") {
        return None;
    }
    Some(
        Found::new(
            format!("PPP came while the module `{}` of the port's `modules` waited for text", module(facts)),
            "have the caller open a terminal window after dialling (Windows: \"Bring up terminal window after dialing\"; \
             `openras dial --terminal auto`)",
        )
        .or("let callers without a terminal use another port, one without `modules`"),
    )
}

/// Defence rule 7: the clock, and not the caller, is to blame.
pub(super) fn clock(facts: &Facts<'_>) -> Option<Found> {
    let said = facts.of.steps.iter().rev().find(|step| step.text.contains("clock is not set or behind"));
    if said.is_none() && !facts.names("clock is not set or behind") {
        return None;
    }
    Some(
        Found::new(
            "the clock of this machine, by which codes are checked",
            "set the clock, or have it set (`timedatectl`); no try was counted",
        )
        .or("until then a printed recovery code lets the user in"),
    )
}

pub(super) fn refused(facts: &Facts<'_>) -> Option<Found> {
    if !facts.answered() || !facts.names("\" refused the user \"") {
        return None;
    }
    Some(
        Found::new(
            format!("the module `{}` of the port's `modules` said no", module(facts)),
            "dial again and answer its questions; a code counts once and only for its half minute",
        )
        .or("`openras user set NAME --totp` enrols a lost token anew"),
    )
}

pub(super) fn not_begun(facts: &Facts<'_>) -> Option<Found> {
    if !facts.names("could not begin") && !facts.names("did not begin within") {
        return None;
    }
    let module = module(facts);
    Some(Found::new(
        format!("the module `{module}` did not begin"),
        format!(
            "look in the log for what it said, and at `[module.{module}]`; `openras check-config` tries to start it"
        ),
    ))
}

pub(super) fn failed(facts: &Facts<'_>) -> Option<Found> {
    if !facts.answered() || !facts.names("\" ended with ") {
        return None;
    }
    let module = module(facts);
    Some(Found::new(
        format!("the module `{module}` failed; callers are never let in by a module that fails"),
        format!(
            "look in the log for what it said; `command` and `limits` of `[module.{module}]` say what it may do"
        ),
    ))
}

/// Defence rule 5.
pub(super) fn names_differ(facts: &Facts<'_>) -> Option<Found> {
    (facts.names("is not \"") && facts.names("(name_check")).then(|| {
        Found::new(
            "`name_check = \"require\"` of the port",
            "have the caller use one name at the prompt and in its dial-up window",
        )
        .or("`name_check = \"warn\"` only says so, if two names are meant")
    })
}

pub(super) fn no_name(facts: &Facts<'_>) -> Option<Found> {
    facts.names("accepted the caller without a name").then(|| {
        Found::new(
            "`name_check = \"require\"` of the port",
            "let the module give the user's name with its success",
        )
        .or("write `name_check = \"off\"` for this port")
    })
}

pub(super) fn too_long(facts: &Facts<'_>) -> Option<Found> {
    let (setting, change) = if facts.names("(dialog_limit)") {
        ("`dialog_limit` of the port", "answer faster, or raise `dialog_limit`")
    } else if facts.answered() && facts.names("(before_auth)") {
        (
            "`before_auth` of the port",
            "answer faster, or raise `before_auth`; a module may ask for more time itself",
        )
    } else {
        return None;
    };
    Some(Found::new(setting, change))
}

/// A dial whose question nobody answered.
pub(super) fn pause(facts: &Facts<'_>) -> Option<Found> {
    if !facts.dialled() || !facts.ended_with(&[703, 638]) || is_script(facts) {
        return None;
    }
    let said = facts.step("banner").map(|step| format!(": \"{}\"", step.text)).unwrap_or_default();
    Some(if facts.ended_with(&[638]) {
        Found::new(
            format!("a question waited too long{said}"),
            "answer within 10 minutes, or dial without pauses",
        )
    } else {
        Found::new(
            format!("the server asks for text before PPP, and pauses are off{said}"),
            "dial from a terminal without `--no-pause`, or give the entry a script that answers",
        )
        .or("if nothing has to be answered, `--terminal never` goes straight to PPP")
    })
}

/// Whether the sentence is that of a script that came no further, whatever its number.
fn is_script(facts: &Facts<'_>) -> bool {
    facts.names("The script failed in line ")
}

/// A script of the dialling side that waits for what does not come.
pub(super) fn script(facts: &Facts<'_>) -> Option<Found> {
    if !facts.dialled() || !facts.ended_with(&[752]) && !is_script(facts) {
        return None;
    }
    Some(
        Found::new(
            match facts.step("banner") {
                Some(said) => format!("the script of the entry; the other side said \"{}\"", said.text),
                None => "the script of the entry".to_owned(),
            },
            "compare what the script waits for with what the server says: `--terminal after-dial` shows it",
        )
        .or("raise the time of the `waitfor` that failed"),
    )
}
