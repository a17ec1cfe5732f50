//! SLIP and CSLIP behind the login prompt: IP without PPP, for one who has logged in. There is nothing to negotiate: the
//! addresses are told in words before it begins, and it ends with the line.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_ppp::event::{Ipv4, LinkOptions};
use openras_ppp::vj::{Compressor, DEFAULT_MAX_SLOT, Decompressor, Packet};
use openras_ppp::{Negotiated, Stats};

use crate::escape;
use crate::line::{CallInput, CallOutput, LineEvent};
use crate::slip::{Deframer, SlipError, frame};

use super::context::Context;
use super::ends;
use super::login::Service;
use super::phases::Phase;
use super::port::{Command, PortEvent};

/// The shortest header of IPv4, in octets.
const HEADER: usize = 20;
/// First octet of a compressed packet, and of one that fills a slot (RFC 1144 §A.2); IPv4's is 4x.
const COMPRESSED: u8 = 0x80;
const UNCOMPRESSED: u8 = 0x70;
/// Protocols of IP.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// SLIP with one caller.
pub(super) struct Slip {
    word: &'static str,
    deframer: Deframer,
    vj: Option<Box<(Compressor, Decompressor)>>,
    mtu: usize,
    stats: Stats,
    idle: Duration,
    until: Option<Instant>,
    /// When the call is over in any case.
    session: Option<Instant>,
}

impl Slip {
    /// Tells the caller its address and begins.
    pub(super) fn begin(
        now: Instant,
        name: &str,
        service: Service,
        remote: Ipv4Addr,
        cx: &mut Context,
    ) -> Self {
        let compresses = service == Service::Cslip;
        let word = if compresses { "CSLIP" } else { "SLIP" };
        let mtu = cx.config.login.slip_mtu;
        let local = cx.config.ppp.ipcp.as_ref().and_then(|ipcp| ipcp.local).unwrap_or(Ipv4Addr::UNSPECIFIED);
        let compression = if compresses { "on" } else { "off" };
        cx.write(escape::for_caller(&format!(
            "\nStarting {word}.\nYour IP address is {remote}. The server's IP address is {local}.\nMTU is {mtu}. \
             Header compression is {compression}.\n"
        )));
        let agreed = Box::new(Negotiated {
            ipv4: Some(Ipv4 { local, remote, dns: [None; 2], nbns: [None; 2] }),
            link: LinkOptions { send_mru: mtu, receive_mru: mtu, ..LinkOptions::default() },
            ..Negotiated::default()
        });
        cx.call.name = Some(name.to_owned());
        cx.call.was_up = true;
        cx.up(agreed.clone());
        cx.event(PortEvent::Service(word.to_ascii_lowercase()));
        cx.event(PortEvent::Up(agreed));
        let vj = || Box::new((Compressor::new(DEFAULT_MAX_SLOT, true), Decompressor::new(DEFAULT_MAX_SLOT)));
        let idle = cx.idle();
        Self {
            word,
            deframer: Deframer::new(usize::from(mtu)),
            vj: compresses.then(vj),
            mtu: usize::from(mtu),
            stats: Stats::default(),
            idle,
            until: later(now, idle),
            session: session(now, cx),
        }
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: CallInput<'_, Command>,
        cx: &mut Context,
    ) -> Phase {
        match input {
            CallInput::Line(LineEvent::Bytes(bytes)) => self.received(now, bytes, cx),
            CallInput::Ip(packet) => self.send(now, packet, cx),
            CallInput::Line(LineEvent::Disconnected) => {
                return Phase::finish(now, ends::hung_up(self.word), cx);
            }
            CallInput::Command(Command::Disconnect) => {
                return Phase::finish(now, ends::administrator(), cx);
            }
            _ => {}
        }
        Phase::Slip(self)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until.into_iter().chain(self.session).min()
    }

    pub(super) fn expire(&self, now: Instant, cx: &mut Context) -> Phase {
        if self.session.is_some_and(|until| until <= now) {
            return Phase::finish(now, ends::session_over(self.word), cx);
        }
        Phase::finish(now, ends::idle(self.word, self.idle), cx)
    }

    pub(super) fn stats(&self) -> Stats {
        self.stats
    }

    fn received(&mut self, now: Instant, bytes: &[u8], cx: &mut Context) {
        self.stats.bytes_received += bytes.len() as u64;
        let mut rest = bytes;
        while let Some(found) = self.deframer.next_datagram(&mut rest) {
            let packet = match found {
                Ok(datagram) => {
                    self.stats.frames_received += 1;
                    unpacked(self.vj.as_deref_mut(), datagram)
                }
                Err(wrong) => {
                    match wrong {
                        SlipError::TooLong => self.stats.overflows += 1,
                        SlipError::Escape => self.stats.aborts += 1,
                    }
                    if let Some((_, vj)) = self.vj.as_deref_mut() {
                        vj.lost();
                    }
                    continue;
                }
            };
            match packet {
                Some(packet) => {
                    self.stats.packets_received += 1;
                    self.until = later(now, self.idle);
                    cx.output(CallOutput::Ip(packet));
                }
                None => self.stats.bad_headers += 1,
            }
        }
    }

