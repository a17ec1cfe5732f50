//! Frames by protocol, LCP's own codes, and Protocol-Reject.

use std::time::{Duration, Instant};

use super::{Cx, Link, Stage};
use crate::event::{Direction, DownReason, Event};
use crate::lcp::magic::Magic;
use crate::network::Squeeze;
use crate::wire::{Code, ControlPacket, Protocol, Reader};

/// Protocols whose rejects are remembered at once; more than these are not rejected meanwhile.
const THROTTLED: usize = 8;
/// Time between two rejects of one protocol.
const REJECT_INTERVAL: Duration = Duration::from_secs(1);
/// Identifications told of one call.
const IDENTIFICATIONS: u8 = 8;

/// Limits Protocol-Rejects to one a second for each protocol.
#[derive(Default)]
pub(super) struct Throttle {
    recent: Vec<(Protocol, Instant)>,
}

impl Throttle {
    fn admits(&mut self, protocol: Protocol, now: Instant) -> bool {
        self.recent.retain(|(_, at)| now.saturating_duration_since(*at) < REJECT_INTERVAL);
        let admitted =
            self.recent.len() < THROTTLED && self.recent.iter().all(|(recent, _)| *recent != protocol);
        if admitted {
            self.recent.push((protocol, now));
        }
        admitted
    }
}

impl Link {
    /// Takes a frame from its protocol field on, of one octet or two whatever was agreed.
    pub(crate) fn frame(&mut self, frame: &[u8], cx: &mut Cx<'_>) {
        let Some((protocol, information)) = split(frame) else { return };
        if matches!(self.stage, Stage::Dead | Stage::Over) {
            return;
        }
        self.heard = true;
        if protocol.0 >= 0x8000 {
            cx.out.trace(Direction::Received, protocol, information);
        }
        match protocol {
            Protocol::IP | Protocol::IPV6 => self.datagram(protocol, information, cx),
            Protocol::LCP => self.lcp_packet(information, cx),
            Protocol::PAP | Protocol::CHAP | Protocol::CBCP => {
                self.exchange_packet(protocol, information, cx);
            }
            protocol if Squeeze::is(protocol) => self.squeezed(protocol, information, cx),
            Protocol(0x8000..0xc000) => self.network_packet(protocol, information, cx),
            _ => self.unknown_protocol(protocol, information, cx),
        }
    }

    fn datagram(&mut self, protocol: Protocol, packet: &[u8], cx: &mut Cx<'_>) {
        if cx.network.passes(protocol) && datagram_protocol(packet) == Some(protocol) {
            cx.out.deliver(packet);
        } else {
            cx.out.tally.packets_dropped += 1;
        }
    }

    /// TCP with its header compressed (RFC 1332 §4): never to be rejected. What comes while IPv4 is open fills the slots,
    /// wherever it goes.
    fn squeezed(&mut self, protocol: Protocol, information: &[u8], cx: &mut Cx<'_>) {
        match cx.network.unsqueeze(protocol, information) {
            Some(packet) => self.datagram(Protocol::IP, &packet, cx),
            None => cx.out.tally.packets_dropped += 1,
        }
    }

    /// IPCP, IPV6CP and their like. What comes after authentication but before its phase is kept for it: the
    /// peer may be through a moment earlier than we. Before that it is dropped (RFC 1661 §3.5).
    pub(super) fn network_packet(&mut self, protocol: Protocol, information: &[u8], cx: &mut Cx<'_>) {
        if !cx.network.is_running() {
            let nothing_to_prove = self.us.is_none() && self.peer.is_none();
            let proved = matches!(self.stage, Stage::Admission | Stage::Network);
            if proved || self.stage == Stage::Authenticate && nothing_to_prove {
                self.gate.keep_early(protocol, information);
            }
        } else if !cx.network.wants(protocol) {
            self.unknown_protocol(protocol, information, cx);
        } else if let Ok(packet) = ControlPacket::parse(information) {
            cx.network.receive(cx.now, protocol, packet, cx.out);
        }
    }

