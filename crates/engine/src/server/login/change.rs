//! An expired password: who has just proved it may choose another at the prompt.

use std::time::Instant;

use openras_ppp::auth::verify::request_change_v2;
use openras_ppp::{Claim, Secret};

use super::{Login, Next, SENSELESS, Stage, editor};
use crate::RasError;
use crate::server::context::Context;
use crate::server::dialog::Echo;
use crate::server::ends;
use crate::server::port::Ask;

/// A password in the making, for a user who has proved the old one.
pub(super) struct Change {
    name: String,
    old: Secret,
    /// Typed once.
    new: Option<Secret>,
}

/// What is asked, first and then again.
const PROMPTS: [&str; 2] = ["New password: ", "The same again: "];

impl Change {
    /// What is asked now.
    pub(super) fn prompt(&self) -> &'static str {
        let [first, again] = PROMPTS;
        if self.new.is_none() { first } else { again }
    }
}

impl Login {
    /// Asks for a new password. For that a person has a time of its own, whole: who is asked is known. Whatever follows of it has to
    /// end in that time too.
    pub(super) fn ask_new(&mut self, now: Instant, name: String, old: Secret, cx: &mut Context) -> Next {
        let person = cx.config.ppp.person;
        cx.before.begin(now, person, person);
        let change = Box::new(Change { name, old, new: None });
        self.say(&format!("\nYour password has expired. Choose another one.\n{}", change.prompt()), cx);
        self.stage = Stage::New(change, editor(Echo::No));
        Next::Stay
    }

    /// A line of it was typed.
    pub(super) fn typed_new(
        &mut self,
        now: Instant,
        mut change: Box<Change>,
        line: Secret,
        cx: &mut Context,
    ) -> Next {
        let text = match change.new.take() {
            None if line.is_empty() => "",
            None => {
                change.new = Some(line);
                ""
            }
            Some(new) if new == line => return self.change(now, &change, &new, cx),
            Some(_) => "\nThe two are different.\n",
        };
        self.senseless += u32::from(change.new.is_none());
        if self.senseless > SENSELESS {
            return Next::end(ends::no_sense());
        }
        self.say(&format!("{text}{}", change.prompt()), cx);
        self.stage = Stage::New(change, editor(Echo::No));
        Next::Stay
    }

    /// Puts it to the owner as MS-CHAPv2 would: the one way in which a caller changes a password.
    fn change(&mut self, now: Instant, change: &Change, new: &Secret, cx: &mut Context) -> Next {
        let raw_name = change.name.clone().into_bytes();
        let Some(proof) = request_change_v2(&change.old, new, &raw_name, cx.seed()) else {
            return Next::end(ends::login_refused(&change.name, RasError::CHANGING_PASSWORD));
        };
        let claim = Claim { raw_name, name: change.name.clone(), identifier: 0, proof, attempt: self.asked };
        self.stage = Stage::Verdict(change.name.clone());
        cx.ask(now, Ask::Verify(claim), cx.config.answer_limit);
        Next::Stay
    }
}