    fn send(&mut self, now: Instant, packet: &[u8], cx: &mut Context) {
        if packet.len() > self.mtu || !is_whole(packet) {
            self.stats.packets_dropped += 1;
            return;
        }
        let mut framed = Vec::with_capacity(packet.len() + 8);
        match self.vj.as_deref_mut() {
            Some((vj, _)) => {
                let mut small = Vec::new();
                let first = match vj.compress(packet, &mut small) {
                    Packet::Ip => {
                        small.extend_from_slice(packet);
                        0
                    }
                    Packet::Uncompressed => UNCOMPRESSED,
                    Packet::Compressed => COMPRESSED,
                };
                if let Some(octet) = small.first_mut() {
                    *octet |= first;
                }
                frame(&small, &mut framed);
            }
            None => frame(packet, &mut framed),
        }
        self.until = later(now, self.idle);
        self.stats.packets_sent += 1;
        self.stats.frames_sent += 1;
        self.stats.bytes_sent += framed.len() as u64;
        cx.write(framed);
    }
}

/// When a call that begins now is over in any case.
pub(super) fn session(now: Instant, cx: &Context) -> Option<Instant> {
    cx.limits().session_time().and_then(|limit| now.checked_add(limit))
}

/// A limit of zero is none.
fn later(now: Instant, idle: Duration) -> Option<Instant> {
    now.checked_add(idle).filter(|_| !idle.is_zero())
}

/// The IP packet of a datagram; `None` for what is none, and for what cannot be rebuilt.
fn unpacked(vj: Option<&mut (Compressor, Decompressor)>, datagram: &[u8]) -> Option<Vec<u8>> {
    let first = *datagram.first()?;
    let packet = match vj {
        Some((_, vj)) if first & COMPRESSED != 0 => {
            let mut small = datagram.to_vec();
            *small.first_mut()? = first & !COMPRESSED;
            let mut packet = Vec::new();
            vj.compressed(&small, &mut packet).ok()?;
            packet
        }
        Some((_, vj)) if first & 0xf0 == UNCOMPRESSED => {
            let mut packet = datagram.to_vec();
            *packet.first_mut()? = 0x40 | (first & 0x0f);
            // looked at before it fills a slot: the next ones are made of it
            let slot = std::mem::replace(packet.get_mut(9)?, TCP);
            if !is_whole(&packet) || !is_undamaged(&packet) {
                vj.lost();
                return None;
            }
            *packet.get_mut(9)? = slot;
            vj.uncompressed(&mut packet).ok()?;
            packet
        }
        _ => datagram.to_vec(),
    };
    (is_whole(&packet) && is_undamaged(&packet)).then_some(packet)
}

/// Whether TCP or UDP has its right checksum: SLIP has none that would tell.
fn is_undamaged(packet: &[u8]) -> bool {
    let Some(header) = packet.first_chunk::<HEADER>() else { return false };
    let [first, _, _, _, _, _, flags, offset, _, protocol, ..] = *header;
    let is_part = flags & 0x3f != 0 || offset != 0;
    let octets = usize::from(first & 15) * 4;
    let Some(segment) = packet.get(octets..) else { return false };
    let is_open = protocol == UDP && segment.get(6..8) == Some(&[0, 0]);
    if is_part || is_open || !matches!(protocol, TCP | UDP) {
        return true;
    }
    let addresses = header.get(12..).map_or(0, sum);
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
    folded(sum(segment) + addresses + u32::from(protocol) + length) == 0xffff
}

/// The octets as words, added up (RFC 1071).
fn sum(octets: &[u8]) -> u32 {
    let (words, rest) = octets.as_chunks::<2>();
    let last = rest.first().map_or(0, |octet| u32::from(*octet) << 8);
    words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum::<u32>() + last
}

fn folded(sum: u32) -> u32 {
    let once = (sum & 0xffff) + (sum >> 16);
    (once & 0xffff) + (once >> 16)
}

/// Whether a packet is IPv4, all of it, with the right checksum of its header (RFC 791 §3.1): SLIP has none of its own.
fn is_whole(packet: &[u8]) -> bool {
    let Some((first, _)) = packet.split_first() else { return false };
    let octets = usize::from(first & 15) * 4;
    let total = packet.get(2..4).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes);
    let Some(header) = packet.get(..octets) else { return false };
    let whole = octets >= HEADER && usize::from(total) == packet.len();
    first >> 4 == 4 && whole && folded(sum(header)) == 0xffff
}

#[cfg(test)]
mod tests;
