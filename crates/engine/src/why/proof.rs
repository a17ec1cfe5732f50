//! Diagnoses of authentication and callback.

use openras_ppp::AuthMethod;
use openras_ppp::wire::{Code, Protocol};

use super::asked::{self, Fate};
use super::facts::{AUTHENTICATION, Facts, Seen};
use super::{Found, Role, Who};

/// PAP's and CHAP's refusals.
const PAP_NAK: Code = Code(3);
const CHAP_FAILURE: Code = Code(4);

/// The packet that says no.
fn refusal<'f, 'a>(facts: &'f Facts<'a>, from: Who) -> Option<&'f Seen<'a>> {
    facts
        .seen
        .iter()
        .rev()
        .find(|seen| seen.is(from, Protocol::PAP, PAP_NAK) || seen.is(from, Protocol::CHAP, CHAP_FAILURE))
}

/// No method both sides allow.
pub(super) fn method(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[812, 734, 629]) || facts.of.connected {
        return None;
    }
    let asks = match facts.of.role {
        Role::Dialled => Who::They,
        Role::Answered => Who::We,
    };
    let asked = facts.methods_asked(asks);
    let objection = facts.seen.iter().rev().find(|seen| {
        (seen.is(asks.other(), Protocol::LCP, Code::CONFIGURE_NAK)
            || seen.is(asks.other(), Protocol::LCP, Code::CONFIGURE_REJECT))
            && seen.option(AUTHENTICATION).is_some()
    })?;
    let agreed = asked::of(facts.of).into_iter().any(|one| {
        one.who == asks
            && one.protocol == Protocol::LCP
            && one.kind == Some(AUTHENTICATION)
            && matches!(one.fate, Fate::Agreed | Fate::AgreedAs(_))
    });
    if agreed {
        return None;
    }
    Some(match facts.of.role {
        Role::Dialled => method_here(&asked, &objection.text()),
        Role::Answered => method_there(&asked, facts.method_offered(asks.other()), &objection.text()),
    })
}

/// The server asks for what is not allowed here.
fn method_here(asked: &[String], objection: &str) -> Found {
    let wanted = asked.join(", ");
    let decided = format!("the server asks for {wanted}, and this side allows none of it ({objection})");
    let known = |word: &&str| AuthMethod::from_word(word).is_some();
    let here: Vec<&str> = asked.iter().map(String::as_str).filter(known).collect();
    let there = "have the server offer mschapv2 (`auth` of its port)";
    if here.is_empty() {
        return Found::new(decided, format!("{there}; {wanted} is not spoken here"));
    }
    let first = format!("dial with `--auth {}` if you trust the line{}", here.join(","), clear(asked));
    Found::new(decided, first).or(there)
}

/// The caller wants what the port does not allow.
fn method_there(asked: &[String], offered: Option<String>, objection: &str) -> Found {
    let wanted = asked.join(", ");
    let other = offered.as_deref().unwrap_or("none of it");
    let decided = format!("the port asks for {wanted} (`auth`), and the caller wants {other} ({objection})");
    let first = match &offered {
        Some(offered) => format!(
            "allow {wanted} at the caller; or add \"{offered}\" to `auth` of the port{}",
            clear(std::slice::from_ref(offered))
        ),
        None => format!("allow {wanted} at the caller, or another method in `auth` of the port"),
    };
    Found::new(decided, first)
}

/// What to know before a method that shows the password is allowed (defence rule 17).
fn clear(methods: &[String]) -> &'static str {
    if methods.iter().any(|method| method == "pap") {
        "; pap shows the password to whoever reads the line"
    } else {
        ""
    }
}

/// The server must prove nothing, and this side insists.
pub(super) fn missing(facts: &Facts<'_>) -> Option<Found> {
    if !facts.dialled() || !facts.ended_with(&[812]) || !facts.names("asked for no authentication") {
        return None;
    }
    let request = facts.last(Who::They, Protocol::LCP, Code::CONFIGURE_REQUEST);
    Some(
        Found::new(facts.decisive(request), "dial without `--require-auth` if the server may stay unproved")
            .or("switch authentication on at the server (`auth` of its port is not \"none\")"),
    )
}

/// What the port knows of a refusal and does not tell its caller.
fn reason<'a>(facts: &Facts<'a>, words: &str) -> Option<&'a str> {
    facts.step("reason").map(|step| step.text.as_str()).filter(|text| text.contains(words))
}

/// The packet that says no, else the one the machine named.
fn no(facts: &Facts<'_>, from: Who) -> String {
    refusal(facts, from).map_or_else(|| facts.decisive(None), |seen| seen.text())
}

fn refused_for(facts: &Facts<'_>, words: &str, change: &str) -> Option<Found> {
    let text = reason(facts, words).filter(|_| facts.answered() && facts.of.error.is_some())?;
    Some(Found::new(format!("{text} ({})", no(facts, Who::We)), change))
}

/// The hard limit on wrong tries.
pub(super) fn locked(facts: &Facts<'_>) -> Option<Found> {
    let change = "`openras user unlock NAME` lets the user in again; look in `openras audit` at where the tries came from";
    refused_for(facts, "locked after", change).or_else(|| {
        refused_for(facts, "too many tries at once", "wait a while: tries from one source wait longer each")
    })
}

/// The store has nothing to check this method by.
pub(super) fn no_secret(facts: &Facts<'_>) -> Option<Found> {
    let change = "set the password again: `openras user passwd NAME`, with `--reversible` where the caller only does chap";
    refused_for(facts, "no secret for", change)
}

