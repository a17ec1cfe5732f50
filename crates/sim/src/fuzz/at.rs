//! What modems and computers say to each other: any octets of a modem to the machine that drives one, any octets of a computer to
//! the one that is played. Nothing stalls, nothing grows, and a good modem is brought back from wherever it was left.

use std::time::{Duration, Instant};

use openras_engine::modem::{
    Carrier, Dce, DceInput, DceOutput, DeviceEvent, DeviceOp, Driver, DriverInput, DriverOutput, Event,
    HangUp, Identity, Response, Settings, Speech, Words,
};
use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp, RasError};
use openras_ppp::Machine;

/// More deadlines than this in one stretch of time is a machine that never rests.
const DEADLINES: usize = 2000;
/// What one input may be answered with, in outputs.
const OUTPUTS: usize = 20_000;

/// Runs the body.
pub fn run(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    let words = if kind & 4 == 0 { Words::Text } else { Words::Numbers };
    match kind & 3 {
        0 => speech(words, rest),
        1 | 2 => Driven::new(words, kind).run(rest),
        _ => Played::new().run(rest),
    }
}

/// However the octets are cut, the same is heard before data begins.
fn speech(words: Words, said: &[u8]) {
    let hear = |size: usize| {
        let mut speech = Speech::new(words);
        let mut heard = Vec::new();
        let mut at = 0;
        while let Some(part) = said.get(at..said.len().min(at + size)).filter(|part| !part.is_empty()) {
            let mut rest = part;
            while let Some(response) = speech.next_response(&mut rest) {
                assert!(response.to_string().len() <= 1024, "a line without a bound");
                let connects = matches!(response, Response::Connect { .. });
                heard.push(response);
                if connects {
                    let eaten = part.len() - rest.len();
                    let data: Vec<u8> = said.get(at + eaten..).unwrap_or_default().to_vec();
                    return (heard, speech.data(&data).to_vec());
                }
            }
            at += size;
        }
        (heard, Vec::new())
    };
    let whole = hear(said.len().max(1));
    for size in [1, 3] {
        assert_eq!(hear(size), whole, "cut into {size}");
    }
}

/// A modem that is driven, and what it is told by the input.
struct Driven {
    driver: Driver,
    now: Instant,
    signals: Signals,
    has_signals: bool,
    /// It answers as it should.
    good: bool,
    opened: bool,
}

impl Driven {
    fn new(words: Words, kind: u8) -> Self {
        let bit = |bit: u8| kind & bit != 0;
        let settings = Settings {
            init: vec!["ATZ".into(), "ATE0".into()],
            words,
            rings: 1 + (kind >> 6),
            carrier: if bit(8) { Carrier::Text } else { Carrier::Dcd },
            hang_up: if bit(16) { HangUp::Escape } else { HangUp::Dtr },
            ..Settings::default()
        };
        let now = Instant::now();
        Self {
            driver: Driver::new(settings, now),
            now,
            signals: Signals::default(),
            has_signals: !bit(32),
            good: false,
            opened: false,
        }
    }

    fn run(mut self, mut rest: &[u8]) {
        while let Some((&what, behind)) = rest.split_first() {
            rest = behind;
            match what {
                0x80 => self.op(LineOp::Open),
                0x81 => {
                    self.op(LineOp::Dial(String::from_utf8_lossy(rest.get(..6).unwrap_or_default()).into()))
                }
                0x82 => self.op(LineOp::Answer),
                0x83 => self.op(LineOp::HangUp),
                0x84 => self.op(LineOp::Close),
                0x85 => self.op(LineOp::Write(b"data".to_vec())),
                0x86 => self.give(DriverInput::Device(DeviceEvent::Gone)),
                0x87 => self.give(DriverInput::Device(DeviceEvent::Failed(RasError(651)))),
                0x90..=0x9f => {
                    self.signals = Signals { dcd: what & 1 != 0, ri: what & 2 != 0, dsr: true, cts: true };
                    self.give(DriverInput::Device(DeviceEvent::Signals(self.signals)));
                }
                0xa0..=0xaf => self.pass(Duration::from_millis(1 << (what & 0xf))),
                // a run of octets of the modem
                _ => {
                    let end = rest.iter().position(|octet| *octet >= 0x80).unwrap_or(rest.len());
                    let said: Vec<u8> = [&[what][..], rest.get(..end).unwrap_or_default()].concat();
                    rest = rest.get(end..).unwrap_or_default();
                    self.give(DriverInput::Device(DeviceEvent::Bytes(&said)));
                }
            }
        }
        self.is_brought_back();
    }

    fn op(&mut self, op: LineOp) {
        self.give(DriverInput::Op(op));
    }

    fn give(&mut self, input: DriverInput<'_>) {
        self.driver.handle(self.now, input);
        for n in 0.. {
            assert!(n < OUTPUTS, "more and more outputs");
            match self.driver.poll_output() {
                Some(DriverOutput::Device(op)) => self.device(op),
                Some(DriverOutput::Event(Event::Opened)) => self.opened = true,
                Some(DriverOutput::Event(Event::Closed)) => self.opened = false,
                Some(_) => {}
                None => return,
            }
        }
    }

