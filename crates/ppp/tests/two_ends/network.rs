//! IPCP and IPV6CP side by side.

use std::net::Ipv4Addr;

use openras_ppp::config::{IpcpConfig, Ipv6cpConfig, Limits};
use openras_ppp::event::NetworkFailure;
use openras_ppp::wire::Protocol;
use openras_ppp::{Answer, Ask, Command, Config, DownReason, Input};

use crate::common::*;

fn drop_protocol(pair: &mut Pair, dropped: Protocol) {
    pair.filter = Some(Box::new(move |_, protocol, _| protocol != dropped));
}

#[test]
fn a_peer_without_ipv6_leaves_ipv4_up() {
    let mut pair = Pair::started(caller(), Config { ipv6cp: None, ..answerer() });
    pair.run(seconds(2));
    let agreed = pair.caller().up().unwrap();
    assert!(agreed.ipv4.is_some() && agreed.ipv6.is_none());
    assert_eq!(agreed.failed, [(Protocol::IPV6CP, NetworkFailure::Rejected)]);
    assert_eq!(pair.answerer().up().unwrap().failed, [(Protocol::IPV6CP, NetworkFailure::Disabled)]);
    assert_eq!(pair.answerer().count_sent("ProtRej id=1 IPV6CP"), 1);
}

#[test]
fn a_peer_without_ipv4_leaves_ipv6_up() {
    let mut pair = Pair::started(caller(), Config { ipcp: None, ..answerer() });
    pair.run(seconds(2));
    let agreed = pair.caller().up().unwrap();
    assert!(agreed.ipv4.is_none() && agreed.ipv6.is_some());
    assert_eq!(agreed.failed, [(Protocol::IPCP, NetworkFailure::Rejected)]);
}

#[test]
fn a_protocol_the_peer_ignores_holds_the_other_up_for_three_seconds_only() {
    let mut pair = Pair::started(caller(), answerer());
    drop_protocol(&mut pair, Protocol::IPV6CP);
    pair.run(seconds(2));
    assert!(pair.caller().up().is_none());
    pair.run(seconds(2));
    assert!(pair.caller().up().unwrap().ipv4.is_some());
    pair.run(seconds(60));
    let later = pair.caller().last_network().unwrap();
    assert_eq!(later.failed, [(Protocol::IPV6CP, NetworkFailure::Timeout)]);
    assert!(later.ipv4.is_some() && pair.caller().reason().is_none());
}

#[test]
fn when_every_protocol_fails_the_link_ends() {
    let mut pair = Pair::started(Config { ipv6cp: None, ..caller() }, Config { ipcp: None, ..answerer() });
    pair.run(seconds(60));
    let failed =
        vec![(Protocol::IPCP, NetworkFailure::Rejected), (Protocol::IPV6CP, NetworkFailure::Disabled)];
    assert_eq!(pair.caller().reason(), Some(&DownReason::NoNetwork(failed)));
}

#[test]
fn no_address_left_ends_ipv4_and_nothing_else() {
    let mut pair = Pair::new(caller(), answerer());
    pair.answerer().address = None;
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    pair.run(seconds(10));
    assert_eq!(pair.answerer().up().unwrap().failed, [(Protocol::IPCP, NetworkFailure::NoAddress)]);
    assert_eq!(pair.caller().up().unwrap().failed, [(Protocol::IPCP, NetworkFailure::TerminatedByPeer)]);
    assert!(pair.caller().up().unwrap().ipv6.is_some());
}

#[test]
fn the_address_may_take_its_time() {
    let mut pair = Pair::new(caller(), answerer());
    pair.answerer().answers = false;
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    pair.run(seconds(1));
    let ask = pair.answerer().asks.remove(0);
    assert!(matches!(ask, Ask::Admit { name: None, callback_agreed: false }));
    pair.command(1, Command::Answer(Answer::Admit(Default::default())));
    pair.run(seconds(20));
    assert!(matches!(pair.answerer().asks[..], [Ask::Address { name: None, wanted: None }]));
    pair.command(1, Command::Answer(Answer::Address(Some(Ipv4Addr::new(10, 64, 0, 9)))));
    pair.run(seconds(4));
    assert_eq!(pair.caller().last_network().unwrap().ipv4.unwrap().local, Ipv4Addr::new(10, 64, 0, 9));
}

#[test]
fn an_address_the_peer_insists_on_is_naked_and_at_last_rejected() {
    let stubborn = Config {
        ipcp: Some(IpcpConfig { local: Some(Ipv4Addr::new(192, 0, 2, 1)), ..IpcpConfig::default() }),
        ..caller()
    };
    let mut pair = Pair::started(stubborn, answerer());
    pair.run(seconds(60));
    assert_eq!(pair.answerer().count_sent("ConfNak"), 5);
    assert!(pair.answerer().count_sent("<address 192.0.2.1>") >= 1);
    // what we gave is what counts here, whatever the peer believes
    let remote = pair.answerer().last_network().unwrap().ipv4.map(|ipv4| ipv4.remote);
    assert_eq!(remote, Some(Ipv4Addr::new(10, 64, 0, 2)));
}

