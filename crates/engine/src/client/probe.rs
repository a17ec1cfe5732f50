//! `terminal = auto` after silence: PPP has begun, and the host may still turn out to want a person.

use std::collections::VecDeque;
use std::time::Instant;

use openras_ppp::Secret;
use openras_ppp::event::{Direction, Packet};

use crate::client::context::{Context, later};
use crate::client::login::keep;
use crate::client::phases::Phase;
use crate::client::terminal::Terminal;
use crate::terminal::{Header, Recogniser};

/// Control packets of ours that are remembered, to know their echo; more are never on the way at once.
const REMEMBERED: usize = 8;

/// Watches the line for text while PPP has not met its peer.
#[derive(Default)]
pub(crate) struct Probe {
    recogniser: Recogniser,
    /// Text not yet given to anyone.
    text: Vec<u8>,
    sent: VecDeque<Secret>,
    /// Size of the frame written last, in bytes.
    last_frame: usize,
}

impl Probe {
    /// PPP wrote a frame.
    pub(crate) fn wrote(&mut self, frame: &[u8]) {
        self.recogniser.note_sent(frame);
        self.last_frame = frame.len();
    }

    /// A control packet went over the line; whether it shows that a peer is there. Frames of a peer begin like
    /// ours, so only a whole one tells it from our echo.
    pub(crate) fn meets_peer(&mut self, packet: &Packet) -> bool {
        if packet.direction == Direction::Received {
            return !self.sent.contains(&packet.bytes);
        }
        self.sent.push_back(packet.bytes.clone());
        if self.sent.len() > REMEMBERED {
            self.sent.pop_front();
        }
        false
    }

    /// Takes bytes of the line; the header of a frame that is none of ours, if one began.
    pub(crate) fn listen(&mut self, bytes: &[u8], cx: &mut Context) -> Option<Header> {
        let seen = self.recogniser.push(cx.now, bytes);
        keep(&mut self.text, &seen.text, cx);
        seen.ppp.map(|(header, _)| header)
    }

    /// When the text is taken for a prompt; never where nobody can be asked.
    pub(crate) fn prompt_after(&self, cx: &Context) -> Option<Instant> {
        let last =
            self.recogniser.last_byte().filter(|_| cx.config.pauses && self.recogniser.unfinished())?;
        Some(later(last, cx.config.quiet))
    }

    /// The other side speaks text after all, and waits: the line goes to the person.
    pub(crate) fn ask_person(mut self, cx: &mut Context) -> Phase {
        self.text.extend(self.recogniser.settle());
        // only the last frame can still come back; the older ones must not pass for the echo of a peer's
        self.recogniser.forget_sent(self.last_frame);
        Terminal::asked(self.recogniser, self.text, cx)
    }

    /// PPP has met its peer, or ended: the text that came asked nothing.
    pub(crate) fn over(self, cx: &mut Context) {
        cx.banner(&without_frames(self.text));
    }
}

/// The text without our own frames that came back, and without a peer's that looked like them at first.
fn without_frames(text: Vec<u8>) -> Vec<u8> {
    let is_frame = |part: &&[u8]| {
        [&b"\xff\x7d\x23"[..], b"\xff\x03\xc0", b"\x7f\x7d\x23"].iter().any(|start| part.starts_with(start))
    };
    if !text.split(|byte| *byte == 0x7e).any(|part| is_frame(&part)) {
        return text;
    }
    text.split(|byte| *byte == 0x7e).filter(|part| !is_frame(part)).flatten().copied().collect()
}
