//! What a person sees: states as they pass with their time and our sentence, colour only on a terminal.

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use openras_engine::client::dial::{DialEnd, DialEvent};
use openras_engine::escape;
use openras_engine::{ConnState, RasError};
use openras_ppp::Negotiated;
use openras_ppp::event::{Direction, Packet};

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

/// Seconds with milliseconds, right-aligned in nine columns.
fn seconds(since: Duration) -> String {
    format!("{:9.3}", since.as_secs_f64())
}

/// A line with the time before it.
pub(crate) fn timed(paint: Paint, since: Duration, text: &str) -> String {
    format!("{}  {text}", paint.faint(&seconds(since)))
}

/// One state: its name and sentence.
pub(crate) fn state(paint: Paint, state: ConnState, error: Option<RasError>) -> String {
    let name = state
        .name()
        .map_or_else(|| state.0.to_string(), |name| name.trim_start_matches("RASCS_").to_string());
    let padded = format!("{name:<20}");
    let name = match (error, state.is_paused(), state) {
        (Some(_), false, _) | (None, false, ConnState::DISCONNECTED) => paint.bad(&padded),
        (_, true, _) => paint.asks(&padded),
        (None, false, ConnState::CONNECTED) => paint.good(&padded),
        _ => paint.strong(&padded),
    };
    let sentence = match error {
        Some(error) => format!("{error}: {}", error.sentence()),
        None => state.sentence().to_string(),
    };
    format!("{name} {sentence}")
}

/// A control packet.
pub(crate) fn packet(paint: Paint, packet: &Packet) -> String {
    let arrow = match packet.direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
    };
    paint.faint(&format!("{arrow} {}", packet.text()))
}

/// An event that is no state and no packet, as a sentence.
pub(crate) fn event(event: &DialEvent) -> Option<String> {
    Some(match event {
        DialEvent::Banner(text) => format!("the other end says: {}", escape::line(text.trim())),
        DialEvent::Packet(_) => return None,
        DialEvent::PeerIdentification(text) => format!("the other end is {}", escape::line(text)),
        DialEvent::NoAuthentication => {
            "the server asked for no authentication: nothing proves who either end is".to_string()
        }
        DialEvent::Message(text) if text.is_empty() => return None,
        DialEvent::Message(text) => format!("the server says: {}", escape::line(text)),
        DialEvent::TimeRemaining(seconds, text) => {
            format!("the server ends this in {seconds} s: {}", escape::line(text))
        }
        DialEvent::Projection(agreed) => projection(agreed),
    })
}

/// What was agreed, a line for each part.
pub(crate) fn projection(agreed: &Negotiated) -> String {
    let mut parts = Vec::new();
    if let Some(ip) = &agreed.ipv4 {
        let mut text = format!("we are {}, the server is {}", ip.local, ip.remote);
        let dns: Vec<String> = ip.dns.iter().flatten().map(ToString::to_string).collect();
        if !dns.is_empty() {
            text += &format!("; DNS {}", dns.join(", "));
        }
        parts.push(text);
    }
    if let Some((local, remote)) = &agreed.ipv6 {
        parts.push(format!("we are {}, the server is {}", link_local(*local), link_local(*remote)));
    }
    for (protocol, why) in &agreed.failed {
        parts.push(format!("no {protocol} ({why:?})"));
    }
    parts.join("\n")
}

/// FE80::/64 with an interface identifier, RFC 5072 §5.
pub(crate) fn link_local(id: [u8; 8]) -> std::net::Ipv6Addr {
    let [a, b, c, d, e, f, g, h] = id;
    std::net::Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a, b, c, d, e, f, g, h])
}

/// How it ended: what decided it and what to try.
pub(crate) fn end(paint: Paint, end: &DialEnd) -> String {
    let Some(error) = end.error else {
        return if end.was_connected {
            paint.good("ended well")
        } else {
            paint.asks("hung up before it was connected")
        };
    };
    format!("{}\n  why:  {}\n  try:  {}", paint.bad(&error.to_string()), end.why, end.remedy)
}