    /// Rejected in LCP Opened only; what could be a network protocol only in the network phase.
    fn unknown_protocol(&mut self, protocol: Protocol, information: &[u8], cx: &mut Cx<'_>) {
        let early = protocol.0 < 0xc000 && self.stage != Stage::Network;
        if early || !self.lcp.is_open() || !self.throttle.admits(protocol, cx.now) {
            return;
        }
        let room = usize::from(cx.out.send_mru).saturating_sub(ControlPacket::HEADER);
        let mut body = protocol.0.to_be_bytes().to_vec();
        body.extend_from_slice(information);
        body.truncate(room);
        self.send_lcp(Code::PROTOCOL_REJECT, &body, cx);
    }

    fn send_lcp(&mut self, code: Code, body: &[u8], cx: &mut Cx<'_>) -> u8 {
        let identifier = cx.out.next_identifier();
        cx.out.control(Protocol::LCP, &ControlPacket { code, identifier, body });
        identifier
    }

    fn lcp_packet(&mut self, bytes: &[u8], cx: &mut Cx<'_>) {
        let Ok(packet) = ControlPacket::parse(bytes) else { return };
        match packet.code {
            Code::PROTOCOL_REJECT => self.protocol_rejected(packet, bytes, cx),
            Code::ECHO_REQUEST => self.echo_request(packet, cx),
            Code::ECHO_REPLY => self.echo_reply(packet),
            Code::DISCARD_REQUEST => {}
            Code::IDENTIFICATION => self.identification(packet, cx),
            Code::TIME_REMAINING => self.time_remaining(packet, cx),
            _ => self.negotiate(packet, bytes, cx),
        }
    }

    fn protocol_rejected(&mut self, packet: ControlPacket<'_>, bytes: &[u8], cx: &mut Cx<'_>) {
        let Ok(protocol) = Reader::new(packet.body).u16("rejected protocol").map(Protocol) else { return };
        if !self.lcp.is_open() {
            return;
        }
        let handled = Some((Direction::Received, Protocol::LCP, bytes));
        match protocol {
            Protocol::LCP => {
                let signal = self.lcp.rejected(cx.now, cx.out);
                self.lcp_signal(signal, handled, cx);
            }
            Protocol::CBCP => self.callback_unknown(cx),
            Protocol::PAP | Protocol::CHAP => {
                let sides = [&self.us, &self.peer];
                let pending =
                    sides.into_iter().flatten().any(|side| side.protocol() == protocol && !side.passed());
                if pending {
                    self.end(DownReason::AuthMethodRefused(protocol.to_string()), handled, cx);
                }
            }
            _ => cx.network.rejected(cx.now, protocol, cx.out),
        }
    }

    /// The magic number at the front of codes 9 to 13. One of ours means that our own packet came back; one
    /// that is neither the peer's nor zero belongs to another link (RFC 1661 §5.8).
    fn magic(&mut self, reader: &mut Reader<'_>) -> Option<Magic> {
        let magic = Magic(reader.u32("magic number").ok()?);
        let (ours, theirs) = (self.lcp.protocol.ours.magic, self.lcp.protocol.theirs.magic);
        if magic != Magic::NONE && magic == ours && magic != theirs {
            self.lcp.protocol.looped.own_packet();
            return None;
        }
        (magic == theirs || magic == Magic::NONE).then_some(magic)
    }

    fn echo_request(&mut self, packet: ControlPacket<'_>, cx: &mut Cx<'_>) {
        let mut reader = Reader::new(packet.body);
        if !self.lcp.is_open() || self.magic(&mut reader).is_none() {
            return;
        }
        let mut body = self.lcp.protocol.ours.magic.0.to_be_bytes().to_vec();
        body.extend_from_slice(reader.rest());
        body.truncate(usize::from(cx.out.send_mru).saturating_sub(ControlPacket::HEADER));
        let reply = ControlPacket { code: Code::ECHO_REPLY, identifier: packet.identifier, body: &body };
        cx.out.control(Protocol::LCP, &reply);
    }

