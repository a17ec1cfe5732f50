//! The Interactive pause: bytes flow both ways between the line and a person.

use std::time::{Duration, Instant};

use crate::client::closing::{Failure, fail};
use crate::client::context::{Context, last_line, later};
use crate::client::dial::{DialParams, TerminalMode};
use crate::client::dialling::{connect_device, link};
use crate::client::pause;
use crate::client::phases::{Phase, Turn};
use crate::line::LineEvent;
use crate::terminal::{Header, Recogniser};
use crate::{ConnState, RasError};

/// How long a possible PPP header is kept from the person's eyes: a `~` of a prompt comes this much later.
const HOLD_BACK: Duration = Duration::from_millis(200);

/// How much of a PPP that waits for the resume is kept, in bytes; a frame that is lost is sent again.
const MOST_EARLY: usize = 4096;

/// Waits for a person who talks to the line.
pub(crate) struct Terminal {
    /// Looks for PPP; `None` before dialling, when only a device is there to talk to.
    recogniser: Option<Recogniser>,
    /// What the other end's PPP has sent, where it waits for the resume.
    early: Option<Vec<u8>>,
    resumed: bool,
    until: Instant,
}

impl Terminal {
    /// RASEO_TerminalBeforeDial; 703 where pauses are off.
    pub(crate) fn before_dial(cx: &mut Context) -> Phase {
        Self::enter(None, cx)
    }

    /// RASEO_TerminalAfterDial; 703 where pauses are off.
    pub(crate) fn after_dial(cx: &mut Context) -> Phase {
        Self::enter(Some(Recogniser::new()), cx)
    }

    /// `terminal = auto` has found a prompt; `text` is all the person has not seen yet.
    pub(crate) fn asked(recogniser: Recogniser, text: Vec<u8>, cx: &mut Context) -> Phase {
        let phase = Self::enter(Some(recogniser), cx);
        cx.show(text);
        phase
    }

    fn enter(recogniser: Option<Recogniser>, cx: &mut Context) -> Phase {
        if !cx.config.pauses {
            let why = "The terminal setting asks for a person, and paused states are off.";
            return fail(cx, Failure::new(RasError::INTERACTIVE_MODE, why).at(ConnState::INTERACTIVE), None);
        }
        cx.announce(ConnState::INTERACTIVE);
        let until = later(cx.now, cx.config.pause_limit);
        Phase::Terminal(Self { recogniser, early: None, resumed: false, until })
    }

    /// The second RasDial: PPP uses what is passed now.
    ///
    /// # Errors
    /// 756 if it was resumed already.
    pub(crate) fn resume(&mut self, params: DialParams, cx: &mut Context) -> Result<(), RasError> {
        if self.resumed {
            return Err(RasError::DIAL_ALREADY_IN_PROGRESS);
        }
        let now = &mut cx.config.params;
        (now.user, now.domain, now.password) = (params.user, params.domain, params.password);
        self.resumed = true;
        Ok(())
    }

    /// Bytes a person typed.
    pub(crate) fn typed(&mut self, bytes: Vec<u8>, cx: &mut Context) {
        match &mut self.recogniser {
            Some(recogniser) => {
                recogniser.note_sent(&bytes);
                cx.write(bytes);
            }
            None => cx.write_device(bytes),
        }
    }

    pub(crate) fn line(mut self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        match (event, &mut self.recogniser) {
            (LineEvent::Bytes(bytes), None) => cx.show(bytes.to_vec()),
            (LineEvent::Bytes(bytes), Some(_)) if self.early.is_some() => self.keep(bytes),
            (LineEvent::Bytes(bytes), Some(recogniser)) => {
                let seen = recogniser.push(cx.now, bytes);
                cx.show(seen.text);
                match seen.ppp {
                    Some((Header::Ppp, frame)) if cx.config.terminal == TerminalMode::Script => {
                        self.early = Some(Vec::new());
                        self.keep(&frame);
                    }
                    Some((Header::Ppp, frame)) => return link(frame, cx),
                    Some((Header::SevenBit, _)) => return fail(cx, Failure::seven_bit(), None),
                    None => {}
                }
            }
            (LineEvent::Disconnected | LineEvent::Closed | LineEvent::Failed(_), Some(_))
            | (LineEvent::Closed | LineEvent::Failed(_), None) => {
                return fail(cx, gone("during the terminal pause", &[]), None);
            }
            _ => {}
        }
        Phase::Terminal(self)
    }

    /// PPP begins with the resume, which may bring other credentials: until then the line has room for this much.
    fn keep(&mut self, bytes: &[u8]) {
        let early = self.early.get_or_insert_default();
        let room = MOST_EARLY.saturating_sub(early.len());
        early.extend(bytes.iter().take(room));
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.hold_back_until().map_or(self.until, |at| at.min(self.until))
    }

    fn hold_back_until(&self) -> Option<Instant> {
        let recogniser = self.recogniser.as_ref().filter(|recogniser| recogniser.holds_back())?;
        recogniser.last_byte().map(|at| at + HOLD_BACK)
    }

    pub(crate) fn advance(mut self, cx: &mut Context) -> Turn {
        if !cx.is_held() && self.hold_back_until().is_some_and(|at| at <= cx.now) {
            cx.show(self.recogniser.as_mut().map(Recogniser::settle).unwrap_or_default());
        }
        if cx.is_held() || (!self.resumed && cx.now < self.until) {
            return Turn::Stay(Phase::Terminal(self));
        }
        Turn::Next(match (self.resumed, self.recogniser) {
            (true, None) => connect_device(cx),
            (true, Some(recogniser)) => link(self.early.unwrap_or_else(|| recogniser.finish()), cx),
            (false, _) => fail(cx, pause::too_long(cx), None),
        })
    }
}

/// The call ended where text was spoken: 628, for text has no polite end.
pub(crate) fn gone(when: &str, text: &[u8]) -> Failure {
    let said = last_line(text).map(|line| format!("; its last words were \"{line}\""));
    let why = format!("The other side hung up {when}{}.", said.unwrap_or_default());
    Failure::new(RasError::DISCONNECTION, why)
}
