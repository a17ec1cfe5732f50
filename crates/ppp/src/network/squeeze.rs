//! IPv4 datagrams on the line, with their TCP headers compressed as far as IPCP agreed on it (RFC 1332 §4).

use crate::ipcp::Ipcp;
use crate::vj::{Compressor, Decompressor, Packet};
use crate::wire::Protocol;

/// TCP with its header's changes only, and whole with a slot's number.
const COMPRESSED: Protocol = Protocol(0x002d);
const UNCOMPRESSED: Protocol = Protocol(0x002f);

/// Both directions of one open IPCP.
pub(crate) struct Squeeze {
    compressor: Option<Compressor>,
    decompressor: Option<Decompressor>,
}

impl Squeeze {
    /// As agreed, with nothing in any slot; `None` where nothing was.
    pub(crate) fn of(ipcp: &Ipcp) -> Option<Self> {
        match ipcp.compression() {
            (None, None) => None,
            (compressor, decompressor) => Some(Self { compressor, decompressor }),
        }
    }

    /// Whether packets of this protocol are compressed ones.
    pub(crate) fn is(protocol: Protocol) -> bool {
        matches!(protocol, COMPRESSED | UNCOMPRESSED)
    }

    /// What we may send, and what we take.
    pub(crate) fn agreed(&self) -> (bool, bool) {
        (self.compressor.is_some(), self.decompressor.is_some())
    }

    /// How an IPv4 packet goes out: put into `out` unless it goes as it is.
    pub(crate) fn outgoing(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Protocol {
        match self.compressor.as_mut().map(|compressor| compressor.compress(packet, out)) {
            Some(Packet::Compressed) => COMPRESSED,
            Some(Packet::Uncompressed) => UNCOMPRESSED,
            Some(Packet::Ip) | None => Protocol::IP,
        }
    }

    /// The IPv4 packet that came; `None`: it cannot be rebuilt, or was never agreed on.
    pub(crate) fn incoming(&mut self, protocol: Protocol, information: &[u8]) -> Option<Vec<u8>> {
        let decompressor = self.decompressor.as_mut()?;
        let mut packet = Vec::new();
        match protocol {
            COMPRESSED => decompressor.compressed(information, &mut packet).ok()?,
            UNCOMPRESSED => {
                packet.extend_from_slice(information);
                decompressor.uncompressed(&mut packet).ok()?;
            }
            _ => return None,
        }
        Some(packet)
    }

    /// A frame was lost on the line.
    pub(crate) fn lost(&mut self) {
        if let Some(decompressor) = &mut self.decompressor {
            decompressor.lost();
        }
    }

    /// The peer has sent Protocol-Reject of what it agreed to.
    pub(crate) fn rejected(&mut self) {
        self.compressor = None;
    }
}
