//! Authentication and callback exchanges: one method, one role, one direction each.
//!
//! The link (`link.rs`) owns an [`Exchange`] while its phase lasts, hands it the packets of its protocol and
//! carries out its [`Effect`]s. An exchange never sees framing, protocol numbers or another exchange.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;

use crate::ask::{Answer, Ask};
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
        /// The peer's text, if there was one.
        message: String,
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
