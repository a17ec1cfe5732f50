//! LCP: options, limits, keep-alive, loops, what it answers to nonsense.

use openras_ppp::config::{Echo, LcpConfig};
use openras_ppp::wire::Protocol;
use openras_ppp::{AuthMethod, CloseReason, Command, Config, DownReason, Event, Input, Machine, Phase};

use crate::common::*;

/// An end that has sent its first Configure-Request.
fn alone(config: Config) -> (End, std::time::Instant) {
    let (mut end, now) = (End::new(config, 7), t0());
    end.start(now);
    (end, now)
}

fn last_sent(end: &End) -> String {
    end.sent().pop().unwrap_or_default()
}

#[test]
fn a_dead_line_is_no_response_after_ten_requests() {
    let (mut end, start) = alone(caller());
    let mut now = start;
    while let Some(due) = end.ppp.poll_timeout() {
        now = due;
        end.handle(now, Input::Tick);
    }
    assert_eq!(end.reason(), Some(&DownReason::NoResponse));
    assert_eq!(end.count_sent("ConfReq id=1"), 10, "a retransmission keeps its identifier");
    assert_eq!(now - start, seconds(30));
}

#[test]
fn a_peer_that_falls_silent_in_the_middle_is_an_lcp_timeout() {
    let (mut end, mut now) = alone(caller());
    end.receive(now, Protocol::LCP, &[1, 1, 0, 4]);
    while let Some(due) = end.ppp.poll_timeout() {
        now = due;
        end.handle(now, Input::Tick);
    }
    assert_eq!(end.reason(), Some(&DownReason::LcpTimeout));
}

#[test]
fn a_passive_end_says_nothing_before_the_peer_does() {
    let passive = Config { lcp: LcpConfig { passive: true, ..LcpConfig::default() }, ..answerer() };
    let mut pair = Pair::new(caller(), passive.clone());
    let now = pair.now;
    pair.answerer().start(now);
    pair.run(seconds(5));
    assert!(pair.answerer().sent().is_empty());
    let now = pair.now;
    pair.caller().start(now);
    pair.run(seconds(2));
    assert!(pair.ends.iter().all(|end| end.up().is_some()));

    let mut pair = Pair::new(caller(), passive);
    let now = pair.now;
    pair.answerer().start(now);
    pair.run(seconds(60));
    assert_eq!(pair.answerer().reason(), Some(&DownReason::NoResponse));
}

#[test]
fn an_echoing_line_is_loopback() {
    for seed in 0..20 {
        let (mut end, mut now) = (End::new(caller(), seed), t0());
        end.start(now);
        for _ in 0..200 {
            now += seconds(1);
            for frame in std::mem::take(&mut end.line) {
                end.handle(now, Input::Line(&frame));
            }
            end.handle(now, Input::Tick);
        }
        assert_eq!(end.reason(), Some(&DownReason::Loopback));
        assert!(end.count_sent("ConfReq") <= 12);
    }
}

#[test]
fn renegotiation_starts_everything_above_anew_and_comes_up_again() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    pair.ends.iter_mut().for_each(End::forget);
    let now = pair.now;
    // the caller's program was restarted: a Configure-Request out of nowhere, answered as in Opened
    pair.answerer().receive(now, Protocol::LCP, &[1, 0x77, 0, 4]);
    pair.run(seconds(10));
    for end in &pair.ends {
        let again = end.last_network().unwrap();
        assert!(again.ipv4.is_some() && again.ipv6.is_some());
        assert!(end.up().is_none(), "Up is said once; what follows are changes");
        assert_eq!(
            end.phases(),
            [Phase::Establish, Phase::Authenticate, Phase::Authenticated, Phase::Network]
        );
    }
}

#[test]
fn a_repeated_ack_does_not_disturb_an_open_link() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let ack = pair.answerer().events.iter().find_map(|event| match event {
        Event::Packet(packet) if packet.text().contains("[LCP ConfAck") => {
            Some(packet.bytes.expose().to_vec())
        }
        _ => None,
    });
    let now = pair.now;
    pair.caller().forget();
    pair.caller().receive(now, Protocol::LCP, &ack.unwrap());
    assert_eq!(pair.caller().phases(), []);
}

