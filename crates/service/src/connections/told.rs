//! What a dial says, in the words of the API. The one place where an engine's notice becomes an event.

use std::net::Ipv6Addr;

use openras_api::types::connection::Ipv4;
use openras_api::types::event::{Ended, Event, Ipv6, Projection, State};
use openras_api::types::problem::Problem;
use openras_engine::client::dial::{DialEnd, DialEvent, Notice};
use openras_engine::escape;
use openras_ppp::Negotiated;

use crate::calls::packet;

/// The event a notice is; `None` for the reply to a command, which is only its giver's to hear. Texts from outside
/// come out escaped.
pub fn event(notice: &Notice) -> Option<Event> {
    Some(match notice {
        Notice::State { seq, state, error } => {
            Event::State(State::new(*seq, *state, error.map(Problem::from)))
        }
        Notice::Terminal(bytes) => terminal(bytes),
        Notice::Event(event) => dial_event(event),
        Notice::Reply(_) => return None,
        Notice::Ended(end) => Event::Ended(ended(end)),
    })
}

/// Bytes of the other end in the Interactive pause.
pub fn terminal(bytes: &[u8]) -> Event {
    use base64::Engine as _;
    Event::Terminal { data: base64::engine::general_purpose::STANDARD.encode(bytes) }
}

pub(crate) fn dial_event(event: &DialEvent) -> Event {
    let safe = |text: &str| escape::line(text);
    match event {
        DialEvent::Banner(text) => Event::Banner { text: safe(text) },
        DialEvent::Packet(told) => Event::Packet(packet(told)),
        DialEvent::PeerIdentification(text) => Event::Identification { text: safe(text) },
        DialEvent::NoAuthentication => Event::NoAuthentication,
        DialEvent::Message(text) => Event::Message { text: safe(text) },
        DialEvent::TimeRemaining(seconds, text) => {
            Event::TimeRemaining { seconds: *seconds, text: safe(text) }
        }
        DialEvent::Projection(agreed) => Event::Projection(projection(agreed)),
    }
}

/// What was agreed.
pub fn projection(agreed: &Negotiated) -> Projection {
    let list = |servers: &[Option<_>]| servers.iter().flatten().copied().collect();
    Projection {
        authentication: agreed.us.map(|method| method.word().to_owned()),
        ipv4: agreed.ipv4.map(|ip| Ipv4 {
            local: ip.local,
            remote: ip.remote,
            dns: list(&ip.dns),
            nbns: list(&ip.nbns),
        }),
        ipv6: agreed
            .ipv6
            .map(|(local, remote)| Ipv6 { local: link_local(local), remote: link_local(remote) }),
        failed: agreed
            .failed
            .iter()
            .map(|(protocol, why)| (protocol.to_string(), format!("{why:?}")))
            .collect(),
    }
}

/// The end of a dial.
pub fn ended(end: &DialEnd) -> Ended {
    Ended {
        connected: end.was_connected,
        error: end.error.map(Problem::from),
        why: end.why.clone(),
        remedy: end.remedy.clone(),
        packet: end.packet.as_ref().map(packet),
    }
}

/// The link-local address of an interface identifier.
fn link_local(identifier: [u8; 8]) -> Ipv6Addr {
    Ipv6Addr::from((0xfe80_u128 << 112) | u128::from(u64::from_be_bytes(identifier)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_other_end_is_escaped_and_terminal_bytes_are_base64() {
        let banner = Notice::Event(DialEvent::Banner("\u{1b}[2Jhello".into()));
        let Some(Event::Banner { text }) = event(&banner) else { panic!("no banner") };
        assert!(!text.contains('\u{1b}') && text.ends_with("hello"), "{text}");
        assert_eq!(event(&Notice::Terminal(vec![0, 255])), Some(Event::Terminal { data: "AP8=".into() }));
        assert_eq!(event(&Notice::Reply(Ok(()))), None);
    }

    #[test]
    fn an_interface_identifier_is_the_end_of_a_link_local_address() {
        assert_eq!(link_local([0, 0, 0, 0, 0, 0, 0, 1]).to_string(), "fe80::1");
    }
}
