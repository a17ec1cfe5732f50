//! LCP.

use std::time::Duration;

use openras_engine::client::dial::DialConfig;
use openras_ppp::config::Role;
use openras_ppp::hdlc::Deframer;
use openras_ppp::wire::{Code, ControlPacket, Protocol};
use openras_ppp::{Config, Ppp};

use crate::far::{Does, Far, frame};
use crate::stage::{Actor, V2, answerer, called, caller, dial, dialler, port, store};

/// An end that answers LCP packets by these.
fn lcp(mut answer: impl FnMut(ControlPacket<'_>) -> Vec<Vec<u8>> + 'static) -> Does {
    let mut deframer = Deframer::new();
    Does::Frames(Box::new(move |mut bytes| {
        let mut said = Vec::new();
        while let Some(found) = deframer.next_frame(&mut bytes) {
            let Ok([0xc0, 0x21, packet @ ..]) = found else { continue };
            let packet = packet.to_vec();
            if let Ok(packet) = ControlPacket::parse(&packet) {
                said.extend(answer(packet));
            }
        }
        said.into_iter().map(|packet| (Duration::from_millis(50), frame(Protocol::LCP, &packet))).collect()
    }))
}

fn packet(code: Code, identifier: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ControlPacket { code, identifier, body }.emit(&mut out);
    out
}

#[test]
fn an_mru_the_other_side_never_gives_up() {
    // <mru 64>, asked again whatever the answer
    let mut id = 0;
    let far = lcp(move |came| {
        id += 1;
        let request = packet(Code::CONFIGURE_REQUEST, id, &[1, 4, 0, 64]);
        match came.code {
            Code::CONFIGURE_REQUEST => vec![packet(Code::CONFIGURE_ACK, came.identifier, came.body), request],
            Code::CONFIGURE_NAK | Code::CONFIGURE_REJECT => vec![request],
            _ => vec![],
        }
    });
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(Far::answers(far))));
}

#[test]
fn an_end_that_finds_fault_with_every_request() {
    let mut map = 0;
    let far = lcp(move |came| match came.code {
        Code::CONFIGURE_REQUEST => {
            map += 1;
            vec![packet(Code::CONFIGURE_NAK, came.identifier, &[1, 4, 2, map])]
        }
        _ => vec![],
    });
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(Far::answers(far))));
}

#[test]
fn an_end_that_leaves_when_it_is_refused_something() {
    // it wants EAP, or goes
    let far = lcp(|came| match came.code {
        Code::CONFIGURE_REQUEST => {
            let request = packet(Code::CONFIGURE_REQUEST, 1, &[3, 4, 0xc2, 0x27]);
            vec![packet(Code::CONFIGURE_ACK, came.identifier, came.body), request]
        }
        Code::CONFIGURE_NAK | Code::CONFIGURE_REJECT => vec![packet(Code::TERMINATE_REQUEST, 9, b"no EAP")],
        _ => vec![],
    });
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(Far::answers(far))));
}

#[test]
fn a_caller_that_leaves_when_it_is_refused_multilink() {
    let far = lcp(|came| match came.code {
        Code::CONFIGURE_REQUEST => {
            let request = packet(Code::CONFIGURE_REQUEST, 1, &[17, 4, 6, 0x4e]);
            vec![packet(Code::CONFIGURE_ACK, came.identifier, came.body), request]
        }
        Code::CONFIGURE_NAK | Code::CONFIGURE_REJECT => vec![packet(Code::TERMINATE_REQUEST, 9, b"")],
        _ => vec![],
    });
    insta::assert_snapshot!(called(Actor::Far(Far::dials(far)), answerer(port(), store())));
}

#[test]
fn an_end_that_begins_over_and_over() {
    let mut id = 0;
    let far = lcp(move |came| {
        id += 1;
        let request = packet(Code::CONFIGURE_REQUEST, id, &[]);
        match came.code {
            Code::CONFIGURE_REQUEST => vec![packet(Code::CONFIGURE_ACK, came.identifier, came.body), request],
            _ => vec![],
        }
    });
    insta::assert_snapshot!(caller(
        dialler(DialConfig { callable: false, ..dial(V2) }),
        Actor::Far(Far::answers(far))
    ));
}

/// Our end's frames as they go, but for LCP's Echo-Replies: the other end is gone, and nothing of the line says so.
fn deaf(config: Config) -> Does {
    let reply = |frame: Vec<u8>| {
        // c021, then code 10, escaped or not
        let mut octets = frame.windows(3).map(|three| (&three[..2], three[2]));
        let is_reply = octets.any(|(protocol, code)| protocol == [0xc0, 0x21] && code == 0x0a)
            || frame.windows(4).any(|octets| octets == [0xc0, 0x21, 0x7d, 0x2a]);
        if is_reply { Vec::new() } else { frame }
    };
    Does::Ppp(Box::new(Ppp::new(config, [9; 32])), reply)
}

#[test]
fn a_server_that_is_gone_from_a_call_that_stood() {
    let config = Config { role: Role::Answerer, authenticate_peer: V2.to_vec(), ..port().ppp };
    insta::assert_snapshot!(caller(dialler(dial(V2)), Actor::Far(Far::answers(deaf(config)))));
}

#[test]
fn a_caller_that_is_gone_from_a_call_that_stood() {
    let config = Config { authenticate_us: Vec::new(), ..dial(V2).ppp };
    let open = openras_engine::server::port::PortConfig {
        ppp: Config { authenticate_peer: Vec::new(), ..port().ppp },
        ..port()
    };
    insta::assert_snapshot!(called(Actor::Far(Far::dials(deaf(config))), answerer(open, store())));
}