#[test]
fn name_servers_that_are_not_there_are_rejected_and_the_client_goes_on() {
    let asks = IpcpConfig { request_dns: true, request_nbns: true, ..IpcpConfig::default() };
    let mut pair = Pair::started(Config { ipcp: Some(asks), ..caller() }, answerer());
    pair.run(seconds(2));
    assert_eq!(pair.answerer().count_sent("ConfRej id=1 <nbns1 0.0.0.0> <nbns2 0.0.0.0>"), 1);
    let ipv4 = pair.caller().up().unwrap().ipv4.unwrap();
    assert_eq!(ipv4.nbns, [None, None]);
    assert_eq!(ipv4.dns[0], Some(Ipv4Addr::new(10, 64, 0, 1)));
}

#[test]
fn an_answerer_without_an_address_is_told_a_private_one() {
    let poor = Config { ipcp: Some(IpcpConfig::default()), ..answerer() };
    let rich = IpcpConfig { local: Some(Ipv4Addr::new(10, 0, 2, 15)), ..IpcpConfig::default() };
    let mut pair = Pair::started(Config { ipcp: Some(rich), ..caller() }, poor);
    pair.run(seconds(2));
    let ipv4 = pair.caller().up().unwrap().ipv4.unwrap();
    assert_eq!(ipv4.local, Ipv4Addr::new(10, 0, 2, 15));
    assert_eq!(ipv4.remote.octets()[..2], [10, 64]);
}

#[test]
fn two_ends_that_both_ask_settle_on_two_addresses() {
    let both = |config: Config| Config { ipcp: Some(IpcpConfig::default()), ..config };
    let mut pair = Pair::started(both(caller()), both(answerer()));
    pair.run(seconds(2));
    let (ours, theirs) = (pair.ends[0].up().unwrap().ipv4.unwrap(), pair.ends[1].up().unwrap().ipv4.unwrap());
    assert_eq!((ours.local, ours.remote), (theirs.remote, theirs.local));
    assert_ne!(ours.local, ours.remote);
}

#[test]
fn equal_interface_identifiers_are_told_apart() {
    let same = |config: Config| Config {
        ipv6cp: Some(Ipv6cpConfig { interface_id: Some([0, 1, 2, 3, 4, 5, 6, 7]) }),
        ..config
    };
    let mut pair = Pair::started(same(caller()), same(answerer()));
    pair.run(seconds(5));
    let (ours, theirs) = pair.caller().up().unwrap().ipv6.unwrap();
    assert_ne!(ours, theirs);
    assert_eq!(pair.answerer().up().unwrap().ipv6, Some((theirs, ours)));
}

#[test]
fn a_protocol_that_ends_later_is_a_change_and_the_last_one_ends_the_link() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().receive(now, Protocol::IPV6CP, &[5, 9, 0, 4]);
    let agreed = pair.caller().last_network().unwrap();
    assert_eq!(agreed.failed, [(Protocol::IPV6CP, NetworkFailure::TerminatedByPeer)]);
    assert!(agreed.ipv4.is_some() && agreed.ipv6.is_none());
    pair.caller().receive(now, Protocol::IPCP, &[5, 9, 0, 4]);
    pair.run(seconds(10));
    assert!(matches!(pair.caller().reason(), Some(DownReason::NoNetwork(_))));
}

#[test]
fn datagrams_pass_both_ways_once_up_and_never_before() {
    let mut pair = Pair::started(caller(), answerer());
    let now = pair.now;
    let packet = [0x45, 0, 0, 20, 0, 1, 0, 0, 64, 1, 0, 0, 10, 64, 0, 2, 10, 64, 0, 1];
    pair.caller().handle(now, Input::Ip(&packet));
    assert_eq!(pair.caller().ppp.stats().packets_dropped, 1);
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().handle(now, Input::Ip(&packet));
    assert_eq!(pair.caller().line.len(), 1);
    let frame = pair.caller().line[0].clone();
    assert_eq!(frame[..4], [0x7e, 0x21, 0x45, 0], "PFC and ACFC leave one octet of header");
    pair.run(seconds(1));
    assert_eq!(pair.answerer().ip, [packet.to_vec()]);
    // IPv6 inside the number of IPv4 is no datagram of it
    let now = pair.now;
    pair.answerer().receive(now, Protocol::IP, &[0x60; 40]);
    assert_eq!(pair.answerer().ip.len(), 1);
    assert_eq!(pair.answerer().ppp.stats().packets_received, 1);
}