#[test]
fn unknown_options_are_rejected_in_their_order_and_nothing_else() {
    let (mut end, now) = alone(caller());
    end.receive(
        now,
        Protocol::LCP,
        &[1, 9, 0, 19, 4, 4, 0xc0, 0x25, 1, 4, 5, 0xdc, 17, 4, 6, 0x4e, 200, 3, 1],
    );
    assert_eq!(last_sent(&end), "[LCP ConfRej id=9 <quality c025> <mrru 1614> <200 01>]");
}

#[test]
fn options_that_lie_about_their_length_are_dropped_with_their_packet() {
    let (mut end, now) = alone(caller());
    let before = end.sent().len();
    for packet in [&[1u8, 9, 0, 6, 1, 1][..], &[1, 9, 0, 6, 1, 9], &[1, 9, 0, 3], &[1, 9, 1, 0, 1]] {
        end.receive(now, Protocol::LCP, packet);
    }
    assert_eq!(end.sent().len(), before);
}

#[test]
fn a_tiny_mru_and_a_zero_magic_are_naked_until_patience_ends() {
    let (mut end, now) = alone(caller());
    for round in 0..5 {
        end.receive(now, Protocol::LCP, &[1, round, 0, 8, 1, 4, 0, 60]);
        assert_eq!(last_sent(&end), format!("[LCP ConfNak id={round} <mru 128>]"));
    }
    end.receive(now, Protocol::LCP, &[1, 9, 0, 8, 1, 4, 0, 60]);
    assert_eq!(last_sent(&end), "[LCP ConfRej id=9 <mru 60>]", "the sixth is a Reject (Max-Failure)");
    end.receive(now, Protocol::LCP, &[1, 10, 0, 8, 1, 4, 5, 0xdc]);
    assert!(last_sent(&end).starts_with("[LCP ConfAck id=10"));
    end.receive(now, Protocol::LCP, &[1, 11, 0, 10, 5, 6, 0, 0, 0, 0]);
    assert!(last_sent(&end).starts_with("[LCP ConfNak id=11 <magic"), "an Ack renews the patience");
}

#[test]
fn a_peer_that_naks_for_ever_does_not_converge() {
    let (mut end, now) = alone(caller());
    for round in 0..100u8 {
        // accm: nak'd with another value each time, under the identifier of our last request
        end.receive(now, Protocol::LCP, &[3, end.count_sent("ConfReq") as u8, 0, 10, 2, 6, 0, 0, 0, round]);
    }
    assert!(end.count_sent("ConfReq") <= 32);
    assert_eq!(end.count_sent("TermReq"), 1);
    let due = end.ppp.poll_timeout().unwrap();
    end.handle(due, Input::LineDown);
    assert_eq!(end.reason(), Some(&DownReason::NotConverging));
}

#[test]
fn a_peer_that_never_accepts_a_reject_does_not_converge() {
    let (mut end, now) = alone(caller());
    for round in 0..100 {
        end.receive(now, Protocol::LCP, &[1, round, 0, 7, 200, 3, 1]);
    }
    assert!(end.count_sent("ConfRej") <= 31);
    end.receive(now, Protocol::LCP, &[6, 0, 0, 4]);
    assert_eq!(end.reason(), Some(&DownReason::NotConverging));
}

#[test]
fn replies_that_do_not_match_the_request_are_dropped() {
    let (mut end, now) = alone(caller());
    let before = end.sent().len();
    // wrong identifier, wrong options, a Reject of what was not asked, a Nak without options
    for packet in [
        &[2u8, 99, 0, 4][..],
        &[2, 1, 0, 4],
        &[4, 1, 0, 8, 1, 4, 9, 9],
        &[3, 1, 0, 4],
        &[3, 77, 0, 8, 1, 4, 5, 0],
    ] {
        end.receive(now, Protocol::LCP, packet);
    }
    assert_eq!(end.sent().len(), before);
}

