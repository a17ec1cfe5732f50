//! Header compression over a line that damages frames, agreed on by two whole ends: whatever the line does, a packet that is
//! delivered is one that was sent, but for IP's identification: TCP's checksum does not cover it, so that it is behind where
//! a packet was lost that changed nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers outside #[test] functions

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_ppp::config::{IpcpConfig, Role};
use openras_ppp::{Answer, Ask, Command, Config, Event, Input, Machine, Negotiated, Output, Ppp};
use openras_sim::pair::t0;
use openras_sim::wire::{Fate, Side, Wire, WireConfig};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 1);
const REMOTE: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);

/// Both ends and what each was given.
struct Two {
    ends: [Ppp; 2],
    now: Instant,
    agreed: [Option<Negotiated>; 2],
    got: [Vec<Vec<u8>>; 2],
    /// Octets on the line.
    sent: usize,
}

fn config(caller: bool, vj: bool) -> Config {
    let ipcp = match caller {
        true => IpcpConfig { vj, ..IpcpConfig::default() },
        false => IpcpConfig { local: Some(LOCAL), assign: true, vj, ..IpcpConfig::default() },
    };
    let role = if caller { Role::Caller } else { Role::Answerer };
    Config { role, ipcp: Some(ipcp), ..Config::default() }
}

impl Two {
    /// Two ends that are up, over a line that was good so far.
    fn up(caller: bool, answerer: bool) -> Self {
        let ends = [Ppp::new(config(true, caller), [1; 32]), Ppp::new(config(false, answerer), [2; 32])];
        let mut two = Self { ends, now: t0(), agreed: [None, None], got: [vec![], vec![]], sent: 0 };
        let mut wire = Wire::new(WireConfig::default(), 0);
        for end in 0..2 {
            two.give(end, Input::Command(Command::Open), &mut wire);
            two.give(end, Input::LineUp, &mut wire);
        }
        for _ in 0..20 {
            two.now += Duration::from_millis(500);
            two.give(0, Input::Tick, &mut wire);
            two.give(1, Input::Tick, &mut wire);
        }
        assert!(two.agreed.iter().all(Option::is_some), "not up");
        two
    }

    /// One input, and all that follows at both ends.
    fn give(&mut self, end: usize, input: Input<'_>, wire: &mut Wire) {
        self.ends[end].handle(self.now, input);
        while let Some(output) = self.ends[end].poll_output() {
            match output {
                Output::Line(frame) => self.carry(end, frame, wire),
                Output::Ip(packet) => self.got[end].push(packet),
                Output::Event(Event::Ask(Ask::Address { .. })) => {
                    self.give(end, Input::Command(Command::Answer(Answer::Address(Some(REMOTE)))), wire);
                }
                Output::Event(Event::Ask(Ask::Admit { .. })) => {
                    let answer = Answer::Admit(Default::default());
                    self.give(end, Input::Command(Command::Answer(answer)), wire);
                }
                Output::Event(Event::Up(agreed) | Event::Network(agreed)) => self.agreed[end] = Some(*agreed),
                Output::Event(_) => {}
            }
        }
    }

    fn carry(&mut self, from: usize, frame: Vec<u8>, wire: &mut Wire) {
        self.sent += frame.len();
        let side = if from == 0 { Side::Client } else { Side::Server };
        if let (_, Some(bytes)) = wire.carry(side, frame) {
            self.give(1 - from, Input::Line(&bytes), wire);
        }
    }
}

