//! The person at the dialling end.

use std::time::Duration;

use openras_ppp::ask::{CallbackChoice, CallbackPolicy};
use openras_ppp::{Answer, Ask, Credentials, Secret};

use super::AT_ONCE;

/// How long a person takes for each question.
const THINKS: Duration = Duration::from_secs(7);

/// What the person wants about callback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallbackWish {
    /// None.
    #[default]
    None,
    /// At this number.
    Number(String),
    /// At the number the answerer knows.
    Preset,
    /// At the last of the numbers offered.
    Listed,
}

/// A person with a plan. Questions beyond the plan stay open, as when nobody sits there.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Credentials for further tries, in turn.
    pub other: Vec<Credentials>,
    /// The new password, if asked for one.
    pub new_password: Option<Secret>,
    /// About callback.
    pub callback: CallbackWish,
}

impl Caller {
    pub(super) fn answer(&mut self, ask: Ask) -> Option<(Duration, Answer)> {
        let answer = match ask {
            Ask::Credentials(_) if self.other.is_empty() => return None,
            Ask::Credentials(_) => Answer::Credentials(self.other.remove(0)),
            Ask::NewPassword(_) => Answer::NewPassword(self.new_password.clone()?),
            Ask::CallbackNumber(offer) => Answer::Callback(match &self.callback {
                CallbackWish::Number(number) if offer.caller => CallbackChoice::Number(number.clone()),
                CallbackWish::Preset if offer.preset => CallbackChoice::Preset,
                CallbackWish::Listed => match offer.list.last() {
                    Some(number) => CallbackChoice::Listed(number.clone()),
                    None => CallbackChoice::None,
                },
                _ => CallbackChoice::None,
            }),
            // in the call back this end is the one that answers
            Ask::Admit { .. } => return Some((AT_ONCE, Answer::Admit(CallbackPolicy::None))),
            Ask::Verify(_) | Ask::CallbackTo { .. } | Ask::Address { .. } => return None,
        };
        Some((THINKS, answer))
    }
}
