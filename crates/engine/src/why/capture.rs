//! A transcript out of nothing but packets, as a capture file has them: how the call ended is read off them.

use openras_ppp::event::Packet;
use openras_ppp::wire::{Code, Protocol};

use super::facts::Facts;
use super::{Role, Transcript, Who};
use crate::RasError;

/// PAP's Authenticate-Nak and CHAP's Failure.
const NAK: Code = Code(3);
const FAILURE: Code = Code(4);

/// The transcript of these packets. Who asks for authentication has answered; where nobody does, this end is taken for
/// the one that dialled.
pub fn of_packets(packets: Vec<Packet>, what: &str) -> Transcript {
    let mut transcript = Transcript { line: what.to_owned(), over: true, packets, ..Transcript::default() };
    let facts = Facts::new(&transcript);
    let role = if facts.methods_asked(Who::We).is_empty() { Role::Dialled } else { Role::Answered };
    let (connected, error, why) = outcome(&facts);
    transcript.role = role;
    transcript.connected = connected;
    transcript.error = error.map(RasError);
    transcript.why = why.to_owned();
    transcript.remedy = transcript.error.map(|error| error.remedy().to_owned()).unwrap_or_default();
    transcript
}

/// Whether IP came up, the number, and a sentence.
fn outcome(facts: &Facts<'_>) -> (bool, Option<u32>, &'static str) {
    let acked = |from| facts.last(from, Protocol::IPCP, Code::CONFIGURE_ACK).is_some();
    if acked(Who::We) && acked(Who::They) {
        return (true, None, "The capture shows a call that came up.");
    }
    let no = facts.seen.iter().rev().find(|seen| {
        (seen.packet.protocol == Protocol::PAP && seen.control.code == NAK)
            || (seen.packet.protocol == Protocol::CHAP && seen.control.code == FAILURE)
    });
    if let Some(no) = no {
        return (false, Some(number(no.control.body)), "The capture shows a refused authentication.");
    }
    let ended = |from| facts.last(from, Protocol::LCP, Code::TERMINATE_REQUEST).is_some();
    if facts.heard() == 0 {
        return (false, Some(721), "The capture shows no packet of the other side.");
    }
    if super::proof::method(&Facts { of: &refused_method(facts), seen: facts.seen.clone() }).is_some() {
        return (false, Some(812), "The capture shows two sides without a method in common.");
    }
    if facts.protocol_rejected(Who::They, Protocol::IPCP).is_some() {
        return (false, Some(733), "The capture shows IPCP rejected.");
    }
    if ended(Who::They) {
        return (false, Some(734), "The capture shows the other side ending PPP.");
    }
    if facts.last_objection(Who::They, Protocol::LCP).is_some()
        && facts.last(Who::They, Protocol::LCP, Code::CONFIGURE_ACK).is_none()
    {
        return (false, Some(732), "The capture shows LCP options that do not converge.");
    }
    (false, Some(718), "The capture ends before the call was up.")
}

/// As it would be if the methods did not fit, to ask whether they do.
fn refused_method(facts: &Facts<'_>) -> Transcript {
    let role = if facts.methods_asked(Who::We).is_empty() { Role::Dialled } else { Role::Answered };
    Transcript { role, error: Some(RasError::SERVER_POLICY), ..Transcript::default() }
}

/// The `E=` number of a Failure; 691 where there is none.
fn number(body: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(body);
    let digits =
        text.split("E=").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(691)
}
