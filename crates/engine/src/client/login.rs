//! `terminal = auto`: what does the fresh line bring?
//!
//! A PPP header starts PPP. Text that waits for an answer (its last line has no end, and [`DialConfig::quiet`]
//! passes) opens the Interactive pause where pauses are allowed. Any other text is a banner. Silence of
//! [`DialConfig::silence`] starts PPP. With pauses off text never fails the dial.
//!
//! [`DialConfig::quiet`]: crate::client::DialConfig::quiet
//! [`DialConfig::silence`]: crate::client::DialConfig::silence

use std::time::{Duration, Instant};

use crate::ConnState;
use crate::client::closing::{Failure, fail};
use crate::client::context::{Context, later};
use crate::client::dialling::{Begin, link};
use crate::client::phases::{Phase, Turn};
use crate::client::terminal::{self, Terminal};
use crate::line::LineEvent;
use crate::terminal::{Header, Recogniser};

/// A host that keeps talking for so long is not going to ask: PPP starts.
const LOGIN_LIMIT: Duration = Duration::from_secs(60);
/// Text kept back for the decision; what is more goes out as banner events of about this size, in bytes.
const KEPT: usize = 4096;

/// Waits for PPP, text or silence.
pub(crate) struct Login {
    recogniser: Recogniser,
    /// Text not yet given to anyone.
    text: Vec<u8>,
    since: Instant,
}

impl Login {
    pub(crate) fn new(cx: &Context) -> Self {
        Self { recogniser: Recogniser::new(), text: Vec::new(), since: cx.now }
    }

    pub(crate) fn line(mut self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        match event {
            LineEvent::Bytes(bytes) => {
                let seen = self.recogniser.push(cx.now, bytes);
                keep(&mut self.text, &seen.text, cx);
                match seen.ppp {
                    Some((Header::Ppp, frame)) => {
                        cx.banner(&self.text);
                        link(frame, cx)
                    }
                    Some((Header::SevenBit, _)) => fail(cx, Failure::seven_bit(), None),
                    None => Phase::Login(self),
                }
            }
            LineEvent::Disconnected | LineEvent::Closed | LineEvent::Failed(_) => {
                cx.banner(&self.text);
                fail(cx, terminal::gone("before PPP began", &self.text), None)
            }
            _ => Phase::Login(self),
        }
    }

    pub(crate) fn advance(mut self, cx: &mut Context) -> Turn {
        if cx.is_held() || cx.now < self.deadline(cx) {
            return Turn::Stay(Phase::Login(self));
        }
        if self.asks(cx) && cx.now >= later(self.last(), cx.config.quiet) {
            self.text.extend(self.recogniser.settle());
            return Turn::Next(Terminal::asked(self.recogniser, self.text, cx));
        }
        cx.banner(&self.text);
        cx.announce(ConnState::AUTHENTICATE);
        Turn::Next(Phase::About(Begin::Link { early: self.recogniser.finish(), after_silence: true }))
    }

    pub(crate) fn deadline(&self, cx: &Context) -> Instant {
        let silence = later(self.last(), cx.config.silence).min(self.since + LOGIN_LIMIT);
        if self.asks(cx) { silence.min(later(self.last(), cx.config.quiet)) } else { silence }
    }

    fn asks(&self, cx: &Context) -> bool {
        cx.config.pauses && self.recogniser.unfinished()
    }

    fn last(&self) -> Instant {
        self.recogniser.last_byte().unwrap_or(self.since)
    }
}

/// Adds `more` to the text that is kept for the decision; what is too much for that goes out as banners.
pub(crate) fn keep(text: &mut Vec<u8>, more: &[u8], cx: &mut Context) {
    text.extend_from_slice(more);
    while text.len() > KEPT {
        let head = text.get(..KEPT).unwrap_or_default();
        let cut = head.iter().rposition(|byte| *byte == b'\n').map_or(KEPT, |at| at + 1);
        let rest = text.split_off(cut);
        cx.banner(text);
        *text = rest;
    }
}
