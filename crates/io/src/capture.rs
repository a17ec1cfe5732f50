//! `--capture FILE`: the PPP frames of a call with their direction, as a pcapng file.
//!
//! Link type 204 (`LINKTYPE_PPP_WITH_DIR`), and the direction once more in each block's flags. Secrets are blanked
//! before anything leaves the call's task (defence rule 14): the password of a PAP request, and all of a CHAP
//! change-password packet behind its identifier and length. What a person types before PPP is no frame and is not
//! written.
//!
//! A capture never holds its call: a thread writes, and what it is too slow for is left out and counted in the file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use openras_engine::escape;
use openras_ppp::hdlc::Deframer;
use openras_ppp::wire::Protocol;
use rustix::fs::OFlags;
use tokio::sync::watch;

use crate::driver::Tap;

mod pcapng;
#[cfg(test)]
mod tests;
mod writer;

pub use pcapng::Summary;

/// Bytes of a frame that are written; longer ones are cut, with their true length.
const SNAPLEN: usize = 65_535;
/// Characters of a comment.
const COMMENT: usize = 500;

/// A capture that watches one driver. Dropped with it, the file is completed.
pub struct Capture {
    queue: writer::Queue,
    went: watch::Receiver<Summary>,
    received: Deframer,
    sent: Deframer,
}

/// Waits for the end of a capture, apart from it.
#[derive(Clone, Debug)]
pub struct Written(watch::Receiver<Summary>);

impl Written {
    /// Until the file is complete, or given up because it cannot be written. A reader of a pipe who does not read
    /// makes this at most 2 s after the call's end.
    pub async fn wait(mut self) -> Summary {
        while self.0.changed().await.is_ok() {}
        *self.0.borrow()
    }
}

impl Capture {
    /// A new file at `path` with mode 0600; one that is there already is overwritten and gets that mode. A link at
    /// `path` is not followed. A named pipe that has a reader will do.
    ///
    /// # Errors
    /// The file cannot be made or written, or is of another kind; or 256 captures are being written already.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        // a pipe without a reader is an error instead of a wait
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
        let file = options.open(path)?;
        let kind = file.metadata()?.file_type();
        if kind.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        } else if !kind.is_fifo() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a pipe"));
        }
        Self::to(file)
    }

    /// Writes to a file, pipe or socket that somebody else has opened.
    ///
    /// # Errors
    /// There is no thread to write it, or 256 captures are being written already.
    pub fn to(file: File) -> io::Result<Self> {
        Self::about(file, "")
    }

    /// As [`to`](Self::to), with a text that says which call it is; it stands in the file's properties.
    ///
    /// # Errors
    /// As [`to`](Self::to).
    pub fn about(file: File, text: &str) -> io::Result<Self> {
        let (queue, went) = writer::Queue::start(file, &escape::short(text, COMMENT))?;
        Ok(Self { queue, went, received: deframer(), sent: deframer() })
    }

    /// To wait for the file's end when the capture itself is given away.
    pub fn written(&self) -> Written {
        Written(self.went.clone())
    }
}

/// Takes whatever comes: no control character is dropped, and frames of any length are kept.
fn deframer() -> Deframer {
    let mut deframer = Deframer::new();
    deframer.set_receive_accm(0);
    deframer.set_receive_mru(u16::MAX);
    deframer
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
                self.queue.add(false, redact(frame));
            }
        }
    }

    fn sent(&mut self, mut bytes: &[u8]) {
        while let Some(frame) = self.sent.next_frame(&mut bytes) {
            if let Ok(frame) = frame {
                self.queue.add(true, redact(frame));
            }
        }
    }
}
