//! TCP between the caller's own stack and servers outside.

use std::time::Duration;

use openras_nat::{Dropped, End, Input, Order, Reach, Refusal, Target};
use openras_ppp::Machine;
use smoltcp::socket::tcp::State;

use crate::lab::{CALLER, Lab, Program, Server, at, config, ip, octet};
use crate::line::{GOOD, Quality};
use crate::packets::{SYN, Said, Tcp, read, tcp};

const SERVERS: [&str; 2] = ["192.0.43.8:80", "[2606:4700::1]:80"];

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn expected(count: usize) -> Vec<u8> {
    (0..count).map(octet).collect()
}

/// Sends and receives over a line of this quality, and compares every octet.
fn echo(to: &str, quality: Quality, seed: u64, octets: usize) -> Lab {
    let mut lab = Lab::new(config(), quality, seed);
    lab.servers.insert(80, Server::Echo);
    let mut program = Program::new(&mut lab, at(to), octets);
    assert!(
        lab.until(minutes(60), |lab| program.go_on(lab)),
        "seed {seed}: {} of {octets}",
        program.received.len()
    );
    assert_eq!(program.received.len(), octets);
    assert!(program.received == expected(octets), "seed {seed}");
    assert!(lab.peer().received == expected(octets), "seed {seed}");
    assert_eq!(lab.peer().to, Target::Host(at(to)));
    // both ends let go of it, and everything is given back
    assert!(lab.until(minutes(5), |lab| lab.nat.flows() == 0), "seed {seed}");
    assert_eq!((lab.peer().closed, lab.nat.memory()), (Some(End::Finished), 0));
    assert!(lab.rests(), "nothing is waited for any more");
    lab
}

#[test]
fn a_mebibyte_each_way_arrives() {
    for to in SERVERS {
        let lab = echo(to, GOOD, 1, 1 << 20);
        assert_eq!(lab.nat.stats().streams, 1);
        assert_eq!(lab.nat.stats().drops.iter().sum::<u64>(), 0);
        let seconds = (lab.now - lab.begin).as_secs_f64();
        assert!(seconds < 25.0, "{seconds} s, and ten of them are TIME-WAIT");
    }
}

#[test]
fn a_line_that_loses_and_reorders_changes_no_octet() {
    for seed in 1..=200 {
        let quality = Quality {
            bits_per_second: 2_000_000,
            delay: Duration::from_millis(20),
            lost: seed % 8,
            late: (seed * 3) % 20,
        };
        echo(SERVERS[seed as usize % 2], quality, seed, 100_000);
    }
}

#[test]
fn a_syn_waits_for_the_outside() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Silent);
    let mut program = Program::new(&mut lab, at(SERVERS[0]), 10);
    assert!(!lab.until(Duration::from_secs(10), |lab| program.state(lab) != State::SynSent));
    let stats = *lab.nat.stats();
    assert!(
        stats.packets_in > 2 && stats.packets_out == 0,
        "the SYN is repeated, and not answered: {stats:?}"
    );
    // one connection was asked for, in spite of the repeats
    assert_eq!((stats.streams, lab.peers.len()), (1, 1));
    let flow = lab.flow();
    lab.peer().server = Server::Echo;
    lab.nat.handle(lab.now, Input::Connected(flow));
    lab.carry_out();
    assert!(lab.until(minutes(1), |lab| program.go_on(lab)));
    assert_eq!(program.received, expected(10));
}

#[test]
fn a_syn_nobody_answers_is_given_up_with_a_reset() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Silent);
    let program = Program::new(&mut lab, at(SERVERS[0]), 0);
    assert!(lab.until(minutes(1), |lab| lab.nat.flows() == 1));
    assert!(lab.until(minutes(8), |lab| lab.nat.flows() == 0));
    lab.run(Duration::from_secs(1));
    assert_eq!(lab.socket(program.socket).state(), State::Closed);
    assert_eq!(lab.peer().closed, Some(End::TimedOut));
    assert_eq!(lab.nat.memory(), 0);
    // four minutes, RFC 5382 REQ-5, however often the SYN is repeated
    let waited = lab.now - lab.begin;
    assert!(waited > minutes(4) && waited < minutes(5), "{waited:?}");
}

