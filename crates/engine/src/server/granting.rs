//! What a caller has to prove and what it is granted, on one leg of a call: the name check (defence rule 5) and the
//! callback right (rules 2 and 3).

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::{Answer as PppAnswer, Claim, Proof, Verdict};

use crate::RasError;
use crate::users::CallbackRight;

use super::admit::Identity;
use super::callback;
use super::context::Context;
use super::ends::{self, End, ProvedIn};
use super::port::{Ask, NameCheck, PortEvent, wrong_credentials};

/// Who the caller must be, claims to be and has proved to be.
pub(super) struct Checks {
    /// The dialog's user, or the one to be called back.
    known: Option<Identity>,
    /// The PPP user must be the known one.
    require: bool,
    /// A difference is recorded.
    warn: bool,
    /// Where the known one was proved.
    known_by: ProvedIn,
    claimed: Option<Identity>,
    proved: Option<Identity>,
    proved_name: Option<String>,
    /// The last claim was of somebody else than the known one.
    differed: Option<String>,
    /// Questions for credentials that nobody passed by.
    questions: u32,
    /// The last one was the last that the call has.
    last: bool,
    /// The number of the last verdict, if that was a refusal.
    refused: Option<RasError>,
    /// Who has proved itself at the login prompt, and is not asked again.
    logged_in: Option<String>,
}

impl Checks {
    /// A caller who was `dialog_user` in the security dialog, if there was one.
    pub(super) fn of_caller(dialog_user: Option<Identity>, check: NameCheck) -> Self {
        let has_dialog = dialog_user.is_some();
        Self {
            known: dialog_user,
            require: has_dialog && check == NameCheck::Require,
            warn: has_dialog && check == NameCheck::Warn,
            known_by: ProvedIn::Dialog,
            claimed: None,
            proved: None,
            proved_name: None,
            differed: None,
            questions: 0,
            last: false,
            refused: None,
            logged_in: None,
        }
    }

    /// Somebody who has proved at the login prompt to be `user`, written `name`.
    pub(super) fn of_logged_in(user: Identity, name: String) -> Self {
        Self { logged_in: Some(name), ..Self::of_caller(Some(user), NameCheck::Require) }
    }

    /// Somebody who has logged in at the prompt, and whom PPP asks again: whatever the port's name check says.
    pub(super) fn again_of(user: Identity) -> Self {
        Self { known_by: ProvedIn::Login, ..Self::of_caller(Some(user), NameCheck::Require) }
    }

    /// So many questions for credentials were asked before PPP: they count among those of the call (rule 4).
    pub(super) fn behind(self, questions: u32) -> Self {
        Self { questions, ..self }
    }

    /// Whether the login prompt counts as the proof.
    pub(super) fn is_logged_in(&self) -> bool {
        self.logged_in.is_some()
    }

    /// Somebody called back, who must be `user` whatever the name check says (rule 2).
    pub(super) fn of_called(user: Identity) -> Self {
        Self { known_by: ProvedIn::Callback, require: true, ..Self::of_caller(Some(user), NameCheck::Off) }
    }

