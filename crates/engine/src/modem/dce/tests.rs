//! What a computer sends, and what it gets back; `conversation.txt` has it as a table.

use super::*;

pub(super) struct Desk {
    modem: Dce,
    now: Instant,
    heard: Vec<u8>,
    network: Vec<LineOp>,
    pub(super) signals: Signals,
}

const SEC: Duration = Duration::from_secs(1);

impl Desk {
    #[allow(clippy::disallowed_methods)] // the one place where these tests take the time from
    pub(super) fn new() -> Self {
        let identity = Identity { speed: 33600, model: "OpenRAS modem".into(), version: "1.0".into() };
        let now = Instant::now();
        let modem = Dce::new(identity, now);
        let signals = modem.signals();
        let mut desk = Self { modem, now, heard: vec![], network: vec![], signals };
        desk.drain();
        desk
    }

    fn drain(&mut self) {
        while let Some(output) = self.modem.poll_output() {
            match output {
                DceOutput::Dte(octets) => self.heard.extend(octets),
                DceOutput::Signals(signals) => self.signals = signals,
                DceOutput::Network(op) => self.network.push(op),
            }
        }
    }

    pub(super) fn give(&mut self, input: DceInput<'_>) {
        self.modem.handle(self.now, input);
        self.drain();
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.modem.poll_timeout().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline in the past");
            self.now = at;
            self.give(DceInput::Tick);
        }
        self.now = end;
    }

    /// Types a line, and gives what comes back.
    pub(super) fn says(&mut self, line: &str) -> String {
        self.give(DceInput::Dte(format!("{line}\r").as_bytes()));
        self.hears()
    }

    pub(super) fn hears(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }

    pub(super) fn does(&mut self) -> Vec<LineOp> {
        std::mem::take(&mut self.network)
    }

    fn connect(&mut self) {
        assert_eq!(self.says("ATE0"), "ATE0\r\r\nOK\r\n");
        assert_eq!(self.says("ATDT555"), "");
        assert_eq!(self.does(), [LineOp::Dial("555".into())]);
        self.give(DceInput::Network(LineEvent::Connected { text: String::new() }));
        assert_eq!(self.hears(), "\r\nCONNECT 33600\r\n");
        assert!(self.signals.dcd);
    }

    fn rings(&mut self, caller: Option<&str>) {
        self.give(DceInput::Network(LineEvent::Ring { caller: caller.map(str::to_owned) }));
    }
}

#[test]
fn typing_is_echoed_corrected_and_repeated() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.says("ATS8=\x083\x08\x089?"),
        "ATS8=\x08 \x083\x08 \x08\x08 \x089?\r\r\n006\r\n\r\nOK\r\n"
    );
    desk.says("ATE0");
    desk.says("ATS6?");
    desk.give(DceInput::Dte(b"A/"));
    assert_eq!(desk.hears(), "\r\n002\r\n\r\nOK\r\n");
    let long = format!("AT{}", "E0".repeat(200));
    assert_eq!(desk.says(&long), "\r\nERROR\r\n");
    assert_eq!(desk.says("AT"), "\r\nOK\r\n");
}

/// A line of two million characters is an error, and what is typed for nothing is counted until a line is carried out.
#[test]
fn a_line_without_an_end_is_an_error_and_noise_is_counted() {
    const MANY: usize = 2_000_000;
    let mut desk = Desk::new();
    desk.says("ATE0");
    assert_eq!(desk.modem.noise(), 0);
    desk.give(DceInput::Dte(b"AT"));
    for _ in 0..MANY / 64 {
        desk.give(DceInput::Dte(&[b'A'; 64]));
    }
    assert_eq!((desk.modem.noise(), desk.hears().as_str()), (MANY + 2, ""));
    assert_eq!(desk.says(""), "\r\nERROR\r\n");
    assert_eq!(desk.modem.noise(), MANY + 3, "an error of this kind is no command line");
    assert_eq!(desk.says("AT!"), "\r\nERROR\r\n");
    assert_eq!(desk.modem.noise(), 0);
    // characters that belong to no line get no answer at all
    assert_eq!((desk.says(&"A".repeat(MANY)).as_str(), desk.modem.noise()), ("", MANY + 1));
    assert_eq!(desk.says("AT"), "\r\nOK\r\n");
    assert_eq!(desk.modem.noise(), 0);
}