#[test]
fn what_the_outside_refuses_is_reset() {
    for to in SERVERS {
        let mut lab = Lab::new(config(), GOOD, 1);
        lab.servers.insert(80, Server::No(Refusal::Refused));
        let program = Program::new(&mut lab, at(to), 10);
        assert!(lab.until(Duration::from_secs(1), |lab| program.state(lab) == State::Closed));
        assert_eq!((lab.peer().closed, lab.nat.flows()), (Some(End::Outside), 0));
    }
}

#[test]
fn an_unreachable_host_is_told_by_icmp_and_quotes_the_syn() {
    for (refusal, code) in [(Refusal::Network, 0), (Refusal::Host, 1)] {
        let mut lab = Lab::new(config(), GOOD, 1);
        lab.servers.insert(80, Server::No(refusal));
        let syn = tcp(at("10.64.0.2:4000"), at(SERVERS[0]), &SYN);
        lab.raw(&syn);
        let said: Vec<_> = lab.packets().iter().map(|packet| read(packet)).collect();
        let [Said::Icmp { from, to, kind: 3, code: told, rest }] = &said[..] else { panic!("{said:?}") };
        assert_eq!((*from, *to, *told), (ip("10.64.0.1"), ip(CALLER), code));
        assert_eq!(rest[4..], syn);
    }
}

/// What the outside does not take closes the caller's window: the caller's stack keeps the rest.
#[test]
fn an_outside_that_takes_nothing_stops_the_caller() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Stuck);
    let all = 3 << 20;
    let mut program = Program::new(&mut lab, at(SERVERS[0]), all);
    assert!(!lab.until(minutes(1), |lab| program.go_on(lab)));
    let flow = lab.flow();
    let waiting = lab.nat.waiting(flow).len();
    assert!(waiting > 60_000 && program.sent <= waiting + 2 * 65535, "{} of {waiting}", program.sent);
    assert!(lab.most_memory < 1 << 20);
    // taken later, all of it arrives
    lab.peer().server = Server::Sink;
    lab.pump(flow);
    assert!(lab.until(minutes(5), |lab| program.go_on(lab)));
    assert!(lab.peer().received == expected(all));
}

/// What the caller does not read stops the outside, and goes on when it does.
#[test]
fn a_caller_that_reads_nothing_stops_the_outside() {
    let mut lab = Lab::new(config(), GOOD, 1);
    let all = 2 << 20;
    lab.servers.insert(80, Server::Source(all));
    let mut program = Program::new(&mut lab, at(SERVERS[0]), 0);
    program.reads = false;
    lab.until(minutes(1), |lab| program.go_on(lab));
    let sent = lab.peer().sent;
    assert!(sent > 65535 && sent < 600_000, "{sent}");
    // far longer than the time to acknowledge: a closed window is answered, so the connection lives
    lab.run(minutes(10));
    assert_eq!((lab.peer().sent, lab.peer().closed), (sent, None));
    program.reads = true;
    assert!(lab.until(minutes(10), |lab| program.go_on(lab)));
    assert!(program.received == expected(all));
}

#[test]
fn each_half_closes_alone() {
    // the caller's half first: the server sends on after it
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Stuck);
    let mut program = Program::new(&mut lab, at(SERVERS[0]), 100);
    lab.until(Duration::from_secs(5), |lab| program.go_on(lab));
    assert!(!lab.peer().shut, "there are octets that were not taken");
    let flow = lab.flow();
    lab.peer().server = Server::Source(50_000);
    lab.pump(flow);
    assert!(lab.until(minutes(1), |lab| program.go_on(lab)));
    assert!(lab.peer().shut && program.received == expected(50_000));

    // the server's half first: the caller sends on after it
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Source(0));
    let program = Program::new(&mut lab, at(SERVERS[0]), 0);
    assert!(lab.until(minutes(1), |lab| lab.socket(program.socket).state() == State::CloseWait));
    lab.socket(program.socket).send_slice(b"and on").unwrap();
    assert!(lab.until(minutes(1), |lab| lab.peer().received == b"and on"));
    lab.socket(program.socket).close();
    assert!(lab.until(minutes(1), |lab| lab.nat.flows() == 0));
    assert_eq!((lab.peer().shut, lab.peer().closed), (true, Some(End::Finished)));
}