#[test]
fn an_unknown_code_is_rejected_with_a_copy_and_the_link_goes_on() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[0x55, 3, 0, 6, 1, 2]);
    assert!(last_sent(pair.caller()).ends_with(" 550300060102]"), "{}", last_sent(pair.caller()));
    // and a Code-Reject of something we can do without does no harm, of Configure-Request it is the end
    pair.caller().receive(now, Protocol::LCP, &[7, 1, 0, 8, 12, 1, 0, 4]);
    assert_eq!(pair.caller().reason(), None);
    pair.caller().receive(now, Protocol::LCP, &[7, 2, 0, 8, 1, 1, 0, 4]);
    pair.run(seconds(10));
    assert_eq!(pair.caller().reason(), Some(&DownReason::TerminatedByPeer));
}

#[test]
fn silence_of_a_dead_peer_is_found_by_echoes_and_a_live_one_is_kept() {
    let config = Config {
        lcp: LcpConfig { echo: Some(Echo { interval: seconds(20), failures: 3 }), ..LcpConfig::default() },
        ..caller()
    };
    let mut pair = Pair::started(config, answerer());
    pair.run(seconds(600));
    assert!(pair.caller().up().is_some() && pair.caller().reason().is_none());
    pair.filter = Some(Box::new(|_, _, _| false));
    pair.run(seconds(100));
    assert_eq!(pair.caller().reason(), Some(&DownReason::PeerGone));
}

#[test]
fn a_peer_that_rejects_echo_is_not_taken_for_dead() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[7, 1, 0, 12, 9, 1, 0, 8, 0, 0, 0, 0]);
    pair.filter = Some(Box::new(|from, _, _| from == 0));
    pair.run(seconds(300));
    assert_eq!(pair.caller().reason(), None);
}

#[test]
fn an_echo_is_answered_with_our_magic_and_its_data_and_only_when_open() {
    let mut pair = Pair::started(caller(), answerer());
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[9, 5, 0, 8, 0, 0, 0, 0]);
    assert_eq!(pair.caller().count_sent("EchoRep"), 0);
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[9, 5, 0, 10, 0, 0, 0, 0, 0xaa, 0xbb]);
    let reply = last_sent(pair.caller());
    let magic = pair.caller().sent()[0].split("magic 0x").nth(1).unwrap()[..8].to_owned();
    assert_eq!(reply, format!("[LCP EchoRep id=5 magic=0x{magic} aabb]"));
    // a magic number of neither end is somebody else's packet
    pair.caller().receive(now, Protocol::LCP, &[9, 6, 0, 8, 1, 2, 3, 4]);
    assert_eq!(last_sent(pair.caller()), reply);
}

#[test]
fn identification_and_time_remaining_are_told() {
    let identified = LcpConfig { identification: Some("OpenRAS".to_owned()), ..LcpConfig::default() };
    let mut pair = Pair::started(Config { lcp: identified, ..caller() }, answerer());
    pair.run(seconds(2));
    let told = |end: &End| {
        end.events.iter().any(|event| matches!(event, Event::PeerIdentification(text) if text == "OpenRAS"))
    };
    assert!(told(&pair.ends[1]));
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, b"\x0d\x01\x00\x0f\0\0\0\0\x00\x00\x00\x3cbye");
    let remaining = pair.caller().events.iter().find_map(|event| match event {
        Event::TimeRemaining(seconds, text) => Some((*seconds, text.clone())),
        _ => None,
    });
    assert_eq!(remaining, Some((60, "bye".to_owned())));
    // of another link, or our own come back
    pair.run(seconds(2));
    let now = pair.now;
    let own = pair.ends[0].sent().iter().find_map(|text| {
        let (_, magic) = text.split_once("<magic 0x")?;
        u32::from_str_radix(magic.get(..8)?, 16).ok()
    });
    pair.caller().forget();
    for magic in [own.unwrap(), 0x0102_0304] {
        let [a, b, c, d] = magic.to_be_bytes();
        pair.caller().receive(now, Protocol::LCP, &[13, 2, 0, 12, a, b, c, d, 0, 0, 0, 9]);
        pair.caller().receive(now, Protocol::LCP, &[12, 3, 0, 9, a, b, c, d, b'x']);
    }
    let told = |event: &Event| matches!(event, Event::TimeRemaining(..) | Event::PeerIdentification(_));
    assert!(!pair.caller().events.iter().any(told));
}

