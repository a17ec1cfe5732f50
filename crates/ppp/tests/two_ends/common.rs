//! Two ends in memory on virtual time, and what a test wants to see of them.
#![allow(unreachable_pub)]

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::config::{IpcpConfig, Role};
use openras_ppp::event::{Direction, Packet};
use openras_ppp::hdlc::{Deframer, Framing, frame};
use openras_ppp::wire::Protocol;
use openras_ppp::{
    Answer, Ask, Command, Config, Credentials, Down, DownReason, Event, Input, Machine, Negotiated, Output,
    Phase, Ppp, Secret,
};

/// The one place where a test takes a time from the clock.
#[allow(clippy::disallowed_methods)]
pub fn t0() -> Instant {
    Instant::now()
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One end with everything it has said.
pub struct End {
    pub ppp: Ppp,
    pub events: Vec<Event>,
    /// Frames that have not been delivered.
    pub line: VecDeque<Vec<u8>>,
    pub ip: Vec<Vec<u8>>,
    /// Questions that nobody answered.
    pub asks: Vec<Ask>,
    /// What [`Admit`](Ask::Admit) is answered.
    pub policy: CallbackPolicy,
    /// What [`Address`](Ask::Address) is answered.
    pub address: Option<Ipv4Addr>,
    /// Questions are answered at once.
    pub answers: bool,
}

impl End {
    pub fn new(mut config: Config, seed: u8) -> Self {
        config.trace = true;
        Self {
            ppp: Ppp::new(config, [seed; 32]),
            events: Vec::new(),
            line: VecDeque::new(),
            ip: Vec::new(),
            asks: Vec::new(),
            policy: CallbackPolicy::None,
            address: Some(Ipv4Addr::new(10, 64, 0, 2)),
            answers: true,
        }
    }

    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.ppp.handle(now, input);
        while let Some(output) = self.ppp.poll_output() {
            match output {
                Output::Line(frame) => self.line.push_back(frame),
                Output::Ip(packet) => self.ip.push(packet),
                Output::Event(event) => self.event(event),
            }
        }
        self.answer(now);
    }

    fn event(&mut self, event: Event) {
        if let Event::Ask(ask) = &event {
            self.asks.push(ask.clone());
        }
        self.events.push(event);
    }

    fn answer(&mut self, now: Instant) {
        while self.answers && !self.asks.is_empty() {
            let answer = match self.asks.remove(0) {
                Ask::Admit { .. } => Answer::Admit(self.policy.clone()),
                Ask::Address { .. } => Answer::Address(self.address),
                Ask::Verify(_) => Answer::Verdict(openras_ppp::Verdict::Accept {
                    authenticator_response: None,
                    message: String::new(),
                }),
                ask => panic!("nobody answers {ask:?}"),
            };
            self.handle(now, Input::Command(Command::Answer(answer)));
        }
    }

    pub fn command(&mut self, now: Instant, command: Command) {
        self.handle(now, Input::Command(command));
    }

    pub fn start(&mut self, now: Instant) {
        self.command(now, Command::Open);
        self.handle(now, Input::LineUp);
    }

    /// A frame as a peer would send it, in the default framing.
    pub fn receive(&mut self, now: Instant, protocol: Protocol, packet: &[u8]) {
        let mut line = Vec::new();
        frame(protocol, packet, Framing::DEFAULT, false, &mut line);
        self.handle(now, Input::Line(&line));
    }

    pub fn up(&self) -> Option<&Negotiated> {
        self.events.iter().find_map(|event| match event {
            Event::Up(agreed) => Some(&**agreed),
            _ => None,
        })
    }

    pub fn last_network(&self) -> Option<&Negotiated> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Network(agreed) | Event::Up(agreed) => Some(&**agreed),
            _ => None,
        })
    }

    pub fn down(&self) -> Option<&Down> {
        let mut downs = self.events.iter().filter_map(|event| match event {
            Event::Down(down) => Some(&**down),
            _ => None,
        });
        let down = downs.next();
        assert!(downs.next().is_none(), "Down was said twice");
        down
    }

    pub fn reason(&self) -> Option<&DownReason> {
        self.down().map(|down| &down.reason)
    }

    pub fn phases(&self) -> Vec<Phase> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Phase(phase) => Some(*phase),
                _ => None,
            })
            .collect()
    }

    fn packets(&self, direction: Direction) -> impl Iterator<Item = &Packet> {
        self.events.iter().filter_map(move |event| match event {
            Event::Packet(packet) if packet.direction == direction => Some(packet),
            _ => None,
        })
    }

    /// Packets this end has sent, as text.
    pub fn sent(&self) -> Vec<String> {
        self.packets(Direction::Sent).map(Packet::text).collect()
    }

    /// How many packets with these words it has sent.
    pub fn count_sent(&self, words: &str) -> usize {
        self.sent().iter().filter(|text| text.contains(words)).count()
    }

    pub fn forget(&mut self) {
        self.events.clear();
    }
}

