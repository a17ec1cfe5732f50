//! Building the packets of PAP, CHAP and CBCP out of parts (the shape is `wire::ControlPacket`'s).

/// A whole packet whose body is the concatenation of `parts`; what passes 65,531 octets is cut off.
pub(crate) fn emit(code: u8, identifier: u8, parts: &[&[u8]]) -> Vec<u8> {
    let size = parts.iter().map(|part| part.len()).sum::<usize>() + 4;
    let length = u16::try_from(size).unwrap_or(u16::MAX);
    let mut packet = Vec::with_capacity(size);
    packet.extend([code, identifier]);
    packet.extend(length.to_be_bytes());
    for part in parts {
        packet.extend_from_slice(part);
    }
    packet.truncate(usize::from(length));
    packet
}

/// Longest message text we send, in octets: PAP's length octet, and short of every MRU.
pub(crate) const LONGEST_MESSAGE: usize = 255;

/// A message as it may stand on the wire, cut between two characters.
pub(crate) fn clip(message: &str) -> &str {
    message.get(..message.floor_char_boundary(LONGEST_MESSAGE)).unwrap_or(message)
}
