//! The options of the IPv6 Control Protocol, RFC 5072 §4: the interface identifier and nothing else.

#[cfg(test)]
mod tests;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng;

use crate::config::Ipv6cpConfig;
use crate::negotiator::{ControlProtocol, Verdict};
use crate::wire::{Malformed, Protocol, RawOption, Reader, emit_option};

/// 64 bits that make a link-local address behind `fe80::/64`; zero stands for none.
type InterfaceId = [u8; 8];

const NONE: InterfaceId = [0; 8];
/// The option's type.
pub(crate) const INTERFACE_IDENTIFIER: u8 = 1;
/// Set in globally unique identifiers only (RFC 5072 §4.1).
const UNIVERSAL: u8 = 0x02;

/// IPV6CP's half of the negotiation.
pub(crate) struct Ipv6cp {
    ours: InterfaceId,
    send: bool,
    theirs: InterfaceId,
    named: bool,
    /// What we suggested in our last Nak.
    suggested: InterfaceId,
    appended: bool,
}

impl Ipv6cp {
    pub(crate) fn new(config: &Ipv6cpConfig, rng: &mut ChaCha12Rng) -> Self {
        let ours = config.interface_id.filter(|id| *id != NONE).unwrap_or_else(|| random(rng, NONE));
        let suggested = random(rng, ours);
        Self { ours, send: true, theirs: NONE, named: false, suggested, appended: false }
    }

    /// Identifiers of us and the peer, once open.
    pub(crate) fn negotiated(&self) -> (InterfaceId, InterfaceId) {
        (self.ours, self.theirs)
    }
}

/// A random identifier without the universal bit, not zero and not `other`.
fn random(rng: &mut ChaCha12Rng, other: InterfaceId) -> InterfaceId {
    loop {
        let [first, rest @ ..] = rng.next_u64().to_be_bytes();
        let [a, b, c, d, e, f, g] = rest;
        let id = [first & !UNIVERSAL, a, b, c, d, e, f, g];
        if id != NONE && id != other {
            return id;
        }
    }
}

/// Reads the option's eight octets.
pub(crate) fn parse(data: &[u8]) -> Result<InterfaceId, Malformed> {
    let mut reader = Reader::new(data);
    let id = reader.array("interface identifier")?;
    reader.finish("interface identifier")?;
    Ok(id)
}

impl ControlProtocol for Ipv6cp {
    const PROTOCOL: Protocol = Protocol::IPV6CP;

    fn request(&mut self, _rng: &mut ChaCha12Rng, out: &mut Vec<u8>) {
        if self.send {
            emit_option(INTERFACE_IDENTIFIER, &self.ours, out);
        }
    }

    fn begin(&mut self) {
        self.theirs = NONE;
        self.named = false;
    }

    /// The table of RFC 5072 §4.1; ours is never zero, so its row "both zero" cannot come.
    fn judge(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng, nak: &mut Vec<u8>) -> Verdict {
        if option.kind != INTERFACE_IDENTIFIER {
            return Verdict::Reject;
        }
        self.named = true;
        match parse(option.data) {
            Ok(id) if id != NONE && id != self.ours => {
                self.theirs = id;
                Verdict::Ack
            }
            other => {
                // the same suggestion again, unless it was just what collided
                if other == Ok(self.suggested) || self.suggested == self.ours {
                    self.suggested = random(rng, self.ours);
                }
                emit_option(INTERFACE_IDENTIFIER, &self.suggested, nak);
                Verdict::Nak
            }
        }
    }

    fn missing(&mut self, nak: &mut Vec<u8>) -> Verdict {
        if self.named || self.appended {
            return Verdict::Ack;
        }
        self.appended = true;
        emit_option(INTERFACE_IDENTIFIER, &self.suggested, nak);
        Verdict::Nak
    }

    fn naked(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng) {
        if option.kind != INTERFACE_IDENTIFIER {
            return;
        }
        // the peer suggesting what we have just suggested to it would collide again
        self.ours = match parse(option.data) {
            Ok(id) if id != NONE && id != self.suggested => id,
            _ => random(rng, self.suggested),
        };
        self.send = true;
    }

    fn rejected(&mut self, option: RawOption<'_>) {
        if option.kind == INTERFACE_IDENTIFIER {
            self.send = false;
        }
    }
}
