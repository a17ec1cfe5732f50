//! Connections from outside to the caller.

use std::time::Duration;

use openras_nat::{End, Full, Order};
use smoltcp::socket::tcp::State;

use crate::lab::{CALLER, CALLER6, Lab, at, config, ip};
use crate::line::GOOD;

#[test]
fn a_forward_reaches_the_callers_server() {
    for (caller, gateway) in [(CALLER, "10.64.0.1"), (CALLER6, "fd64::1")] {
        let mut lab = Lab::new(config(), GOOD, 1);
        let server = lab.listen(8000);
        let to = std::net::SocketAddr::new(ip(caller), 8000);
        let flow = lab.nat.inbound(lab.now, to).unwrap();
        assert!(lab.until(Duration::from_secs(5), |lab| lab.other == [Order::Accepted(flow)]));
        assert!(lab.until(Duration::from_secs(5), |lab| lab.socket(server).state() == State::Established));
        assert_eq!(lab.socket(server).remote_endpoint().unwrap().addr, ip(gateway).into());
        lab.socket(server).send_slice(b"who is it?").unwrap();
        assert!(lab.until(Duration::from_secs(5), |lab| lab.socket(server).recv_queue() == 10));
        lab.socket(server).close();
        assert!(lab.until(Duration::from_secs(60), |lab| lab.nat.flows() == 0));
        assert_eq!(lab.peer().closed, Some(End::Finished));
    }
}

#[test]
fn a_caller_that_does_not_listen_refuses() {
    let mut lab = Lab::new(config(), GOOD, 1);
    let flow = lab.nat.inbound(lab.now, at("10.64.0.2:8000")).unwrap();
    assert!(lab.until(Duration::from_secs(5), |lab| !lab.other.is_empty()));
    assert_eq!((&lab.other[..], lab.nat.flows()), (&[Order::Closed(flow, End::Reset)][..], 0));
    assert_eq!(lab.nat.memory(), 0);
}

#[test]
fn a_caller_that_is_gone_times_out() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.up.quality.lost = 100;
    let flow = lab.nat.inbound(lab.now, at("10.64.0.2:8000")).unwrap();
    assert!(lab.until(Duration::from_secs(200), |lab| !lab.other.is_empty()));
    assert_eq!(lab.other, [Order::Closed(flow, End::TimedOut)]);
}

#[test]
fn a_forward_to_anybody_else_is_refused() {
    let mut lab = Lab::new(config(), GOOD, 1);
    for to in ["10.64.0.3:80", "127.0.0.1:80", "[::1]:80", "10.64.0.2:0", "[fd64:0:0:2::1]:80"] {
        assert_eq!(lab.nat.inbound(lab.now, at(to)), Err(Full::Family), "{to}");
    }
    let opened = (0..300).filter(|_| lab.nat.inbound(lab.now, at("10.64.0.2:80")).is_ok()).count();
    assert_eq!((opened, lab.nat.inbound(lab.now, at("10.64.0.2:80"))), (200, Err(Full::Rate)));
}

#[test]
fn many_forwards_to_one_port_stay_apart() {
    let mut lab = Lab::new(config(), GOOD, 1);
    let servers = [0; 5].map(|_| lab.listen(8000));
    let flows = [0; 5].map(|_| lab.nat.inbound(lab.now, at("10.64.0.2:8000")).unwrap());
    assert!(lab.until(Duration::from_secs(5), |lab| lab.other.len() == 5));
    lab.run(Duration::from_secs(1));
    let mut seen = std::collections::BTreeSet::new();
    for server in servers {
        assert_eq!(lab.socket(server).state(), State::Established);
        seen.insert(lab.socket(server).remote_endpoint().unwrap().port);
    }
    assert_eq!((seen.len(), lab.peers.len()), (5, flows.len()));
}
