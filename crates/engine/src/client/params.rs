//! From RASDIALPARAMS to what PPP needs.

use openras_ppp::ask::{CallbackChoice, CallbackOffer};
use openras_ppp::config::Role;
use openras_ppp::{AuthMethod, Config, Credentials};

use crate::RasError;
use crate::client::dial::{DialConfig, DialParams};
use crate::server::callback::normalise;

/// What szCallbackNumber says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallbackWish {
    /// Empty: no callback of ours; a preset one is accepted.
    None,
    /// `*`: ask through the pause.
    Ask,
    /// This number, normalised.
    Number(String),
}

impl CallbackWish {
    /// Reads szCallbackNumber: empty, `*`, or a number by defence rule 3.
    ///
    /// # Errors
    /// 704 for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self, RasError> {
        match text.trim() {
            "" => Ok(Self::None),
            "*" => Ok(Self::Ask),
            number => normalise(number).map(Self::Number).ok_or(RasError::BAD_CALLBACK_NUMBER),
        }
    }

    /// What to answer to an offer, or `None` where it leaves nothing that can be chosen. A number goes where the
    /// caller may give one, or into a list that holds it; else it is ignored, as RASDIALPARAMS documents.
    pub(crate) fn choose(&self, offer: &CallbackOffer) -> Option<CallbackChoice> {
        if let Self::Number(number) = self {
            if offer.caller {
                return Some(CallbackChoice::Number(number.clone()));
            }
            let listed = offer.list.iter().find(|entry| normalise(entry).as_ref() == Some(number));
            if let Some(entry) = listed {
                return Some(CallbackChoice::Listed(entry.clone()));
            }
        }
        match offer {
            CallbackOffer { none: true, .. } => Some(CallbackChoice::None),
            CallbackOffer { preset: true, .. } => Some(CallbackChoice::Preset),
            _ => None,
        }
    }
}

impl DialParams {
    /// Who to say we are: `user`, or `DOMAIN\user` where a domain is given. Also made of an empty name: the
    /// server then refuses it and a person is asked for another.
    pub(crate) fn credentials(&self) -> Credentials {
        let name = match self.domain.as_str() {
            "" => self.user.clone(),
            domain => format!("{domain}\\{}", self.user),
        };
        Credentials { name, password: self.password.clone() }
    }
}

/// PPP's configuration for a leg: the first call, or the one the server places (`leg` 2), on which we answer, still
/// authenticate as the client and offer no callback again (ppp-callback.md §1). Anybody may call meanwhile: who asks
/// for less than the server did on the first call (`passed_by`) is not the server, and nothing weaker is tried (rule 4). Control packets are always traced:
/// the one that decides a failure is named.
pub(crate) fn ppp_config(config: &DialConfig, leg: u8, passed_by: Option<AuthMethod>) -> Config {
    let mut ppp = config.ppp.clone();
    ppp.role = if leg == 1 { Role::Caller } else { Role::Answerer };
    ppp.callback.enabled = config.callable && leg == 1;
    if let Some(method) = passed_by.filter(|_| leg == 2) {
        (ppp.authenticate_us, ppp.insist_on_authentication) = (vec![method], true);
    }
    ppp.trace = true;
    ppp.credentials = Some(config.params.credentials());
    ppp
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(kinds: &str) -> CallbackOffer {
        CallbackOffer {
            none: kinds.contains('1'),
            caller: kinds.contains('2'),
            preset: kinds.contains('3'),
            list: if kinds.contains('4') { vec!["555-1212".into()] } else { vec![] },
        }
    }

    #[test]
    fn a_callback_number_is_empty_a_star_or_digits() {
        assert_eq!(CallbackWish::parse(" "), Ok(CallbackWish::None));
        assert_eq!(CallbackWish::parse("*"), Ok(CallbackWish::Ask));
        assert_eq!(CallbackWish::parse("+49 711 1"), Ok(CallbackWish::Number("+497111".into())));
        for bad in ["**", "ATD1", "1;2", "+", "host:7001"] {
            assert_eq!(CallbackWish::parse(bad), Err(RasError::BAD_CALLBACK_NUMBER), "{bad}");
        }
    }

    #[test]
    fn the_choice_is_always_one_that_was_offered() {
        let number = CallbackWish::Number("5551212".into());
        for (wish, kinds, choice) in [
            (&CallbackWish::None, "1", Some(CallbackChoice::None)),
            (&CallbackWish::None, "12", Some(CallbackChoice::None)),
            (&CallbackWish::None, "3", Some(CallbackChoice::Preset)),
            (&CallbackWish::None, "13", Some(CallbackChoice::None)),
            (&CallbackWish::None, "2", None),
            (&CallbackWish::None, "", None),
            (&number, "12", Some(CallbackChoice::Number("5551212".into()))),
            (&number, "14", Some(CallbackChoice::Listed("555-1212".into()))),
            (&number, "3", Some(CallbackChoice::Preset)),
            (&number, "1", Some(CallbackChoice::None)),
        ] {
            assert_eq!(wish.choose(&offer(kinds)), choice, "{wish:?} of {kinds}");
        }
    }

    #[test]
    fn a_domain_stands_before_the_name() {
        let mut params = DialParams { user: "eva".into(), ..DialParams::default() };
        assert_eq!(params.credentials().name, "eva");
        params.domain = "WORKS".into();
        assert_eq!(params.credentials().name, "WORKS\\eva");
    }

    #[test]
    fn only_the_first_leg_offers_callback_and_only_where_the_line_can_be_called() {
        let mut config = crate::client::why::tests::config();
        config.callable = true;
        let (first, second) = (ppp_config(&config, 1, None), ppp_config(&config, 2, None));
        assert_eq!((first.role, first.callback.enabled), (Role::Caller, true));
        assert_eq!((second.role, second.callback.enabled), (Role::Answerer, false));
        config.callable = false;
        assert!(!ppp_config(&config, 1, None).callback.enabled);
    }
}