/// V.250 §5.6.1: what comes in the first 125 ms behind the line is ignored, and all that comes later ends the attempt.
#[test]
fn a_character_ends_the_dialling_from_125_ms_on() {
    for (ms, ends) in [(0, false), (1, false), (124, false), (125, true), (126, true), (20_000, true)] {
        let mut desk = Desk::new();
        desk.says("ATE0");
        desk.hears();
        desk.says("ATD1");
        desk.does();
        desk.pass(Duration::from_millis(ms));
        let (said, ops) = if ends { ("\r\nNO CARRIER\r\n", vec![LineOp::HangUp]) } else { ("", vec![]) };
        assert_eq!((desk.says("").as_str(), desk.does()), (said, ops), "{ms} ms");
        desk.pass(Duration::from_millis(125));
        let said = if ends { "" } else { "\r\nNO CARRIER\r\n" };
        assert_eq!(desk.says(""), said, "again, {ms} ms");
    }
}

#[test]
fn a_profile_is_kept_and_brought_back() {
    let mut desk = Desk::new();
    desk.says("ATE0S0=3X1&W");
    desk.says("AT&F");
    assert_eq!(desk.says("ATE0S0?"), "ATE0S0?\r\r\n000\r\n\r\nOK\r\n");
    assert_eq!(desk.says("ATZ"), "\r\nOK\r\n");
    assert_eq!(desk.says("ATS0?"), "\r\n003\r\n\r\nOK\r\n");
    let seen = desk.says("AT&V");
    assert!(seen.contains("E0 Q0 V1 X1 &C1 &D2 &S0") && seen.contains("S00:003"), "{seen}");
}

#[test]
fn numbers_are_dialled_as_they_are_meant() {
    let mut desk = Desk::new();
    desk.says("ATE0&Z2=T0,777");
    for (line, number) in [
        ("ATDT 0-555 12", "055512"),
        ("ATDP9,W(30)@1", "9301"),
        ("ATD*70#", "*70#"),
        ("atdl", "*70#"),
        ("ATDS=2", "0777"),
    ] {
        assert_eq!(desk.says(line), "", "{line}");
        assert_eq!(desk.does(), [LineOp::Dial(number.into())], "{line}");
        desk.give(DceInput::Network(LineEvent::Failed(RasError::LINE_BUSY)));
        assert_eq!(desk.hears(), "\r\nBUSY\r\n");
    }
}

#[test]
fn what_became_of_a_call_is_said_as_x_allows() {
    for (x, error, said) in [
        (4, RasError::LINE_BUSY, "BUSY"),
        (2, RasError::LINE_BUSY, "NO CARRIER"),
        (4, RasError::NO_DIALTONE, "NO DIALTONE"),
        (3, RasError::NO_DIALTONE, "NO CARRIER"),
        (0, RasError::NO_ANSWER, "NO ANSWER"),
        (4, RasError::ACCESS_DENIED, "NO CARRIER"),
    ] {
        let mut desk = Desk::new();
        desk.says(&format!("ATE0X{x}"));
        desk.hears();
        desk.says("ATD1");
        desk.give(DceInput::Network(LineEvent::Failed(error)));
        assert_eq!(desk.hears(), format!("\r\n{said}\r\n"), "X{x} {error}");
    }
    for (set, text, said) in [
        ("X0", "", "\r\nCONNECT\r\n"),
        ("", "", "\r\nCONNECT 33600\r\n"),
        ("", "CONNECT 9600/ARQ", "\r\nCONNECT 9600\r\n"),
        ("V0", "9600", "12\r"),
        ("V0", "31200", "1\r"),
    ] {
        let mut desk = Desk::new();
        desk.says(&format!("ATE0{set}"));
        desk.hears();
        desk.says("ATD1");
        desk.give(DceInput::Network(LineEvent::Connected { text: text.into() }));
        assert_eq!(desk.hears(), said, "{set} {text}");
    }
}

#[test]
fn a_call_that_does_not_come_about_ends_by_s7_or_any_character() {
    let mut desk = Desk::new();
    desk.says("ATE0S7=20");
    desk.hears();
    desk.says("ATD1");
    desk.pass(19 * SEC);
    assert_eq!(desk.hears(), "");
    desk.pass(SEC);
    assert_eq!(desk.hears(), "\r\nNO CARRIER\r\n");
    assert_eq!(desk.does(), [LineOp::Dial("1".into()), LineOp::HangUp]);
    desk.says("ATD1");
    desk.pass(Duration::from_millis(125));
    desk.give(DceInput::Dte(b" "));
    assert_eq!(desk.hears(), "\r\nNO CARRIER\r\n");
    // too late
    desk.give(DceInput::Network(LineEvent::Connected { text: String::new() }));
    assert_eq!((desk.hears().as_str(), desk.signals.dcd), ("", false));
}

