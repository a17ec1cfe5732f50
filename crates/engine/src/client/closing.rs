//! The end: PPP is closed politely, the call hung up, the line given back, each within a limit of its own.

use std::time::{Duration, Instant};

use openras_ppp::event::Packet;
use openras_ppp::{CloseReason, Command, Event, Input, Machine, Output, Ppp};

use crate::client::context::{Context, LineState};
use crate::client::dial::{DialEnd, Notice};
use crate::client::linking::told;
use crate::client::phases::{Phase, Turn};
use crate::line::{CallOutput, LineEvent, LineOp};
use crate::{ConnState, RasError};

/// Longest polite end of PPP; its own timers (two Terminate-Requests, 3 s each) are shorter.
const PPP_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for `Disconnected`, and for `Closed`.
const LINE_LIMIT: Duration = Duration::from_secs(5);

/// Why a dial fails.
pub(crate) struct Failure {
    pub(crate) error: RasError,
    /// The state that carries the error; `None` repeats the last one.
    state: Option<ConnState>,
    pub(crate) why: String,
    pub(crate) remedy: String,
    pub(crate) packet: Option<Packet>,
    close: CloseReason,
    /// Authentication failed.
    pub(crate) authentication: bool,
}

impl Failure {
    /// A failure in the last state, with the number's own remedy.
    pub(crate) fn new(error: RasError, why: impl Into<String>) -> Self {
        Self {
            error,
            state: None,
            why: why.into(),
            remedy: error.remedy().to_owned(),
            packet: None,
            close: CloseReason::Error,
            authentication: false,
        }
    }

    /// In this state.
    pub(crate) fn at(self, state: ConnState) -> Self {
        Self { state: Some(state), ..self }
    }

    /// With this reason in our Terminate-Request.
    pub(crate) fn closing(self, close: CloseReason) -> Self {
        Self { close, ..self }
    }

    pub(crate) fn is_authentication(&self) -> bool {
        self.authentication
    }
}

/// Waits for PPP, then the call, then the line to end.
pub(crate) struct Closing {
    step: Step,
    end: Box<DialEnd>,
    pub(crate) until: Instant,
}

enum Step {
    Ppp(Box<Ppp>),
    HangingUp,
    ClosingLine,
}

/// The dial has failed: the state is repeated with its number, unless it was connected; then everything is closed.
pub(crate) fn fail(cx: &mut Context, failure: Failure, ppp: Option<Box<Ppp>>) -> Phase {
    cx.stop_waiting();
    let Failure { error, state, why, remedy, packet, close, .. } = failure;
    if cx.was_connected {
        (cx.state, cx.error) = (ConnState::DISCONNECTED, Some(error));
    } else {
        cx.announce_with(state.unwrap_or(cx.state), Some(error));
    }
    let end = DialEnd { error: Some(error), was_connected: cx.was_connected, why, remedy, packet };
    Closing::begin(Box::new(end), close, ppp, cx)
}

/// RasHangUp.
pub(crate) fn hang_up(cx: &mut Context, ppp: Option<Box<Ppp>>) -> Phase {
    cx.stop_waiting();
    let end = DialEnd {
        error: None,
        was_connected: cx.was_connected,
        why: "The call was hung up on this side.".to_owned(),
        remedy: RasError::SUCCESS.remedy().to_owned(),
        packet: None,
    };
    Closing::begin(Box::new(end), CloseReason::User, ppp, cx)
}

impl Closing {
    fn begin(end: Box<DialEnd>, reason: CloseReason, ppp: Option<Box<Ppp>>, cx: &mut Context) -> Phase {
        match ppp {
            Some(ppp) if cx.line == LineState::Up => {
                let mut closing = Self { step: Step::Ppp(ppp), end, until: cx.now + PPP_LIMIT };
                if closing.feed(Input::Command(Command::Close(reason)), cx) {
                    closing.hang_up(cx)
                } else {
                    Phase::Closing(closing)
                }
            }
            _ => Self { step: Step::HangingUp, end, until: cx.now }.hang_up(cx),
        }
    }