pub(super) fn unknown(facts: &Facts<'_>) -> Option<Found> {
    refused_for(
        facts,
        "no such user",
        "check the name the caller gives; `openras user add NAME` makes a user",
    )
}

/// The store itself fails.
pub(super) fn store(facts: &Facts<'_>) -> Option<Found> {
    let change = "look at the log and the disk of the state folder: the user store cannot be read";
    refused_for(facts, "store failed", change).or_else(|| {
        (facts.dialled() && facts.ended_with(&[645])).then(|| {
            Found::new(
                no(facts, Who::They),
                "nothing at this end: the server cannot check passwords now; look at its log",
            )
        })
    })
}

/// 691 on either side.
pub(super) fn password(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[691]) {
        return None;
    }
    if facts.dialled() {
        let no = refusal(facts, Who::They)?;
        return Some(
            Found::new(
                facts.decisive(Some(no)),
                "check `--user` and the password; capitals count, and a domain goes into `--domain`",
            )
            .or("ask the server's administrator: `openras why` there knows more than callers are told"),
        );
    }
    let no = refusal(facts, Who::We)?;
    let why = reason(facts, "wrong password").unwrap_or("the proof is wrong");
    Some(Found::new(
        format!("{why} ({})", no.text()),
        "the caller must use the right password; `openras user passwd NAME` sets a new one",
    ))
}

/// The account says no: by number.
pub(super) fn account(facts: &Facts<'_>) -> Option<Found> {
    let number = facts.of.error?.0;
    let (here, there) = match number {
        646 => ("change the user's hours, or the clock of this machine", "call within the permitted hours"),
        647 => (
            "`openras user set NAME --disabled false` enables the account",
            "ask the server's administrator to enable the account",
        ),
        648 => (
            "the caller must give a new password; `openras user passwd NAME` sets one here",
            "dial from a terminal, or with pauses on, and give a new password",
        ),
        649 => (
            "`openras user set NAME --no-dial-in false` gives the right",
            "ask the server's administrator for the right to dial in",
        ),
        708 => ("extend the account", "ask the server's administrator to extend the account"),
        709 => (
            "the new password is too short (`password_min`) or could not be stored: see the log",
            "choose another new password: a longer one",
        ),
        _ => return None,
    };
    let (from, change) = if facts.dialled() { (Who::They, there) } else { (Who::We, here) };
    Some(Found::new(no(facts, from), change))
}

/// 778.
pub(super) fn not_proven(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[778]) {
        return None;
    }
    let success = facts.last(Who::They, Protocol::CHAP, Code(3));
    Some(
        Found::new(
            facts.decisive(success),
            "do not trust this server: it accepted the password without knowing it. Check the number",
        )
        .or("if the number is right, ask its administrator whether the stored password is this one"),
    )
}

/// The caller's program never began its proof, or the server never judged it.
pub(super) fn too_late(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[718]) || !(facts.names("authentica") || facts.names("(before_auth)")) {
        return None;
    }
    if facts.answered() {
        let challenge = facts.last(Who::We, Protocol::CHAP, Code(1));
        return Some(Found::new(
            facts.decisive(challenge),
            "the caller does not answer the challenge: see that it has a name and password; `auth_limit` of the port says \
             how long it has",
        ));
    }
    let response =
        facts.last(Who::We, Protocol::CHAP, Code(2)).or_else(|| facts.last(Who::We, Protocol::PAP, Code(1)));
    Some(Found::new(
        facts.decisive(response),
        "nothing at this end: the server got the proof and gave no verdict; look at its user store or RADIUS",
    ))
}

/// A user who must be called back and was not (defence rule 2).
pub(super) fn callback_required(facts: &Facts<'_>) -> Option<Found> {
    let required = facts.names("must be called back") || facts.names("callback is required");
    if !required {
        return None;
    }
    let without_line = facts.names("callback_line");
    let option = facts
        .last(Who::They, Protocol::LCP, Code::CONFIGURE_REQUEST)
        .map(|request| {
            let has = request.option(13).is_some();
            format!("{}, {} callback (option 13)", request.text(), if has { "with" } else { "without" })
        })
        .unwrap_or_default();
    if facts.dialled() {
        return Some(Found::new(
            facts.decisive(None),
            "dial over a line that can be called back, with `--callback '*'` or a number",
        ));
    }
    let found = if without_line {
        Found::new("the port has no `callback_line`", "set `callback_line` for the port")
    } else {
        Found::new(option, "switch callback on at the caller (LCP option 13 with CBCP)")
    };
    Some(found.or("`openras user set NAME --callback none` takes the duty from the user"))
}

/// 704 and what goes wrong in CBCP.
pub(super) fn callback(facts: &Facts<'_>) -> Option<Found> {
    let here =
        facts.ended_with(&[704]) || (facts.ended_with(&[678]) && facts.step("callback_pending").is_some());
    if !here {
        return None;
    }
    let last = facts.seen.iter().rev().find(|seen| seen.packet.protocol == Protocol::CBCP);
    let change = if facts.dialled() {
        "give a number: `--callback NUMBER` (an optional + and 1 to 20 digits), or none where the server allows that"
    } else {
        "let the caller give a number the user's `--callback-allow` covers, or change that with `openras user set`"
    };
    let decided = match (last, &facts.of.decided) {
        (None, None) => "callback was agreed in LCP, and no packet of CBCP came".to_owned(),
        _ => facts.decisive(last),
    };
    Some(Found::new(decided, change))
}
