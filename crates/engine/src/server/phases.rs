//! The phases of a call on a port. Each is named for what it waits for and holds what is known by then.

use std::time::{Duration, Instant};

use openras_ppp::{CloseReason, Stats};

use crate::line::{CallInput, CallOutput, LineEvent, LineOp};

use super::calling::Calling;
use super::context::Context;
use super::ends::{self, End};
use super::link::{Link, Turn};
use super::login::Login;
use super::port::{Command, Condition, PortEvent};
use super::security::Security;
use super::slip::Slip;
use super::stream::Stream;

/// What is kept of a line's CONNECT, in characters.
const LONGEST_TEXT: usize = 80;
/// How long what was written may take to go out before a hang-up (ras-security-host §9 point 37).
const HANG_UP_LIMIT: Duration = Duration::from_secs(2);
/// How long PPP's polite end may take: two Terminate-Requests and some.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// How long giving the line back may take.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);

/// What the port waits for.
pub(super) enum Phase {
    /// The line to be ours.
    Opening,
    /// A call.
    Listening,
    /// The call to stand.
    Answering(Answering),
    /// A module's verdict.
    Security(Box<Security>),
    /// A name, a password and a choice at the prompt.
    Login(Box<Login>),
    /// PPP to be up.
    Linking(Box<Link>),
    /// The end of PPP; entered once and handled in place.
    Up(Box<Link>),
    /// The end of SLIP.
    Slip(Box<Slip>),
    /// The end of a service.
    Stream(Box<Stream>),
    /// PPP's polite end, which we began.
    Closing(Box<Closing>),
    /// The line to be free, the caller to be ready, or the caller to answer.
    Calling(Box<Calling>),
    /// The call to be hung up.
    HangingUp(Box<HangingUp>),
    /// The line to be given back.
    Releasing(Releasing),
    /// Nothing.
    Over,
}

pub(super) struct Answering {
    until: Option<Instant>,
}

pub(super) struct Closing {
    link: Link,
    end: End,
    until: Option<Instant>,
}

pub(super) struct HangingUp {
    end: End,
    until: Option<Instant>,
}

pub(super) struct Releasing {
    until: Option<Instant>,
}

impl Phase {
    pub(super) fn handle(self, now: Instant, input: CallInput<'_, Command>, cx: &mut Context) -> Self {
        match self {
            Self::Opening => Self::opening(now, &input, cx),
            Self::Listening => Self::listening(now, &input, cx),
            Self::Answering(answering) => answering.handle(now, &input, cx),
            Self::Security(security) => security.handle(now, input, cx),
            Self::Login(login) => login.handle(now, input, cx),
            Self::Slip(slip) => slip.handle(now, input, cx),
            Self::Stream(stream) => stream.handle(now, input, cx),
            Self::Linking(mut link) | Self::Up(mut link) => match link.handle(now, input, cx) {
                Some(turn) => Self::turned(now, link, turn, cx),
                None => Self::linked(link),
            },
            Self::Closing(closing) => closing.handle(now, input, cx),
            Self::Calling(calling) => calling.handle(now, input, cx),
            Self::HangingUp(hanging) => match input {
                CallInput::Line(LineEvent::Disconnected | LineEvent::Failed(_)) => {
                    Self::release(now, hanging.end, cx)
                }
                _ => Self::HangingUp(hanging),
            },
            Self::Releasing(releasing) => Self::Releasing(releasing),
            Self::Over => Self::Over,
        }
    }

    fn opening(now: Instant, input: &CallInput<'_, Command>, cx: &mut Context) -> Self {
        match input {
            CallInput::Line(LineEvent::Opened) => Self::Listening,
            CallInput::Line(LineEvent::Failed(error)) => {
                cx.call.line_closed = true;
                cx.down(ends::line_not_opened(*error));
                Self::over(cx)
            }
            CallInput::Command(Command::Disconnect | Command::Retire) => {
                Self::release(now, ends::administrator(), cx)
            }
            _ => Self::Opening,
        }
    }

