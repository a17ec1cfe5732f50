//! Questions to the owner: one open at a time, the others wait.

use std::collections::VecDeque;

use super::exchanges::Who;
use crate::ask::{Answer, Ask};
use crate::event::Event;
use crate::outlet::Outlet;

/// Who gets the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// An authentication or callback exchange.
    Exchange(Who),
    /// The link itself: callback policy.
    Admission,
    /// IPCP.
    Address,
}

/// The kinds an [`Ask`] and its [`Answer`] share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Credentials,
    NewPassword,
    Callback,
    Verdict,
    Admit,
    CallbackTo,
    Address,
}

/// The open question and those that wait for it.
///
/// A question whose asker is gone (the peer negotiated anew) stays open until its answer has come, and that
/// answer is dropped. Otherwise a verdict on an old claim could be taken for one on a new claim.
#[derive(Default)]
pub(super) struct Questions {
    open: Option<(Kind, Option<Asker>)>,
    /// The open question was there before this input: only then can the input be its answer.
    heard: bool,
    waiting: VecDeque<(Asker, Ask)>,
}

impl Questions {
    /// Asks, or waits until the open question is answered.
    pub(super) fn ask(&mut self, asker: Asker, ask: Ask, out: &mut Outlet) {
        self.waiting.push_back((asker, ask));
        self.next(out);
    }

    /// A new input has come: what was asked before it has been heard.
    pub(super) fn hear(&mut self) {
        self.heard = self.open.is_some();
    }

    /// Asks the next one if none is open.
    pub(super) fn next(&mut self, out: &mut Outlet) {
        if self.open.is_some() {
            return;
        }
        let Some((asker, ask)) = self.waiting.pop_front() else { return };
        self.open = Some((Kind::of_ask(&ask), Some(asker)));
        self.heard = false;
        out.event(Event::Ask(ask));
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }

    /// Whose open question this answers: `None` for one that fits none, `Some(None)` if nobody waits for it
    /// any more.
    pub(super) fn take(&mut self, answer: &Answer) -> Option<Option<Asker>> {
        let kind = Some(Kind::of_answer(answer)).filter(|_| self.heard)?;
        self.open.take_if(|(open, _)| *open == kind).map(|(_, asker)| asker)
    }

    /// The askers are gone.
    pub(super) fn cancel(&mut self) {
        self.waiting = VecDeque::new();
        self.open.iter_mut().for_each(|(_, asker)| *asker = None);
    }
}

impl Kind {
    fn of_ask(ask: &Ask) -> Self {
        match ask {
            Ask::Credentials(_) => Self::Credentials,
            Ask::NewPassword(_) => Self::NewPassword,
            Ask::CallbackNumber(_) => Self::Callback,
            Ask::Verify(_) => Self::Verdict,
            Ask::Admit { .. } => Self::Admit,
            Ask::CallbackTo { .. } => Self::CallbackTo,
            Ask::Address { .. } => Self::Address,
        }
    }

    fn of_answer(answer: &Answer) -> Self {
        match answer {
            Answer::Credentials(_) => Self::Credentials,
            Answer::NewPassword(_) => Self::NewPassword,
            Answer::Callback(_) => Self::Callback,
            Answer::Verdict(_) => Self::Verdict,
            Answer::Admit(_) => Self::Admit,
            Answer::CallbackTo(_) => Self::CallbackTo,
            Answer::Address(_) => Self::Address,
        }
    }
}
