//! Diagnoses of the network protocols.

use openras_ppp::wire::{Code, Protocol};

use super::asked::{self, Fate};
use super::facts::Facts;
use super::{Found, Who};

/// IPCP's IP-Address (RFC 1332 §3.3) and the DNS servers of RFC 1877.
const ADDRESS: u8 = 3;
const DNS: [u8; 2] = [129, 131];

/// A port without an address left, or a server that gives none.
pub(super) fn pool(facts: &Facts<'_>) -> Option<Found> {
    if !facts.ended_with(&[738, 717]) {
        return None;
    }
    let request = facts.last(Who::They, Protocol::IPCP, Code::CONFIGURE_REQUEST);
    if facts.answered() {
        return Some(
            Found::new(
                "every address of the port's `pool` is lent",
                "make `pool` larger: one address for each of `calls`",
            )
            .or("end calls that are not used any more (`openras calls`, `openras hangup`)"),
        );
    }
    Some(Found::new(
        facts.decisive(request),
        "nothing at this end: the server has no address to give; its `pool` must be larger",
    ))
}

/// A Protocol-Reject of IPCP.
pub(super) fn rejected(facts: &Facts<'_>) -> Option<Found> {
    if facts.of.connected || !facts.ended_with(&[733, 720, 736]) {
        return None;
    }
    if let Some(reject) = facts.protocol_rejected(Who::They, Protocol::IPCP) {
        let change = if facts.dialled() {
            "switch TCP/IP on at the server for this user: it refuses IPCP"
        } else {
            "switch TCP/IP on in the caller's connection (Windows 95: Server Types, allowed network protocols)"
        };
        return Some(Found::new(reject.text(), change));
    }
    let reject = facts.protocol_rejected(Who::We, Protocol::IPCP)?;
    let change = if facts.dialled() { "switch IPv4 on in the entry" } else { "switch IPv4 on for the port" };
    Some(Found::new(reject.text(), change))
}

/// IPCP that does not converge over an address.
pub(super) fn address(facts: &Facts<'_>) -> Option<Found> {
    if facts.of.connected || facts.last(Who::We, Protocol::IPCP, Code::CONFIGURE_REQUEST).is_none() {
        return None;
    }
    if !facts.ended_with(&[732, 735, 736, 720, 738]) && facts.of.error.is_some() {
        return None;
    }
    let stubborn = asked::of(facts.of).into_iter().find(|one| {
        one.protocol == Protocol::IPCP
            && one.kind == Some(ADDRESS)
            && matches!(one.fate, Fate::Offered(_) | Fate::Rejected)
    })?;
    let objection = facts.last_objection(stubborn.who.other(), Protocol::IPCP)?;
    let change = match (stubborn.who, &stubborn.fate) {
        (Who::They, Fate::Offered(ours)) => format!(
            "the other side insists on <{}> and is offered <{ours}>: let it take the address it is given (\"server assigned\")",
            stubborn.option
        ),
        (Who::They, _) => "let the other side ask for an address".to_owned(),
        (Who::We, Fate::Offered(theirs)) => {
            format!(
                "this side asks for <{}> and is told <{theirs}>: the server's addresses do not fit",
                stubborn.option
            )
        }
        (Who::We, _) => "the server refuses to give an address: set one for this caller there".to_owned(),
    };
    Some(Found::new(objection.text(), change))
}

/// IPCP without an answer.
pub(super) fn silent(facts: &Facts<'_>) -> Option<Found> {
    if facts.of.connected || !facts.ended_with(&[718, 720, 732]) {
        return None;
    }
    let asked = facts.last(Who::We, Protocol::IPCP, Code::CONFIGURE_REQUEST)?;
    if facts.seen.iter().any(|seen| seen.from == Who::They && seen.packet.protocol == Protocol::IPCP) {
        return None;
    }
    let change = if facts.dialled() {
        "check that the server has TCP/IP switched on for this user, and look at its log"
    } else {
        "check that TCP/IP is switched on in the caller's connection"
    };
    Some(Found::new(format!("no answer to {}", asked.text()), change))
}

/// No network protocol at all.
pub(super) fn none(facts: &Facts<'_>) -> Option<Found> {
    if facts.of.connected || !facts.ended_with(&[720, 731]) {
        return None;
    }
    let change = if facts.dialled() {
        "switch IPv4 or IPv6 on in the entry"
    } else {
        "check `ip`, `address` and `pool` of the port, and which protocols the caller has switched on"
    };
    let last = facts.seen.iter().rev().find(|seen| asked::negotiates(seen.packet.protocol));
    Some(Found::new(facts.decisive(last), change))
}

/// A call that stands, and a caller that keeps an address it was not given.
pub(super) fn own_address(facts: &Facts<'_>) -> Option<Found> {
    if !facts.of.connected || facts.of.error.is_some() || !facts.answered() {
        return None;
    }
    let own = asked::of(facts.of).into_iter().find(|one| {
        one.protocol == Protocol::IPCP
            && one.who == Who::They
            && one.kind == Some(ADDRESS)
            && one.fate == Fate::Rejected
    })?;
    let reject = facts.last(Who::We, Protocol::IPCP, Code::CONFIGURE_REJECT)?;
    Some(Found::new(
        reject.text(),
        format!(
            "let the caller take the address it is given (\"server assigned\"): packets from <{}> go nowhere",
            own.option
        ),
    ))
}

/// A call that stands, without name servers.
pub(super) fn no_dns(facts: &Facts<'_>) -> Option<Found> {
    if !facts.of.connected || facts.of.error.is_some() {
        return None;
    }
    let refused = asked::of(facts.of).into_iter().find(|one| {
        one.protocol == Protocol::IPCP
            && one.kind.is_some_and(|kind| DNS.contains(&kind))
            && one.fate == Fate::Rejected
            && (one.who == Who::They) == facts.answered()
    })?;
    let by = refused.who.other();
    let reject = facts.last(by, Protocol::IPCP, Code::CONFIGURE_REJECT)?;
    // one server of two is enough
    let given = asked::of(facts.of).into_iter().any(|one| {
        one.protocol == Protocol::IPCP
            && one.kind.is_some_and(|kind| DNS.contains(&kind))
            && one.who == refused.who
            && matches!(one.fate, Fate::Agreed | Fate::AgreedAs(_))
    });
    if given {
        return None;
    }
    let change = if facts.answered() {
        "name name servers for callers: `dns = [\"ADDRESS\"]` of the port; without them they resolve no names"
    } else {
        "the server gives no name servers: set them there, or use addresses"
    };
    Some(Found::new(reject.text(), change))
}