/// A filter for frames on the way: whether this one passes. End 0 is the caller.
pub type Filter = Box<dyn FnMut(usize, Protocol, &[u8]) -> bool>;

/// Two joined ends. A frame takes 10 ms.
pub struct Pair {
    pub now: Instant,
    pub ends: [End; 2],
    pub filter: Option<Filter>,
}

const DELAY: Duration = Duration::from_millis(10);

impl Pair {
    pub fn new(caller: Config, answerer: Config) -> Self {
        Self { now: t0(), ends: [End::new(caller, 1), End::new(answerer, 2)], filter: None }
    }

    /// Both ends opened, line up.
    pub fn started(caller: Config, answerer: Config) -> Self {
        let mut pair = Self::new(caller, answerer);
        let now = pair.now;
        pair.ends.iter_mut().for_each(|end| end.start(now));
        pair
    }

    pub fn caller(&mut self) -> &mut End {
        &mut self.ends[0]
    }

    pub fn answerer(&mut self) -> &mut End {
        &mut self.ends[1]
    }

    pub fn command(&mut self, end: usize, command: Command) {
        let now = self.now;
        self.ends[end].command(now, command);
    }

    /// Delivers what is on the way and runs timers for this long.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        for step in 0.. {
            assert!(step < 100_000, "the two never come to rest");
            if self.next().is_none_or(|next| next > end) {
                break;
            }
            self.step();
        }
        self.now = end;
    }

    /// The next thing that happens: frames arrive, or a deadline comes.
    pub fn step(&mut self) {
        let Some(next) = self.next() else { return };
        let arrival = self.arrival();
        self.now = self.now.max(next);
        if arrival == Some(next) {
            self.exchange();
        } else {
            self.tick();
        }
    }

    fn next(&self) -> Option<Instant> {
        let due = self.ends.iter().filter_map(|end| end.ppp.poll_timeout()).min();
        [due, self.arrival()].into_iter().flatten().min()
    }

    fn arrival(&self) -> Option<Instant> {
        self.ends.iter().any(|end| !end.line.is_empty()).then_some(self.now + DELAY)
    }

    fn tick(&mut self) {
        for end in &mut self.ends {
            if end.ppp.poll_timeout().is_some_and(|due| due <= self.now) {
                end.handle(self.now, Input::Tick);
                let moved = end.ppp.poll_timeout();
                let phase = matches!(end.events.last(), Some(Event::Phase(_) | Event::Packet(_)));
                assert!(moved.is_none_or(|due| due > self.now) || phase, "a deadline did not move");
            }
        }
    }

    fn exchange(&mut self) {
        for from in [0, 1] {
            for frame in std::mem::take(&mut self.ends[from].line) {
                if self.passes(from, &frame) {
                    self.ends[1 - from].handle(self.now, Input::Line(&frame));
                }
            }
        }
    }

    fn passes(&mut self, from: usize, line: &[u8]) -> bool {
        let Some(filter) = &mut self.filter else { return true };
        let (protocol, packet) = unframe(line);
        filter(from, protocol, &packet)
    }
}

/// What is in one frame, however it is compressed.
pub fn unframe(mut line: &[u8]) -> (Protocol, Vec<u8>) {
    let mut deframer = Deframer::new();
    deframer.set_receive_accm(0);
    let frame = deframer.next_frame(&mut line).unwrap().unwrap();
    match frame {
        [short, rest @ ..] if short & 1 == 1 => (Protocol(u16::from(*short)), rest.to_vec()),
        [high, low, rest @ ..] => (Protocol(u16::from_be_bytes([*high, *low])), rest.to_vec()),
        _ => panic!("an empty frame"),
    }
}

/// A caller that takes what it is given and asks for DNS.
pub fn caller() -> Config {
    Config {
        ipcp: Some(IpcpConfig { request_dns: true, ..IpcpConfig::default() }),
        credentials: Some(Credentials { name: "user".to_owned(), password: Secret::from("secret") }),
        ..Config::default()
    }
}

/// An answerer that gives addresses and DNS servers and asks for no authentication.
pub fn answerer() -> Config {
    Config {
        role: Role::Answerer,
        ipcp: Some(IpcpConfig {
            local: Some(Ipv4Addr::new(10, 64, 0, 1)),
            assign: true,
            dns: vec![Ipv4Addr::new(10, 64, 0, 1), Ipv4Addr::new(10, 64, 0, 3)],
            ..IpcpConfig::default()
        }),
        ..Config::default()
    }
}