#[test]
fn the_options_agreed_take_effect_both_ways() {
    let small = LcpConfig { mru: 1400, accm: 0x000a_0000, pfc: false, ..LcpConfig::default() };
    let mut pair = Pair::started(Config { lcp: small, ..caller() }, answerer());
    pair.run(seconds(2));
    let (ours, theirs) = (pair.ends[0].up().unwrap().link, pair.ends[1].up().unwrap().link);
    assert_eq!((ours.receive_mru, theirs.send_mru), (1400, 1400));
    assert_eq!((ours.receive_accm, theirs.send_accm), (0x000a_0000, 0x000a_0000));
    assert_eq!((ours.send_accm, ours.send_pfc, theirs.send_pfc), (0, true, false));
    assert!(ours.send_acfc && theirs.send_acfc);
    // a datagram longer than the peer takes is not sent
    let now = pair.now;
    let mut long = vec![0x45; 1401];
    pair.answerer().handle(now, Input::Ip(&long));
    assert!(pair.answerer().line.is_empty());
    long.pop();
    pair.answerer().handle(now, Input::Ip(&long));
    assert_eq!(pair.answerer().line.len(), 1);
    assert_eq!(pair.answerer().ppp.stats().packets_dropped, 1);
}

#[test]
fn unknown_protocols_are_rejected_once_a_second_and_only_when_open() {
    let (mut end, now) = alone(caller());
    end.receive(now, Protocol::CCP, &[1, 1, 0, 4]);
    assert_eq!(end.count_sent("ProtRej"), 0);
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    for _ in 0..5 {
        let now = pair.now;
        pair.caller().receive(now, Protocol::CCP, &[1, 1, 0, 4]);
        pair.caller().receive(now, Protocol(0x802b), &[1, 1, 0, 4]);
    }
    assert_eq!(pair.caller().count_sent("ProtRej"), 2);
    pair.run(seconds(1));
    let now = pair.now;
    pair.caller().receive(now, Protocol::CCP, &[1, 1, 0, 4]);
    assert_eq!(pair.caller().count_sent("CCP 01010004"), 2);
}

#[test]
fn a_method_the_peer_refuses_is_replaced_from_our_list_and_never_from_outside() {
    let server = Config { authenticate_peer: vec![AuthMethod::MsChapV2, AuthMethod::ChapMd5], ..answerer() };
    let (mut end, now) = alone(server);
    assert!(last_sent(&end).contains("<auth chap MS-v2>"));
    // it would rather have PAP, which is not in our list
    end.receive(now, Protocol::LCP, &[3, 1, 0, 8, 3, 4, 0xc0, 0x23]);
    assert!(last_sent(&end).contains("<auth chap MD5>"));
    end.receive(now, Protocol::LCP, &[3, 2, 0, 8, 3, 4, 0xc0, 0x23]);
    end.receive(now, Protocol::LCP, &[6, 0, 0, 4]);
    assert_eq!(end.reason(), Some(&DownReason::AuthMethodRefused("pap".to_owned())));
    assert_eq!(end.count_sent("<auth pap>"), 0);
}

#[test]
fn a_server_that_only_knows_what_we_refuse_is_named() {
    let only_v2 = Config { authenticate_us: vec![AuthMethod::MsChapV2], ..caller() };
    let server = Config { authenticate_peer: vec![AuthMethod::Pap], ..answerer() };
    let mut pair = Pair::started(only_v2, server);
    pair.run(seconds(20));
    let refused = DownReason::AuthMethodRefused("pap".to_owned());
    assert_eq!(pair.caller().reason(), Some(&refused));
    assert_eq!(pair.answerer().reason(), Some(&DownReason::AuthMethodRefused("chap MS-v2".to_owned())));
    assert_eq!(pair.caller().count_sent("AuthReq"), 0);
}

