//! `openras dial --json`: one event a line, for programs. docs/dial.md lists them.

use std::time::Duration;

use openras_engine::client::dial::{DialEnd, DialEvent, Notice};
use openras_engine::escape;
use openras_engine::{ConnState, RasError};
use openras_ppp::Negotiated;
use openras_ppp::event::{Direction, Packet};
use serde_json::{Map, Value, json};

use crate::answers::base64;
use crate::render::link_local;

/// A RAS number as it stands in every event.
pub(crate) fn error(error: Option<RasError>) -> Value {
    match error {
        None => Value::Null,
        Some(error) => json!({ "error": error.0, "name": error.name(), "message": error.sentence() }),
    }
}

/// A notice of a dial as one event; `since` is the time since the dial began.
pub(crate) fn notice(since: Duration, notice: &Notice) -> Value {
    let mut event = match notice {
        Notice::State { seq, state, error: failed } => self::state(*seq, *state, *failed),
        Notice::Terminal(bytes) => json!({ "event": "terminal", "data": base64(bytes) }),
        Notice::Event(event) => dial_event(event),
        Notice::Reply(Ok(())) => json!({ "event": "reply", "error": null }),
        Notice::Reply(Err(failed)) => json!({ "event": "reply", "error": error(Some(*failed)) }),
        Notice::Ended(end) => ended(end),
    };
    stamp(&mut event, since);
    event
}

/// Adds the time in seconds.
pub(crate) fn stamp(event: &mut Value, since: Duration) {
    if let Some(members) = event.as_object_mut() {
        members.insert("t".into(), json!((since.as_secs_f64() * 1e6).round() / 1e6));
    }
}

fn state(seq: u32, state: ConnState, failed: Option<RasError>) -> Value {
    json!({
        "event": "state",
        "seq": seq,
        "state": state.0,
        "name": state.name(),
        "paused": state.is_paused(),
        "done": state.is_done(),
        "error": error(failed),
    })
}

fn dial_event(event: &DialEvent) -> Value {
    match event {
        DialEvent::Banner(text) => json!({ "event": "banner", "text": escape::line(text) }),
        DialEvent::Packet(packet) => self::packet(packet),
        DialEvent::PeerIdentification(text) => {
            json!({ "event": "identification", "text": escape::line(text) })
        }
        DialEvent::NoAuthentication => json!({ "event": "no_authentication" }),
        DialEvent::Message(text) => json!({ "event": "message", "text": escape::line(text) }),
        DialEvent::TimeRemaining(seconds, text) => {
            json!({ "event": "time_remaining", "seconds": seconds, "text": escape::line(text) })
        }
        DialEvent::Projection(agreed) => projection(agreed),
    }
}

fn packet(packet: &Packet) -> Value {
    json!({
        "event": "packet",
        "direction": if packet.direction == Direction::Sent { "sent" } else { "received" },
        "text": packet.text(),
    })
}

/// What was agreed.
pub(crate) fn projection(agreed: &Negotiated) -> Value {
    let mut event = Map::new();
    event.insert("event".into(), json!("projection"));
    event.insert("authentication".into(), json!(agreed.us.map(|method| method.word())));
    if let Some(ip) = &agreed.ipv4 {
        let list =
            |servers: &[Option<std::net::Ipv4Addr>]| servers.iter().flatten().copied().collect::<Vec<_>>();
        event.insert(
            "ipv4".into(),
            json!({ "local": ip.local, "remote": ip.remote, "dns": list(&ip.dns), "nbns": list(&ip.nbns) }),
        );
    }
    if let Some((local, remote)) = &agreed.ipv6 {
        event.insert("ipv6".into(), json!({ "local": link_local(*local), "remote": link_local(*remote) }));
    }
    let failed: Map<String, Value> = agreed
        .failed
        .iter()
        .map(|(protocol, why)| (protocol.to_string(), json!(format!("{why:?}"))))
        .collect();
    if !failed.is_empty() {
        event.insert("failed".into(), Value::Object(failed));
    }
    Value::Object(event)
}

fn ended(end: &DialEnd) -> Value {
    json!({
        "event": "ended",
        "connected": end.was_connected,
        "error": error(end.error),
        "why": end.why,
        "remedy": end.remedy,
        "packet": end.packet.as_ref().map(packet),
    })
}