#[test]
fn data_goes_through_and_the_escape_leads_out_and_back() {
    let mut desk = Desk::new();
    desk.connect();
    desk.give(DceInput::Dte(b"ATH\r~\xff"));
    assert_eq!(desk.does(), [LineOp::Write(b"ATH\r~\xff".to_vec())]);
    desk.give(DceInput::Network(LineEvent::Bytes(b"OK\xff")));
    assert_eq!(std::mem::take(&mut desk.heard), b"OK\xff");
    desk.pass(SEC);
    desk.give(DceInput::Dte(b"+++"));
    desk.pass(SEC - Duration::from_millis(1));
    assert_eq!(desk.hears(), "");
    desk.pass(Duration::from_millis(1));
    assert_eq!(desk.hears(), "\r\nOK\r\n");
    assert_eq!(desk.does(), [LineOp::Write(b"+++".to_vec())]);
    assert!(desk.signals.dcd, "the call stands");
    assert_eq!(desk.says("ATD5"), "\r\nERROR\r\n");
    assert_eq!(desk.says("ATO"), "\r\nCONNECT 33600\r\n");
    desk.give(DceInput::Dte(b"x"));
    assert_eq!(desk.does(), [LineOp::Write(b"x".to_vec())]);
    // three characters with something behind them are data
    desk.pass(SEC);
    desk.give(DceInput::Dte(b"+++"));
    desk.give(DceInput::Dte(b"ATH\r"));
    desk.pass(2 * SEC);
    assert_eq!(desk.hears(), "");
    desk.give(DceInput::Dte(b"+++"));
    desk.pass(SEC);
    assert_eq!(desk.hears(), "\r\nOK\r\n");
    assert_eq!(desk.says("ATH"), "\r\nOK\r\n");
    assert_eq!((desk.does().pop(), desk.signals.dcd), (Some(LineOp::HangUp), false));
}

#[test]
fn a_lost_call_is_no_carrier_in_data_and_command_state() {
    let mut desk = Desk::new();
    desk.connect();
    desk.give(DceInput::Network(LineEvent::Disconnected));
    assert_eq!((desk.hears().as_str(), desk.signals.dcd), ("\r\nNO CARRIER\r\n", false));
    desk.says("ATE1");
    desk.connect();
    desk.pass(SEC);
    desk.give(DceInput::Dte(b"+++"));
    desk.pass(SEC);
    desk.hears();
    desk.give(DceInput::Network(LineEvent::Disconnected));
    assert_eq!(desk.hears(), "\r\nNO CARRIER\r\n");
    assert_eq!(desk.says("ATO"), "\r\nNO CARRIER\r\n");
}

#[test]
fn dtr_does_what_d_says() {
    for (d, said, ends) in [
        (0, "", false),
        (1, "\r\nOK\r\n", false),
        (2, "\r\nNO CARRIER\r\n", true),
        (3, "\r\nNO CARRIER\r\n", true),
    ] {
        let mut desk = Desk::new();
        desk.says(&format!("AT&D{d}"));
        desk.hears();
        desk.connect();
        desk.give(DceInput::Dtr(false));
        desk.pass(Duration::from_millis(40));
        assert_eq!(desk.hears(), "", "too short");
        desk.pass(Duration::from_millis(10));
        assert_eq!(desk.hears(), said, "&D{d}");
        assert_eq!(desk.does() == [LineOp::HangUp], ends, "&D{d}");
        assert_eq!(desk.signals.dcd, !ends);
        desk.give(DceInput::Dtr(true));
        if ends {
            // &D3 has brought the echo back
            assert_eq!(desk.says("AT").starts_with("AT"), d == 3);
        }
    }
}

#[test]
fn it_rings_in_its_cadence_and_says_who_calls() {
    let mut desk = Desk::new();
    desk.says("ATE0+VCID=1");
    desk.hears();
    desk.rings(Some("030\r555"));
    assert_eq!(desk.hears(), "\r\nRING\r\n\r\nNMBR = 030555\r\n");
    assert!(desk.signals.ri);
    desk.pass(2 * SEC);
    assert!(!desk.signals.ri);
    desk.pass(4 * SEC);
    assert_eq!(desk.hears(), "\r\nRING\r\n");
    assert_eq!(desk.says("ATS1?"), "\r\n002\r\n\r\nOK\r\n");
    assert_eq!(desk.says("ATA"), "");
    assert_eq!(desk.does(), [LineOp::Answer]);
    desk.pass(7 * SEC);
    assert_eq!(desk.hears(), "", "answered, it rings no more");
    desk.give(DceInput::Network(LineEvent::Connected { text: "2400".into() }));
    assert_eq!(desk.hears(), "\r\nCONNECT 2400\r\n");
}