    fn echo_reply(&mut self, packet: ControlPacket<'_>) {
        if self.lcp.is_open() && self.magic(&mut Reader::new(packet.body)).is_some() {
            self.lcp.protocol.looped.clear();
            self.keepalive.reply(packet.identifier);
        }
    }

    pub(super) fn send_echo(&mut self, cx: &mut Cx<'_>) {
        let magic = self.lcp.protocol.ours.magic.0.to_be_bytes();
        let identifier = self.send_lcp(Code::ECHO_REQUEST, &magic, cx);
        self.keepalive.sent(identifier);
    }

    /// Whether a packet of RFC 1570, which may come before a magic number is agreed, is the peer's: afterwards as
    /// any other, before only a number of our own shows that it is not.
    fn is_peers(&mut self, reader: &mut Reader<'_>) -> bool {
        if self.lcp.is_open() {
            return self.magic(reader).is_some();
        }
        let magic = reader.u32("magic number").map(Magic);
        magic.is_ok_and(|magic| magic == Magic::NONE || magic != self.lcp.protocol.ours.magic)
    }

    /// RFC 1570 §2.1. Some peers send two; one that sends them for ever is not listened to.
    fn identification(&mut self, packet: ControlPacket<'_>, cx: &mut Cx<'_>) {
        let mut reader = Reader::new(packet.body);
        if self.identifications < IDENTIFICATIONS && self.is_peers(&mut reader) {
            self.identifications += 1;
            let text = String::from_utf8_lossy(reader.rest()).into_owned();
            cx.out.event(Event::PeerIdentification(text));
        }
    }

    /// RFC 1570 §2.2. Its unit is the second, so no more than one a second is told.
    fn time_remaining(&mut self, packet: ControlPacket<'_>, cx: &mut Cx<'_>) {
        let mut reader = Reader::new(packet.body);
        let early = self.next_remaining.is_some_and(|next| cx.now < next);
        if early || !self.is_peers(&mut reader) {
            return;
        }
        self.next_remaining = cx.now.checked_add(Duration::from_secs(1));
        if let Ok(seconds) = reader.u32("seconds") {
            let text = String::from_utf8_lossy(reader.rest()).into_owned();
            cx.out.event(Event::TimeRemaining(seconds, text));
        }
    }

    /// Says who we are, if that is wanted.
    pub(super) fn identify(&mut self, cx: &mut Cx<'_>) {
        if let Some(text) = &cx.config.lcp.identification {
            let mut body = self.lcp.protocol.ours.magic.0.to_be_bytes().to_vec();
            body.extend_from_slice(text.as_bytes());
            body.truncate(usize::from(cx.out.send_mru).saturating_sub(ControlPacket::HEADER));
            self.send_lcp(Code::IDENTIFICATION, &body, cx);
        }
    }
}

/// Which protocol an IP packet belongs to, by its version.
pub(crate) fn datagram_protocol(packet: &[u8]) -> Option<Protocol> {
    match packet.first()? >> 4 {
        4 => Some(Protocol::IP),
        6 => Some(Protocol::IPV6),
        _ => None,
    }
}

/// Takes the protocol field off. An odd first octet is the whole field (PFC); the last octet of any protocol
/// number is odd (RFC 1661 §2).
fn split(frame: &[u8]) -> Option<(Protocol, &[u8])> {
    match *frame {
        [short, ref rest @ ..] if short & 1 == 1 => Some((Protocol(u16::from(short)), rest)),
        [high, low, ref rest @ ..] if low & 1 == 1 => Some((Protocol(u16::from_be_bytes([high, low])), rest)),
        _ => None,
    }
}
