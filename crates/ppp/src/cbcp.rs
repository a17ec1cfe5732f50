//! Callback Control Protocol (MS-CBCP, draft-gidwani-ppp-callback-cp). Its two roles follow from who dialled.
//!
//! The answerer offers, the caller chooses, the answerer acknowledges. Both repeat every two seconds, but
//! differently: each copy of a Request has a new Identifier, each copy of a Response the same one. So the caller always
//! answers the newest Request, and the answerer takes a Response to its newest Request only.

mod answerer;
mod caller;
mod option;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::ask::CallbackPolicy;
use crate::auth::Exchange;
use crate::config::Config;

const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const ACK: u8 = 3;

/// Time between two Requests or two Responses.
const RESTART: Duration = Duration::from_secs(2);
/// Requests (where no person has to type) or Responses sent before giving up.
const TRIES: u32 = 10;
/// How long the answerer keeps asking where the caller may type a number, and the caller keeps answering.
const PERSON: Duration = Duration::from_secs(120);

/// The end that dialled: answers the other one's Request.
pub(crate) fn caller(config: &Config) -> Box<dyn Exchange> {
    Box::new(caller::Caller::new(config))
}

/// The end that answered the call: offers what `policy` allows and lets nothing else pass.
pub(crate) fn answerer(_config: &Config, policy: CallbackPolicy) -> Box<dyn Exchange> {
    Box::new(answerer::Answerer::new(policy))
}
