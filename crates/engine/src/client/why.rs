//! The two sentences at the end of a failed dial: what decided it, and what to try.

use openras_ppp::ask::Refusal;
use openras_ppp::event::{Direction, NetworkFailure, Packet};
use openras_ppp::wire::Protocol;
use openras_ppp::{AuthMethod, CloseReason, Down, DownReason};

use crate::RasError;
use crate::client::closing::Failure;
use crate::client::context::Context;
use crate::client::dial::DialConfig;
use crate::escape;

impl Failure {
    /// The end of PPP, where it was no agreed one. A `Closed` that nobody here asked for counts as a lost line.
    pub(crate) fn of_down(down: Down, config: &DialConfig) -> Self {
        let error = RasError::from_down(&down.reason).unwrap_or(RasError::DISCONNECTION);
        let mut why = sentence(&down.reason, config);
        why.push_str(&decided(down.packet.as_ref()));
        let mut failure = Self::new(error, why);
        if let Some(remedy) = remedy(&down.reason) {
            failure.remedy = remedy;
        }
        failure.authentication = is_authentication(&down.reason);
        failure.packet = down.packet;
        failure
    }

    /// The server refused us and would hear more, but nobody is there to ask.
    pub(crate) fn refused(refusal: &Refusal, packet: Option<Packet>) -> Self {
        let mut why = refusal_sentence(refusal);
        why.push_str(&decided(packet.as_ref()));
        let mut failure = Self::new(RasError::from_refusal(refusal), why);
        (failure.authentication, failure.packet) = (true, packet);
        failure
    }

    /// PPP asked what only the answering side is asked: 705.
    pub(crate) fn servers_question() -> Self {
        Self::new(RasError::INVALID_AUTH_STATE, "PPP of a dial asked a question of the answering side.")
    }

    /// The peer starts LCP over and over: 732.
    pub(crate) fn begins_anew(times: u32) -> Self {
        let why =
            format!("The server began the LCP negotiation anew {times} times before the call was connected.");
        let mut failure = Self::new(RasError::PPP_NOT_CONVERGING, why);
        "Look at the log of the server for what it wants; a line that garbles packets does this too."
            .clone_into(&mut failure.remedy);
        failure
    }

    /// Adds what the call itself knows: the text that came instead of PPP, or that somebody else may have called.
    pub(crate) fn on_call(mut self, cx: &Context) -> Self {
        let deaf = [RasError::PPP_NO_RESPONSE, RasError::PPP_TIMEOUT, RasError::PPP_LOOPBACK_DETECTED];
        if let Some(words) = cx.last_words.as_ref().filter(|_| cx.leg == 1 && deaf.contains(&self.error)) {
            self.why.push_str(&format!(" The last text that came was \"{words}\"."));
        }
        if let Some(method) = cx.passed_by.filter(|_| cx.leg == 2 && self.error == RasError::SERVER_POLICY) {
            self.why.push_str(&format!(
                " The first call was authenticated by {method}; the callback must be too."
            ));
            "Somebody else may have called: do not allow less, and check which port the server calls back from."
                .clone_into(&mut self.remedy);
        }
        self
    }

    /// The line strips the eighth bit: 722.
    pub(crate) fn seven_bit() -> Self {
        let why = "The other side speaks PPP, but the line carries only 7 of its 8 bits.";
        let mut failure = Self::new(RasError::PPP_INVALID_PACKET, why);
        "Set the line and the modem to 8 data bits without parity.".clone_into(&mut failure.remedy);
        failure
    }

    /// The server demands a callback number and there is none: 704.
    pub(crate) fn no_callback() -> Self {
        let why = "The server calls back only at a number the caller gives, and none was given.";
        let mut failure = Self::new(RasError::BAD_CALLBACK_NUMBER, why).closing(CloseReason::Error);
        "Give a callback number, or * to be asked.".clone_into(&mut failure.remedy);
        failure
    }

    /// `*` where nobody can be asked: 704.
    pub(crate) fn star_without_pauses() -> Self {
        let why = "The callback number is *, which asks a person, and paused states are off.";
        Self::new(RasError::BAD_CALLBACK_NUMBER, why)
    }
}

/// Names the packet that decided it, in the text that logs show (which is safe to show).
fn decided(packet: Option<&Packet>) -> String {
    const LONGEST: usize = 300;
    let Some(packet) = packet else { return String::new() };
    let way = match packet.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let text: String = packet.text().chars().take(LONGEST).collect();
    format!(" The packet that decided it, {way}: {text}.")
}

fn is_authentication(reason: &DownReason) -> bool {
    matches!(
        reason,
        DownReason::AuthRefused(_)
            | DownReason::PeerRefused(_)
            | DownReason::AuthMissing
            | DownReason::AuthMethodRefused(_)
            | DownReason::AuthTimeout
            | DownReason::ServerNotProven
    )
}