#[test]
fn it_answers_by_itself_after_s0_rings_while_dtr_is_on() {
    let mut desk = Desk::new();
    desk.says("ATE0S0=2");
    desk.rings(None);
    desk.pass(5 * SEC);
    assert_eq!(desk.does(), []);
    desk.pass(SEC);
    assert_eq!(desk.does(), [LineOp::Answer]);

    let mut desk = Desk::new();
    desk.says("ATE0S0=1");
    desk.give(DceInput::Dtr(false));
    desk.rings(None);
    desk.pass(30 * SEC);
    assert_eq!(desk.does(), []);
    desk.give(DceInput::RingOver);
    desk.hears();
    desk.pass(30 * SEC);
    assert_eq!((desk.hears().as_str(), desk.signals.ri), ("", false), "the caller has given up");
    assert_eq!(desk.says("ATA"), "\r\nNO CARRIER\r\n");
}

#[test]
fn signals_follow_or_not() {
    let mut desk = Desk::new();
    assert_eq!(desk.signals, Signals { dsr: true, cts: true, ..Signals::default() });
    desk.says("AT&C0&S1");
    assert_eq!(desk.signals, Signals { dcd: true, cts: true, ..Signals::default() });
}

/// Our two halves: what the driver sends, this modem understands.
#[test]
fn the_driver_of_modems_drives_this_one() {
    use crate::modem::{DeviceEvent, DeviceOp, Driver, DriverInput, DriverOutput, Event, Settings};

    let mut desk = Desk::new();
    let mut driver = Driver::new(Settings::default(), desk.now);
    let mut events = vec![];
    driver.handle(desk.now, DriverInput::Op(LineOp::Open));
    let end = desk.now + 30 * SEC;
    while desk.now < end && events.len() < 4 {
        while let Some(output) = driver.poll_output() {
            match output {
                DriverOutput::Device(DeviceOp::Open) => {
                    driver.handle(desk.now, DriverInput::Device(DeviceEvent::Opened(Some(desk.signals))));
                }
                DriverOutput::Device(DeviceOp::Write(octets)) => desk.give(DceInput::Dte(&octets)),
                DriverOutput::Device(DeviceOp::Dtr(on)) => desk.give(DceInput::Dtr(on)),
                DriverOutput::Event(event) => events.push(event),
                _ => {}
            }
        }
        for op in desk.does() {
            match op {
                LineOp::Dial(_) => desk.give(DceInput::Network(LineEvent::Connected { text: String::new() })),
                LineOp::Write(octets) => desk.give(DceInput::Network(LineEvent::Bytes(&octets))),
                _ => {}
            }
        }
        let heard = std::mem::take(&mut desk.heard);
        driver.handle(desk.now, DriverInput::Device(DeviceEvent::Signals(desk.signals)));
        if !heard.is_empty() {
            driver.handle(desk.now, DriverInput::Device(DeviceEvent::Bytes(&heard)));
            continue;
        }
        match events.len() {
            1 => driver.handle(desk.now, DriverInput::Op(LineOp::Dial("5".into()))),
            2 => driver.handle(desk.now, DriverInput::Op(LineOp::Write(b"echo".to_vec()))),
            3 => driver.handle(desk.now, DriverInput::Op(LineOp::HangUp)),
            _ => {}
        }
        desk.pass(Duration::from_millis(100));
        driver.handle(desk.now, DriverInput::Tick);
    }
    let expected = [
        Event::Opened,
        Event::Connected { text: "CONNECT 33600".into() },
        Event::Bytes(b"echo".to_vec()),
        Event::Disconnected,
    ];
    assert_eq!(events, expected);
}

#[test]
fn noise_neither_panics_nor_heaps_up() {
    let mut state = 88_172_645_463_325_252u64;
    let mut desk = Desk::new();
    for round in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let octets = state.to_le_bytes();
        match round % 7 {
            0 => desk.give(DceInput::Dtr(octets[0] & 1 == 0)),
            1 => desk.rings(None),
            2 => desk.give(DceInput::Network(LineEvent::Connected { text: String::new() })),
            3 if octets[0] < 40 => desk.give(DceInput::Network(LineEvent::Disconnected)),
            4 => desk.give(DceInput::Dte(b"ATD1\r")),
            _ => desk.give(DceInput::Dte(&octets)),
        }
        desk.pass(Duration::from_millis(u64::from(octets[1]) * 10));
        assert!(desk.heard.len() < 10_000);
        desk.heard.clear();
        desk.network.clear();
    }
    desk.give(DceInput::Dtr(true));
    desk.give(DceInput::Network(LineEvent::Disconnected));
    desk.give(DceInput::Dte(b"\r\x0d*\n"));
    desk.modem.profile = Profile::default();
    assert!(desk.says("AT").ends_with("\r\nOK\r\n"));
}
