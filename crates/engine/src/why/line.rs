//! Diagnoses of the line: calls that never stood, loops, damage, silence.

use openras_ppp::wire::{Code, Protocol};

use super::facts::{Facts, MAGIC, Seen};
use super::{Found, Who};

/// A damaged frame for so many good ones is no accident.
const BAD_SHARE: u64 = 4;

/// 722, or a dialog that met PPP without the eighth bit.
pub(super) fn seven_bit(facts: &Facts<'_>) -> Option<Found> {
    let found = facts.ended_with(&[722])
        || facts.names("without the eighth bit")
        || facts.names("The line passes 7 bits");
    found.then(|| {
        Found::new(
            "the first PPP header came with its eighth bit cleared",
            "set the line to 8 data bits, no parity, at both ends: the modem or terminal server between them (8N1)",
        )
        .or("on a WiFi modem or telnet line, switch binary mode on")
    })
}

/// Numbers a line fails with before a call stands.
pub(super) fn no_call(facts: &Facts<'_>) -> Option<Found> {
    if facts.of.connected || !facts.of.packets.is_empty() {
        return None;
    }
    let number = facts.of.error?.0;
    let (decided, change) = match number {
        676 => ("the exchange or modem said BUSY", "dial later, or raise `calls` of the port that is called"),
        677 => ("a person answered", "check the number"),
        678 => (
            "nobody answered the call",
            "check the number, and that a port of the other service answers this line (`openras ports` there)",
        ),
        679 => (
            "the modem or exchange said NO CARRIER",
            "check the number (`exchange:NUMBER` must be the line of a port), and that both modems share a standard",
        ),
        680 => ("the modem said NO DIALTONE", "check the cable to the wall or the exchange"),
        608 | 615 | 633 | 666 | 692 | 797 => (
            "the device of the line",
            "check that the device is there and switched on, and that no other program has it: `openras line test` shows what \
             it answers",
        ),
        651 | 652 | 681 => (
            "the modem answered something that is no success",
            "check the modem's model, and what it answers to its commands",
        ),
        801 | 835 | 781 | 853..=855 => tls(number),
        868 => {
            ("the name in the line could not be resolved", "check the host of the line, or write its address")
        }
        _ => return None,
    };
    let line = &facts.of.line;
    let decided = if line.is_empty() { decided.to_owned() } else { format!("{decided} (line {line})") };
    Some(Found::new(decided, change))
}

/// Handshakes in TLS that came to nothing.
fn tls(number: u32) -> (&'static str, &'static str) {
    match number {
        801 => (
            "nobody this side believes has signed the server's certificate, or its time is over",
            "name who signed it with `--tls-ca FILE`; look at its dates and at the clock of this machine",
        ),
        835 => (
            "the server's certificate is for another name",
            "dial the name that is in it, or give the server a certificate for this name",
        ),
        781 => (
            "the certificate or key of this dial cannot be used",
            "check `--tls-certificate` and `--tls-key`: both in PEM, and the key that of the certificate",
        ),
        _ => (
            "the server does not take the certificate of this dial",
            "give `--tls-certificate` and `--tls-key` that somebody in the port's `clients` has signed",
        ),
    }
}

/// Our own packets come back: the same magic number.
pub(super) fn looped(facts: &Facts<'_>) -> Option<Found> {
    let echo = facts.seen.iter().find(|seen| {
        seen.is(Who::They, Protocol::LCP, Code::CONFIGURE_REQUEST)
            && magic(seen).is_some_and(|theirs| {
                facts.seen.iter().any(|ours| {
                    ours.is(Who::We, Protocol::LCP, Code::CONFIGURE_REQUEST)
                        && magic(ours) == Some(theirs)
                        && ours.packet.bytes == seen.packet.bytes
                })
            })
    });
    if !facts.ended_with(&[737]) && (echo.is_none() || facts.of.connected) {
        return None;
    }
    let decided = echo.map_or_else(
        || facts.decisive(None),
        |echo| format!("{}, which is our own packet, magic number and all", echo.text()),
    );
    let change = if facts.dialled() {
        "see what is there: dial with `--terminal after-dial`; a login prompt or a modem in command mode echoes what it \
         gets"
    } else {
        "look at what is at the caller's end: a modem that has dropped into command mode echoes (ATE0 stops that)"
    };
    Some(
        Found::new(decided, change)
            .or("take out a loopback plug, and check that the line's two ends are not joined"),
    )
}

