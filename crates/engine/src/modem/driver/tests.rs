//! The driver and a modem of the test's own, in conversation on virtual time.

use std::time::{Duration, Instant};

use crate::{LineOp, RasError};
use openras_ppp::Machine;

use super::*;

mod bare;

/// A modem that says what the test gives it, and what became of it all.
struct Bench {
    driver: Driver,
    now: Instant,
    /// Commands and what they are answered with; the first that fits is taken, `None` is silence.
    answers: Vec<(&'static str, Option<&'static str>)>,
    signals: Signals,
    has_signals: bool,
    /// DTR drops the carrier.
    dtr_works: bool,
    /// The escape and ATH drop the carrier.
    escape_works: bool,
    story: Vec<String>,
}

impl Bench {
    #[allow(clippy::disallowed_methods)] // the one place where these tests take the time from
    fn new(settings: Settings) -> Self {
        let now = Instant::now();
        Self {
            driver: Driver::new(settings, now),
            now,
            answers: vec![("AT", Some("\r\nOK\r\n"))],
            signals: Signals { dsr: true, cts: true, ..Signals::default() },
            has_signals: true,
            dtr_works: true,
            escape_works: true,
            story: vec![],
        }
    }

    fn give(&mut self, input: DriverInput<'_>) {
        self.driver.handle(self.now, input);
        while let Some(output) = self.driver.poll_output() {
            match output {
                DriverOutput::Device(op) => self.device(op),
                DriverOutput::Event(event) => self.story.push(format!("{event:?}")),
                DriverOutput::Trouble(trouble) => self.story.push(format!("{trouble:?}")),
                DriverOutput::Said(..) => {}
            }
        }
    }