fn checksum(octets: &[u8], mut sum: u32) -> [u8; 2] {
    for pair in octets.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

/// One TCP connection that goes on.
#[derive(Clone, Copy)]
struct Flow {
    port: u16,
    id: u16,
    sequence: u32,
    acknowledgement: u32,
    window: u16,
}

impl Flow {
    fn new(chance: &mut ChaCha8Rng, port: u16) -> Self {
        let [id, sequence, acknowledgement, window] = [(); 4].map(|()| chance.next_u32());
        Self { port, id: id as u16, sequence, acknowledgement, window: window as u16 }
    }

    /// The next packet: now data, now an acknowledgement, now both, sometimes a repetition.
    fn next(&mut self, chance: &mut ChaCha8Rng) -> Vec<u8> {
        let before = *self;
        self.id = self.id.wrapping_add(if chance.next_u32().is_multiple_of(8) { 3 } else { 1 });
        if chance.next_u32().is_multiple_of(2) {
            self.acknowledgement = self.acknowledgement.wrapping_add(chance.next_u32() % 3000);
        }
        if chance.next_u32().is_multiple_of(4) {
            self.window = chance.next_u32() as u16;
        }
        let data = if chance.next_u32().is_multiple_of(3) { 0 } else { chance.next_u32() as usize % 600 };
        let sequence = if chance.next_u32().is_multiple_of(20) {
            before.sequence.wrapping_sub(100)
        } else {
            self.sequence
        };
        let mut tcp = Vec::new();
        tcp.extend(self.port.to_be_bytes());
        tcp.extend(80u16.to_be_bytes());
        tcp.extend(sequence.to_be_bytes());
        tcp.extend(self.acknowledgement.to_be_bytes());
        tcp.extend([0x50, 0x10]);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0; 4]);
        tcp.extend((0..data).map(|_| chance.next_u32() as u8));
        let mut ip = vec![0x45, 0];
        ip.extend((20 + tcp.len() as u16).to_be_bytes());
        ip.extend(self.id.to_be_bytes());
        ip.extend([0x40, 0, 64, 6, 0, 0]);
        ip.extend(REMOTE.octets());
        ip.extend([192, 0, 2, 7]);
        let pseudo = u32::from(u16::from_be_bytes([10, 64])) + 2 + 0xc000 + 0x0207 + 6 + tcp.len() as u32;
        let of_tcp = checksum(&tcp, pseudo);
        tcp[16..18].copy_from_slice(&of_tcp);
        let of_ip = checksum(&ip, 0);
        ip[10..12].copy_from_slice(&of_ip);
        ip.extend(tcp);
        self.sequence = self.sequence.wrapping_add(data as u32);
        ip
    }
}

/// What a packet says: all but its identification, and the checksum over it.
fn told(packet: &[u8]) -> Vec<u8> {
    let mut told = packet.to_vec();
    told[4..6].fill(0);
    told[10..12].fill(0);
    told
}

#[test]
fn both_ends_compress_where_both_want_it_and_one_way_is_no_way_to_lose_a_packet() {
    for (caller, answerer) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut two = Two::up(caller, answerer);
        // whoever wants none takes none and asks for none
        let both = caller && answerer;
        for agreed in two.agreed.iter().flatten() {
            assert_eq!(agreed.vj, (both, both));
        }
        let (mut chance, mut wire) = (ChaCha8Rng::seed_from_u64(1), Wire::new(WireConfig::default(), 0));
        let mut flow = Flow::new(&mut chance, 1024);
        let packets: Vec<_> = (0..500).map(|_| flow.next(&mut chance)).collect();
        two.sent = 0;
        for packet in &packets {
            two.give(0, Input::Ip(packet), &mut wire);
        }
        assert_eq!(two.got[1], packets);
        let plain: usize = packets.iter().map(Vec::len).sum();
        assert_eq!(two.sent < plain, both, "{} octets for {plain}", two.sent);
    }
}

#[test]
fn a_damaged_stream_never_delivers_a_wrong_packet() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(200);
    let (mut sent, mut came, mut damaged) = (0, 0, 0);
    for seed in 0..seeds {
        let mut two = Two::up(true, true);
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut wire = Wire::new(WireConfig { damaged_per_mille: 50, ..WireConfig::default() }, seed);
        let mut look = Wire::new(WireConfig { damaged_per_mille: 50, ..WireConfig::default() }, seed);
        // more connections than slots
        let mut flows: Vec<_> = (0..20).map(|n| Flow::new(&mut chance, 2000 + n)).collect();
        let mut known = HashSet::new();
        for _ in 0..400 {
            let at = chance.next_u32() as usize % if chance.next_u32() % 2 == 0 { 2 } else { 20 };
            let packet = flows[at].next(&mut chance);
            two.give(0, Input::Ip(&packet), &mut wire);
            damaged += usize::from(look.carry(Side::Client, vec![0; 40]).0 != Fate::Whole);
            known.insert(told(&packet));
            sent += 1;
        }
        for packet in &two.got[1] {
            assert!(known.contains(&told(packet)), "seed {seed}: {packet:02x?} was never sent");
            assert_eq!(checksum(&packet[..20], 0), [0, 0], "seed {seed}: {packet:02x?}");
        }
        came += two.got[1].len();
    }
    assert!(damaged > 0 && came < sent + damaged);
    // a connection whose slot is wrong stays so until it repeats; the others go on
    assert!(came * 2 > sent, "only {came} of {sent} came, {damaged} were damaged");
}
