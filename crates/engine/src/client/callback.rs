//! Being called back: PrepareForCallback, WaitForModemReset, WaitForCallback, ReAuthenticate.
//!
//! The modem reset lasts the delay the caller asked for; a ring ends it early. Answering may fail while the caller
//! gives up and tries again; only [`DialConfig::callback_wait`](crate::client::DialConfig::callback_wait) ends the
//! wait, with 678.

use std::time::{Duration, Instant};

use crate::client::closing::{Failure, fail};
use crate::client::context::{Context, LineState, later};
use crate::client::dialling::Begin;
use crate::client::phases::{Phase, Turn};
use crate::line::{LineEvent, LineOp};
use crate::{ConnState, RasError};

/// Longest wait for `Disconnected` after `HangUp`.
const HANG_UP_LIMIT: Duration = Duration::from_secs(10);

/// Waits for the server's call, step by step.
pub(crate) struct AwaitingCallback {
    step: Step,
    pub(crate) until: Instant,
}

enum Step {
    /// For `Disconnected`; the delay in seconds comes after it. A ring meanwhile is kept: it may be the only one.
    HangingUp { delay: u8, rung: bool },
    /// For the end of the delay, or a ring.
    Resetting { rung: bool },
    /// For a ring.
    Waiting,
    /// For `Connected` after `Answer`.
    Answering,
}

/// Callback is agreed: `delay` in seconds.
pub(crate) fn prepare(delay: u8, cx: &mut Context) -> Phase {
    cx.announce(ConnState::PREPARE_FOR_CALLBACK);
    Phase::About(Begin::DropLine(delay))
}

/// Hangs up, unless the server was quicker.
pub(crate) fn drop_line(delay: u8, cx: &mut Context) -> Phase {
    if cx.line != LineState::Up {
        return reset_modem(delay, false, cx);
    }
    cx.op(LineOp::HangUp);
    let step = Step::HangingUp { delay, rung: false };
    Phase::AwaitingCallback(AwaitingCallback { step, until: cx.now + HANG_UP_LIMIT })
}

fn reset_modem(delay: u8, rung: bool, cx: &mut Context) -> Phase {
    cx.announce(ConnState::WAIT_FOR_MODEM_RESET);
    Phase::About(Begin::ResetModem { delay, rung })
}

fn await_ring(rung: bool, cx: &mut Context) -> Phase {
    cx.announce(ConnState::WAIT_FOR_CALLBACK);
    Phase::About(Begin::AwaitRing { rung })
}

impl AwaitingCallback {
    pub(crate) fn reset(delay: u8, rung: bool, cx: &Context) -> Self {
        let delay = if rung { 0 } else { delay };
        Self { step: Step::Resetting { rung }, until: cx.now + Duration::from_secs(delay.into()) }
    }

    pub(crate) fn wait(rung: bool, cx: &mut Context) -> Self {
        let until = later(cx.now, cx.config.callback_wait);
        let waiting = Self { step: Step::Waiting, until };
        if rung { waiting.answer(cx) } else { waiting }
    }

    fn answer(mut self, cx: &mut Context) -> Self {
        cx.op(LineOp::Answer);
        self.step = Step::Answering;
        self
    }

    pub(crate) fn line(mut self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        match (&self.step, event) {
            (Step::HangingUp { delay, rung }, LineEvent::Disconnected) => {
                return reset_modem(*delay, *rung, cx);
            }
            (Step::HangingUp { delay, .. }, LineEvent::Ring { .. }) => {
                self.step = Step::HangingUp { delay: *delay, rung: true };
            }
            (Step::Resetting { .. }, LineEvent::Ring { .. }) => return await_ring(true, cx),
            (Step::Waiting, LineEvent::Ring { .. }) => self = self.answer(cx),
            (Step::Answering, LineEvent::Failed(_) | LineEvent::Disconnected) => self.step = Step::Waiting,
            (Step::Waiting | Step::Answering, LineEvent::Connected { .. }) => {
                cx.leg = 2;
                cx.announce(ConnState::RE_AUTHENTICATE);
                return Phase::About(Begin::Link { early: Vec::new(), after_silence: false });
            }
            (_, LineEvent::Closed) => {
                let failure =
                    Failure::new(RasError::PORT_OR_DEVICE, "The line was taken away before the callback.");
                return fail(cx, failure, None);
            }
            _ => {}
        }
        Phase::AwaitingCallback(self)
    }

    pub(crate) fn advance(self, cx: &mut Context) -> Turn {
        if cx.is_held() || cx.now < self.until {
            return Turn::Stay(Phase::AwaitingCallback(self));
        }
        Turn::Next(match self.step {
            // the line never said that the call has ended; the server's ring will show whether it has
            Step::HangingUp { delay, rung } => reset_modem(delay, rung, cx),
            Step::Resetting { rung } => await_ring(rung, cx),
            Step::Waiting | Step::Answering => {
                let waited = cx.config.callback_wait.as_secs();
                let why = format!("The server agreed to call back and did not within {waited} s.");
                fail(cx, Failure::new(RasError::NO_ANSWER, why), None)
            }
        })
    }
}
