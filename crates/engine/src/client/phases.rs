//! The phases of a dial and what each hands an event to.

use std::time::Instant;

use openras_ppp::{Machine, Ppp};

use crate::client::callback::AwaitingCallback;
use crate::client::closing::Closing;
use crate::client::connected::Connected;
use crate::client::context::Context;
use crate::client::dialling::{Begin, Dialling, Opening};
use crate::client::linking::Linking;
use crate::client::login::Login;
use crate::client::pause::Paused;
use crate::client::terminal::Terminal;
use crate::line::LineEvent;

/// Where a dial is; each is named for what it waits for.
pub(crate) enum Phase {
    /// A state was announced; once it may, this begins.
    About(Begin),
    Opening(Opening),
    Dialling(Dialling),
    /// `terminal = auto`: PPP, text or silence.
    Login(Login),
    /// The Interactive pause.
    Terminal(Terminal),
    /// PPP, up to Connected.
    Linking(Box<Linking>),
    /// A pause inside PPP.
    Paused(Box<Paused>),
    AwaitingCallback(AwaitingCallback),
    Connected(Connected),
    Closing(Closing),
    Done,
}

/// What came of [`Phase::advance`].
pub(crate) enum Turn {
    /// Something was done; there may be more.
    Next(Phase),
    /// Nothing is to be done before the next input or deadline.
    Stay(Phase),
}

impl Phase {
    /// An event of the line. Its state in the context is already up to date.
    pub(crate) fn line(self, event: &LineEvent<'_>, cx: &mut Context) -> Phase {
        match self {
            // a phase that is about to begin reads no line: the dial keeps its events until it has begun
            Phase::About(begin) => Phase::About(begin),
            Phase::Opening(phase) => phase.line(event, cx),
            Phase::Dialling(phase) => phase.line(event, cx),
            Phase::Login(phase) => phase.line(event, cx),
            Phase::Terminal(phase) => phase.line(event, cx),
            Phase::Linking(mut phase) => {
                phase.line(event, cx);
                Phase::Linking(phase)
            }
            Phase::Paused(mut phase) => {
                phase.line(event, cx);
                Phase::Paused(phase)
            }
            Phase::AwaitingCallback(phase) => phase.line(event, cx),
            Phase::Connected(phase) => phase.line(event, cx),
            Phase::Closing(phase) => phase.line(event, cx),
            Phase::Done => Phase::Done,
        }
    }

    /// Does what is due and may begin: work that waited for a notice to be seen, and deadlines.
    pub(crate) fn advance(self, cx: &mut Context) -> Turn {
        match self {
            Phase::About(begin) if cx.is_held() => Turn::Stay(Phase::About(begin)),
            Phase::About(begin) => Turn::Next(begin.run(cx)),
            Phase::Opening(phase) => phase.advance(cx),
            Phase::Dialling(phase) => phase.advance(cx),
            Phase::Login(phase) => phase.advance(cx),
            Phase::Terminal(phase) => phase.advance(cx),
            Phase::Linking(phase) => phase.advance(cx),
            Phase::Paused(phase) => phase.advance(cx),
            Phase::AwaitingCallback(phase) => phase.advance(cx),
            Phase::Connected(phase) => Turn::Stay(Phase::Connected(phase)),
            Phase::Closing(phase) => phase.advance(cx),
            Phase::Done => Turn::Stay(Phase::Done),
        }
    }

    /// Whether events of the line wait while a notice is unseen. PPP takes them: it keeps the link alive.
    pub(crate) fn keeps_line_waiting(&self) -> bool {
        !matches!(self, Phase::Linking(_) | Phase::Paused(_) | Phase::Closing(_) | Phase::Done)
    }

    /// The next deadline of the dial's own, in its own time.
    pub(crate) fn deadline(&self, cx: &Context) -> Option<Instant> {
        match self {
            Phase::Opening(phase) => Some(phase.until),
            Phase::Dialling(phase) => Some(phase.until),
            Phase::Login(phase) => Some(phase.deadline(cx)),
            Phase::Terminal(phase) => Some(phase.deadline()),
            Phase::Paused(phase) => Some(phase.until),
            Phase::AwaitingCallback(phase) => Some(phase.until),
            Phase::Closing(phase) => Some(phase.until),
            Phase::Linking(phase) => phase.deadline(cx),
            Phase::About(_) | Phase::Connected(_) | Phase::Done => None,
        }
    }

    /// The PPP of this phase.
    pub(crate) fn ppp(&self) -> Option<&Ppp> {
        match self {
            Phase::Linking(phase) => Some(phase.ppp()),
            Phase::Paused(phase) => Some(phase.ppp()),
            Phase::Connected(phase) => Some(phase.ppp()),
            Phase::Closing(phase) => phase.ppp(),
            _ => None,
        }
    }

    /// Gives PPP its tick if its own deadline has come.
    pub(crate) fn tick(self, cx: &mut Context) -> Phase {
        if self.ppp().and_then(|ppp| ppp.poll_timeout()).is_none_or(|at| at > cx.real) {
            return self;
        }
        match self {
            Phase::Linking(mut phase) => {
                phase.tick(cx);
                Phase::Linking(phase)
            }
            Phase::Paused(mut phase) => {
                phase.tick(cx);
                Phase::Paused(phase)
            }
            Phase::Connected(phase) => phase.tick(cx),
            Phase::Closing(phase) => phase.tick(cx),
            other => other,
        }
    }

    /// Takes PPP out of a phase that is left for good.
    pub(crate) fn into_ppp(self) -> Option<Box<Ppp>> {
        match self {
            Phase::Linking(phase) => Some(phase.into_ppp()),
            Phase::Paused(phase) => Some(phase.into_ppp()),
            Phase::Connected(phase) => Some(phase.into_ppp()),
            _ => None,
        }
    }
}
