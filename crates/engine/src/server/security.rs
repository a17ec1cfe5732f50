//! The security dialogs of a call, one module after the other, before any PPP.

use std::time::{Duration, Instant};

use crate::line::{CallInput, LineEvent};

use super::admit::Identity;
use super::context::Context;
use super::conversation::Conversation;
use super::dialog::{DialogCommand, DialogOutput, DialogVerdict, PppInDialog};
use super::ends::{self, End};
use super::intake::{Intake, Overflow};
use super::link::Link;
use super::login::{Login, LoginMode};
use super::phases::Phase;
use super::port::{Answer, Ask, Command, NameCheck, PortEvent};

/// How long a module may take to begin (defence rule 12).
const BEGIN_LIMIT: Duration = Duration::from_secs(10);

/// The dialog of one of the port's modules, and what is known from those before it.
pub(super) struct Security {
    intake: Intake,
    /// Modules still to come.
    modules: std::vec::IntoIter<String>,
    running: Conversation,
    user: Option<Identity>,
    until: Option<Instant>,
}

/// What became of the running dialog.
enum Step {
    /// It goes on.
    Wait,
    /// It ended well.
    Passed,
    /// The call ends. `true`: the module is still to be told.
    Failed(Box<End>, bool),
}

impl Step {
    /// The call ends, and the dialog with it.
    fn fail(end: End) -> Self {
        Self::Failed(Box::new(end), true)
    }
}

impl Security {
    /// Begins the first module's dialog; without modules PPP starts.
    pub(super) fn begin(now: Instant, cx: &mut Context) -> Phase {
        let mut modules = cx.config.modules.clone().into_iter();
        let Some(module) = modules.next() else {
            return proved(now, None, Intake::default(), cx);
        };
        let running = open(now, module, cx);
        let limit = cx.config.dialog_limit;
        let until = if limit.is_zero() { None } else { now.checked_add(limit) };
        Phase::Security(Box::new(Self { intake: Intake::default(), modules, running, user: None, until }))
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: CallInput<'_, Command>,
        cx: &mut Context,
    ) -> Phase {
        let step = match input {
            CallInput::Line(LineEvent::Bytes(bytes)) => match self.intake.receive(now, bytes) {
                Ok(()) => Step::Wait,
                Err(Overflow) => Step::fail(ends::too_much(&self.running.module)),
            },
            CallInput::Line(LineEvent::Disconnected) => {
                Step::fail(ends::carrier_lost("during the security dialog"))
            }
            CallInput::Command(Command::Disconnect) => Step::fail(ends::administrator()),
            CallInput::Command(Command::Answer(answer)) => match cx.answered(now, answer) {
                Some(Answer::Begun(Err(error))) => {
                    // its Begin failed: it has no dialog that could end
                    Step::Failed(Box::new(ends::module_not_begun(&self.running.module, error)), false)
                }
                Some(_) => {
                    self.running.begun();
                    Step::Wait
                }
                None => Step::Wait,
            },
            CallInput::Command(Command::Dialog(DialogCommand::Ppp(what))) => {
                self.intake.treat_ppp_as(now, what);
                Step::Wait
            }
            CallInput::Command(Command::Dialog(command)) => {
                self.running.command(now, command, cx);
                Step::Wait
            }
            CallInput::Line(_) | CallInput::Ip(_) | CallInput::Tick | CallInput::Command(Command::Retire) => {
                Step::Wait
            }
        };
        self.go_on(now, step, cx)
    }

    /// Earliest time at which something is to be done.
    pub(super) fn deadline(&self, cx: &Context) -> Option<Instant> {
        let times = [
            self.until,
            self.running.deadline(),
            self.intake.deadline(),
            cx.question_deadline(),
            cx.before.deadline(),
        ];
        times.into_iter().flatten().min()
    }

    pub(super) fn expire(mut self: Box<Self>, now: Instant, cx: &mut Context) -> Phase {
        let past = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        let step = if past(self.until) {
            Step::fail(ends::dialog_limit(cx.config.dialog_limit))
        } else if past(cx.before.deadline()) {
            Step::fail(ends::unauthenticated_too_long())
        } else if past(cx.question_deadline()) {
            Step::fail(ends::module_begin_timed_out(&self.running.module, BEGIN_LIMIT))
        } else {
            self.intake.expire(now);
            // text that became text just now still answers in time
            self.running.serve(&mut self.intake, cx);
            self.running.expire(now, &mut self.intake, cx);
            Step::Wait
        };
        self.go_on(now, step, cx)
    }

