//! Init strings, and bringing back a modem that does not answer them.

use std::time::Duration;

use crate::RasError;

use super::calls::{Idle, Rung};
use super::{Context, DeviceOp, Event, State, Trouble};
use crate::modem::Response;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(3);
/// Between an answer and the next command.
const PAUSE: Duration = Duration::from_millis(100);
/// How long DTR is down, and how long the modem has to come back.
const DTR_DOWN: Duration = Duration::from_secs(1);
const SETTLE: Duration = Duration::from_millis(500);
/// Silence before and behind the escape, longer than any usual S12.
pub(super) const GUARD: Duration = Duration::from_millis(1500);

/// Where the setting up is.
#[derive(Debug)]
pub(super) struct SettingUp {
    /// Opened has not been told yet.
    first: bool,
    step: Step,
    /// What was tried to bring it back.
    tried: Tried,
    /// What rings meanwhile.
    rung: Rung,
}

#[derive(Debug)]
enum Step {
    /// Before the init string with this number.
    Before(usize),
    /// It was sent.
    Sent(usize),
    DtrDown,
    DtrUp,
    /// Silence before the escape.
    Guard,
    /// Silence behind it.
    Escaped,
    /// ATH was sent.
    OnHook,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tried {
    Nothing,
    Again,
    Dtr,
    Escape,
}

/// What ends the answer to a question.
fn is_answer(response: &Response) -> bool {
    matches!(response, Response::Ok | Response::Error)
}

impl SettingUp {
    /// After the device was opened.
    pub(super) fn first(cx: &mut Context) -> State {
        Self::begin(true, cx)
    }

    /// After a call, and now and then.
    pub(super) fn anew(cx: &mut Context) -> State {
        Self::begin(false, cx)
    }

    fn begin(first: bool, cx: &mut Context) -> State {
        cx.speech.clear();
        cx.wait(PAUSE);
        State::SettingUp(Self { first, step: Step::Before(0), tried: Tried::Nothing, rung: Rung::default() })
    }

    /// Whether the line is open for its owner.
    pub(super) fn is_open(&self) -> bool {
        !self.first
    }

    pub(super) fn rang_by_signal(&mut self, cx: &Context) {
        self.rung.by_signal(cx);
    }

    pub(super) fn heard(&mut self, response: Response, cx: &mut Context) -> Option<State> {
        if self.rung.heard(&response, cx) {
            return None;
        }
        match (&self.step, response) {
            (Step::Sent(at), response) if is_answer(&response) && cx.is_question(*at) => {
                self.step = Step::Before(at + 1);
                cx.wait(PAUSE);
                None
            }
            (Step::Sent(at), Response::Ok) => {
                self.step = Step::Before(at + 1);
                cx.wait(PAUSE);
                None
            }
            (Step::Sent(at), Response::Error) => {
                let command = cx.init(*at).unwrap_or_default();
                Some(self.given_up(Trouble::Refuses(command), RasError::FROM_DEVICE, cx))
            }
            (Step::OnHook, Response::Ok | Response::NoCarrier | Response::Error) => {
                self.step = Step::Before(0);
                cx.wait(PAUSE);
                None
            }
            // echo, results of what was before
            _ => None,
        }
    }

    pub(super) fn tick(&mut self, cx: &mut Context) -> Option<State> {
        match self.step {
            Step::Before(at) => {
                let Some(command) = cx.init(at) else { return Some(self.done(cx)) };
                cx.speech.clear();
                cx.command(&command);
                cx.wait(ANSWER);
                self.step = Step::Sent(at);
            }
            Step::Sent(at) if cx.is_question(at) => {
                cx.wait(PAUSE);
                self.step = Step::Before(at + 1);
            }
            Step::Sent(at) => return self.bring_back(at, cx),
            Step::DtrDown => {
                cx.device(DeviceOp::Dtr(true));
                cx.wait(SETTLE);
                self.step = Step::DtrUp;
            }
            Step::DtrUp | Step::OnHook => {
                cx.wait(PAUSE);
                self.step = Step::Before(0);
            }
            Step::Guard => {
                cx.device(DeviceOp::Write(b"+++".to_vec()));
                cx.wait(GUARD);
                self.step = Step::Escaped;
            }
            Step::Escaped => {
                cx.command("ATH0");
                cx.wait(ANSWER);
                self.step = Step::OnHook;
            }
        }
        None
    }

    /// The modem was silent to an init string: the next remedy.
    fn bring_back(&mut self, at: usize, cx: &mut Context) -> Option<State> {
        match self.tried {
            Tried::Nothing => {
                self.tried = Tried::Again;
                // a CR ends whatever it takes for a command
                cx.device(DeviceOp::Write(b"\r".to_vec()));
                cx.wait(PAUSE);
                self.step = Step::Before(0);
            }
            Tried::Again => {
                self.tried = Tried::Dtr;
                cx.device(DeviceOp::Dtr(false));
                cx.wait(DTR_DOWN);
                self.step = Step::DtrDown;
            }
            Tried::Dtr => {
                self.tried = Tried::Escape;
                cx.wait(GUARD);
                self.step = Step::Guard;
            }
            Tried::Escape => {
                let command = cx.init(at).unwrap_or_default();
                return Some(self.given_up(Trouble::Silent(command), RasError::DEVICE_NOT_READY, cx));
            }
        }
        None
    }

    fn done(&mut self, cx: &mut Context) -> State {
        cx.well();
        if self.first {
            cx.event(Event::Opened);
        }
        Idle::enter(std::mem::take(&mut self.rung), cx)
    }

    fn given_up(&self, trouble: Trouble, error: RasError, cx: &mut Context) -> State {
        cx.trouble(trouble);
        cx.device(DeviceOp::Dtr(false));
        cx.device(DeviceOp::Close);
        cx.until = None;
        if self.first {
            cx.event(Event::Failed(error));
            return State::Closed;
        }
        if cx.waiting.take().is_some() {
            cx.event(Event::Failed(error));
        }
        // whoever has the line opens it anew
        State::Closing
    }
}
