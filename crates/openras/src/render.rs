//! What a person sees: events as they pass, with their time and our sentence; colour only on a terminal.

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use openras_api::Problem;
use openras_api::types::event::{Direction, Ended, Event, Packet, Projection, State};
use openras_engine::{ConnState, escape};

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colour if standard output is a terminal and `NO_COLOR` is not set.
    pub(crate) fn for_stdout() -> Self {
        Self { on: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn asks(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }
}

/// Text the service gave, safe to show. The service escapes what came from outside; what it did not escape is
/// escaped here, and a backslash of its own stays one (defence rule 15).
pub(crate) fn safe(text: &str) -> String {
    text.split('\\').map(escape::line).collect::<Vec<_>>().join("\\")
}

/// Seconds with milliseconds, right-aligned in nine columns.
fn seconds(since: Duration) -> String {
    format!("{:9.3}", since.as_secs_f64())
}

/// A line with the time before it.
pub(crate) fn timed(paint: Paint, since: Duration, text: &str) -> String {
    format!("{}  {text}", paint.faint(&seconds(since)))
}

/// Time of an event, in seconds; anything but a time is 0.
pub(crate) fn time(t: f64) -> Duration {
    Duration::try_from_secs_f64(t).unwrap_or_default()
}

/// One event as lines for people; none where there is nothing to say. Packets only if `packets`.
pub(crate) fn event(paint: Paint, event: &Event, packets: bool) -> Vec<String> {
    let line = match event {
        Event::State(state) => self::state(paint, state),
        Event::Packet(packet) if packets => self::packet(paint, packet),
        Event::Banner { text } => format!("the other end says: {}", safe(text.trim())),
        Event::Identification { text } => format!("the other end is {}", safe(text)),
        Event::NoAuthentication => {
            "the server asked for no authentication: nothing proves who either end is".to_string()
        }
        Event::Message { text } if !text.is_empty() => format!("the server says: {}", safe(text)),
        Event::TimeRemaining { seconds, text } => {
            format!("the server ends this in {seconds} s: {}", safe(text))
        }
        Event::Projection(agreed) => return projection(agreed),
        Event::Port { kind, text, error, .. } => port(paint, kind, text, error.as_ref()),
        Event::Network { kind, text } if kind.ends_with("_failed") => paint.asks(&safe(text)),
        Event::Network { text, .. } => safe(text),
        Event::Ended(end) => return self::end(paint, end),
        Event::Lost { count } => {
            paint.asks(&format!("{count} events are missing here: this reader was too slow"))
        }
        Event::Terminal { .. } | Event::Packet(_) | Event::Message { .. } => return Vec::new(),
    };
    vec![line]
}

/// Whether the event that comes right behind says the same: an answered call's `ended`, with the remedy besides.
pub(crate) fn is_told_again(event: &Event) -> bool {
    matches!(event, Event::Port { kind, .. } if kind == "down")
}

/// A number and what happened.
pub(crate) fn problem(problem: &Problem) -> String {
    format!("{}: {}", problem.number(), safe(&problem.message))
}

/// One state: its name and sentence.
fn state(paint: Paint, state: &State) -> String {
    let conn = state.conn_state();
    let name = match conn.name() {
        Some(name) => name.trim_start_matches("RASCS_").to_string(),
        None => state.state.to_string(),
    };
    let padded = format!("{name:<20}");
    let name = match (&state.error, state.paused, conn) {
        (Some(_), false, _) | (None, false, ConnState::DISCONNECTED) => paint.bad(&padded),
        (_, true, _) => paint.asks(&padded),
        (None, false, ConnState::CONNECTED) => paint.good(&padded),
        _ => paint.strong(&padded),
    };
    let sentence = match &state.error {
        Some(error) => problem(error),
        None => conn.sentence().to_string(),
    };
    format!("{name} {sentence}")
}

/// A control packet.
fn packet(paint: Paint, packet: &Packet) -> String {
    let arrow = match packet.direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
    };
    paint.faint(&format!("{arrow} {}", safe(&packet.text)))
}

/// A step of an answered call.
fn port(paint: Paint, kind: &str, text: &str, error: Option<&Problem>) -> String {
    let text = safe(text);
    match (kind, error) {
        (_, Some(_)) => paint.bad(&text),
        ("up", None) => paint.good(&text),
        _ => text,
    }
}

/// What was agreed, a line for each part.
pub(crate) fn projection(agreed: &Projection) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(ip) = &agreed.ipv4 {
        let mut text = format!("we are {}, the other end is {}", ip.local, ip.remote);
        let dns: Vec<String> = ip.dns.iter().map(ToString::to_string).collect();
        if !dns.is_empty() {
            text += &format!("; DNS {}", dns.join(", "));
        }
        parts.push(text);
    }
    if let Some(ip) = &agreed.ipv6 {
        parts.push(format!("we are {}, the other end is {}", ip.local, ip.remote));
    }
    for (protocol, why) in &agreed.failed {
        parts.push(format!("no {} ({})", safe(protocol), safe(why)));
    }
    parts
}

/// How it ended: what decided it and what to try.
fn end(paint: Paint, end: &Ended) -> Vec<String> {
    let Some(error) = &end.error else {
        return vec![if end.connected {
            paint.good("ended well")
        } else {
            paint.asks("hung up before it was connected")
        }];
    };
    let mut lines = vec![paint.bad(&error.number().to_string())];
    for (word, text) in [("why:", &end.why), ("try:", &end.remedy)] {
        if !text.is_empty() {
            lines.push(format!("  {word:<5} {}", safe(text)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_escaped_is_not_escaped_twice_and_what_it_did_not_is() {
        assert_eq!(safe("a\\u{1b}b"), "a\\u{1b}b");
        assert_eq!(safe("a\u{1b}b\u{202e}\u{9b}\n"), "a\\u{1b}b\\u{202e}\\u{9b}\\n");
    }

    #[test]
    fn no_colour_is_no_escape() {
        let paint = Paint { on: false };
        let ended = Ended {
            connected: false,
            error: Some(Problem::from(openras_engine::RasError(691))),
            why: "the \u{1b}[2J packet".into(),
            remedy: "another password".into(),
            packet: None,
        };
        let lines = event(paint, &Event::Ended(ended), false);
        assert_eq!(lines.get(1).map(String::as_str), Some("  why:  the \\u{1b}[2J packet"));
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')), "{lines:?}");
    }
}