    fn go_on(mut self: Box<Self>, now: Instant, step: Step, cx: &mut Context) -> Phase {
        let step = match step {
            Step::Wait => self.advance(cx),
            other => other,
        };
        match step {
            Step::Wait => Phase::Security(self),
            Step::Passed => self.next(now, cx),
            Step::Failed(end, tell) => {
                if tell {
                    cx.dialog(DialogOutput::End);
                }
                Phase::finish(now, *end, cx)
            }
        }
    }

    fn advance(&mut self, cx: &mut Context) -> Step {
        self.running.serve(&mut self.intake, cx);
        let fails = self.running.waits_for_caller() || self.intake.ppp_is() == PppInDialog::Fail;
        if let Some(header) = self.intake.header().filter(|_| fails) {
            return Step::fail(ends::no_terminal(&self.running.module, header));
        }
        match self.running.verdict() {
            None => Step::Wait,
            Some(verdict) => self.decided(verdict, cx),
        }
    }

    fn decided(&mut self, verdict: DialogVerdict, cx: &mut Context) -> Step {
        let module = self.running.module.clone();
        cx.dialog(DialogOutput::End);
        cx.event(PortEvent::DialogEnded(module.clone(), verdict.clone()));
        let failed = |end| Step::Failed(Box::new(end), false);
        match verdict {
            DialogVerdict::Success { user, domain } => {
                match self.accept(Identity { user, domain }, &module, cx) {
                    Ok(()) => Step::Passed,
                    Err(end) => Step::Failed(end, false),
                }
            }
            DialogVerdict::Failure { user, domain } => {
                let name = Identity { user, domain }.ppp_name();
                cx.call.wrong_try = true;
                let end = ends::module_refused(&module, &name);
                cx.call.name = Some(name).filter(|name| !name.is_empty());
                failed(end)
            }
            DialogVerdict::Error { code, text } => failed(ends::module_error(&module, code, &text)),
        }
    }

    fn accept(&mut self, user: Identity, module: &str, cx: &mut Context) -> Result<(), Box<End>> {
        if user.user.is_empty() && cx.config.name_check == NameCheck::Require {
            return Err(Box::new(ends::module_without_name(module)));
        }
        let before = self.user.take().unwrap_or_default();
        let both = !user.user.is_empty() && !before.user.is_empty();
        if both && !before.same_as(&user) {
            cx.call.wrong_try = true;
            return Err(Box::new(ends::modules_disagree(module, &before.ppp_name(), &user.ppp_name())));
        }
        let user = before.completed_by(user);
        cx.call.name = Some(user.ppp_name()).filter(|name| !name.is_empty());
        self.user = Some(user);
        Ok(())
    }

    /// The next module, or PPP with every byte that has come and nobody took.
    fn next(mut self: Box<Self>, now: Instant, cx: &mut Context) -> Phase {
        if let Some(module) = self.modules.next() {
            // each module says for itself
            self.intake.treat_ppp_as(now, PppInDialog::default());
            self.running = open(now, module, cx);
            return Phase::Security(self);
        }
        let Self { intake, user, .. } = *self;
        proved(now, user, intake, cx)
    }
}

/// Behind the modules: the login prompt, or PPP with what has come and nobody took.
fn proved(now: Instant, user: Option<Identity>, intake: Intake, cx: &mut Context) -> Phase {
    if cx.config.login.mode != LoginMode::Ppp {
        return Login::begin(now, user, intake, cx);
    }
    let link = Link::answer(now, user, 0, &intake.into_rest(), cx);
    Phase::linking(now, link, cx)
}

fn open(now: Instant, module: String, cx: &mut Context) -> Conversation {
    cx.event(PortEvent::Dialog(module.clone()));
    cx.ask(now, Ask::SecurityBegin { module: module.clone() }, BEGIN_LIMIT);
    Conversation::new(module)
}
