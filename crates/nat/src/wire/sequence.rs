//! The sequence number of a TCP packet with a plain header, read and changed in place.

use super::{put_u16, u16_at, u32_at};

/// Where TCP begins, the sequence number, the one after all that the packet holds, and whether it is a reset; `None`: it
/// is not one of ours.
pub(crate) fn sequence(packet: &[u8]) -> Option<(usize, u32, u32, bool)> {
    let header = if packet.first()? >> 4 == 4 { 20 } else { 40 };
    let tcp = packet.get(header..)?;
    let data = tcp.len().checked_sub(usize::from(tcp.get(12)? >> 4) * 4)?;
    let flags = *tcp.get(13)?;
    let (fin, syn) = (u32::from(flags & 1), u32::from(flags >> 1 & 1));
    let seq = u32_at(tcp, 4)?;
    let end = seq.wrapping_add(u32::try_from(data).ok()?).wrapping_add(fin + syn);
    Some((header, seq, end, flags & 4 != 0))
}

/// Puts an acknowledgement into a packet whose TCP begins there. Its checksum is that of before: it is for a reader that has
/// no use for it.
pub(crate) fn set_acknowledgement(packet: &mut [u8], header: usize, ack: u32) {
    if let Some(place) = packet.get_mut(header + 8..).and_then(|rest| rest.first_chunk_mut()) {
        *place = ack.to_be_bytes();
    }
    if let Some(flags) = packet.get_mut(header + 13) {
        *flags |= 0x10;
    }
}

/// Puts another sequence number into a packet whose TCP begins there, and keeps its checksum right (RFC 1624).
pub(crate) fn set_sequence(packet: &mut [u8], header: usize, seq: u32) {
    let (high, low) = ((seq >> 16) as u16, (seq & 0xffff) as u16);
    for (at, new) in [(header + 4, high), (header + 6, low)] {
        let (Some(old), Some(sum)) = (u16_at(packet, at), u16_at(packet, header + 16)) else { return };
        let mut sum = u32::from(!sum) + u32::from(!old) + u32::from(new);
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        put_u16(packet, at, new);
        put_u16(packet, header + 16, !u16::try_from(sum).unwrap_or(u16::MAX));
    }
}
