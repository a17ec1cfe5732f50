//! Two ends that come up.

use crate::common::*;
use openras_ppp::Phase;

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

#[test]
fn an_idle_end_is_small() {
    // beside it on the heap: lists of methods and servers, requests of three protocols, one exchange
    let size = std::mem::size_of::<openras_ppp::Ppp>();
    assert!(size <= 1536, "{size} octets");
}
