//! The options of the IP Control Protocol, RFC 1332 and RFC 1877.
//!
//! The old IP-Addresses (1) and everything unknown are rejected.

pub(crate) mod address;
pub(crate) mod compression;
pub(crate) mod servers;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use rand_chacha::ChaCha12Rng;

use crate::config::IpcpConfig;
use crate::event::Ipv4;
use crate::negotiator::{ControlProtocol, Verdict};
use crate::vj::{Compressor, Decompressor};
use crate::wire::{Protocol, RawOption};

use compression::Compression;

/// What we know of the address we are to give the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assignment {
    /// We give none; the peer may name any.
    None,
    /// The owner has not been asked.
    Due,
    /// The owner is being asked.
    Asked,
    /// This one.
    Given(Ipv4Addr),
}

/// IPCP's half of the negotiation.
pub(crate) struct Ipcp {
    /// Our address; unspecified while we are asking for one.
    local: Ipv4Addr,
    /// It is ours by configuration: a Nak does not change it.
    fixed: bool,
    send_address: bool,
    /// The address the peer's last judged request names.
    remote: Ipv4Addr,
    named: bool,
    assignment: Assignment,
    /// An address was appended to a Nak once; a peer that still names none goes without.
    appended: bool,
    made_up: Option<Ipv4Addr>,
    /// What the owner is to be asked: the address the peer wants.
    question: Option<Option<Ipv4Addr>>,
    /// What we ask for, by [`servers::KINDS`]; `None`: not, or no more.
    asked: [Option<Ipv4Addr>; 4],
    /// What we give.
    given: [Option<Ipv4Addr>; 4],
    compression: Compression,
}

impl Ipcp {
    pub(crate) fn new(config: &IpcpConfig) -> Self {
        let wanted = |wanted: bool| wanted.then_some(Ipv4Addr::UNSPECIFIED);
        let (dns, nbns) = (wanted(config.request_dns), wanted(config.request_nbns));
        Self {
            local: config.local.unwrap_or(Ipv4Addr::UNSPECIFIED),
            fixed: config.local.is_some(),
            send_address: true,
            remote: Ipv4Addr::UNSPECIFIED,
            named: false,
            assignment: if config.assign { Assignment::Due } else { Assignment::None },
            appended: false,
            made_up: None,
            question: None,
            asked: [dns, nbns, dns, nbns],
            given: servers::from_lists(&config.dns, &config.nbns),
            compression: Compression::new(config.vj),
        }
    }

    /// The question for the owner, once: which address has the peer named?
    pub(crate) fn take_question(&mut self) -> Option<Option<Ipv4Addr>> {
        self.question.take()
    }

    /// Whether the peer can have this address: that of a host, and not ours.
    pub(crate) fn may_assign(&self, address: Ipv4Addr) -> bool {
        address::is_host(address) && address != self.local
    }

    /// The owner's answer.
    pub(crate) fn assign(&mut self, address: Ipv4Addr) {
        self.assignment = Assignment::Given(address);
    }

    /// The link went down: whoever comes up next, the owner is asked again which address it gets.
    pub(crate) fn forget_assignment(&mut self) {
        if self.assignment != Assignment::None {
            self.assignment = Assignment::Due;
        }
        (self.question, self.appended) = (None, false);
    }

    /// Whether we have an address of our own.
    pub(crate) fn has_address(&self) -> bool {
        !self.local.is_unspecified()
    }

    /// The halves of header compression, as agreed.
    pub(crate) fn compression(&self) -> (Option<Compressor>, Option<Decompressor>) {
        self.compression.halves()
    }

    /// What was agreed, once open.
    pub(crate) fn negotiated(&self) -> Ipv4 {
        let known = |index: usize| self.asked.get(index).copied().flatten().filter(|a| !a.is_unspecified());
        let remote = match self.assignment {
            // what we gave is what we accept packets from, also if the peer never says it back
            Assignment::Given(address) => address,
            _ => self.remote,
        };
        Ipv4 { local: self.local, remote, dns: [known(0), known(2)], nbns: [known(1), known(3)] }
    }

