//! Diagnoses of the login prompt, of limits in force, and of where callers may not go.

use super::Found;
use super::facts::Facts;

/// PPP or SLIP where only a name and a password let in (defence rule 1).
pub(super) fn first(facts: &Facts<'_>) -> Option<Found> {
    if facts.names("PPP began at the login prompt") {
        return Some(
            Found::new(
                "`login = \"prompt\"` of the port",
                "have the caller open a terminal window, or give it a script that logs in",
            )
            .or("write `login = \"auto\"`: PPP then comes in by its own authentication too"),
        );
    }
    facts.names("SLIP began before anybody had logged in").then(|| {
        Found::new(
            "SLIP can prove nothing by itself",
            "have the caller log in at the prompt first, with a terminal window or a script",
        )
    })
}

/// A name or password that was refused at the prompt.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Found> {
    if !facts.answered() || !facts.names("was refused at the login prompt") {
        return None;
    }
    let why = facts.step("reason").map_or("the login prompt", |step| step.text.as_str());
    Some(Found::new(
        why,
        "check name and password; `openras user unlock NAME`, `passwd` and `set` change what the account says",
    ))
}

/// A service that is not this user's.
pub(super) fn service(facts: &Facts<'_>) -> Option<Found> {
    facts.names("which is none of this user's services").then(|| {
        Found::new(
            "the services of the user",
            "`openras user set NAME --service LIST` allows it, or the caller chooses another",
        )
    })
}

/// The line came back as it was sent, at the prompt.
pub(super) fn echo(facts: &Facts<'_>) -> Option<Found> {
    facts.names("The login prompt comes back").then(|| {
        Found::new(
            "what came is the login prompt itself",
            "look at the other end: a modem in command mode echoes (ATE0 stops that), and so does a getty",
        )
        .or("take out a loopback plug")
    })
}

/// A call that lasted or was silent as long as it may.
pub(super) fn limits(facts: &Facts<'_>) -> Option<Found> {
    if facts.dialled() && facts.ended_with(&[828]) {
        return Some(Found::new(
            "`--idle` of the dial",
            "dial again; give a longer `--idle` if it is too short",
        ));
    }
    let keys = [("idle_limit", "--idle"), ("session_limit", "--session")];
    let (key, own) = keys.into_iter().find(|(key, _)| facts.names(&format!("({key})")))?;
    Some(
        Found::new(format!("`{key}` of the port"), format!("dial again; raise `{key}` if it is too short"))
            .or(format!("`openras user set NAME {own}`, where this user has a limit of its own")),
    )
}

/// A call that stands or ended well, and something it was not let to (defence rule 16).
pub(super) fn closed(facts: &Facts<'_>) -> Option<Found> {
    if facts.of.error.is_some() {
        return None;
    }
    let step = facts.step("closed_by_reach")?;
    Some(
        Found::new(
            step.text.clone(),
            "add it, as 192.0.2.7:22 or a network, to `reach` of the port, or of the \
             `[group.NAME]` of this user, if callers may go there",
        )
        .or("`openras user set NAME --reach WORDS` opens it for one user"),
    )
}