    /// Notes a claim. A change of password by the wrong user is refused before anything is changed, and so is a claim
    /// behind the last one a call has (`most`, rule 4; PPP begins to count anew when it negotiates anew). Any other
    /// is put to the owner, so that a wrong user costs the same time and work as a wrong password.
    pub(super) fn claimed(&mut self, claim: &Claim, most: u32) -> Result<(), Verdict> {
        let claimed = Identity::from_ppp_name(&claim.name);
        let same = self.known.as_ref().is_none_or(|known| known.same_as(&claimed));
        self.differed = (!same).then(|| claim.name.clone());
        self.claimed = Some(claimed);
        let change = matches!(claim.proof, Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. });
        // a change is part of the question before it
        self.questions = self.questions.saturating_add(u32::from(!change));
        self.last = self.questions >= most;
        let wrong_change = change && self.require && self.differed.is_some();
        if wrong_change || self.questions > most.max(1) {
            Err(self.without_retry(wrong_credentials()))
        } else {
            Ok(())
        }
    }

    /// No other try is offered where the call has none left.
    fn without_retry(&self, mut verdict: Verdict) -> Verdict {
        if let Verdict::Refuse { retry, .. } = &mut verdict {
            *retry &= !self.last;
        }
        verdict
    }

    /// The verdict for the wire. For a claim of the wrong user every verdict becomes one and the same refusal, that
    /// of a wrong password, so that nobody learns whether the password was right or who was expected.
    pub(super) fn judge(&mut self, verdict: Verdict, cx: &mut Context) -> Verdict {
        let verdict = if self.require && self.differed.is_some() { wrong_credentials() } else { verdict };
        let verdict = self.without_retry(verdict);
        self.refused = None;
        if let Verdict::Refuse { error, .. } = verdict {
            self.refused = Some(RasError(error));
            if RasError(error) == RasError::PASSWD_EXPIRED {
                // only who has proved the old password hears this; the person's own limit runs from here on
                cx.before.passed();
            }
            cx.call.wrong_try |= RasError(error) == RasError::AUTHENTICATION_FAILURE;
            let name = cx.call.name.clone().unwrap_or_default();
            cx.event(PortEvent::Refused(name, RasError(error)));
        }
        verdict
    }

    /// Authentication has passed under this name, or none was asked for; gives the name to admit.
    pub(super) fn passed(&mut self, name: Option<String>) -> Result<Option<String>, Box<End>> {
        let Some(name) = name.or_else(|| self.logged_in.clone()) else {
            let known = self.known.as_ref().map(Identity::ppp_name);
            return match known {
                Some(known) if self.known_by == ProvedIn::Callback => {
                    Err(Box::new(ends::nobody_proved(&known)))
                }
                known => Ok(known.filter(|known| !known.is_empty())),
            };
        };
        let proved = Identity::from_ppp_name(&name);
        let same = self.known.as_ref().is_none_or(|known| known.same_as(&proved));
        self.differed = (!same).then(|| name.clone());
        if let Some(end) = self.mismatch() {
            return Err(Box::new(end));
        }
        self.proved = Some(proved);
        self.proved_name = Some(name.clone());
        // a right answer is no try; wrong ones stay, so that a way in buys no tries at other names
        self.questions = self.questions.saturating_sub(u32::from(self.logged_in.is_none()));
        Ok(Some(name))
    }

    /// The number of the last verdict, if that was a refusal.
    pub(super) fn refused(&self) -> Option<RasError> {
        self.refused
    }

    /// The two names that differ and must be recorded: the dialog's, PPP's.
    pub(super) fn differing(&self) -> Option<(String, String)> {
        let known = self.known.as_ref().filter(|_| self.warn)?;
        self.differed.clone().map(|ppp| (known.ppp_name(), ppp))
    }

    /// The end that a wrong user means.
    pub(super) fn mismatch(&self) -> Option<End> {
        let known = self.known.as_ref().filter(|_| self.require)?;
        let name = self.differed.as_ref()?;
        Some(ends::wrong_user(name, &known.ppp_name(), self.known_by))
    }

    /// Who has authenticated in PPP.
    pub(super) fn proved(&self) -> Option<&Identity> {
        self.proved.as_ref()
    }

    /// The same as it was written.
    pub(super) fn proved_name(&self) -> Option<&str> {
        self.proved_name.as_deref()
    }
}

/// What callback a caller has a right to, and what came of it.
#[derive(Default)]
pub(super) enum CallbackGrant {
    /// No callback, or nothing known yet.
    #[default]
    None,
    /// A number of the caller's that one of these prefixes covers.
    Caller {
        allow: Vec<String>,
        /// Put to the owner.
        asked: Option<String>,
        granted: Option<String>,
    },
    /// This number and no other way in.
    Preset { number: String, granted: bool },
}

impl CallbackGrant {
    /// The policy that a right means; `Ok(None)` where the owner has to be asked about the caps first.
    pub(super) fn admit(
        &mut self,
        right: CallbackRight,
        name: Option<&str>,
        has_line: bool,
    ) -> Result<Option<CallbackPolicy>, Box<End>> {
        // who has negotiated anew is asked about anew: nothing of an earlier grant may stay
        *self = Self::None;
        match right {
            CallbackRight::Caller { allow } if has_line && name.is_some() && !allow.is_empty() => {
                *self = Self::Caller { allow, asked: None, granted: None };
                Ok(Some(CallbackPolicy::Caller))
            }
            CallbackRight::None | CallbackRight::Caller { .. } => Ok(Some(CallbackPolicy::None)),
            CallbackRight::Preset(number) => {
                let Some(name) = name else { return Err(Box::new(ends::preset_without_name())) };
                if !has_line {
                    return Err(Box::new(ends::preset_without_line(name)));
                }
                let dialable = callback::normalise(&number);
                let number = dialable.ok_or_else(|| Box::new(ends::preset_not_dialable(name, &number)))?;
                *self = Self::Preset { number, granted: false };
                Ok(None)
            }
        }
    }

    /// The question about the caps for a preset number.
    pub(super) fn caps_question(&self, name: Option<&str>) -> Ask {
        let number = match self {
            Self::Preset { number, .. } => number.clone(),
            Self::None | Self::Caller { .. } => String::new(),
        };
        Ask::CallbackTo { name: name.unwrap_or_default().to_owned(), number }
    }