    fn listening(now: Instant, input: &CallInput<'_, Command>, cx: &mut Context) -> Self {
        match input {
            CallInput::Line(LineEvent::Ring { caller }) => {
                cx.event(PortEvent::Ring(caller.clone()));
                cx.line(LineOp::Answer);
                Self::Answering(Answering { until: now.checked_add(cx.config.answering_limit) })
            }
            // a line that cannot ring
            CallInput::Line(LineEvent::Connected { text }) => Self::answered(now, text, cx),
            CallInput::Command(Command::Disconnect | Command::Retire) => {
                Self::release(now, ends::administrator(), cx)
            }
            _ => Self::Listening,
        }
    }

    fn answered(now: Instant, text: &str, cx: &mut Context) -> Self {
        cx.event(PortEvent::Answered(text.chars().take(LONGEST_TEXT).collect()));
        cx.begin_unauthenticated(now);
        Security::begin(now, cx)
    }

    /// PPP has started: carries out what it says first.
    pub(super) fn linking(now: Instant, mut link: Link, cx: &mut Context) -> Self {
        match link.pump(now, cx) {
            Some(turn) => Self::turned(now, Box::new(link), turn, cx),
            None => Self::linked(Box::new(link)),
        }
    }

    fn linked(link: Box<Link>) -> Self {
        if link.is_up() { Self::Up(link) } else { Self::Linking(link) }
    }

    /// PPP has come to the end of a phase.
    pub(super) fn turned(now: Instant, link: Box<Link>, turn: Turn, cx: &mut Context) -> Self {
        match turn {
            Turn::Up => Self::Up(link),
            Turn::Close(end, reason) => Closing::begin(now, link, *end, reason, cx),
            Turn::Down(down) => {
                cx.withdraw_question();
                match link.ended(*down) {
                    Ok(end) => Self::finish(now, end, cx),
                    Err(callback) => Calling::begin(now, callback, cx),
                }
            }
        }
    }

    /// What an administrator sees.
    pub(super) fn condition(&self) -> Condition {
        match self {
            Self::Opening => Condition::Initializing,
            Self::Listening => Condition::Listening,
            Self::Answering(_) | Self::Security(_) => Condition::Authenticating,
            Self::Login(login) if !login.is_passed() => Condition::Authenticating,
            Self::Login(_) | Self::Slip(_) | Self::Stream(_) => Condition::Authenticated,
            Self::Linking(link) | Self::Up(link) if link.is_authenticated() => Condition::Authenticated,
            Self::Linking(_) | Self::Up(_) => Condition::Authenticating,
            Self::Calling(_) => Condition::CallingBack,
            Self::Closing(_) | Self::HangingUp(_) => Condition::Disconnected,
            Self::Releasing(_) | Self::Over => Condition::NonOperational,
        }
    }

    /// The counters of what runs on the line.
    pub(super) fn stats(&self) -> Stats {
        match self {
            Self::Linking(link) | Self::Up(link) => link.stats(),
            Self::Closing(closing) => closing.link.stats(),
            Self::Slip(slip) => slip.stats(),
            Self::Stream(stream) => stream.stats(),
            _ => Stats::default(),
        }
    }

    /// Earliest time at which something is to be done.
    pub(super) fn deadline(&self, cx: &Context) -> Option<Instant> {
        match self {
            Self::Opening | Self::Listening | Self::Over => None,
            Self::Answering(answering) => answering.until,
            Self::Security(security) => security.deadline(cx),
            Self::Login(login) => login.deadline(cx),
            Self::Slip(slip) => slip.deadline(),
            Self::Stream(stream) => stream.deadline(),
            Self::Linking(link) | Self::Up(link) => {
                let times = [link.poll_timeout(), cx.question_deadline(), cx.before.deadline()];
                times.into_iter().flatten().min()
            }
            Self::Closing(closing) => {
                [closing.until, closing.link.poll_timeout()].into_iter().flatten().min()
            }
            Self::Calling(calling) => calling.until(),
            Self::HangingUp(hanging) => hanging.until,
            Self::Releasing(releasing) => releasing.until,
        }
    }