#[test]
fn resets_cross_both_ways() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Echo);
    let program = Program::new(&mut lab, at(SERVERS[0]), 10);
    assert!(lab.until(minutes(1), |lab| lab.socket(program.socket).state() == State::Established));
    lab.socket(program.socket).abort();
    assert!(lab.until(Duration::from_secs(1), |lab| lab.peer().closed == Some(End::Reset)));
    assert_eq!((lab.nat.flows(), lab.nat.memory()), (0, 0));

    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Breaks(5));
    let mut program = Program::new(&mut lab, at(SERVERS[0]), 10);
    lab.until(Duration::from_secs(2), |lab| program.go_on(lab));
    assert_eq!(program.state(&mut lab), State::Closed);
    assert_eq!((lab.peer().closed, lab.nat.flows()), (Some(End::Outside), 0));
}

/// All the outside had said arrives before its end, also when the caller ends first and is slow.
#[test]
fn nothing_is_cut_off_by_an_end() {
    let slow = Quality { bits_per_second: 33_600, delay: Duration::from_millis(100), lost: 2, late: 0 };
    let mut lab = Lab::new(config(), slow, 7);
    lab.servers.insert(80, Server::Source(40_000));
    let mut program = Program::new(&mut lab, at(SERVERS[0]), 3_000);
    assert!(lab.until(minutes(10), |lab| program.go_on(lab)));
    assert!(program.received == expected(40_000) && lab.peer().received == expected(3_000));
}

/// A download fills no queue: a ping meanwhile waits for a packet or two, not for a window of them.
#[test]
fn a_download_does_not_delay_a_ping() {
    let modem = Quality { bits_per_second: 33_600, delay: Duration::from_millis(50), lost: 0, late: 0 };
    let mut lab = Lab::new(config(), modem, 1);
    lab.servers.insert(80, Server::Source(4 << 20));
    let mut program = Program::new(&mut lab, at(SERVERS[0]), 0);
    lab.until(minutes(1), |lab| program.go_on(lab));
    assert!(program.received.len() > 150_000, "{}", program.received.len());
    let packet = Duration::from_millis(1500 * 8 * 1000 / 33_600);
    for sequence in 0..5 {
        let sent = lab.now;
        lab.raw(&crate::packets::ping(ip(CALLER), ip("10.64.0.1"), 64, 9, sequence, &[1; 32]));
        assert!(lab.until(minutes(1), |lab| program.go_on(lab) || lab.tap.len() > usize::from(sequence)));
        let waited = lab.now - sent;
        assert!(waited < 3 * packet, "{waited:?}, and one packet takes {packet:?}");
    }
    // and the line was never idle meanwhile
    let carried = lab.nat.stats().bytes_out as f64 * 8.0 / 33_600.0;
    let time = (lab.now - lab.begin).as_secs_f64();
    assert!(carried > 0.97 * time, "{carried:.1} s of packets in {time:.1} s");
    // nothing was sent twice for want of patience
    let delivered = program.received.len() as u64;
    assert!(
        lab.nat.stats().bytes_out < delivered * 105 / 100 + 30_000,
        "{} for {delivered}",
        lab.nat.stats().bytes_out
    );
}

#[test]
fn two_downloads_share_the_line() {
    let line = Quality { bits_per_second: 256_000, delay: Duration::from_millis(10), lost: 0, late: 0 };
    let mut lab = Lab::new(config(), line, 1);
    lab.servers.insert(80, Server::Source(4 << 20));
    let mut programs = [0; 4].map(|_| Program::new(&mut lab, at(SERVERS[0]), 0));
    lab.until(Duration::from_secs(60), |lab| {
        for program in &mut programs {
            program.go_on(lab);
        }
        false
    });
    let received = programs.map(|program| program.received.len());
    let (least, most) = (received.iter().min().unwrap(), received.iter().max().unwrap());
    assert!(most * 10 < least * 13 && *least > 350_000, "{received:?}");
}