    fn judge_address(&mut self, wanted: Ipv4Addr, rng: &mut ChaCha12Rng, nak: &mut Vec<u8>) -> Verdict {
        self.named = true;
        self.remote = wanted;
        let right = match self.assignment {
            Assignment::Given(address) => address,
            Assignment::Due => return self.ask(Some(wanted).filter(|wanted| !wanted.is_unspecified())),
            Assignment::Asked => return Verdict::Wait,
            Assignment::None if !address::is_host(wanted) || wanted == self.local => {
                *self.made_up.get_or_insert_with(|| address::made_up(rng, wanted))
            }
            Assignment::None => wanted,
        };
        if wanted == right {
            return Verdict::Ack;
        }
        address::emit(address::KIND, right, nak);
        Verdict::Nak
    }

    fn ask(&mut self, wanted: Option<Ipv4Addr>) -> Verdict {
        self.assignment = Assignment::Asked;
        self.question = Some(wanted);
        Verdict::Wait
    }

    fn judge_server(&self, option: RawOption<'_>, index: usize, nak: &mut Vec<u8>) -> Verdict {
        match self.given.get(index).copied().flatten() {
            Some(server) if address::parse(option.data) == Ok(server) => Verdict::Ack,
            Some(server) => {
                address::emit(option.kind, server, nak);
                Verdict::Nak
            }
            // a Nak with zero would go round for ever
            None => Verdict::Reject,
        }
    }
}

impl ControlProtocol for Ipcp {
    const PROTOCOL: Protocol = Protocol::IPCP;

    fn request(&mut self, _rng: &mut ChaCha12Rng, out: &mut Vec<u8>) {
        if self.send_address {
            address::emit(address::KIND, self.local, out);
        }
        self.compression.request(out);
        for (kind, server) in servers::KINDS.into_iter().zip(self.asked) {
            if let Some(server) = server {
                address::emit(kind, server, out);
            }
        }
    }

    fn begin(&mut self) {
        self.remote = Ipv4Addr::UNSPECIFIED;
        self.named = false;
        self.compression.begin();
    }

    fn judge(&mut self, option: RawOption<'_>, rng: &mut ChaCha12Rng, nak: &mut Vec<u8>) -> Verdict {
        match (option.kind, servers::index(option.kind)) {
            (_, Some(index)) => self.judge_server(option, index, nak),
            (address::KIND, _) => {
                // a wrong length is answered as if nothing was named
                let wanted = address::parse(option.data).unwrap_or(Ipv4Addr::UNSPECIFIED);
                self.judge_address(wanted, rng, nak)
            }
            (compression::KIND, _) => self.compression.judge(option.data, nak),
            _ => Verdict::Reject,
        }
    }

    fn missing(&mut self, nak: &mut Vec<u8>) -> Verdict {
        match self.assignment {
            _ if self.named => Verdict::Ack,
            Assignment::Due => self.ask(None),
            Assignment::Asked => Verdict::Wait,
            Assignment::Given(address) if !self.appended => {
                self.appended = true;
                address::emit(address::KIND, address, nak);
                Verdict::Nak
            }
            Assignment::Given(_) | Assignment::None => Verdict::Ack,
        }
    }

    fn naked(&mut self, option: RawOption<'_>, _rng: &mut ChaCha12Rng) {
        if option.kind == compression::KIND {
            return self.compression.naked(option.data);
        }
        let Ok(value) = address::parse(option.data) else { return };
        if option.kind == address::KIND && !self.fixed && address::is_host(value) {
            self.local = value;
            self.send_address = true;
        }
        let server = servers::index(option.kind).and_then(|index| self.asked.get_mut(index));
        if let Some(server @ Some(_)) = server {
            // zero is no server: stop asking
            *server = Some(value).filter(|value| !value.is_unspecified());
        }
    }

    fn rejected(&mut self, option: RawOption<'_>) {
        if option.kind == address::KIND {
            self.send_address = false;
        }
        if option.kind == compression::KIND {
            self.compression.rejected();
        }
        if let Some(server) = servers::index(option.kind).and_then(|index| self.asked.get_mut(index)) {
            *server = None;
        }
    }
}
