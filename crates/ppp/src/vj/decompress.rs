//! The receiving half.

use super::header::{Header, PSH, URG};
use super::{ACKNOWLEDGEMENT, ECHOED, ID, NUMBERS, ONE_WAY, PUSH, SEQUENCE, SLOT, URGENT, WINDOW};

/// A packet that cannot be rebuilt, and was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tossed;

/// Rebuilds what the other end has compressed.
#[derive(Clone, Debug)]
pub struct Decompressor {
    /// By their numbers, as many as were filled.
    slots: Vec<Option<Header>>,
    max_slot: u8,
    last: Option<u8>,
    /// A frame was lost: packets are dropped until one names its slot.
    toss: bool,
}

impl Decompressor {
    /// With the slots 0 to `max_slot`, as our option has said.
    pub fn new(max_slot: u8) -> Self {
        Self { slots: Vec::new(), max_slot, last: None, toss: false }
    }

    /// A frame was lost or damaged on the line: what it was nobody knows.
    pub fn lost(&mut self) {
        self.toss = true;
    }

    /// A packet of 002f: puts IP's protocol back in its place.
    ///
    /// # Errors
    /// It is none, or names a slot we have not got.
    pub fn uncompressed(&mut self, packet: &mut [u8]) -> Result<(), Tossed> {
        let slot = match packet.get_mut(9) {
            Some(protocol) => std::mem::replace(protocol, 6),
            None => return self.tossed(),
        };
        let Some(header) = Header::of(packet).filter(|_| slot <= self.max_slot) else { return self.tossed() };
        let at = usize::from(slot);
        if self.slots.len() <= at {
            self.slots.resize(at + 1, None);
        }
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(header);
        }
        self.last = Some(slot);
        self.toss = false;
        Ok(())
    }

    /// A packet of 002d: the whole one is put behind what is in `out`.
    ///
    /// # Errors
    /// Too short, a slot nobody has filled, or one that came out wrong because others were lost before it.
    pub fn compressed(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Result<(), Tossed> {
        let Some((mask, mut rest)) = packet.split_first() else { return self.tossed() };
        if mask & SLOT != 0 {
            let Some((slot, behind)) = rest.split_first() else { return self.tossed() };
            rest = behind;
            self.last = Some(*slot);
            self.toss = false;
        }
        if self.toss {
            return Err(Tossed);
        }
        let place = self.last.and_then(|slot| self.slots.get_mut(usize::from(slot)));
        let Some(header) = place.as_ref().and_then(|place| place.as_ref()) else { return self.tossed() };
        match rebuilt(header, *mask, rest) {
            Some((header, data)) => {
                out.extend_from_slice(header.octets());
                out.extend_from_slice(data);
                if let Some(place) = place {
                    *place = Some(header);
                }
                Ok(())
            }
            None => self.tossed(),
        }
    }

    fn tossed(&mut self) -> Result<(), Tossed> {
        self.toss = true;
        Err(Tossed)
    }
}

fn rebuilt<'a>(before: &Header, mask: u8, rest: &'a [u8]) -> Option<(Header, &'a [u8])> {
    let mut header = before.clone();
    let (checksum, mut rest) = rest.split_first_chunk::<2>()?;
    header.set_checksum(u16::from_be_bytes(*checksum));
    header.set_flag(PSH, mask & PUSH != 0);
    header.set_flag(URG, false);
    let before_data = u32::from(before.data);
    match mask & NUMBERS {
        ECHOED => {
            header.set_acknowledgement(header.acknowledgement().wrapping_add(before_data));
            header.set_sequence(header.sequence().wrapping_add(before_data));
        }
        ONE_WAY => header.set_sequence(header.sequence().wrapping_add(before_data)),
        // a repetition is sent whole (RFC 1144 §3.2.2): so this is "as much as before", damaged in a way that the checksum does
        // not see, 8 of data less and PUSH, which is 8, more
        0 if before.data != 0 => return None,
        numbers => {
            if numbers & URGENT != 0 {
                header.set_flag(URG, true);
                header.set_urgent(number(&mut rest)?);
            }
            if numbers & WINDOW != 0 {
                header.set_window(header.window().wrapping_add(number(&mut rest)?));
            }
            if numbers & ACKNOWLEDGEMENT != 0 {
                let moved = u32::from(number(&mut rest)?);
                header.set_acknowledgement(header.acknowledgement().wrapping_add(moved));
            }
            if numbers & SEQUENCE != 0 {
                let moved = u32::from(number(&mut rest)?);
                header.set_sequence(header.sequence().wrapping_add(moved));
            }
        }
    }
    let id = if mask & ID != 0 { number(&mut rest)? } else { 1 };
    header.set_id(header.id().wrapping_add(id));
    header.set_data(rest.len())?;
    header.fits(rest).then_some((header, rest))
}

/// One octet, or three that begin with 0.
fn number(rest: &mut &[u8]) -> Option<u16> {
    let (first, behind) = rest.split_first()?;
    if *first != 0 {
        *rest = behind;
        return Some(u16::from(*first));
    }
    let (value, behind) = behind.split_first_chunk::<2>()?;
    *rest = behind;
    Some(u16::from_be_bytes(*value))
}