#[test]
fn segments_fit_the_link_both_ways() {
    for (mtu, mru, to, mss) in
        [(576, 1500, SERVERS[0], 536), (1500, 296, SERVERS[0], 256), (1280, 1500, SERVERS[1], 1220)]
    {
        let mut config = config();
        (config.mtu, config.mru) = (mtu, mru);
        let mut lab = Lab::new(config, GOOD, 1);
        lab.servers.insert(80, Server::Echo);
        let mut program = Program::new(&mut lab, at(to), 20_000);
        assert!(lab.until(minutes(1), |lab| program.go_on(lab)));
        assert_eq!((program.received.len(), lab.nat.stats().dropped(Dropped::Giant)), (20_000, 0));
        let from = if to.starts_with('[') { at("[fd64:0:0:1::2]:999") } else { at("10.64.0.2:999") };
        lab.raw(&tcp(from, at(to), &SYN));
        let said: Vec<_> = lab.packets().iter().map(|packet| read(packet)).collect();
        assert!(matches!(said[..], [Said::SynAck { mss: told, .. }] if told == mss), "{said:?}");
    }
}

#[test]
fn a_segment_of_no_connection_is_reset() {
    let mut lab = Lab::new(config(), GOOD, 1);
    let (from, to) = (at("10.64.0.2:999"), at(SERVERS[0]));
    lab.raw(&tcp(from, to, &Tcp { control: smoltcp::wire::TcpControl::None, ack: Some(7), ..SYN }));
    assert_eq!(
        lab.packets().iter().map(|packet| read(packet)).collect::<Vec<_>>(),
        [Said::Reset { from: to, to: from }]
    );
    lab.raw(&tcp(from, to, &Tcp { control: smoltcp::wire::TcpControl::Rst, ..SYN }));
    assert_eq!(lab.packets().len(), 0);
    assert_eq!(lab.nat.stats().dropped(Dropped::Stray), 2);
    assert!(lab.peers.is_empty());
}

#[test]
fn an_idle_connection_lives_two_hours_and_a_silent_caller_two_minutes() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Echo);
    let program = Program::new(&mut lab, at(SERVERS[0]), 10);
    assert!(lab.until(minutes(1), |lab| lab.socket(program.socket).state() == State::Established));
    lab.run(minutes(123));
    assert_eq!((lab.nat.flows(), lab.peer().closed), (1, None));
    lab.run(minutes(3));
    assert_eq!((lab.nat.flows(), lab.peer().closed), (0, Some(End::TimedOut)));

    // a caller that is gone acknowledges nothing
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Echo);
    let program = Program::new(&mut lab, at(SERVERS[0]), 10);
    assert!(lab.until(minutes(1), |lab| lab.socket(program.socket).state() == State::Established));
    lab.run(minutes(10));
    lab.up.quality.lost = 100;
    let (flow, now) = (lab.flow(), lab.now);
    assert_eq!(lab.nat.give(now, flow, b"anybody?"), 8);
    lab.carry_out();
    lab.run(Duration::from_secs(115));
    assert_eq!(lab.nat.flows(), 1);
    lab.run(Duration::from_secs(10));
    assert_eq!((lab.nat.flows(), lab.peer().closed), (0, Some(End::TimedOut)));
}

#[test]
fn a_port_may_be_used_again_at_once() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Source(0));
    let program = Program::new(&mut lab, at(SERVERS[0]), 0);
    assert!(lab.until(minutes(1), |lab| lab.socket(program.socket).state() == State::CloseWait));
    lab.socket(program.socket).close();
    lab.run(Duration::from_secs(1));
    assert_eq!((lab.nat.flows(), lab.peer().shut), (1, true), "it waits for late packets");
    lab.raw(&tcp(at("10.64.0.2:20001"), at(SERVERS[0]), &SYN));
    assert_eq!((lab.nat.flows(), lab.peers.len()), (1, 2));
    let said: Vec<_> = lab.packets().iter().map(|packet| read(packet)).collect();
    assert!(matches!(said[..], [Said::SynAck { .. }]), "{said:?}");
}

