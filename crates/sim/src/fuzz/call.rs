//! A `Dial` and a `Port` over one line: one of them is under test, the other one plays its part.

mod answerer;
mod dialler;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Result, Unstructured};
use openras_engine::line::{CallInput, LineEvent, LineOp};
use openras_engine::{RasError, client, server};
use openras_ppp::hdlc::{Framing, frame};

use super::script::{acts, bit, octet, octets, protocol, tells, time};
use crate::pair::t0;
use crate::wire::Side;
use answerer::Answerer;
use dialler::Dialler;

/// The right one; must stand in no text.
const PASSWORD: &str = "pa55w0rd";
/// Ticks that may come at one moment before the deadline must have moved.
const TICKS_AT_ONCE: u32 = 8;
/// Happenings of one talk, and ticks of one wait.
const ROUNDS: u32 = 60;
const TICKS: u32 = 120;
/// Outputs of one input; kept packets, phases and their traces included.
const OUTPUTS: usize = 400;

/// Runs a story: six octets of settings, then acts on the end under test.
pub(super) fn run(data: &[u8], under: Side) {
    if tells(data, PASSWORD) {
        return;
    }
    let mut story = Unstructured::new(data);
    let settings = [(); 6].map(|()| octet(&mut story));
    let mut world = World::new(settings, under);
    // more than this many acts find nothing new
    for act in acts(story).take(160) {
        world.act(act);
    }
    world.finish();
}

/// One thing that happens.
#[derive(Debug)]
enum Act {
    /// What is on its way arrives, until nothing is left.
    Talk,
    /// Time passes, with all its ticks and what is said in it.
    Wait(u8),
    /// The owner does what it ought to.
    Well,
    /// The owner does this.
    Owner(u8, Vec<u8>),
    /// The line says this, whatever the truth is.
    Line(u8),
    /// Bytes of the line.
    Bytes(Vec<u8>),
    /// A frame with a good FCS.
    Frame(u8, Vec<u8>),
    /// More bytes than anybody may keep.
    Flood(u8),
    /// A packet to send.
    Ip(Vec<u8>),
    /// A tick that may not be due.
    Tick,
    /// What is on its way to one end is lost.
    Lose(u8),
}

impl<'a> Arbitrary<'a> for Act {
    fn arbitrary(story: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match octet(story) % 18 {
            0 | 11 | 12 => Self::Talk,
            1 | 13 => Self::Wait(octet(story)),
            2 | 14 | 15 => Self::Well,
            3 | 16 => Self::Owner(octet(story), octets(story)),
            4 => Self::Line(octet(story)),
            5 => Self::Bytes(octets(story)),
            6 | 17 => Self::Frame(octet(story), octets(story)),
            7 => Self::Flood(octet(story)),
            8 => Self::Ip(octets(story)),
            9 => Self::Tick,
            _ => Self::Lose(octet(story)),
        })
    }
}

/// What the line is about to say.
#[derive(Debug)]
enum Due {
    Opened,
    Ring,
    Connected,
    Bytes(Vec<u8>),
    Disconnected,
    Failed,
    Closed,
}

impl Due {
    fn event(&self) -> LineEvent<'_> {
        match self {
            Self::Opened => LineEvent::Opened,
            Self::Ring => LineEvent::Ring { caller: Some("5551212".to_owned()) },
            Self::Connected => LineEvent::Connected { text: "CONNECT \u{1b}[2J".to_owned() },
            Self::Bytes(bytes) => LineEvent::Bytes(bytes),
            Self::Disconnected => LineEvent::Disconnected,
            Self::Failed => LineEvent::Failed(RasError(676)),
            Self::Closed => LineEvent::Closed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    None,
    /// This end is to answer.
    Ringing(Side),
    Connected,
}

struct World {
    now: Instant,
    under: Side,
    dialler: Dialler,
    answerer: Answerer,
    call: Call,
    due: VecDeque<(Side, Due)>,
}

impl World {
    fn new([a, b, c, d, e, f]: [u8; 6], under: Side) -> Self {
        let mut world = Self {
            now: t0(),
            under,
            dialler: Dialler::new([a, b, c]),
            answerer: Answerer::new([d, e, f]),
            call: Call::None,
            due: VecDeque::new(),
        };
        world.give(Side::Client, CallInput::Tick, CallInput::Tick);
        world.give(Side::Server, CallInput::Tick, CallInput::Tick);
        world
    }