#[test]
fn without_credentials_authentication_is_rejected() {
    let nobody = Config { credentials: None, ..caller() };
    let server = Config { authenticate_peer: vec![AuthMethod::Pap], ..answerer() };
    let mut pair = Pair::started(nobody, server);
    pair.run(seconds(20));
    assert_eq!(pair.caller().count_sent("ConfRej id=1 <auth pap>"), 1);
    assert!(matches!(pair.answerer().reason(), Some(DownReason::AuthMethodRefused(_))));
}

#[test]
fn who_insists_on_authentication_goes_no_further_without() {
    let strict = Config { insist_on_authentication: true, ..caller() };
    let mut pair = Pair::started(strict, answerer());
    pair.run(seconds(20));
    assert_eq!(pair.caller().reason(), Some(&DownReason::AuthMissing));
    assert_eq!(pair.caller().count_sent("IPCP"), 0);
}

#[test]
fn frames_lost_now_and_then_cost_time_and_nothing_else() {
    for seed in 1..=50u32 {
        let mut pair = Pair::started(caller(), answerer());
        let mut state = seed;
        pair.filter = Some(Box::new(move |_, _, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 24 >= 26 // one in ten
        }));
        pair.run(seconds(120));
        assert!(pair.ends.iter().all(|end| end.up().is_some() && end.reason().is_none()), "seed {seed}");
    }
}

#[test]
fn garbage_of_every_kind_neither_panics_nor_grows() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let now = pair.now;
    let mut state = 1u32;
    for round in 0..20_000u32 {
        let mut bytes = Vec::new();
        for _ in 0..round % 40 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push((state >> 24) as u8);
        }
        let protocol = [0xc021, 0xc023, 0xc223, 0xc029, 0x8021, 0x8057, 0x0021, 0x80fd][round as usize % 8];
        if round % 2 == 0 && bytes.len() > 3 {
            (bytes[2], bytes[3]) = (0, bytes.len() as u8);
        }
        pair.caller().receive(now, Protocol(protocol), &bytes);
        pair.caller().handle(now, Input::Line(&bytes));
        pair.caller().line.clear();
    }
    pair.command(0, Command::Close(CloseReason::User));
    pair.run(seconds(30));
    assert!(pair.caller().reason().is_some());
}

/// A stray packet is no negotiation: the end must not wait for its continuation for ever.
#[test]
fn a_passive_end_gives_up_also_after_nonsense() {
    let passive = Config { lcp: LcpConfig { passive: true, ..LcpConfig::default() }, ..answerer() };
    for stray in [
        &[2u8, 1, 0, 8, 1, 4, 5, 0xdc][..],
        &[6, 1, 0, 4],
        &[1, 1, 0, 6, 1, 1],
        &[7, 1, 0, 4],
        &[99, 1, 0, 4],
    ] {
        let (mut end, mut now) = alone(passive.clone());
        end.receive(now, Protocol::LCP, stray);
        while let Some(due) = end.ppp.poll_timeout() {
            now = due;
            end.handle(now, Input::Tick);
        }
        assert_eq!(end.reason(), Some(&DownReason::NoResponse), "{stray:?}");
    }
}

#[test]
fn an_option_named_many_times_is_naked_once() {
    let (mut end, now) = alone(caller());
    for kind in [1, 2, 5] {
        let mut request = vec![1, kind, 5, 220];
        request.extend([kind, 2].repeat(748));
        let before = end.line.len();
        end.receive(now, Protocol::LCP, &request);
        let nak = last_sent(&end);
        assert!(nak.contains("ConfNak") && nak.matches('<').count() == 1, "{nak}");
        assert!(end.line.iter().skip(before).all(|frame| frame.len() < 100));
    }
}
