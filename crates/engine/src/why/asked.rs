//! What each side asked for in its Configure-Requests, and what the other made of it.

use std::fmt;

use openras_ppp::show::option_text;
use openras_ppp::wire::{Code, ControlPacket, Options, Protocol, RawOption, Reader};

use super::{Transcript, Who};
use crate::why::facts::sender;

/// One option, or a whole protocol, that one side asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub who: Who,
    /// Of which protocol.
    pub protocol: Protocol,
    /// The option's number; `None` for the protocol itself.
    pub kind: Option<u8>,
    /// As it was asked first, as `mru 1500`; empty for the protocol itself.
    pub option: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of something asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Agreed, as it was asked.
    Agreed,
    /// Agreed in the end, as this.
    AgreedAs(String),
    /// The other side would have this instead, and it was not agreed.
    Offered(String),
    /// The other side does not want it.
    Rejected,
    /// No answer came.
    Unanswered,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = if self.option.is_empty() { "the protocol" } else { &self.option };
        write!(f, "{option}: {}", self.fate)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agreed => f.write_str("agreed"),
            Self::AgreedAs(option) => write!(f, "agreed as {option}"),
            Self::Offered(option) => write!(f, "not agreed; {option} was offered instead"),
            Self::Rejected => f.write_str("refused"),
            Self::Unanswered => f.write_str("not answered"),
        }
    }
}

/// Everything asked, by protocol in the order it came up, this side first.
pub(super) fn of(transcript: &Transcript) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    let mut order: Vec<Protocol> = Vec::new();
    for packet in &transcript.packets {
        let Ok(control) = ControlPacket::parse(packet.bytes.expose()) else { continue };
        let from = sender(packet);
        if packet.protocol == Protocol::LCP && control.code == Code::PROTOCOL_REJECT {
            rejected(&mut asked, &mut order, from.other(), control.body);
        } else if negotiates(packet.protocol) {
            if !order.contains(&packet.protocol) {
                order.push(packet.protocol);
            }
            note(&mut asked, from, packet.protocol, control);
        }
    }
    let place = |asked: &Asked| {
        (order.iter().position(|protocol| *protocol == asked.protocol), asked.who, asked.kind)
    };
    asked.sort_by_key(place);
    asked
}

/// Whether its packets are those of RFC 1661 §5: all network control protocols, and LCP.
pub(super) fn negotiates(protocol: Protocol) -> bool {
    protocol == Protocol::LCP || (0x8000..0xc000).contains(&protocol.0)
}

fn rejected(asked: &mut Vec<Asked>, order: &mut Vec<Protocol>, who: Who, body: &[u8]) {
    let Ok(number) = Reader::new(body).u16("protocol") else { return };
    let protocol = Protocol(number);
    // data of a protocol that is open here says nothing about what was asked
    if !negotiates(protocol) {
        return;
    }
    if !order.contains(&protocol) {
        order.push(protocol);
    }
    asked.retain(|one| one.who != who || one.protocol != protocol);
    asked.push(Asked { who, protocol, kind: None, option: String::new(), fate: Fate::Rejected });
}

fn note(asked: &mut Vec<Asked>, from: Who, protocol: Protocol, packet: ControlPacket<'_>) {
    let options = Options::new(packet.body).flat();
    match packet.code {
        Code::CONFIGURE_REQUEST => options.for_each(|option| request(asked, from, protocol, option)),
        Code::CONFIGURE_ACK => options.for_each(|option| {
            let text = option_text(protocol, option);
            set(asked, from.other(), protocol, option.kind, |one| {
                one.fate = if one.option == text { Fate::Agreed } else { Fate::AgreedAs(text) };
            });
        }),
        Code::CONFIGURE_NAK => options.for_each(|option| {
            let text = option_text(protocol, option);
            set(asked, from.other(), protocol, option.kind, |one| one.fate = Fate::Offered(text));
        }),
        Code::CONFIGURE_REJECT => options.for_each(|option| {
            set(asked, from.other(), protocol, option.kind, |one| one.fate = Fate::Rejected);
        }),
        _ => {}
    }
}

fn request(asked: &mut Vec<Asked>, who: Who, protocol: Protocol, option: RawOption<'_>) {
    let known =
        asked.iter().any(|one| one.who == who && one.protocol == protocol && one.kind == Some(option.kind));
    if !known {
        let (kind, option) = (Some(option.kind), option_text(protocol, option));
        asked.push(Asked { who, protocol, kind, option, fate: Fate::Unanswered });
    }
}

fn set(asked: &mut [Asked], who: Who, protocol: Protocol, kind: u8, change: impl FnOnce(&mut Asked)) {
    let found =
        asked.iter_mut().find(|one| one.who == who && one.protocol == protocol && one.kind == Some(kind));
    if let Some(one) = found {
        change(one);
    }
}