    fn act(&mut self, act: Act) {
        let under = self.under;
        match act {
            Act::Talk => self.talk(),
            Act::Wait(octet) => self.wait(time(octet)),
            Act::Well => {
                self.well(under);
            }
            Act::Owner(octet, bytes) => self.owner(octet, bytes),
            Act::Line(octet) => self.line(under, stray(octet)),
            Act::Bytes(bytes) => self.line(under, LineEvent::Bytes(&bytes)),
            Act::Frame(number, packet) => {
                let mut line = Vec::new();
                frame(protocol(number), &packet, Framing::DEFAULT, false, &mut line);
                self.line(under, LineEvent::Bytes(&line));
            }
            Act::Flood(octet) => self.line(under, LineEvent::Bytes(&vec![octet; 30_000])),
            Act::Ip(packet) => self.give(under, CallInput::Ip(&packet), CallInput::Ip(&packet)),
            Act::Tick => self.tick(),
            Act::Lose(octet) => {
                let lost = if bit(octet, 0) { under } else { under.other() };
                self.due.retain(|(side, due)| *side != lost || !matches!(due, Due::Bytes(_)));
            }
        }
    }

    /// Hung up and without its line, each end is over, and says so once.
    fn finish(&mut self) {
        self.dial(client::dial::Command::HangUp);
        self.port(server::port::Command::Disconnect);
        self.wait(Duration::from_secs(40));
        self.line(Side::Client, LineEvent::Closed);
        self.line(Side::Server, LineEvent::Closed);
        self.dialler.is_over();
        self.answerer.is_over();
        self.now += Duration::from_secs(1000);
        self.tick();
        for octet in 0..8 {
            self.line(self.under, stray(octet));
            self.owner(octet, Vec::new());
        }
        self.dialler.is_over();
        self.answerer.is_over();
    }

    /// What happens to one of the ends.
    fn line(&mut self, side: Side, event: LineEvent<'_>) {
        self.give(side, CallInput::Line(event.clone()), CallInput::Line(event));
    }

    fn dial(&mut self, command: client::dial::Command) {
        self.give(Side::Client, CallInput::Command(command), CallInput::Tick);
    }

    fn port(&mut self, command: server::port::Command) {
        self.give(Side::Server, CallInput::Tick, CallInput::Command(command));
    }

    /// One of the two inputs, by the end it is for; what that end wants of the line is done.
    fn give(
        &mut self,
        side: Side,
        dial: CallInput<'_, client::dial::Command>,
        port: CallInput<'_, server::port::Command>,
    ) {
        let ops = match side {
            Side::Client => self.dialler.handle(self.now, dial),
            Side::Server => self.answerer.handle(self.now, port),
        };
        ops.into_iter().for_each(|op| self.carry(side, op));
        if side != self.under {
            let mut left = 60;
            while self.well(side) {
                left -= 1;
                assert!(left > 0, "questions without an end");
            }
        }
    }

    /// The owner's next good deed, if there is one to do.
    fn well(&mut self, side: Side) -> bool {
        match side {
            Side::Client => self.dialler.well().map(|command| self.dial_well(command)).is_some(),
            Side::Server => self.answerer.well().map(|command| self.port_well(command)).is_some(),
        }
    }

    fn dial_well(&mut self, command: client::dial::Command) {
        let ops = self.dialler.handle(self.now, CallInput::Command(command));
        ops.into_iter().for_each(|op| self.carry(Side::Client, op));
    }

    fn port_well(&mut self, command: server::port::Command) {
        let ops = self.answerer.handle(self.now, CallInput::Command(command));
        ops.into_iter().for_each(|op| self.carry(Side::Server, op));
    }

    fn owner(&mut self, octet: u8, bytes: Vec<u8>) {
        match self.under {
            Side::Client => {
                let command = self.dialler.command(octet, bytes);
                self.dial(command);
            }
            Side::Server => {
                let command = self.answerer.command(octet, bytes);
                self.port(command);
            }
        }
    }

