//! What the owner answers, and what becomes of it.

use std::time::Instant;

use openras_ppp::Verdict;

use super::{Login, Next, SENSELESS, Stage};
use crate::RasError;
use crate::server::context::Context;
use crate::server::ends;
use crate::server::port::{Answer, Ask, PortEvent};
use crate::server::slip::Slip;
use crate::server::stream::Stream;

impl Login {
    pub(super) fn answered(&mut self, now: Instant, answer: Answer, cx: &mut Context) -> Next {
        match (std::mem::replace(&mut self.stage, Stage::Settling), answer) {
            (Stage::Verdict(name), Answer::Verdict(Verdict::Accept { .. })) => {
                self.typed = None;
                cx.call.name = Some(name.clone());
                cx.before.passed();
                cx.call.wrong_try = false;
                cx.event(PortEvent::LoggedIn(name.clone()));
                cx.ask(now, Ask::Admit { name: Some(name.clone()) }, cx.config.answer_limit);
                self.stage = Stage::Admission(name);
                Next::Stay
            }
            (Stage::Verdict(name), Answer::Verdict(Verdict::Refuse { error, retry, .. })) => {
                cx.call.name = Some(name.clone());
                self.refused(now, name, RasError(error), retry, cx)
            }
            (Stage::Verdict(name), Answer::Unknown(verdict)) => {
                let (error, retry) = match verdict {
                    Verdict::Refuse { error, retry, .. } => (RasError(error), retry),
                    Verdict::Accept { .. } => (RasError::AUTHENTICATION_FAILURE, false),
                };
                let name = self.unnamed(name);
                cx.call.name = Some(name.clone());
                self.refused(now, name, error, retry, cx)
            }
            (Stage::Admission(name), Answer::Admit(Ok(admission))) => self.admitted(now, name, admission, cx),
            (Stage::Admission(name), Answer::Admit(Err(error))) => {
                self.say("\nYou may not log in here now.\n", cx);
                Next::end(ends::not_admitted(Some(&name), error))
            }
            (Stage::Address(chooser, service), Answer::Address(Some(address))) => {
                Next::Slip(Box::new(Slip::begin(now, &chooser.name, service, address, cx)))
            }
            (Stage::Address(chooser, _), Answer::Address(None)) => {
                self.say("\nNo address is left.\n", cx);
                Next::end(ends::no_address(&chooser.name))
            }
            (Stage::Opening(_, service), Answer::Target(Ok(()))) => {
                cx.event(PortEvent::Service(service.clone()));
                Next::Stream(Box::new(Stream::new(service)))
            }
            (Stage::Opening(chooser, service), Answer::Target(Err(error))) => {
                self.say("\nThat cannot be reached now.\n", cx);
                if chooser.services.len() < 2 {
                    return Next::end(ends::service_not_opened(&service, error));
                }
                self.senseless += 1;
                if self.senseless > SENSELESS {
                    return Next::end(ends::no_sense());
                }
                self.menu(now, chooser, cx);
                Next::Stay
            }
            (stage, _) => {
                self.stage = stage;
                Next::Stay
            }
        }
    }

    /// Who is not known by the name that was typed, in words: it may be a password, typed a line too early, and then goes into no
    /// event, log or record. A name from the modules was not typed here.
    fn unnamed(&self, name: String) -> String {
        match self.known.as_ref().is_some_and(|known| !known.user.is_empty()) {
            true => name,
            false => format!("(unknown name of {} characters)", name.chars().count()),
        }
    }

    fn refused(
        &mut self,
        now: Instant,
        name: String,
        error: RasError,
        retry: bool,
        cx: &mut Context,
    ) -> Next {
        cx.call.wrong_try |= error == RasError::AUTHENTICATION_FAILURE;
        cx.event(PortEvent::Refused(name.clone(), error));
        let typed = self.typed.take();
        // what was refused is a change: that is not tried again
        let retry = retry && typed.is_some();
        if let Some(old) = typed.filter(|_| error == RasError::PASSWD_EXPIRED) {
            return self.ask_new(now, name, old, cx);
        }
        let text = match error {
            RasError::AUTHENTICATION_FAILURE => "\nWrong user name or password.\n\n",
            RasError::CHANGING_PASSWORD => "\nThe new password was not taken.\n",
            _ => "\nYou may not log in here now.\n",
        };
        self.say(text, cx);
        if !retry || self.asked >= cx.config.ppp.auth_tries {
            return Next::end(ends::login_refused(&name, error));
        }
        self.prompt(cx);
        Next::Stay
    }
}