    fn device(&mut self, op: DeviceOp) {
        let signals = self.has_signals.then_some(self.signals);
        match op {
            DeviceOp::Open => self.give(DriverInput::Device(DeviceEvent::Opened(signals))),
            DeviceOp::Close => self.give(DriverInput::Device(DeviceEvent::Closed)),
            DeviceOp::Dtr(false) if self.good && self.signals.dcd => {
                self.signals.dcd = false;
                self.give(DriverInput::Device(DeviceEvent::Signals(self.signals)));
            }
            DeviceOp::Write(octets) if self.good && octets.ends_with(b"\r") => {
                self.give(DriverInput::Device(DeviceEvent::Bytes(b"\r\n0\r\nOK\r\n")));
            }
            DeviceOp::Write(_) | DeviceOp::Dtr(_) => {}
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for n in 0.. {
            assert!(n < DEADLINES, "a deadline that does not move");
            match self.driver.poll_timeout().filter(|at| *at <= end) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.give(DriverInput::Tick);
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
    }

    /// Whatever was said, a modem that is good again serves a line that is opened anew.
    fn is_brought_back(&mut self) {
        self.good = true;
        self.op(LineOp::HangUp);
        self.pass(Duration::from_secs(200));
        self.op(LineOp::Close);
        self.pass(Duration::from_secs(60));
        self.opened = false;
        self.op(LineOp::Open);
        self.pass(Duration::from_secs(120));
        assert!(self.opened, "not brought back: {:?}", self.driver);
    }
}

/// A modem that is played, for a computer and a network that say anything.
struct Played {
    dce: Dce,
    now: Instant,
}

impl Played {
    fn new() -> Self {
        let now = Instant::now();
        let identity = Identity { speed: 33_600, model: "fuzz".into(), version: "1".into() };
        Self { dce: Dce::new(identity, now), now }
    }

    fn run(mut self, mut rest: &[u8]) {
        while let Some((&what, behind)) = rest.split_first() {
            rest = behind;
            match what {
                0x80 => self.give(DceInput::Dtr(false)),
                0x81 => self.give(DceInput::Dtr(true)),
                0x82 => self.network(LineEvent::Ring { caller: Some("555".into()) }),
                0x83 => self.network(LineEvent::Connected { text: "CONNECT 9600".into() }),
                0x84 => self.network(LineEvent::Disconnected),
                0x85 => self.network(LineEvent::Failed(RasError(676))),
                0x86 => self.network(LineEvent::Bytes(b"\x7e\xff+++")),
                0x87 => self.give(DceInput::RingOver),
                0xa0..=0xaf => self.pass(Duration::from_millis(1 << (what & 0xf))),
                _ => {
                    let end = rest.iter().position(|octet| *octet >= 0x80).unwrap_or(rest.len());
                    let typed: Vec<u8> = [&[what][..], rest.get(..end).unwrap_or_default()].concat();
                    rest = rest.get(end..).unwrap_or_default();
                    self.give(DceInput::Dte(&typed));
                }
            }
        }
        self.takes_commands_again();
    }

    fn network(&mut self, event: LineEvent<'_>) {
        self.give(DceInput::Network(event));
    }

    fn give(&mut self, input: DceInput<'_>) {
        self.dce.handle(self.now, input);
        drop(self.outputs());
    }

    fn outputs(&mut self) -> Vec<DceOutput> {
        let all: Vec<_> = std::iter::from_fn(|| self.dce.poll_output()).take(OUTPUTS).collect();
        assert!(all.len() < OUTPUTS, "more and more outputs");
        for output in &all {
            if let DceOutput::Network(LineOp::Dial(number)) = output {
                assert!(
                    number.len() <= 255 && number.chars().all(|c| !c.is_control()),
                    "{number:?} is dialled"
                );
            }
        }
        all
    }

    /// What the computer is sent.
    fn said(&mut self) -> Vec<u8> {
        let outputs = self.outputs().into_iter();
        let octets = outputs.filter_map(|output| match output {
            DceOutput::Dte(octets) => Some(octets),
            _ => None,
        });
        octets.flatten().collect()
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for n in 0.. {
            assert!(n < DEADLINES, "a deadline that does not move");
            match self.dce.poll_timeout().filter(|at| *at <= end) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.give(DceInput::Tick);
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
    }

    /// However it was set, DTR or the end of the call leads back to commands, and &F to an OK.
    fn takes_commands_again(&mut self) {
        self.network(LineEvent::Disconnected);
        self.network(LineEvent::Failed(RasError(679)));
        self.give(DceInput::RingOver);
        self.pass(Duration::from_secs(300));
        let mut said = Vec::new();
        // S3 may have made another control character the end of a line. What is half typed is ended, a call it dials is aborted
        // and that once more, as what was half typed may have set S3
        let ends = || (0..=32u8).chain([127]);
        for end in ends().chain(ends()) {
            for typed in [&b""[..], b"AT", b"AT", b"AT&F", b"AT"] {
                self.dce.handle(self.now, DceInput::Dte(&[typed, &[end]].concat()));
                said.extend(self.said());
                // what follows a command to dial too soon is not heard (V.250 §5.6.1)
                self.pass(Duration::from_secs(1));
            }
        }
        assert!(said.windows(2).any(|two| two == b"OK"), "{:?}", String::from_utf8_lossy(&said));
    }
}