    /// Does what is due at `now`, after the input.
    pub(super) fn expire(self, now: Instant, cx: &mut Context) -> Self {
        let past = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        match self {
            Self::Answering(answering) if past(answering.until) => {
                Self::finish(now, ends::answering_timed_out(cx.config.answering_limit), cx)
            }
            Self::Security(security) if past(security.deadline(cx)) => security.expire(now, cx),
            Self::Login(login) if past(login.deadline(cx)) => login.expire(now, cx),
            Self::Slip(slip) if past(slip.deadline()) => slip.expire(now, cx),
            Self::Stream(stream) if past(stream.deadline()) => stream.expire(now, cx),
            Self::Linking(link) | Self::Up(link) => match link.expired(now, cx) {
                Some(turn) => Self::turned(now, link, turn, cx),
                None => Self::linked(link),
            },
            Self::Closing(closing) if past(closing.until) => Self::finish(now, closing.end, cx),
            Self::Calling(calling) if past(calling.until()) => calling.expire(now, cx),
            Self::HangingUp(hanging) if past(hanging.until) => Self::release(now, hanging.end, cx),
            Self::Releasing(releasing) if past(releasing.until) => Self::over(cx),
            other => other,
        }
    }

    /// Ends the call: hangs up where there is something to hang up, then gives the line back.
    pub(super) fn finish(now: Instant, end: End, cx: &mut Context) -> Self {
        cx.withdraw_question();
        if !cx.call.connected {
            return Self::release(now, end, cx);
        }
        cx.line(LineOp::HangUp);
        Self::HangingUp(Box::new(HangingUp { end, until: now.checked_add(HANG_UP_LIMIT) }))
    }

    fn release(now: Instant, end: End, cx: &mut Context) -> Self {
        cx.down(end);
        if cx.call.line_closed {
            return Self::over(cx);
        }
        cx.line(LineOp::Close);
        Self::Releasing(Releasing { until: now.checked_add(RELEASE_LIMIT) })
    }

    /// The line is given back, asked for or not.
    pub(super) fn closed(self, now: Instant, cx: &mut Context) -> Self {
        match self {
            Self::Releasing(_) => Self::over(cx),
            Self::Over => Self::Over,
            other => {
                cx.call.connected = false;
                cx.call.line_closed = true;
                match other.handle(now, CallInput::Line(LineEvent::Disconnected), cx) {
                    Self::Over => Self::Over,
                    // one that would have waited for another call, or for the callback
                    _ => Self::release(now, ends::line_closed(), cx),
                }
            }
        }
    }

    fn over(cx: &mut Context) -> Self {
        cx.output(CallOutput::Ended);
        Self::Over
    }
}

impl Answering {
    fn handle(self, now: Instant, input: &CallInput<'_, Command>, cx: &mut Context) -> Phase {
        match input {
            CallInput::Line(LineEvent::Connected { text }) => Phase::answered(now, text, cx),
            CallInput::Line(LineEvent::Failed(error)) => Phase::finish(now, ends::not_answered(*error), cx),
            CallInput::Line(LineEvent::Disconnected) => Phase::finish(now, ends::stopped_ringing(), cx),
            CallInput::Command(Command::Disconnect) => {
                // it rings or stands already: both are ended
                cx.call.connected = true;
                Phase::finish(now, ends::administrator(), cx)
            }
            _ => Phase::Answering(self),
        }
    }
}

impl Closing {
    fn begin(now: Instant, mut link: Box<Link>, end: End, reason: CloseReason, cx: &mut Context) -> Phase {
        link.close(now, reason, cx);
        let until = now.checked_add(CLOSE_LIMIT);
        Box::new(Self { link: *link, end, until }).go_on(now, cx)
    }

    fn handle(mut self: Box<Self>, now: Instant, input: CallInput<'_, Command>, cx: &mut Context) -> Phase {
        match input {
            // asked to end while it ends
            CallInput::Command(_) => return Phase::Closing(self),
            other => self.link.handle(now, other, cx),
        };
        self.go_on(now, cx)
    }

    fn go_on(self: Box<Self>, now: Instant, cx: &mut Context) -> Phase {
        if self.link.is_over() || !cx.call.connected {
            return Phase::finish(now, self.end, cx);
        }
        Phase::Closing(self)
    }
}
