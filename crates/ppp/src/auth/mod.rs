//! Authentication and callback exchanges: one method, one role, one direction each.
//!
//! The link (`link.rs`) owns an `Exchange` while its phase lasts, hands it the packets of its protocol and
//! carries out its `Effect`s. An exchange never sees framing, protocol numbers or another exchange.
//!
//! # No lost frame hangs a call
//!
//! CHAP names only the Challenge as something to repeat; here both ends repeat what they last said until the
//! other end moves on, because either frame may be the lost one:
//!
//! * The client repeats its last Authenticate-Request, Response or Change-Password unchanged (same Identifier)
//!   on the restart timer until an answer comes. RFC 1994 §4.1 makes every authenticator answer such copies
//!   with the verdict it already gave, so a lost Response and a lost Success or Failure both heal.
//! * The authenticator repeats its Challenge (new Identifier and value each time) until the first Response. After a
//!   Failure that leaves a try open (`R=1`, `E=648`) it repeats that Failure unchanged at doubling intervals
//!   within its patience for the person. A client that is still asking its person ignores the copies; one that
//!   has answered sends its answer again.
//! * Copies of a Response whose verdict is still being worked out are dropped: the answer comes.
//!
//! Peers that do not know one of these habits see only copies of packets they know already.

mod chap;
pub(crate) mod hash;
mod mschap;
pub(crate) mod packet;
mod pap;
pub(crate) mod timers;
pub mod verify;

#[cfg(test)]
pub(crate) mod tests;

use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;

use crate::ask::{Answer, Ask};
use crate::config::{AuthMethod, Config};
use crate::event::{DownReason, Phase};

/// What an exchange wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send this packet (from the code octet) in the exchange's protocol.
    Send(Vec<u8>),
    /// Put a question to the outside.
    Ask(Ask),
    /// Say that a named step began (`AuthRetry`, `ChangePassword`).
    Phase(Phase),
    /// The exchange has succeeded. It goes on answering repeats.
    Passed {
        /// Authenticator: the name the verdict was given for. Client: the name we were accepted under.
        /// CBCP without callback: empty.
        name: String,
        /// Client: what the authenticator says with it, from outside. Else empty.
        message: String,
    },
    /// CBCP, answerer: the Ack of a callback is out. From now on a Terminate-Request of the peer or a lost line
    /// means [`DownReason::Callback`] with these values; if neither comes, `Failed` with them follows. Until then
    /// the Ack is repeated to copies of the Response.
    CallbackAgreed {
        /// The number to dial.
        number: String,
        /// Seconds the caller wants between hang-up and callback.
        delay: u8,
    },
    /// The exchange has failed, or CBCP has agreed on a callback: the link closes with this reason.
    Failed(DownReason),
}

/// What an exchange may use.
pub(crate) struct Context<'a> {
    /// All randomness.
    pub(crate) rng: &'a mut ChaCha12Rng,
    /// Effects, in order.
    pub(crate) effects: &'a mut Vec<Effect>,
}

/// One direction of one method.
pub(crate) trait Exchange: Send {
    /// The phase begins.
    fn start(&mut self, now: Instant, cx: &mut Context<'_>);
    /// A packet of the exchange's protocol, from the code octet, Length not yet checked.
    fn packet(&mut self, now: Instant, packet: &[u8], cx: &mut Context<'_>);
    /// The answer to its open question; one that fits no open question is ignored.
    fn answer(&mut self, now: Instant, answer: Answer, cx: &mut Context<'_>);
    /// Acts on deadlines that have passed.
    fn tick(&mut self, now: Instant, cx: &mut Context<'_>);
    /// The next deadline.
    fn timeout(&self) -> Option<Instant>;
    /// Moves all deadlines later: they stood still for `by` (`Command::Hold`).
    fn shift(&mut self, by: Duration);
    /// Whether this packet would only repeat something already answered, and so may be handled while held.
    fn is_repeat(&self, packet: &[u8]) -> bool;
}

/// The side that proves who it is with `config.credentials`. Without credentials its name and password are empty;
/// the link agrees to no method then.
pub(crate) fn client(method: AuthMethod, config: &Config) -> Box<dyn Exchange> {
    match method {
        AuthMethod::Pap => Box::new(pap::Client::new(config)),
        _ => Box::new(chap::Client::new(method, config)),
    }
}

/// The side that asks who the peer is; verdicts come by [`Ask::Verify`]. `attempts`: claims the peer has made on
/// this link since it last passed; negotiating anew does not give it new tries (defence rule 4).
pub(crate) fn authenticator(method: AuthMethod, config: &Config, attempts: u32) -> Box<dyn Exchange> {
    match method {
        AuthMethod::Pap => Box::new(pap::Authenticator::new(config, attempts)),
        _ => Box::new(chap::Authenticator::new(method, config, attempts)),
    }
}