    /// The line does what it is told.
    fn carry(&mut self, side: Side, op: LineOp) {
        match op {
            LineOp::Open => self.due.push_back((side, Due::Opened)),
            LineOp::Dial(_) if self.call == Call::None => {
                self.call = Call::Ringing(side.other());
                self.due.push_back((side.other(), Due::Ring));
            }
            LineOp::Answer if self.call == Call::Ringing(side) => {
                self.call = Call::Connected;
                self.due.push_back((side, Due::Connected));
                self.due.push_back((side.other(), Due::Connected));
            }
            LineOp::Dial(_) | LineOp::Answer => self.due.push_back((side, Due::Failed)),
            LineOp::Write(bytes) if self.call == Call::Connected => {
                self.due.push_back((side.other(), Due::Bytes(bytes)));
            }
            LineOp::Write(_) => {}
            LineOp::HangUp => self.hang_up(side),
            LineOp::Close => {
                self.hang_up(side);
                self.due.push_back((side, Due::Closed));
            }
        }
    }

    fn hang_up(&mut self, side: Side) {
        self.due.push_back((side, Due::Disconnected));
        if std::mem::replace(&mut self.call, Call::None) != Call::None {
            self.due.push_back((side.other(), Due::Disconnected));
        }
    }

    fn talk(&mut self) {
        for _ in 0..ROUNDS {
            let Some((side, due)) = self.due.pop_front() else { return };
            self.line(side, due.event());
        }
    }

    fn timeout(&self, side: Side) -> Option<Instant> {
        match side {
            Side::Client => self.dialler.timeout(),
            Side::Server => self.answerer.timeout(),
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        let mut in_vain = 0;
        for _ in 0..TICKS {
            self.talk();
            let due = [Side::Client, Side::Server].map(|side| (self.timeout(side), side));
            let first = due.into_iter().filter_map(|(at, side)| Some((at?, side))).min();
            let Some((next, side)) = first.filter(|(next, _)| *next <= end) else { break };
            self.now = self.now.max(next);
            self.give(side, CallInput::Tick, CallInput::Tick);
            in_vain = if self.timeout(side) == Some(next) { in_vain + 1 } else { 0 };
            assert!(in_vain <= TICKS_AT_ONCE, "a deadline of the {side:?} that no tick moves");
        }
        self.now = self.now.max(end);
        self.talk();
    }

    /// One that is not due changes nothing.
    fn tick(&mut self) {
        let under = self.under;
        let before = self.timeout(under);
        let said = self.said();
        self.give(under, CallInput::Tick, CallInput::Tick);
        if before.is_none_or(|due| due > self.now) {
            assert_eq!(self.timeout(under), before, "a spurious tick moves the deadline");
            assert_eq!(self.said(), said, "a spurious tick says something");
        }
    }

    /// How much the end under test has said.
    fn said(&self) -> u64 {
        match self.under {
            Side::Client => self.dialler.said,
            Side::Server => self.answerer.said,
        }
    }
}

/// Any event but bytes.
fn stray(octet: u8) -> LineEvent<'static> {
    match octet % 8 {
        0 => LineEvent::Opened,
        1 => LineEvent::Ring { caller: None },
        2 => LineEvent::Connected { text: "\u{1b}[2J".repeat(usize::from(octet)) },
        3 | 4 => LineEvent::Disconnected,
        5 => LineEvent::Failed(RasError(676)),
        6 => LineEvent::Failed(RasError(u32::from(octet))),
        _ => LineEvent::Closed,
    }
}

/// A sentence for a person has nothing in it that moves a cursor, and has an end.
fn is_a_sentence(text: &str) {
    assert!(!text.chars().any(char::is_control) && !text.is_empty(), "{text:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guard that is never reached guards nothing.
    #[test]
    fn a_good_owner_brings_each_kind_of_call_up() {
        for settings in [
            [0, 0, 1, 1, 0, 2],
            [0, 0, 1, 0, 0, 2],
            [0, 0, 1, 8, 0, 2],
            [0x80, 0, 1, 1, 0, 2],
            [0, 0, 1, 1, 4, 2],
            [0, 0, 1, 0x11, 0, 2],
            [0, 0, 1, 0x31, 0, 2],
            [0x40, 0, 1, 1, 1, 2],
            [0x20, 0, 1, 1, 1, 2],
            [0, 0, 1, 1, 2, 2],
            [2, 0, 1, 1, 0, 2],
            [8, 0, 1, 1, 0, 2],
        ] {
            for under in [Side::Client, Side::Server] {
                let mut world = World::new(settings, under);
                for _ in 0..80 {
                    world.act(Act::Wait(50));
                    world.act(Act::Well);
                    world.act(Act::Well);
                }
                assert!(world.dialler.is_up() && world.answerer.is_up(), "{settings:?} {under:?}");
                world.finish();
            }
        }
    }
}