#[test]
fn names_go_to_the_resolver_over_tcp_too() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(53, Server::Echo);
    let mut program = Program::new(&mut lab, at("10.64.0.1:53"), 40);
    assert!(lab.until(minutes(1), |lab| program.go_on(lab)));
    assert_eq!((lab.peer().to, program.received.len()), (Target::Resolver, 40));
}

/// Our end of the link stands for this machine's loopback address, where the rules open it.
#[test]
fn the_gateway_is_this_machines_loopback() {
    for (gateway, local) in [("10.64.0.1:8080", "127.0.0.1:8080"), ("[fd64::1]:8080", "[::1]:8080")] {
        let mut lab = Lab::new(config(), GOOD, 1);
        let program = Program::new(&mut lab, at(gateway), 5);
        assert!(lab.until(minutes(1), |lab| program.state(lab) == State::Closed));
        assert_eq!((lab.peers.len(), lab.nat.stats().dropped(Dropped::Reach)), (0, 1));

        let reach = Reach::parse(["127.0.0.1:8080", "[::1]:8080"]).unwrap();
        let mut lab = Lab::with_reach(config(), GOOD, 1, reach);
        lab.servers.insert(8080, Server::Echo);
        let mut program = Program::new(&mut lab, at(gateway), 5);
        assert!(lab.until(minutes(1), |lab| program.go_on(lab)));
        assert_eq!((lab.peer().to, program.received.len()), (Target::Host(at(local)), 5));
    }
}

#[test]
fn new_rules_end_what_they_close() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Echo);
    let program = Program::new(&mut lab, at(SERVERS[0]), 10);
    assert!(lab.until(minutes(1), |lab| lab.socket(program.socket).state() == State::Established));
    // this machine was given that address meanwhile
    lab.nat.set_reach(lab.now, Reach::default().with_host([at(SERVERS[0]).ip()]));
    lab.carry_out();
    assert_eq!(lab.peer().closed, Some(End::Reach));
    assert!(lab.until(Duration::from_secs(1), |lab| lab.socket(program.socket).state() == State::Closed));
}

/// Inputs about flows that are gone, or of another kind, mean nothing.
#[test]
fn words_about_a_flow_that_is_gone_mean_nothing() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::No(Refusal::Refused));
    lab.raw(&tcp(at("10.64.0.2:999"), at(SERVERS[0]), &SYN));
    let (flow, now) = (lab.flow(), lab.now);
    lab.packets();
    for input in [
        Input::Connected(flow),
        Input::Refused(flow, Refusal::Host),
        Input::Ended(flow),
        Input::Failed(flow),
        Input::Datagram { flow, from: at(SERVERS[0]), data: b"x" },
        Input::Pong { flow, from: ip("192.0.43.8"), sequence: 1, data: b"x" },
        Input::Undelivered { flow, to: at(SERVERS[0]), length: 1, trouble: openras_nat::Trouble::Port },
        Input::Unanswered { flow, to: ip("192.0.43.8"), sequence: 1, trouble: openras_nat::Trouble::Host },
    ] {
        lab.nat.handle(now, input);
        assert!(lab.nat.poll_output().is_none() && lab.packets().is_empty(), "{input:?}");
    }
    assert_eq!((lab.nat.give(now, flow, b"x"), lab.nat.room(flow), lab.nat.waiting(flow).len()), (0, 0, 0));
    lab.nat.take(now, flow, 5);
    assert_eq!(lab.nat.poll_output(), None::<Order>);
}

