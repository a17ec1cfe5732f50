//! Two ends that come up.

use openras_ppp::wire::Protocol;
use openras_ppp::{AuthMethod, Event, Phase, Ppp};

use crate::auth::{by, run};
use crate::common::*;

#[test]
fn without_authentication_both_come_up_with_ipv4_ipv6_and_dns() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let [caller, answerer] = &pair.ends;
    let (ours, theirs) = (caller.up().unwrap(), answerer.up().unwrap());
    let ipv4 = ours.ipv4.unwrap();
    assert_eq!((ipv4.local.to_string(), ipv4.remote.to_string()), ("10.64.0.2".into(), "10.64.0.1".into()));
    assert_eq!(ipv4.dns.map(|dns| dns.unwrap().to_string()), ["10.64.0.1", "10.64.0.3"]);
    assert_eq!(theirs.ipv4.unwrap().remote, ipv4.local);
    let (id, other) = ours.ipv6.unwrap();
    assert_eq!(theirs.ipv6, Some((other, id)));
    assert_eq!(
        caller.phases(),
        [Phase::Establish, Phase::Authenticate, Phase::Authenticated, Phase::Network]
    );
}

/// What a connection costs that is up and says nothing, in octets, beside the owner's own.
const IDLE: usize = 2048;

#[test]
fn an_idle_end_is_small_with_all_it_has_on_the_heap() {
    for method in [AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::MsChapV2] {
        let mut pair = by(method, "secret");
        run(&mut pair, false, Vec::new());
        assert!(pair.ends.iter().all(|end| end.up().is_some()));
        for end in pair.ends {
            let heap = allocation_counter::measure(|| drop(end.ppp)).bytes_current.unsigned_abs();
            let size = size_of::<Ppp>() + usize::try_from(heap).unwrap();
            assert!(size <= IDLE, "{method}: {size} octets, {heap} of them on the heap");
            assert!(heap > 0, "the allocator counts");
        }
    }
}

/// A challenge or a negotiation in the middle of the call does not make it grow for the rest of it.
#[test]
fn an_idle_end_stays_small_after_the_peer_has_asked_again() {
    let mut pair = by(AuthMethod::ChapMd5, "secret");
    run(&mut pair, false, Vec::new());
    let now = pair.now;
    for identifier in 0..20 {
        pair.caller().receive(now, Protocol::CHAP, &[1, 100 + identifier, 0, 7, 2, 1, identifier]);
        pair.caller().receive(now, Protocol::LCP, &[12, 1, 0, 12, 0, 0, 0, 0, b'h', b'e', b'r', b'e']);
    }
    let told = |event: &&Event| matches!(event, Event::PeerIdentification(_));
    assert_eq!(pair.caller().events.iter().filter(told).count(), 8);
    let [caller, _] = pair.ends;
    let heap = allocation_counter::measure(|| drop(caller.ppp)).bytes_current.unsigned_abs();
    assert!(size_of::<Ppp>() + usize::try_from(heap).unwrap() <= IDLE, "{heap}");
}
