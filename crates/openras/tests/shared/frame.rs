//! A frame as a peer of ours makes it, written without the code under test.

/// HDLC framing with every control escaped (RFC 1662 §4).
pub(crate) fn frame(packet: &[u8]) -> Vec<u8> {
    let mut body = vec![0xff, 0x03];
    body.extend_from_slice(packet);
    let mut fcs = 0xffff_u16;
    for byte in &body {
        fcs ^= u16::from(*byte);
        for _ in 0..8 {
            fcs = if fcs & 1 == 1 { (fcs >> 1) ^ 0x8408 } else { fcs >> 1 };
        }
    }
    body.extend_from_slice(&(!fcs).to_le_bytes());
    let mut out = vec![0x7e];
    for byte in body {
        match byte {
            0x7d | 0x7e | 0..=0x1f => out.extend([0x7d, byte ^ 0x20]),
            _ => out.push(byte),
        }
    }
    out.push(0x7e);
    out
}
