//! The sending half.

use super::header::{ACK, FIN, Header, PSH, RST, SYN, URG};
use super::{
    ACKNOWLEDGEMENT, DEFAULT_MAX_SLOT, ECHOED, ID, NUMBERS, ONE_WAY, PUSH, SEQUENCE, SLOT, URGENT, WINDOW,
};

/// As what a packet goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// As it is: PPP protocol 0021.
    Ip,
    /// With the slot's number in place of IP's protocol: 002f.
    Uncompressed,
    /// With its changes only: 002d.
    Compressed,
}

/// Compresses what one end sends.
#[derive(Clone, Debug)]
pub struct Compressor {
    /// Slots with their connection, the one used last first.
    slots: Vec<(u8, Header)>,
    /// How many there may be.
    most: usize,
    /// The slot's number may be left out where it is that of the packet before.
    omits: bool,
    last: Option<u8>,
}

impl Compressor {
    /// For an end that has the slots 0 to `max_slot` and, with `omits`, finds out by itself when a frame was lost: what its
    /// IP-Compression-Protocol option says (RFC 1332 §4.1). Of more than the usual 16 slots the rest stays unused: each keeps
    /// a header here, and how many is the other end's to say.
    pub fn new(max_slot: u8, omits: bool) -> Self {
        let most = usize::from(max_slot.min(DEFAULT_MAX_SLOT)) + 1;
        Self { slots: Vec::new(), most, omits, last: None }
    }

    /// Writes a packet into `out`, which is empty, unless it goes as it is.
    pub fn compress(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Packet {
        let Some(header) =
            Header::of(packet).filter(|header| header.flags() & (SYN | FIN | RST | ACK) == ACK)
        else {
            return Packet::Ip;
        };
        let data = packet.get(header.len()..).unwrap_or_default();
        let found = self.slots.iter().position(|(_, one)| one.connection() == header.connection());
        let Some(at) = found else {
            let slot = self.free();
            return self.whole(slot, header, data, out);
        };
        let (slot, before) = self.slots.remove(at);
        match changes(&before, &header) {
            Some((mask, numbers)) => {
                let omits = self.omits && self.last == Some(slot);
                out.push(if omits { mask } else { mask | SLOT });
                if !omits {
                    out.push(slot);
                }
                out.extend(header.checksum().to_be_bytes());
                out.extend(numbers);
                out.extend_from_slice(data);
                self.keep(slot, header);
                Packet::Compressed
            }
            None => self.whole(slot, header, data, out),
        }
    }

    /// A slot for another connection: one that was never used, or the one not used for longest.
    fn free(&mut self) -> u8 {
        if self.slots.len() < self.most {
            return u8::try_from(self.slots.len()).unwrap_or(u8::MAX);
        }
        self.slots.pop().map_or(0, |(slot, _)| slot)
    }

    fn whole(&mut self, slot: u8, header: Header, data: &[u8], out: &mut Vec<u8>) -> Packet {
        out.extend_from_slice(header.octets());
        if let Some(protocol) = out.get_mut(9) {
            *protocol = slot;
        }
        out.extend_from_slice(data);
        self.keep(slot, header);
        Packet::Uncompressed
    }

    fn keep(&mut self, slot: u8, header: Header) {
        self.last = Some(slot);
        self.slots.insert(0, (slot, header));
    }
}

/// What has changed: the mask and the numbers. `None`: more than can be said.
fn changes(before: &Header, now: &Header) -> Option<(u8, Vec<u8>)> {
    if before.fixed() != now.fixed() {
        return None;
    }
    let mut mask = 0;
    let mut numbers = Vec::new();
    if now.flags() & URG != 0 {
        mask |= URGENT;
        number(now.urgent(), &mut numbers);
    } else if now.urgent() != before.urgent() {
        return None;
    }
    let window = now.window().wrapping_sub(before.window());
    if window != 0 {
        mask |= WINDOW;
        number(window, &mut numbers);
    }
    let acknowledged = u16::try_from(now.acknowledgement().wrapping_sub(before.acknowledgement())).ok()?;
    if acknowledged != 0 {
        mask |= ACKNOWLEDGEMENT;
        number(acknowledged, &mut numbers);
    }
    let sent = u16::try_from(now.sequence().wrapping_sub(before.sequence())).ok()?;
    if sent != 0 {
        mask |= SEQUENCE;
        number(sent, &mut numbers);
    }
    let special = match mask {
        // the packet before had no data and this one has: TCP sends nothing else twice but repetitions
        0 if now.data != 0 && before.data == 0 => None,
        0 | ECHOED | ONE_WAY => return None,
        both if both == SEQUENCE | ACKNOWLEDGEMENT && sent == acknowledged && sent == before.data => {
            Some(ECHOED)
        }
        SEQUENCE if sent == before.data => Some(ONE_WAY),
        _ => None,
    };
    if let Some(special) = special {
        // the other end may leave an urgent bit standing in these
        if before.flags() & URG != 0 {
            return None;
        }
        mask = mask & !NUMBERS | special;
        numbers.clear();
    }
    let id = now.id().wrapping_sub(before.id());
    if id != 1 {
        mask |= ID;
        number(id, &mut numbers);
    }
    if now.flags() & PSH != 0 {
        mask |= PUSH;
    }
    Some((mask, numbers))
}

/// One octet, or three for 0 and what is larger.
fn number(value: u16, out: &mut Vec<u8>) {
    match u8::try_from(value) {
        Ok(value) if value != 0 => out.push(value),
        _ => {
            out.push(0);
            out.extend(value.to_be_bytes());
        }
    }
}
