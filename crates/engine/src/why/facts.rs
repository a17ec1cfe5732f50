//! What the diagnoses ask a transcript.

use openras_ppp::event::{Direction, Packet};
use openras_ppp::wire::{Code, ControlPacket, Options, Protocol, RawOption};

use super::{Found, Role, Step, Transcript, Who};
use crate::{RasError, escape};

/// LCP's Authentication-Protocol (RFC 1661 §6.2).
pub(super) const AUTHENTICATION: u8 = 3;
/// LCP's Magic-Number (RFC 1661 §6.4).
pub(super) const MAGIC: u8 = 5;
/// Most characters of a packet or text in a sentence.
const SHOWN: usize = 300;

/// Who sent a packet.
pub(super) fn sender(packet: &Packet) -> Who {
    match packet.direction {
        Direction::Sent => Who::We,
        Direction::Received => Who::They,
    }
}

/// A packet and what is inside.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) from: Who,
    pub(super) packet: &'a Packet,
    pub(super) control: ControlPacket<'a>,
}

impl<'a> Seen<'a> {
    pub(super) fn is(&self, from: Who, protocol: Protocol, code: Code) -> bool {
        self.from == from && self.packet.protocol == protocol && self.control.code == code
    }

    /// The option of this number.
    pub(super) fn option(&self, kind: u8) -> Option<RawOption<'a>> {
        Options::new(self.control.body).flat().find(|option| option.kind == kind)
    }

    /// In words: `received: [LCP …]`.
    pub(super) fn text(&self) -> String {
        shown(self.packet)
    }
}

/// A packet in words: `received: [LCP …]`.
pub fn shown(packet: &Packet) -> String {
    let way = match packet.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let text: String = packet.text().chars().take(SHOWN).collect();
    format!("{way}: {text}")
}

/// A transcript with its packets read.
pub(super) struct Facts<'a> {
    pub(super) of: &'a Transcript,
    pub(super) seen: Vec<Seen<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(of: &'a Transcript) -> Self {
        let read = |packet: &'a Packet| {
            let control = ControlPacket::parse(packet.bytes.expose()).ok()?;
            Some(Seen { from: sender(packet), packet, control })
        };
        Self { of, seen: of.packets.iter().filter_map(read).collect() }
    }

    pub(super) fn dialled(&self) -> bool {
        self.of.role == Role::Dialled
    }

    pub(super) fn answered(&self) -> bool {
        self.of.role == Role::Answered
    }

    /// Whether it ended with one of these numbers.
    pub(super) fn ended_with(&self, numbers: &[u32]) -> bool {
        self.of.error.is_some_and(|error| numbers.contains(&error.0))
    }

    /// Whether the machine's sentence names this setting.
    pub(super) fn names(&self, setting: &str) -> bool {
        self.of.why.contains(setting)
    }

    /// The last packet like this.
    pub(super) fn last(&self, from: Who, protocol: Protocol, code: Code) -> Option<&Seen<'a>> {
        self.seen.iter().rev().find(|seen| seen.is(from, protocol, code))
    }

    pub(super) fn count(&self, from: Who, protocol: Protocol, code: Code) -> usize {
        self.seen.iter().filter(|seen| seen.is(from, protocol, code)).count()
    }

    /// The last Configure-Nak or -Reject of this protocol.
    pub(super) fn last_objection(&self, from: Who, protocol: Protocol) -> Option<&Seen<'a>> {
        self.seen.iter().rev().find(|seen| {
            seen.is(from, protocol, Code::CONFIGURE_NAK) || seen.is(from, protocol, Code::CONFIGURE_REJECT)
        })
    }

    /// The Protocol-Reject of a protocol.
    pub(super) fn protocol_rejected(&self, by: Who, protocol: Protocol) -> Option<&Seen<'a>> {
        let number = protocol.0.to_be_bytes();
        self.seen.iter().rev().find(|seen| {
            seen.is(by, Protocol::LCP, Code::PROTOCOL_REJECT) && seen.control.body.starts_with(&number)
        })
    }

    /// Packets that came in at all.
    pub(super) fn heard(&self) -> usize {
        self.seen.iter().filter(|seen| seen.from == Who::They).count()
    }

    /// The words a side asks to be told who the other is by, in the order it asked: `mschapv2` …, or the option's text.
    pub(super) fn methods_asked(&self, by: Who) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for seen in self.seen.iter().filter(|seen| seen.is(by, Protocol::LCP, Code::CONFIGURE_REQUEST)) {
            let Some(option) = seen.option(AUTHENTICATION) else { continue };
            let word = method_word(option);
            if !found.contains(&word) {
                found.push(word);
            }
        }
        found
    }

    /// The method a side offered instead of the other's, in its last Configure-Nak.
    pub(super) fn method_offered(&self, by: Who) -> Option<String> {
        let nak = self.seen.iter().rev().find(|seen| {
            seen.is(by, Protocol::LCP, Code::CONFIGURE_NAK) && seen.option(AUTHENTICATION).is_some()
        })?;
        nak.option(AUTHENTICATION).map(method_word)
    }

    /// The last step of a kind.
    pub(super) fn step(&self, kind: &str) -> Option<&'a Step> {
        self.of.steps.iter().rev().find(|step| step.kind == kind)
    }

    /// The packet that decided it by the machine's own word, else this one.
    pub(super) fn decisive(&self, other: Option<&Seen<'_>>) -> String {
        match (&self.of.decided, other) {
            (Some(decided), _) => decided.clone(),
            (None, Some(seen)) => seen.text(),
            (None, None) => String::new(),
        }
    }

    /// What the machine itself said.
    pub(super) fn by_the_end(&self) -> Found {
        let decided = self.decisive(None);
        if self.of.error.is_none() {
            return Found { decided, change: Vec::new() };
        }
        Found::new(decided, self.of.remedy.clone())
    }

    /// What happened, in a sentence.
    pub(super) fn happened(&self) -> String {
        let number = self.of.error.map(|error: RasError| format!("{error}: ")).unwrap_or_default();
        match (self.of.over, self.of.why.is_empty()) {
            // the packet has a line of its own
            (true, false) => format!("{number}{}", without_packet(&self.of.why)),
            (true, true) => format!("{number}The call has ended."),
            (false, _) if self.of.connected => "The call stands: IP is up.".to_owned(),
            (false, _) => "The call has not ended.".to_owned(),
        }
    }
}

/// The sentence without the packet that stands at its end.
fn without_packet(why: &str) -> &str {
    why.split(" The packet that decided it, ").next().unwrap_or(why)
}

/// The method an option asks for, by its word.
fn method_word(option: RawOption<'_>) -> String {
    use openras_ppp::AuthMethod as Method;
    let word = match option.data {
        [0xc0, 0x23] => Method::Pap.word(),
        [0xc2, 0x23, 5] => Method::ChapMd5.word(),
        [0xc2, 0x23, 0x80] => Method::MsChapV1.word(),
        [0xc2, 0x23, 0x81] => Method::MsChapV2.word(),
        [0xc2, 0x27] => "eap",
        _ => return escape::short(&openras_ppp::show::option_text(Protocol::LCP, option), 40),
    };
    word.to_owned()
}