    /// The caller wants to be called at this number: normalised, if the right covers it.
    pub(super) fn number_asked(&mut self, text: &str) -> Option<String> {
        let number = callback::normalise(text)?;
        match self {
            Self::Caller { allow, asked, .. } if callback::allowed(&number, allow) => {
                *asked = Some(number.clone());
                Some(number)
            }
            Self::Preset { number: preset, .. } if *preset == number => Some(number),
            _ => None,
        }
    }

    /// The owner gives or refuses leave to dial; what PPP is to hear.
    pub(super) fn leave(&mut self, leave: bool, name: Option<&str>) -> Result<PppAnswer, Box<End>> {
        match self {
            Self::Preset { number, .. } if !leave => {
                Err(Box::new(ends::preset_refused(name.unwrap_or_default(), number)))
            }
            Self::Preset { number, granted } if !*granted => {
                *granted = true;
                Ok(PppAnswer::Admit(CallbackPolicy::Preset(number.clone())))
            }
            Self::Preset { number, .. } => Ok(PppAnswer::CallbackTo(Some(number.clone()))),
            Self::Caller { asked, granted, .. } => {
                *granted = asked.take().filter(|_| leave);
                Ok(PppAnswer::CallbackTo(granted.clone()))
            }
            Self::None => Ok(PppAnswer::CallbackTo(None)),
        }
    }

    /// Whether nothing but a callback may follow.
    pub(super) fn is_required(&self) -> bool {
        matches!(self, Self::Preset { .. })
    }

    /// The number that may be dialled.
    pub(super) fn granted(&self) -> Option<&str> {
        match self {
            Self::Caller { granted, .. } => granted.as_deref(),
            Self::Preset { number, granted } => granted.then_some(number),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use openras_ppp::Secret;

    use super::*;

    fn claim(name: &str, proof: Proof) -> Claim {
        Claim { name: name.into(), raw_name: name.into(), identifier: 1, proof, attempt: 1 }
    }

    fn alice() -> Identity {
        Identity::from_ppp_name("alice")
    }

    #[test]
    fn the_wrong_user_changes_nobodys_password() {
        let change = || Proof::ChangeV2 { challenge: [0; 16], packet: Secret::default() };
        let mut checks = Checks::of_caller(Some(alice()), NameCheck::Require);
        let refusal = Err(wrong_credentials());
        assert_eq!(checks.claimed(&claim("bob", change()), 3), refusal, "never put to the owner");
        assert_eq!(checks.claimed(&claim("alice", change()), 3), Ok(()));
        assert_eq!(Checks::of_called(alice()).claimed(&claim("bob", change()), 3), refusal);
    }

    #[test]
    fn whoever_passed_is_compared_again_before_anything_is_granted() {
        let pass = |mut checks: Checks, name: &str| checks.passed(Some(name.into()));
        assert!(pass(Checks::of_caller(Some(alice()), NameCheck::Require), "bob").is_err());
        assert!(pass(Checks::of_caller(Some(alice()), NameCheck::Require), "ALICE").is_ok());
        assert!(pass(Checks::of_caller(Some(alice()), NameCheck::Off), "bob").is_ok());
        assert!(pass(Checks::of_called(alice()), "bob").is_err());
        assert!(Checks::of_called(alice()).passed(None).is_err(), "nobody proved anything");
    }

    #[test]
    fn a_number_is_granted_only_by_the_owner_and_only_the_one_it_was_asked_about() {
        let mut grant = CallbackGrant::default();
        assert!(grant.number_asked("5551212").is_none(), "without a right there is no number");
        let right = CallbackRight::Caller { allow: vec!["555".into()] };
        assert!(matches!(grant.admit(right, Some("alice"), true), Ok(Some(CallbackPolicy::Caller))));
        assert_eq!(grant.number_asked("555-1").as_deref(), Some("5551"));
        assert_eq!(grant.granted(), None);
        assert!(grant.leave(false, Some("alice")).is_ok());
        assert_eq!(grant.granted(), None);
        grant.number_asked("555-2");
        assert!(grant.leave(true, Some("alice")).is_ok());
        assert_eq!(grant.granted(), Some("5552"));
        assert!(grant.leave(true, Some("alice")).is_ok());
        assert_eq!(grant.granted(), None, "a second leave has no number");
    }

    #[test]
    fn a_grant_of_an_earlier_negotiation_does_not_stay() {
        let mut grant = CallbackGrant::default();
        assert!(grant.admit(CallbackRight::Preset("555".into()), Some("alice"), true).is_ok());
        assert!(grant.leave(true, Some("alice")).is_ok());
        assert!(grant.is_required() && grant.granted() == Some("555"));
        assert!(matches!(
            grant.admit(CallbackRight::None, Some("bob"), true),
            Ok(Some(CallbackPolicy::None))
        ));
        assert!(!grant.is_required(), "bob need not be called back");
        assert_eq!(grant.granted(), None, "and nobody is called for him");
        assert_eq!(grant.number_asked("555"), None);
    }
}
