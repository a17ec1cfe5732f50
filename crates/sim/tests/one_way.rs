//! Lines that lose one kind of frame in one direction for ever.

use std::net::Ipv4Addr;

use openras_ppp::config::{IpcpConfig, Role};
use openras_ppp::event::NetworkFailure;
use openras_ppp::wire::Protocol;
use openras_ppp::{Config, DownReason};
use openras_sim::ladder::ladder;
use openras_sim::ppp::{Caller, LONGEST_DEADLINE, Owner, PppEnd, Store};
use openras_sim::{Ended, Pair, Side, Wire, WireConfig};

fn run(loses: fn(Side, &[u8]) -> bool) -> Pair<PppEnd> {
    let server = Config {
        role: Role::Answerer,
        ipcp: Some(IpcpConfig {
            local: Some(Ipv4Addr::new(10, 64, 0, 1)),
            assign: true,
            ..IpcpConfig::default()
        }),
        ..Config::default()
    };
    let store = Store {
        users: Vec::new(),
        nameless: Default::default(),
        address: Some(Ipv4Addr::new(10, 64, 0, 2)),
        claims: 0,
    };
    let client = PppEnd::new(Config::default(), Owner::Caller(Caller::default()), [1; 32]);
    let server = PppEnd::new(server, Owner::Answerer(store), [2; 32]);
    let wire = Wire::new(WireConfig::default(), 1).losing(loses);
    let mut pair = Pair::new(client, server, wire, true).recorded();
    assert_eq!(pair.run(LONGEST_DEADLINE, 4000), Ended::Quiet, "{}", ladder(pair.story()));
    pair
}

/// IPCP's Configure-Ack or IPV6CP's, with compressed address and control.
fn is_ack(frame: &[u8], protocol: [u8; 2]) -> bool {
    frame.get(1..4) == Some(&[protocol[0], protocol[1], 2])
}

/// With 20 % of the frames damaged the client's IPCP Acks were lost ten times in a row. The server gave IPCP up
/// without a word, as RFC 1661 has it for LCP, and the client went on believing that it had an address.
#[test]
fn an_end_that_gives_a_network_protocol_up_tells_the_other() {
    let pair = run(|from, frame| from == Side::Client && is_ack(frame, [0x80, 0x21]));
    let text = ladder(pair.story());
    for side in [Side::Client, Side::Server] {
        let up = pair.end(side).up().unwrap();
        assert_eq!(up.ipv4, None, "{side:?}\n{text}");
        assert!(up.ipv6.is_some(), "one network protocol never ends another\n{text}");
        assert!(pair.end(side).down().is_none(), "nor the link\n{text}");
    }
    let failed = |side: Side| pair.end(side).up().unwrap().failed.clone();
    assert_eq!(failed(Side::Server), [(Protocol::IPCP, NetworkFailure::Timeout)]);
    assert_eq!(failed(Side::Client), [(Protocol::IPCP, NetworkFailure::TerminatedByPeer)]);
}

#[test]
fn an_end_that_never_hears_anything_ends_the_call() {
    let pair = {
        let client = PppEnd::new(Config::default(), Owner::Caller(Caller::default()), [1; 32]);
        let server = PppEnd::new(Config::default(), Owner::Caller(Caller::default()), [2; 32]);
        let wire = Wire::new(WireConfig::default(), 1).losing(|from, _| from == Side::Client);
        let mut pair = Pair::new(client, server, wire, true).recorded();
        assert_eq!(pair.run(LONGEST_DEADLINE, 4000), Ended::Silent);
        pair
    };
    let reason = |side: Side| pair.end(side).down().map(|down| down.reason.clone());
    let text = ladder(pair.story());
    // the client never hears an answer to its requests, the server never hears anything
    let reasons = [reason(Side::Client), reason(Side::Server)];
    assert!(reasons.iter().all(Option::is_some), "{text}");
    assert!(reasons.contains(&Some(DownReason::NoResponse)), "{reasons:?}\n{text}");
}