fn sentence(reason: &DownReason, config: &DialConfig) -> String {
    let fixed = match reason {
        DownReason::AuthRefused(refusal) => return refusal_sentence(refusal),
        DownReason::PeerRefused(refusal) => {
            return format!("The server did not prove who it is to this side ({}).", refusal.error);
        }
        DownReason::AuthMethodRefused(method) => {
            let wanted = if method.is_empty() {
                "none of the methods allowed here".into()
            } else {
                escape::short(method, 40)
            };
            return format!(
                "The server wants to authenticate by {wanted}; this side allows {}.",
                words(&config.ppp.authenticate_us)
            );
        }
        DownReason::AuthMissing => {
            return format!(
                "The server asked for no authentication, and this side requires {}.",
                words(&config.ppp.authenticate_us)
            );
        }
        DownReason::NoNetwork(failed) => return networks(failed),
        DownReason::Callback { .. } => "The server wanted to call back during the callback.",
        DownReason::Idle(limit) => {
            return format!(
                "No packet of a program went either way for {} s, which was the limit.",
                limit.as_secs()
            );
        }
        DownReason::SessionLimit(limit) => {
            return format!("The call lasted the {} s it was given.", limit.as_secs());
        }
        DownReason::Closed => "PPP was closed.",
        DownReason::LineLost => "The line was lost.",
        DownReason::TerminatedByPeer => "The server ended the connection with a Terminate-Request.",
        DownReason::LcpTerminated => "The server ended LCP before authentication.",
        DownReason::NoResponse => "No PPP packet ever came back.",
        DownReason::LcpTimeout => "The server stopped answering in the middle of the LCP negotiation.",
        DownReason::NotConverging => "The LCP options of the two sides did not converge.",
        DownReason::Loopback => "Our own packets came back, magic number and all.",
        DownReason::PeerGone => "The server no longer answers on a link that stood.",
        DownReason::AuthTimeout => "The server did not finish the authentication in time.",
        DownReason::ServerNotProven => {
            "The server said yes, but its authenticator response (S=) is wrong: it does not know the password."
        }
        DownReason::CallbackRequired => "A callback is required and did not come about.",
        DownReason::CallbackFailed => "The callback negotiation (CBCP) got no answer that fits.",
    };
    fixed.to_owned()
}

/// Better advice than the number's own, where the reason allows it.
fn remedy(reason: &DownReason) -> Option<String> {
    Some(match reason {
        DownReason::AuthMethodRefused(method) if AuthMethod::from_word(method).is_some() => {
            format!("Add {method} to the methods of this dial if you trust the line, or have the server offer another.")
        }
        DownReason::AuthMissing => {
            "Call without required methods if the server may stay unproved, or switch authentication on there.".into()
        }
        DownReason::PeerGone => "Check the line; raise the echo interval if it is slow.".into(),
        DownReason::CallbackFailed => "Check the callback rights of the user at the server.".into(),
        DownReason::AuthTimeout => {
            "Look at the log of the server: its user store or RADIUS may be slow or down.".into()
        }
        DownReason::LcpTimeout => "Check the quality of the line, and look at the last packets with -v.".into(),
        DownReason::NoNetwork(failed) if RasError::from_down(reason) == Some(RasError::PPP_TIMEOUT) => {
            let silent = failed.iter().find(|(_, why)| *why == NetworkFailure::Timeout);
            let protocol = silent.map_or(Protocol::IPCP, |(protocol, _)| *protocol);
            format!("Check that the server has {protocol} switched on for this user, and look at its log.")
        }
        DownReason::CallbackRequired | DownReason::Callback { .. } => {
            "Check the callback rights of the user at the server.".into()
        }
        DownReason::PeerRefused(_) => "Check the number: the other side could not prove who it is.".into(),
        _ => return None,
    })
}

fn refusal_sentence(refusal: &Refusal) -> String {
    let error = RasError::from_refusal(refusal);
    let mut why = error.sentence();
    if refusal.error != error.0 {
        why.push_str(&format!(" Its number was {}.", refusal.error));
    }
    if !refusal.message.trim().is_empty() {
        why.push_str(&format!(" It said: \"{}\".", escape::short(refusal.message.trim(), 120)));
    }
    why
}

fn words(methods: &[AuthMethod]) -> String {
    if methods.is_empty() {
        return "none".to_owned();
    }
    methods.iter().map(|method| method.word()).collect::<Vec<_>>().join(", ")
}

fn networks(failed: &[(Protocol, NetworkFailure)]) -> String {
    if failed.is_empty() {
        return "No network protocol is switched on here.".to_owned();
    }
    let each = failed.iter().map(|(protocol, failure)| {
        let what = match failure {
            NetworkFailure::Rejected => "was rejected by the server",
            NetworkFailure::TerminatedByPeer => "was ended by the server",
            NetworkFailure::Timeout => "got no answer",
            NetworkFailure::NotConverging => "did not converge",
            NetworkFailure::NoAddress => "got no address",
            NetworkFailure::Disabled => "is switched off here",
        };
        format!("{protocol} {what}")
    });
    format!("No network protocol opened: {}.", each.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
pub(crate) mod tests;
