//! The callback leg: hang up, wait, dial, and hand the call to PPP again (ppp-callback §5).

use std::time::{Duration, Instant};

use crate::RasError;
use crate::line::{CallInput, LineEvent, LineOp};

use super::context::Context;
use super::ends;
use super::link::{Callback, Link};
use super::phases::Phase;
use super::port::{Command, PortEvent};

/// How long hanging up may take: the carrier must be gone before anything is dialled.
const HANG_UP_LIMIT: Duration = Duration::from_secs(10);
/// Longest delay a caller may ask for.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// Time between two tries.
const BETWEEN_TRIES: Duration = Duration::from_secs(30);
/// How long a number may ring.
const DIAL_LIMIT: Duration = Duration::from_secs(120);

/// A callback that was agreed.
pub(super) struct Calling {
    callback: Callback,
    /// Tries made.
    tries: u32,
    step: Step,
}

enum Step {
    /// The line hangs up; then this long a pause.
    HangingUp { pause: Duration, until: Option<Instant> },
    /// Until the number is dialled.
    Pausing(Option<Instant>),
    /// The number rings, at longest until then.
    Dialling(Option<Instant>),
}

impl Calling {
    /// Hangs up for the callback.
    pub(super) fn begin(now: Instant, callback: Callback, cx: &mut Context) -> Phase {
        cx.event(PortEvent::CallbackPending(callback.number.clone()));
        let shortest = cx.config.callback_delay;
        let pause = Duration::from_secs(callback.delay.into()).clamp(shortest, LONGEST_DELAY.max(shortest));
        Box::new(Self { callback, tries: 0, step: Step::Pausing(None) }).pause(now, pause, cx)
    }

    /// Hangs up where that is needed, then waits.
    fn pause(mut self: Box<Self>, now: Instant, pause: Duration, cx: &mut Context) -> Phase {
        self.step = if cx.call.connected {
            cx.line(LineOp::HangUp);
            Step::HangingUp { pause, until: now.checked_add(HANG_UP_LIMIT) }
        } else {
            Step::Pausing(now.checked_add(pause))
        };
        Phase::Calling(self)
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: CallInput<'_, Command>,
        cx: &mut Context,
    ) -> Phase {
        let input = match input {
            // at most one that nobody waits for any more
            CallInput::Command(Command::Answer(answer)) => {
                cx.answered(now, answer);
                return Phase::Calling(self);
            }
            other => other,
        };
        match (&input, &self.step) {
            (CallInput::Command(Command::Disconnect), _) => {
                return Phase::finish(now, ends::administrator(), cx);
            }
            (CallInput::Line(LineEvent::Disconnected), &Step::HangingUp { pause, .. }) => {
                self.step = Step::Pausing(now.checked_add(pause));
            }
            (CallInput::Line(LineEvent::Connected { .. }), Step::Dialling(_)) => {
                let link = Link::call_back(now, self.callback.user, cx);
                return Phase::linking(now, link, cx);
            }
            (CallInput::Line(LineEvent::Failed(error)), Step::Dialling(_)) => {
                cx.call.connected = false;
                return self.again(now, *error, cx);
            }
            (CallInput::Line(LineEvent::Disconnected), Step::Dialling(_)) => {
                return self.again(now, RasError::NO_CARRIER, cx);
            }
            _ => {}
        }
        Phase::Calling(self)
    }

    pub(super) fn until(&self) -> Option<Instant> {
        match self.step {
            Step::HangingUp { until, .. } | Step::Pausing(until) | Step::Dialling(until) => until,
        }
    }

    pub(super) fn expire(mut self: Box<Self>, now: Instant, cx: &mut Context) -> Phase {
        match self.step {
            Step::HangingUp { .. } => {
                cx.call.connected = false;
                Phase::finish(now, ends::callback_not_hung_up(HANG_UP_LIMIT), cx)
            }
            Step::Pausing(_) => {
                cx.event(PortEvent::CallingBack(self.callback.number.clone()));
                cx.line(LineOp::Dial(self.callback.number.clone()));
                // a number that rings can be hung up
                cx.call.connected = true;
                self.tries += 1;
                self.step = Step::Dialling(now.checked_add(DIAL_LIMIT));
                Phase::Calling(self)
            }
            Step::Dialling(_) => self.again(now, RasError::NO_ANSWER, cx),
        }
    }

    fn again(self: Box<Self>, now: Instant, error: RasError, cx: &mut Context) -> Phase {
        if self.tries < cx.config.callback_tries {
            return self.pause(now, BETWEEN_TRIES, cx);
        }
        let end = ends::callback_failed(&self.callback.number, self.tries, error);
        Phase::finish(now, end, cx)
    }
}
