//! `--capture FILE`: the PPP frames of a call with their direction, as a pcap file.
//!
//! Link type 204 (`LINKTYPE_PPP_WITH_DIR`): before each frame one octet, 0 = received, 1 = sent; frames begin with
//! the address field. Secrets are blanked before anything is written (defence rule 14): the password of a PAP
//! request, and all of a CHAP change-password packet behind its identifier and length. What a person types before
//! PPP is no frame and is not written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use openras_ppp::hdlc::Deframer;
use openras_ppp::wire::Protocol;

use crate::driver::Tap;

#[cfg(test)]
mod tests;

/// Bytes of a frame that are written; longer ones are cut, with their true length.
const SNAPLEN: usize = 65_535;
/// Of the classic format, with microseconds, in network byte order.
const MAGIC: u32 = 0xa1b2_c3d4;
/// LINKTYPE_PPP_WITH_DIR.
const LINK_TYPE: u32 = 204;
/// Address and control as every packet decoder expects them (RFC 1662 §3.1).
const HEADER: [u8; 2] = [0xff, 0x03];

/// A capture file that watches one driver.
pub struct Capture {
    file: Option<BufWriter<File>>,
    received: Deframer,
    sent: Deframer,
}

impl Capture {
    /// A new file at `path` with mode 0600; one that is there already is overwritten and gets that mode.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Self::to(file)
    }

    /// Writes to a file that somebody else has opened.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn to(file: File) -> io::Result<Self> {
        let mut file = BufWriter::new(file);
        for word in [MAGIC, 0x0002_0004, 0, 0, SNAPLEN as u32, LINK_TYPE] {
            file.write_all(&word.to_be_bytes())?;
        }
        file.flush()?;
        Ok(Self { file: Some(file), received: deframer(), sent: deframer() })
    }

    /// Writes one frame; a file that cannot be written is given up, and the call goes on.
    fn record(file: &mut Option<BufWriter<File>>, sent: bool, frame: &[u8]) {
        let Some(open) = file else { return };
        let packet = redact(frame);
        // packets of the user's are many; what decides a call is on disk at once
        let is_control = packet.first().is_some_and(|high| high & 0x80 != 0);
        let written =
            write(open, sent, &packet).and_then(|()| if is_control { open.flush() } else { Ok(()) });
        if let Err(error) = written {
            tracing::warn!(%error, "the capture file cannot be written");
            *file = None;
        }
    }
}

/// Takes whatever comes: no control character is dropped, and frames of any length are kept.
fn deframer() -> Deframer {
    let mut deframer = Deframer::new();
    deframer.set_receive_accm(0);
    deframer.set_receive_mru(u16::MAX);
    deframer
}

fn write(file: &mut impl Write, sent: bool, frame: &[u8]) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let whole = 1 + HEADER.len() + frame.len();
    let kept = frame.get(..SNAPLEN - 1 - HEADER.len()).unwrap_or(frame);
    // seconds as the format has them: they wrap in 2106
    for word in
        [now.as_secs() as u32, now.subsec_micros(), (1 + HEADER.len() + kept.len()) as u32, whole as u32]
    {
        file.write_all(&word.to_be_bytes())?;
    }
    file.write_all(&[u8::from(sent)])?;
    file.write_all(&HEADER)?;
    file.write_all(kept)
}

/// The frame with a two-octet protocol field and without secrets.
fn redact(frame: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(frame.len() + 1);
    // a compressed protocol field is odd in its first octet (RFC 1661 §6.5)
    if frame.first().is_some_and(|first| first & 1 == 1) {
        packet.push(0);
    }
    packet.extend_from_slice(frame);
    let (protocol, body) = match packet.split_at_mut_checked(2) {
        Some(([high, low], body)) => (Protocol(u16::from_be_bytes([*high, *low])), body),
        _ => return packet,
    };
    match (protocol, body.first().copied()) {
        (Protocol::PAP, Some(1)) => blank_pap(body),
        // change password, versions 1 and 2 of MS-CHAPv1 and that of MS-CHAPv2
        (Protocol::CHAP, Some(5..=7)) => blank(body, 4),
        // a peer that rejects one of these sends it back
        (Protocol::LCP, Some(7 | 8)) => blank_rejected(body),
        _ => {}
    }
    packet
}

fn blank(bytes: &mut [u8], from: usize) {
    bytes.iter_mut().skip(from).for_each(|byte| *byte = 0);
}

/// Code, identifier, length, then the name and the password, each behind its length (RFC 1334 §2.2.1). The
/// password's length is left; with a name that overruns the packet everything goes.
fn blank_pap(body: &mut [u8]) {
    match body.get(4).map(|&name| 5 + usize::from(name)) {
        Some(password) if password < body.len() => blank(body, password + 1),
        _ => blank(body, 4),
    }
}

/// Code-Reject and Protocol-Reject carry back what was rejected (RFC 1661 §5.6, §5.7).
fn blank_rejected(body: &mut [u8]) {
    let rejected = body.get(4..6).map(|bytes| bytes.to_vec());
    if let Some([0xc0, 0x23] | [0xc2, 0x23]) = rejected.as_deref() {
        blank(body, 6);
    }
}

impl Tap for Capture {
    fn connected(&mut self) {
        self.received = deframer();
        self.sent = deframer();
    }

    fn received(&mut self, mut bytes: &[u8]) {
        while let Some(frame) = self.received.next_frame(&mut bytes) {
            if let Ok(frame) = frame {
                Self::record(&mut self.file, false, frame);
            }
        }
    }

    fn sent(&mut self, mut bytes: &[u8]) {
        while let Some(frame) = self.sent.next_frame(&mut bytes) {
            if let Ok(frame) = frame {
                Self::record(&mut self.file, true, frame);
            }
        }
    }
}