#[test]
fn the_rejected_data_protocol_takes_its_control_protocol_along() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[8, 1, 0, 8, 0x00, 0x21, 0x45, 0]);
    let agreed = pair.caller().last_network().unwrap();
    assert_eq!(agreed.failed, [(Protocol::IPCP, NetworkFailure::Rejected)]);
    pair.caller().handle(now, Input::Ip(&[0x45; 20]));
    assert_eq!(pair.caller().ppp.stats().packets_dropped, 1);
}

#[test]
fn an_address_that_is_ours_or_no_hosts_is_none_for_the_peer() {
    for address in [[10, 64, 0, 1], [127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255]] {
        let mut pair = Pair::new(caller(), answerer());
        pair.answerer().address = Some(address.into());
        let now = pair.now;
        pair.ends.iter_mut().for_each(|end| end.start(now));
        pair.run(seconds(40));
        let up = pair.answerer().up().unwrap();
        assert!(up.ipv4.is_none() && up.failed.contains(&(Protocol::IPCP, NetworkFailure::NoAddress)));
    }
}

/// A server's word does not make us 127.0.0.1.
#[test]
fn a_client_takes_no_address_that_is_no_hosts() {
    let mut pair = Pair::started(caller(), answerer());
    pair.filter = Some(Box::new(|from, protocol, _| from == 0 || protocol != Protocol::IPCP));
    pair.run(seconds(1));
    let now = pair.now;
    let asks = |end: &End| end.sent().into_iter().rfind(|text| text.contains("[IPCP ConfReq")).unwrap();
    let identifier =
        asks(pair.caller()).split_once("id=").and_then(|(_, id)| id.split_once(' ')?.0.parse().ok());
    pair.caller().receive(now, Protocol::IPCP, &[3, identifier.unwrap(), 0, 10, 3, 6, 127, 0, 0, 1]);
    assert!(asks(pair.caller()).contains("<address 0.0.0.0>"), "{}", asks(pair.caller()));
}

/// Two ends that are up, the caller with these limits in seconds.
fn limited(idle: Option<u64>, session: Option<u64>) -> Pair {
    let limits = Limits::of(idle.map(seconds), session.map(seconds));
    let mut pair = Pair::started(Config { limits, ..caller() }, answerer());
    pair.run(seconds(4));
    assert!(pair.caller().up().is_some());
    pair
}

fn packet() -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 1, 0, 0];
    packet.extend([10, 64, 0, 2, 10, 64, 0, 1]);
    packet
}

#[test]
fn a_connection_without_packets_ends_and_echo_is_no_packet() {
    let mut pair = limited(Some(60), None);
    pair.run(seconds(50));
    assert!(pair.caller().down().is_none());
    // either way counts
    let now = pair.now;
    pair.answerer().handle(now, Input::Ip(&packet()));
    pair.run(seconds(55));
    assert!(pair.caller().down().is_none(), "a packet came");
    // LCP's echo goes on all the while
    pair.run(seconds(10));
    assert_eq!(pair.caller().down().map(|down| down.reason.clone()), Some(DownReason::Idle(seconds(60))));
    assert_eq!(pair.answerer().down().map(|down| down.reason.clone()), Some(DownReason::TerminatedByPeer));
}

/// A router speaks as long as its link is up, and would keep it up for ever (RFC 4861 §6.2.4).
#[test]
fn neighbour_discovery_keeps_no_connection_up() {
    let mut advertisement = vec![0x60, 0, 0, 0, 0, 8, 58, 255];
    advertisement.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    advertisement.extend([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    advertisement.extend([134, 0, 0, 0, 0, 0, 0, 0]);
    let mut ping = advertisement.clone();
    ping[40] = 128;
    for (packet, ends) in [(advertisement, true), (ping, false)] {
        let mut pair = limited(Some(60), None);
        let sent = pair.answerer().ppp.stats().packets_sent;
        for _ in 0..8 {
            let now = pair.now;
            pair.answerer().handle(now, Input::Ip(&packet));
            pair.run(seconds(10));
        }
        assert!(pair.answerer().ppp.stats().packets_sent > sent, "IPv6 is up and carries it");
        let reason = pair.caller().down().map(|down| down.reason.clone());
        assert_eq!(reason, ends.then_some(DownReason::Idle(seconds(60))));
    }
}

#[test]
fn a_session_ends_at_its_limit_however_busy() {
    let mut pair = limited(Some(60), Some(100));
    for _ in 0..8 {
        let now = pair.now;
        pair.caller().handle(now, Input::Ip(&packet()));
        pair.run(seconds(10));
    }
    assert!(pair.caller().down().is_none());
    pair.run(seconds(30));
    let reason = pair.caller().down().map(|down| down.reason.clone());
    assert_eq!(reason, Some(DownReason::SessionLimit(seconds(100))));
}
