//! Hanging up, until the modem has let go.

use std::time::Duration;

use crate::RasError;

use super::setting_up::{GUARD, SettingUp};
use super::{Carrier, Context, DeviceOp, Event, HangUp, State, Trouble};
use crate::modem::Response;

/// How long DTR is down at least, and how long the carrier has to go.
const DTR_DOWN: Duration = Duration::from_millis(500);
const CARRIER_GONE: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(3);
/// Time for a modem to come back from a call that the other end ended.
const SETTLE: Duration = Duration::from_secs(1);

/// Where the end is.
#[derive(Debug)]
pub(super) struct Ending {
    step: Step,
    /// What is told when it is over.
    tells: Option<Event>,
    escaped: bool,
    /// The line is given back when it is over.
    closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// DTR is down, for its shortest time.
    DtrDown,
    /// DTR is down, until the carrier goes.
    Carrier,
    /// Silence before the escape.
    Guard,
    /// Silence behind it.
    Escaped,
    /// ATH was sent.
    OnHook,
    /// A CR was sent into the dialling.
    Aborted,
    /// The other end went first.
    Settling,
}

impl Ending {
    /// The owner hangs up a call.
    pub(super) fn of_a_call(cx: &mut Context) -> State {
        Self::begin(Some(Event::Disconnected), cx)
    }

    /// A call nobody wanted.
    pub(super) fn unwanted(cx: &mut Context) -> State {
        Self::begin(None, cx)
    }

    /// The owner gives the line back while a call stands.
    pub(super) fn of_a_line(cx: &mut Context) -> State {
        let state = Self::begin(None, cx);
        match state {
            State::Ending(ending) => State::Ending(Self { closes: true, ..ending }),
            other => other,
        }
    }

    /// The owner gives the line back meanwhile.
    pub(super) fn then_close(&mut self) {
        self.closes = true;
    }

    /// The owner gives up before the call stands: any character ends the dialling.
    pub(super) fn of_an_attempt(cx: &mut Context) -> State {
        Self::abort(Event::Disconnected, cx)
    }

    /// The modem has not said what became of the call.
    pub(super) fn of_a_silent_attempt(cx: &mut Context) -> State {
        Self::abort(Event::Failed(RasError::REQUEST_TIMEOUT), cx)
    }

    /// The call has ended by itself, and was told so.
    pub(super) fn after_the_other(cx: &mut Context) -> State {
        cx.speech.clear();
        cx.wait(SETTLE);
        State::Ending(Self { step: Step::Settling, tells: None, escaped: false, closes: false })
    }

    fn begin(tells: Option<Event>, cx: &mut Context) -> State {
        cx.speech.clear();
        let step = match cx.hangs_up_by() {
            HangUp::Dtr => {
                cx.device(DeviceOp::Dtr(false));
                cx.wait(DTR_DOWN);
                Step::DtrDown
            }
            HangUp::Escape => {
                cx.wait(GUARD);
                Step::Guard
            }
        };
        State::Ending(Self { step, tells, escaped: false, closes: false })
    }

    fn abort(tells: Event, cx: &mut Context) -> State {
        cx.device(DeviceOp::Write(b"\r".to_vec()));
        cx.wait(ANSWER);
        State::Ending(Self { step: Step::Aborted, tells: Some(tells), escaped: false, closes: false })
    }

    /// The owner hangs up while it is ending: it is told when it has.
    pub(super) fn wanted(&mut self) {
        self.tells.get_or_insert(Event::Disconnected);
    }

    pub(super) fn signals(&mut self, cx: &mut Context) -> Option<State> {
        (self.step == Step::Carrier && !cx.signals.dcd).then(|| self.over(cx))
    }

    pub(super) fn heard(&mut self, response: &Response, cx: &mut Context) -> Option<State> {
        match (self.step, response) {
            // the call came about while it was given up
            (Step::Aborted, Response::Connect { .. }) => {
                let State::Ending(hanging_up) = Self::begin(self.tells.take(), cx) else { return None };
                *self = Self { closes: self.closes, ..hanging_up };
                None
            }
            (Step::Aborted, Response::Other(_) | Response::Ring(_) | Response::Caller(_)) => None,
            (Step::Aborted, _) => Some(self.over(cx)),
            (Step::OnHook, Response::Ok | Response::NoCarrier | Response::Error) => Some(self.on_hook(cx)),
            _ => None,
        }
    }

    pub(super) fn tick(&mut self, cx: &mut Context) -> Option<State> {
        match self.step {
            Step::DtrDown if cx.signals.dcd && cx.settings.carrier == Carrier::Dcd => {
                cx.wait(CARRIER_GONE);
                self.step = Step::Carrier;
            }
            Step::DtrDown | Step::Settling => return Some(self.over(cx)),
            Step::Carrier | Step::Aborted => {
                // DTR means nothing to it, or it did not take the CR
                cx.device(DeviceOp::Dtr(true));
                cx.wait(GUARD);
                self.step = Step::Guard;
            }
            Step::Guard => {
                cx.device(DeviceOp::Write(b"+++".to_vec()));
                cx.wait(GUARD);
                self.step = Step::Escaped;
            }
            Step::Escaped => {
                self.escaped = true;
                cx.command("ATH0");
                cx.wait(ANSWER);
                self.step = Step::OnHook;
            }
            Step::OnHook => return Some(self.on_hook(cx)),
        }
        None
    }

    fn on_hook(&mut self, cx: &mut Context) -> State {
        if cx.signals.dcd && cx.settings.carrier == Carrier::Dcd {
            cx.trouble(Trouble::NeverHangsUp);
        }
        self.over(cx)
    }

    fn over(&mut self, cx: &mut Context) -> State {
        cx.device(DeviceOp::Dtr(true));
        if let Some(event) = self.tells.take() {
            cx.event(event);
        }
        if self.closes {
            return cx.close();
        }
        SettingUp::anew(cx)
    }
}