fn magic<'a>(seen: &Seen<'a>) -> Option<&'a [u8]> {
    seen.option(MAGIC).map(|option| option.data)
}

/// A dial that came to text and to no packet, whatever it ended with.
pub(super) fn text(facts: &Facts<'_>) -> Option<Found> {
    let words = facts.step("banner");
    if !facts.dialled()
        || !facts.ended_with(&[628, 629, 718, 721, 703, 638])
        || facts.heard() > 0
        || facts.of.connected
    {
        return None;
    }
    let said =
        facts.of.why.split("The last text that came was \"").nth(1).and_then(|rest| rest.split('"').next());
    let said = said.map(str::to_owned).or_else(|| words.map(|step| step.text.clone()))?;
    Some(
        Found::new(
            format!("the text \"{said}\" came instead of PPP"),
            "answer it: dial from a terminal (pauses on, `--terminal auto`), or give the entry a script",
        )
        .or("have the server start PPP for this caller by itself"),
    )
}

/// Nothing that is PPP ever came.
pub(super) fn silence(facts: &Facts<'_>) -> Option<Found> {
    if facts.heard() > 0 || facts.of.connected || !facts.ended_with(&[718, 721]) {
        return None;
    }
    let counters = facts.of.counters;
    let asked = facts.count(Who::We, Protocol::LCP, Code::CONFIGURE_REQUEST);
    let sent = format!("{asked} Configure-Requests were sent, and none was answered");
    if counters.bytes_received == 0 {
        let change = if facts.dialled() {
            "check that PPP is started at the other end of this line (`--terminal after-dial` shows whether it says \
             anything)"
        } else {
            "the caller must start PPP after the call is answered; with a terminal program, nothing starts it"
        };
        return Some(Found::new(format!("{sent}; not one byte came"), change));
    }
    let change = "check the speed and the flow control of the line at both ends; text here means that a prompt waits \
                  (`--terminal after-dial`, or a `login` port)";
    let change = if facts.dialled() {
        change
    } else {
        "check the speed and the flow control of the line at both ends"
    };
    Some(Found::new(format!("{sent}; {} bytes came that are no PPP", counters.bytes_received), change))
}

/// Many frames come damaged.
pub(super) fn damaged(facts: &Facts<'_>) -> Option<Found> {
    let counters = facts.of.counters;
    let bad = counters.fcs_errors + counters.runts + counters.bad_headers;
    if facts.of.connected || facts.of.error.is_none() || bad < 3 || bad * BAD_SHARE < counters.frames_received
    {
        return None;
    }
    Some(Found::new(
        format!("{bad} frames came damaged beside {} good ones", counters.frames_received),
        "check speed, parity and hardware flow control (RTS/CTS) at both ends of the line; XON/XOFF in between eats bytes",
    ))
}

/// The carrier went, or the connection was closed.
pub(super) fn lost(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[628, 619, 668]) {
        return None;
    }
    let last = facts.seen.last();
    let decided = match last {
        Some(last) => format!("the line went away; the last packet was {}", last.text()),
        None => "the line went away before any packet".to_owned(),
    };
    let change = if facts.of.connected {
        "look at the line; if it repeats after the same time, something between the ends drops idle connections"
    } else {
        "look at the other end's log for why it hung up; on a telephone line, at its quality"
    };
    Some(Found::new(decided, change))
}
