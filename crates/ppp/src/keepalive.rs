//! Echo keep-alive (RFC 1661 §5.8): asks an open link whether it still is one.

use std::time::Instant;

use crate::config::Echo;

/// What a due check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Send an Echo-Request with a new identifier and tell it to [`KeepAlive::sent`].
    Ask,
    /// Too many went unanswered.
    Dead,
}

/// The timer and what is unanswered. It runs while LCP is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    echo: Option<Echo>,
    next: Option<Instant>,
    unanswered: u32,
    identifier: u8,
}

impl KeepAlive {
    pub(crate) fn new(echo: Option<Echo>) -> Self {
        Self { echo, next: None, unanswered: 0, identifier: 0 }
    }

    /// LCP has opened.
    pub(crate) fn start(&mut self, now: Instant) {
        self.unanswered = 0;
        self.next = self.echo.and_then(|echo| now.checked_add(echo.interval));
    }

    /// LCP is no longer open.
    pub(crate) fn stop(&mut self) {
        self.next = None;
    }

    /// The peer does not know Echo-Request: silence proves nothing.
    pub(crate) fn disable(&mut self) {
        self.echo = None;
        self.stop();
    }

    pub(crate) fn timeout(&self) -> Option<Instant> {
        self.next
    }

    /// What to do if the deadline has come.
    pub(crate) fn check(&mut self, now: Instant) -> Option<Check> {
        let echo = self.echo?;
        self.next.filter(|next| now >= *next)?;
        self.next = now.checked_add(echo.interval);
        if self.unanswered >= echo.failures {
            self.stop();
            return Some(Check::Dead);
        }
        self.unanswered += 1;
        Some(Check::Ask)
    }

    /// An Echo-Request went out.
    pub(crate) fn sent(&mut self, identifier: u8) {
        self.identifier = identifier;
    }

    /// An Echo-Reply came in; one to an older request of a slow line counts too.
    pub(crate) fn reply(&mut self, identifier: u8) {
        if u32::from(self.identifier.wrapping_sub(identifier)) < self.unanswered {
            self.unanswered = 0;
        }
    }
}