    fn device(&mut self, op: DeviceOp) {
        match op {
            DeviceOp::Open => {
                self.give(DriverInput::Device(DeviceEvent::Opened(self.has_signals.then_some(self.signals))))
            }
            DeviceOp::Close => self.give(DriverInput::Device(DeviceEvent::Closed)),
            DeviceOp::Dtr(on) => {
                self.story.push(format!("DTR {on}"));
                if !on && self.dtr_works {
                    self.carrier(false);
                }
            }
            DeviceOp::Write(octets) => {
                let text = String::from_utf8_lossy(&octets).trim_end().to_owned();
                self.story.push(format!("> {text}"));
                let answer = self.answers.iter().rev().find(|(command, _)| text.starts_with(command));
                let answer = answer.and_then(|(_, answer)| *answer);
                if text == "ATH0" && self.escape_works {
                    self.carrier(false);
                }
                if let Some(answer) = answer {
                    self.say(answer);
                }
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.give(DriverInput::Device(DeviceEvent::Bytes(text.as_bytes())));
    }

    fn carrier(&mut self, on: bool) {
        if self.signals.dcd != on {
            self.signals.dcd = on;
            self.give(DriverInput::Device(DeviceEvent::Signals(self.signals)));
        }
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..10_000 {
            match self.driver.poll_timeout().filter(|at| *at <= end) {
                Some(at) => {
                    assert!(at >= self.now, "a deadline in the past");
                    self.now = at;
                    self.give(DriverInput::Tick);
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("a deadline that does not move");
    }

    fn op(&mut self, op: LineOp) {
        self.give(DriverInput::Op(op));
    }

    /// What happened since the last look.
    fn look(&mut self) -> Vec<String> {
        std::mem::take(&mut self.story)
    }

    fn open(settings: Settings) -> Self {
        let mut bench = Self::new(settings);
        bench.op(LineOp::Open);
        bench.pass(Duration::from_secs(2));
        assert_eq!(bench.look().last().map(String::as_str), Some("Opened"));
        bench
    }

    fn online(settings: Settings) -> Self {
        let mut bench = Self::open(settings);
        bench.answers.push(("ATDT", Some("\r\nCONNECT 33600\r")));
        bench.op(LineOp::Dial("555".into()));
        bench.carrier(true);
        assert_eq!(bench.look(), ["> ATDT555", "Connected { text: \"CONNECT 33600\" }"]);
        bench
    }
}

fn short() -> Settings {
    Settings { init: vec!["ATZ".into(), "ATE0".into()], ..Settings::default() }
}

fn hear(what: &str) -> Vec<String> {
    what.lines().map(str::to_owned).collect()
}

const SEC: Duration = Duration::from_secs(1);

#[test]
fn a_modem_is_set_up_and_told_to_be_ready() {
    let mut bench = Bench::new(short());
    bench.op(LineOp::Open);
    bench.pass(SEC);
    assert_eq!(bench.look(), hear("DTR true\n> ATZ\n> ATE0\nOpened"));
    bench.pass(3600 * SEC);
    assert_eq!(bench.look(), hear("> ATZ\n> ATE0"), "looked at again within the hour");
    bench.op(LineOp::Close);
    assert_eq!(bench.look(), hear("DTR false\nClosed"));
}

#[test]
fn a_modem_that_is_silent_is_asked_again_reset_and_escaped_from_before_it_is_given_up() {
    let mut bench = Bench::new(short());
    bench.answers = vec![];
    bench.op(LineOp::Open);
    bench.pass(60 * SEC);
    let tried = "DTR true\n> ATZ\n> \n> ATZ\nDTR false\nDTR true\n> ATZ\n> +++\n> ATH0\n> ATZ\n\
                 Some(Silent(\"ATZ\"))\nDTR false\nFailed(DEVICE_NOT_READY)";
    let story: Vec<String> = bench
        .look()
        .into_iter()
        .map(|line| line.replace("Failed(RasError(666 ERROR_DEVICE_NOT_READY))", "Failed(DEVICE_NOT_READY)"))
        .collect();
    assert_eq!(story, hear(tried));
    // and opened anew it comes back, which is said
    bench.answers = vec![("AT", Some("OK\r\n"))];
    bench.op(LineOp::Open);
    bench.pass(SEC);
    assert_eq!(bench.look(), hear("DTR true\n> ATZ\n> ATE0\nNone\nOpened"));
}

#[test]
fn each_remedy_brings_a_modem_back() {
    // which command is heard again only after that remedy
    for remedy in ["> ", "DTR false", "> ATH0"] {
        let mut bench = Bench::new(short());
        bench.answers = vec![];
        bench.op(LineOp::Open);
        for _ in 0..600 {
            bench.pass(SEC / 10);
            if bench.story.iter().any(|line| line == remedy) {
                bench.answers = vec![("AT", Some("OK\r\n"))];
            }
        }
        assert_eq!(bench.look().last().map(String::as_str), Some("Opened"), "{remedy}");
    }
}

#[test]
fn a_command_that_is_refused_is_named() {
    let mut bench = Bench::new(short());
    bench.answers.push(("ATE0", Some("ERROR\r\n")));
    bench.op(LineOp::Open);
    bench.pass(SEC);
    let story = bench.look();
    assert!(story.contains(&"Some(Refuses(\"ATE0\"))".to_owned()), "{story:?}");
    assert_eq!(story.last().unwrap(), &format!("{:?}", Event::Failed(RasError::FROM_DEVICE)));
}

#[test]
fn results_of_dialling_have_their_numbers() {
    for (said, error) in [
        ("BUSY", RasError::LINE_BUSY),
        ("VOICE", RasError::VOICE_ANSWER),
        ("NO ANSWER", RasError::NO_ANSWER),
        ("NO CARRIER", RasError::NO_CARRIER),
        ("NO DIALTONE", RasError::NO_DIALTONE),
        ("ERROR", RasError::FROM_DEVICE),
        ("BLACKLISTED", RasError::FROM_DEVICE),
    ] {
        let mut bench = Bench::open(short());
        bench.answers.push(("ATDT", None));
        bench.op(LineOp::Dial("0,(555) 12".into()));
        bench.pass(20 * SEC);
        bench.say("CARRIER 31200\r\nRINGING\r\n");
        bench.say(&format!("\r\n{said}\r\n"));
        bench.pass(SEC);
        let expected = format!("> ATDT0,55512\n{:?}\n> ATZ\n> ATE0", Event::Failed(error));
        assert_eq!(bench.look(), hear(&expected), "{said}");
    }
    let mut bench = Bench::open(short());
    bench.op(LineOp::Dial("555;H0".into()));
    assert_eq!(bench.look(), [format!("{:?}", Event::Failed(RasError::BAD_PHONE_NUMBER))]);
}

#[test]
fn a_modem_that_never_says_what_became_of_a_call_is_made_to() {
    let mut bench = Bench::open(short());
    bench.answers.push(("ATDT", None));
    bench.answers.push(("", Some("NO CARRIER\r\n")));
    bench.answers.push(("ATDT", None));
    bench.answers.push(("ATZ", Some("OK\r\n")));
    bench.answers.push(("ATE0", Some("OK\r\n")));
    bench.op(LineOp::Dial("555".into()));
    bench.pass(74 * SEC);
    assert_eq!(bench.look(), hear("> ATDT555"));
    bench.pass(3 * SEC);
    let failed = format!("{:?}", Event::Failed(RasError::REQUEST_TIMEOUT));
    assert_eq!(bench.look(), ["> ", "DTR true", &failed, "> ATZ", "> ATE0"]);
}

#[test]
fn a_call_in_is_told_after_its_rings_with_its_number() {
    let mut bench = Bench::open(Settings { rings: 2, ..short() });
    bench.say("\r\nRING\r\n");
    bench.pass(2 * SEC);
    bench.say("\r\nDATE = 0412\r\nTIME = 1530\r\nNMBR = 5551234\r\n");
    bench.pass(4 * SEC);
    assert_eq!(bench.look(), [""; 0]);
    bench.say("\r\nRING\r\n");
    assert_eq!(bench.look(), ["Ring { caller: Some(\"5551234\") }"]);
    bench.answers.push(("ATA", Some("\r\nCONNECT 9600/ARQ\r\n~\u{7f}")));
    bench.op(LineOp::Answer);
    assert_eq!(bench.look(), ["> ATA", "Connected { text: \"CONNECT 9600/ARQ\" }", "Bytes([126, 127])"]);
}

#[test]
fn a_caller_that_gives_up_is_forgotten() {
    let mut bench = Bench::open(Settings { rings: 2, ..short() });
    bench.say("RING\r\nNMBR = 1\r\n");
    bench.pass(11 * SEC);
    bench.say("RING\r\n");
    bench.pass(5 * SEC);
    assert_eq!(bench.look(), [""; 0], "the first ring of another call");
    bench.say("RING\r\n");
    assert_eq!(bench.look(), ["Ring { caller: None }"]);
    bench.answers.push(("ATA", Some("NO CARRIER\r\n")));
    bench.op(LineOp::Answer);
    bench.pass(SEC);
    let failed = format!("{:?}", Event::Failed(RasError::NO_CARRIER));
    assert_eq!(bench.look(), ["> ATA", &failed, "> ATZ", "> ATE0"]);
}

#[test]
fn a_modem_may_ring_by_its_signal() {
    let mut bench = Bench::open(short());
    let ring = Signals { ri: true, ..bench.signals };
    bench.give(DriverInput::Device(DeviceEvent::Signals(ring)));
    assert_eq!(bench.look(), ["Ring { caller: None }"]);
    // the text of the same ring is not another one
    bench.say("RING\r\n");
    assert_eq!(bench.look(), [""; 0]);
}

#[test]
fn who_calls_while_the_modem_is_set_up_need_not_wait_for_the_next_ring() {
    let ringing = Signals { ri: true, ..Signals::default() };
    let rings = [
        (DeviceEvent::Bytes(b"\r\nRING\r\nNMBR = 7\r\n"), "Ring { caller: Some(\"7\") }"),
        (DeviceEvent::Signals(ringing), "Ring { caller: None }"),
    ];
    for (ring, told) in rings {
        let mut bench = Bench::new(short());
        bench.op(LineOp::Open);
        bench.give(DriverInput::Device(ring));
        bench.pass(SEC);
        assert_eq!(bench.look(), ["DTR true", "> ATZ", "> ATE0", "Opened", told]);
        bench.pass(11 * SEC);
        assert!(bench.driver.is_idle(), "the caller has given up");
        // a modem that is brought back: nobody rings any more when it is ready
        bench.pass(3600 * SEC - 12 * SEC);
        assert_eq!(bench.look(), [""; 0]);
        bench.answers.push(("ATZ", None));
        bench.pass(SEC);
        bench.give(DriverInput::Device(ring));
        bench.pass(9 * SEC);
        bench.answers.pop();
        bench.pass(8 * SEC);
        assert_eq!(bench.look().last().map(String::as_str), Some("> ATE0"));
        assert!(bench.driver.is_idle());
    }
}

#[test]
fn lost_carrier_ends_the_call_and_the_modem_is_set_up_anew() {
    let mut bench = Bench::online(short());
    assert!(!bench.driver.passes_through(), "the LF of CONNECT may still come");
    bench.say("\n\r\nNO CARRIER\r\n");
    assert!(bench.driver.passes_through());
    assert_eq!(bench.look().len(), 1, "data may say so too");
    bench.carrier(false);
    assert_eq!(bench.look(), ["Disconnected"]);
    bench.op(LineOp::Dial("666".into()));
    bench.pass(3 * SEC);
    assert_eq!(bench.look()[..4], ["DTR true", "> ATZ", "> ATE0", "> ATDT666"]);
}

#[test]
fn without_dcd_the_text_ends_the_call_when_nothing_follows() {
    let mut bench = Bench::online(Settings { carrier: Carrier::Text, hang_up: HangUp::Escape, ..short() });
    bench.say("a\r\r\nNO CARR");
    bench.say("IER\r\nnot yet");
    bench.pass(5 * SEC);
    assert_eq!(bench.look().len(), 2);
    bench.say("\r\nNO CARRIER\r\n");
    bench.look();
    bench.pass(SEC);
    assert_eq!(bench.look(), [""; 0]);
    bench.pass(SEC);
    assert_eq!(bench.look(), ["Disconnected"]);
}

#[test]
fn a_call_is_hung_up_by_dtr_by_the_escape_or_told_to_hang() {
    let mut bench = Bench::online(short());
    bench.op(LineOp::Write(b"bye".to_vec()));
    bench.op(LineOp::HangUp);
    bench.pass(SEC);
    assert_eq!(bench.look(), hear("> bye\nDTR false\nDTR true\nDisconnected\n> ATZ\n> ATE0"));

    let mut bench = Bench::online(short());
    bench.dtr_works = false;
    bench.op(LineOp::HangUp);
    bench.pass(10 * SEC);
    assert_eq!(
        bench.look(),
        hear("DTR false\nDTR true\n> +++\n> ATH0\nDTR true\nDisconnected\n> ATZ\n> ATE0")
    );

    let mut bench = Bench::online(short());
    (bench.dtr_works, bench.escape_works) = (false, false);
    bench.op(LineOp::HangUp);
    bench.pass(10 * SEC);
    let story = bench.look();
    assert!(
        story.contains(&"Some(NeverHangsUp)".to_owned()) && story.contains(&"Disconnected".to_owned()),
        "{story:?}"
    );
}

#[test]
fn a_dial_that_is_given_up_ends_and_a_call_that_came_about_meanwhile_too() {
    let mut bench = Bench::open(short());
    bench.answers.push(("ATDT", None));
    bench.op(LineOp::Dial("555".into()));
    bench.op(LineOp::HangUp);
    bench.look();
    bench.say("\r\nNO CARRIER\r\n");
    assert_eq!(bench.look(), hear("DTR true\nDisconnected"));

    let mut bench = Bench::open(short());
    bench.answers.push(("ATDT", None));
    bench.op(LineOp::Dial("555".into()));
    bench.op(LineOp::HangUp);
    bench.carrier(true);
    bench.look();
    bench.say("\r\nCONNECT\r\n");
    bench.pass(SEC / 2);
    assert_eq!(bench.look(), hear("DTR false\nDTR true\nDisconnected"));
}

#[test]
fn a_modem_that_answers_by_itself_is_hung_up_and_said_so() {
    let mut bench = Bench::open(short());
    bench.carrier(true);
    bench.say("RING\r\n\r\nCONNECT 2400\r\n");
    bench.pass(SEC);
    let story = bench.look();
    assert_eq!(story[..3], ["Ring { caller: None }", "Some(AnswersItself)", "DTR false"]);
    assert_eq!(story.last().unwrap(), "None", "well again: {story:?}");
}

#[test]
fn an_unplugged_modem_closes_its_line() {
    let mut bench = Bench::online(short());
    bench.give(DriverInput::Device(DeviceEvent::Gone));
    assert_eq!(bench.look(), ["Some(Gone)", "Disconnected", "Closed"]);
    bench.op(LineOp::Open);
    bench.pass(SEC);
    assert_eq!(bench.look().last().unwrap(), "Opened");
}

#[test]
fn operations_that_make_no_sense_are_answered() {
    let mut bench = Bench::new(short());
    let failed = format!("{:?}", Event::Failed(RasError::PORT_NOT_OPEN));
    for (op, answer) in [
        (LineOp::Dial("1".into()), &failed[..]),
        (LineOp::Answer, &failed),
        (LineOp::HangUp, "Disconnected"),
        (LineOp::Close, "Closed"),
    ] {
        bench.op(op);
        assert_eq!(bench.look(), [answer]);
    }
    let mut bench = Bench::online(short());
    bench.op(LineOp::Dial("1".into()));
    bench.op(LineOp::Open);
    assert_eq!(bench.look(), [failed.clone(), failed]);
}

/// A modem of chance: whatever it says and whenever, the driver moves on, and holds little.
#[test]
fn a_modem_that_misbehaves_never_stalls_its_line() {
    let words = [
        "OK\r\n",
        "ERROR\r\n",
        "CONNECT 300\r\n",
        "NO CARRIER\r\n",
        "RING\r\n",
        "\u{0}\u{7f}garbage",
        "BUSY\r\n",
        "",
    ];
    for seed in 0u64..300 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut chance = |most: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % most as u64) as usize
        };
        let mut bench = Bench::new(short());
        bench.answers = vec![];
        bench.dtr_works = chance(2) == 0;
        bench.escape_works = chance(2) == 0;
        bench.op(LineOp::Open);
        for _ in 0..300 {
            match chance(10) {
                0 => bench.op(LineOp::Dial("5".into())),
                1 => bench.op(LineOp::Answer),
                2 => bench.op(LineOp::HangUp),
                3 => bench.carrier(chance(2) == 0),
                4 if chance(20) == 0 => bench.give(DriverInput::Device(DeviceEvent::Gone)),
                4 => bench.op(LineOp::Open),
                _ => bench.say(words[chance(words.len())]),
            }
            bench.pass(Duration::from_millis(chance(4000) as u64));
        }
        assert!(
            bench.driver.cx.waiting.is_none() || bench.driver.poll_timeout().is_some(),
            "{seed}: stalled"
        );
        // in the end a good modem is brought back, whatever state it was left in
        bench.answers = vec![("AT", Some("OK\r\n"))];
        (bench.dtr_works, bench.escape_works) = (true, true);
        bench.op(LineOp::HangUp);
        bench.pass(120 * SEC);
        bench.look();
        bench.op(LineOp::Close);
        bench.op(LineOp::Open);
        bench.pass(120 * SEC);
        assert_eq!(bench.look().last().map(String::as_str), Some("Opened"), "{seed}");
    }
}
