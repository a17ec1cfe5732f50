//! SLIP among what comes at a prompt: its octets are kept for it, and not shown as a person's until they are known.

use std::time::{Duration, Instant};

use crate::detect::{Detector, Found, Look};

/// How long an octet that may begin a datagram is waited with, as with the beginning of a frame of PPP.
const WAIT: Duration = super::super::intake::HEADER_WAIT;

/// Looks for the first datagram.
pub(super) struct SlipWatch {
    detector: Detector,
    /// What may be a datagram's beginning, as it came.
    kept: Vec<u8>,
    last: Option<Instant>,
}

impl SlipWatch {
    pub(super) fn new() -> Self {
        Self { detector: Detector::new(Look { slip: true, null_modem: false }), kept: Vec::new(), last: None }
    }

    /// Takes what came; the datagram and all behind it, if one is whole.
    pub(super) fn take(&mut self, now: Instant, octets: &[u8]) -> Option<Vec<u8>> {
        self.last = Some(now);
        let mut rest = octets;
        while !rest.is_empty() {
            let before = rest;
            let found = self.detector.take(&mut rest);
            self.kept.extend_from_slice(before.get(..before.len() - rest.len()).unwrap_or_default());
            if let Some(Found::Slip { behind }) = found {
                let from = self.kept.len().saturating_sub(behind);
                let mut datagrams = self.kept.split_off(from);
                datagrams.extend_from_slice(rest);
                return Some(datagrams);
            }
        }
        let surplus = self.kept.len().saturating_sub(self.detector.in_doubt());
        self.kept.drain(..surplus);
        None
    }

    /// Until when what came may be no person's.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        let until = self.last.filter(|_| !self.kept.is_empty())?.checked_add(WAIT)?;
        (until > now).then_some(until)
    }
}