/// A slow line is no lossy one: what waits behind a packet of 1500 octets is not sent twice.
#[test]
fn a_slow_line_carries_everything_once() {
    for (bits_per_second, mtu, octets) in
        [(33_600, 1500, 200_000), (9_600, 1500, 60_000), (9_600, 576, 60_000), (2_400, 576, 20_000)]
    {
        let slow = Quality { bits_per_second, delay: Duration::from_millis(80), lost: 0, late: 0 };
        let mut config = config();
        config.mtu = mtu;
        let mut lab = Lab::new(config, slow, 1);
        lab.servers.insert(80, Server::Source(octets));
        let mut program = Program::new(&mut lab, at(SERVERS[0]), 0);
        assert!(lab.until(minutes(30), |lab| program.go_on(lab)));
        let segments = octets / (mtu - 40) + 1;
        let needed = (octets + 40 * (segments + 4)) as u64;
        let sent = lab.nat.stats().bytes_out;
        assert!(sent <= needed + 2 * mtu as u64, "{bits_per_second} {mtu}: {sent} for {needed}");
    }
}

/// On a slow line little waits on either side: what the caller sends before the outside takes it, and what the outside
/// sends before the caller does.
#[test]
fn the_caps_of_a_slow_line_are_small() {
    let modem = Quality { bits_per_second: 33_600, delay: Duration::from_millis(50), lost: 0, late: 0 };
    let mut config = config();
    config.caps = openras_nat::Caps::for_line(33_600);
    let mut lab = Lab::new(config, modem, 1);
    lab.servers.insert(80, Server::Stuck);
    lab.servers.insert(81, Server::Source(1 << 20));
    let mut stuck = Program::new(&mut lab, at("192.0.43.8:80"), 1 << 20);
    let mut source = Program::new(&mut lab, at("192.0.43.8:81"), 0);
    lab.until(minutes(2), |lab| stuck.go_on(lab) | source.go_on(lab));
    let (mut buffer, mut ahead) = (0, 0);
    for (flow, peer) in &lab.peers {
        match peer.server {
            Server::Stuck => buffer = lab.nat.room(*flow),
            _ => ahead = peer.sent - source.received.len(),
        }
    }
    // four seconds of the line
    assert!((8 << 10..=17_000).contains(&buffer), "{buffer}");
    assert!(ahead <= 17_000, "{ahead}");
    assert!(source.received.len() > 350_000, "{}", source.received.len());
    assert!(lab.most_memory <= 2 * 2 * 17_000 + (9 << 10), "{}", lab.most_memory);
}

/// Two ends whose retransmission timers had both run out never heard each other again: each acknowledged from where its
/// timer had put it back to, which is outside the other's window (seed 47 of the lossy line, with 600 of them).
#[test]
fn an_acknowledgement_comes_after_all_that_was_sent() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Source(2_000));
    let (from, to) = (at("10.64.0.2:999"), at(SERVERS[0]));
    lab.raw(&tcp(from, to, &SYN));
    let [Said::SynAck { seq: first, .. }] = said(&mut lab)[..] else { panic!("no answer") };
    let ack = Some(first.wrapping_add(1));
    let none = smoltcp::wire::TcpControl::None;
    lab.raw(&tcp(from, to, &Tcp { control: none, seq: 1001, ack, scale: None, data: &[] }));
    let sent: usize =
        said(&mut lab).iter().map(|said| if let Said::Segment { data, .. } = said { *data } else { 0 }).sum();
    assert_eq!(sent, 2_000);
    // nobody acknowledges: the first segment comes again
    lab.pass(Duration::from_secs(2));
    let again = said(&mut lab);
    assert!(matches!(again[..], [Said::Segment { seq, .. }, ..] if Some(seq) == ack), "{again:?}");
    // and what the caller sends meanwhile is acknowledged where the caller looks for it
    lab.raw(&tcp(from, to, &Tcp { control: none, seq: 1001, ack, scale: None, data: b"hello" }));
    lab.pass(Duration::from_millis(20));
    let answer = said(&mut lab);
    let end = first.wrapping_add(1 + 2_000 + 1);
    assert!(matches!(answer[..], [Said::Segment { seq, data: 0, .. }] if seq == end), "{answer:?}");
}

fn said(lab: &mut Lab) -> Vec<Said> {
    lab.packets().iter().map(|packet| read(packet)).collect()
}