    pub(crate) fn ppp(&self) -> Option<&Ppp> {
        match &self.step {
            Step::Ppp(ppp) => Some(ppp),
            _ => None,
        }
    }

    /// Gives PPP an input; whether it is over now.
    fn feed(&mut self, input: Input<'_>, cx: &mut Context) -> bool {
        let Step::Ppp(ppp) = &mut self.step else { return false };
        ppp.handle(cx.real, input);
        let mut over = false;
        while let Some(output) = ppp.poll_output() {
            match output {
                Output::Line(bytes) => cx.write(bytes),
                Output::Ip(_) => {}
                Output::Event(event) => {
                    if let Some(Event::Down(down)) = told(event, cx) {
                        over = true;
                        self.end.packet = self.end.packet.take().or(down.packet);
                    }
                }
            }
        }
        over
    }

    fn hang_up(mut self, cx: &mut Context) -> Phase {
        match cx.line {
            LineState::Up => {
                cx.op(LineOp::HangUp);
                self.step = Step::HangingUp;
                self.until = cx.now + LINE_LIMIT;
                Phase::Closing(self)
            }
            LineState::Placing => {
                cx.op(LineOp::HangUp);
                self.close_line(cx)
            }
            LineState::Opening | LineState::Open => self.close_line(cx),
            LineState::Closed => self.finish(cx),
        }
    }

    fn close_line(mut self, cx: &mut Context) -> Phase {
        cx.op(LineOp::Close);
        self.step = Step::ClosingLine;
        self.until = cx.now + LINE_LIMIT;
        Phase::Closing(self)
    }

    /// The second RasHangUp: nothing more is waited for.
    pub(crate) fn at_once(self, cx: &mut Context) -> Phase {
        if let (Step::Ppp(_), LineState::Up) = (&self.step, cx.line) {
            cx.op(LineOp::HangUp);
        }
        if !matches!(self.step, Step::ClosingLine) {
            cx.op(LineOp::Close);
        }
        self.finish(cx)
    }

    fn finish(self, cx: &mut Context) -> Phase {
        if self.end.error.is_none() {
            if cx.was_connected {
                (cx.state, cx.error) = (ConnState::DISCONNECTED, None);
            } else {
                cx.announce(ConnState::DISCONNECTED);
            }
        }
        cx.notice(Notice::Ended(self.end));
        cx.out.push_back(CallOutput::Ended);
        Phase::Done
    }

    pub(crate) fn line(mut self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        match (event, &self.step) {
            (LineEvent::Closed, _) => self.finish(cx),
            (LineEvent::Bytes(bytes), Step::Ppp(_)) => {
                if self.feed(Input::Line(bytes), cx) {
                    self.hang_up(cx)
                } else {
                    Phase::Closing(self)
                }
            }
            (LineEvent::Disconnected, Step::HangingUp)
            | (LineEvent::Disconnected | LineEvent::Failed(_), Step::Ppp(_)) => self.hang_up(cx),
            // asking again would put the end off for as long as it fails
            (LineEvent::Failed(_), Step::HangingUp) => self.close_line(cx),
            _ => Phase::Closing(self),
        }
    }

    pub(crate) fn tick(mut self, cx: &mut Context) -> Phase {
        if self.feed(Input::Tick, cx) { self.hang_up(cx) } else { Phase::Closing(self) }
    }

    pub(crate) fn advance(self, cx: &mut Context) -> Turn {
        if cx.now < self.until {
            return Turn::Stay(Phase::Closing(self));
        }
        Turn::Next(match self.step {
            Step::Ppp(_) => self.hang_up(cx),
            Step::HangingUp => self.close_line(cx),
            Step::ClosingLine => self.finish(cx),
        })
    }
}
