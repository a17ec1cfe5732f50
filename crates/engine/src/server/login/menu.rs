//! What somebody who has logged in may choose from, and what becomes of the choice.

use std::time::Instant;

use openras_ppp::Secret;

use super::{Chooser, Login, Next, Service, Stage, editor};
use crate::escape;
use crate::server::context::Context;
use crate::server::dialog::Echo;
use crate::server::ends;
use crate::server::port::{Admission, Ask, PortEvent};
use crate::users::CallbackRight;

impl Chooser {
    pub(super) fn has_ppp(&self) -> bool {
        self.services.iter().any(|service| Service::of(service) == Service::Ppp)
    }

    /// The service of a number or a name; text behind a name is no matter, as in `ppp default`.
    fn service(&self, typed: &str) -> Option<String> {
        let word = typed.split_whitespace().next()?;
        let number = word.parse::<usize>().ok().and_then(|number| self.services.get(number.checked_sub(1)?));
        let name = || self.services.iter().find(|service| service.eq_ignore_ascii_case(word));
        number.or_else(name).cloned()
    }
}

impl Login {
    /// The owner has said what the user may do.
    pub(super) fn admitted(
        &mut self,
        now: Instant,
        name: String,
        admission: Admission,
        cx: &mut Context,
    ) -> Next {
        cx.call.limits = admission.limits;
        let mut services =
            if admission.services.is_empty() { cx.config.login.services.clone() } else { admission.services };
        if matches!(admission.callback, CallbackRight::Preset(_)) {
            // nothing but PPP can call back (defence rule 2)
            services.retain(|service| Service::of(service) == Service::Ppp);
            if services.is_empty() {
                return Next::end(ends::callback_skipped(Some(&name)));
            }
        }
        let chooser = Chooser { name, services };
        if self.intake.header().is_some() && chooser.has_ppp() {
            return Next::PppOf(chooser.name);
        }
        match chooser.services.as_slice() {
            [only] if !cx.config.login.menu_always => {
                let only = only.clone();
                self.choose(now, chooser, only, cx)
            }
            _ => {
                self.menu(now, chooser, cx);
                Next::Stay
            }
        }
    }

    /// Shows the menu.
    pub(super) fn menu(&mut self, now: Instant, chooser: Chooser, cx: &mut Context) {
        let mut text = String::from("\n");
        if chooser.services.len() > 1 {
            for (number, service) in (1..).zip(&chooser.services) {
                text.push_str(&format!("{number:3}  {service}\n"));
            }
        }
        text.push_str(&cx.config.login.menu_prompt);
        self.say(&text, cx);
        self.until = now.checked_add(cx.config.login.menu_limit);
        self.stage = Stage::Choice(chooser, editor(Echo::Yes));
    }

    /// A line was typed at the menu.
    pub(super) fn chosen(&mut self, now: Instant, chooser: Chooser, line: &Secret, cx: &mut Context) -> Next {
        let typed = String::from_utf8_lossy(line.expose()).trim().to_owned();
        if ["exit", "quit", "logout", "bye"].iter().any(|word| typed.eq_ignore_ascii_case(word)) {
            return Next::end(ends::left_menu());
        }
        if let Some(service) = chooser.service(&typed) {
            return self.choose(now, chooser, service, cx);
        }
        self.senseless += 1;
        if self.senseless > super::SENSELESS {
            return Next::end(ends::no_sense());
        }
        if !typed.is_empty() {
            self.say("There is no such service.\n", cx);
        }
        let until = self.until;
        self.menu(now, chooser, cx);
        self.until = until;
        Next::Stay
    }

    /// Begins a service.
    pub(super) fn choose(
        &mut self,
        now: Instant,
        chooser: Chooser,
        service: String,
        cx: &mut Context,
    ) -> Next {
        self.until = None;
        let kind = Service::of(&service);
        if kind != Service::Target && self.parity.seven_bits {
            self.say("\nThis line has 7 bits; that needs 8 bits, no parity (8N1).\n", cx);
            return Next::end(ends::seven_bits());
        }
        match kind {
            Service::Ppp => {
                cx.write(escape::for_caller("\nStarting PPP.\n"));
                cx.event(PortEvent::Service(service));
                Next::PppOf(chooser.name)
            }
            Service::Slip | Service::Cslip => {
                let ask = Ask::Address { name: Some(chooser.name.clone()), wanted: None };
                cx.ask(now, ask, cx.config.answer_limit);
                self.stage = Stage::Address(chooser, kind);
                Next::Stay
            }
            Service::Target => {
                let ask = Ask::Target { service: service.clone(), name: chooser.name.clone() };
                cx.ask(now, ask, cx.config.answer_limit);
                self.stage = Stage::Opening(chooser, service);
                Next::Stay
            }
        }
    }
}
