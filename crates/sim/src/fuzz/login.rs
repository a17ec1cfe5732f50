//! A port with a login prompt, whoever types there and whatever the service answers: nothing is up before somebody has
//! proved something, a call has three questions, and what is written is bounded.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_engine::server::Port;
use openras_engine::server::dialog::{DialogCommand, DialogOutput, DialogVerdict};
use openras_engine::server::login::{AfterLogin, LoginMode};
use openras_engine::server::port::{
    Admission, Answer, Ask, Command, Notice, PortConfig, PortEvent, wrong_credentials,
};
use openras_engine::users::CallbackRight;
use openras_engine::{CallInput, CallOutput, LineEvent, LineOp, RasError};
use openras_ppp::{AuthMethod, Machine, Proof, Verdict};

use arbitrary::Unstructured;

use super::script;
use crate::calls::port_config;

/// Most inputs of one story.
const STEPS: usize = 400;
/// The most a port says to one input; an editor answers an octet with three.
const SAID: usize = 16 * 1024;
/// A datagram of SLIP that is whole.
const DATAGRAM: &[u8] = &[
    0xc0, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0x66, 0x4e, 10, 64, 0, 2, 10, 64, 0, 1, 0, 7, 0, 7, 0, 8, 0, 0,
    0xc0,
];
const PPP: &[u8] = &[0x7e, 0xff, 0x7d, 0x23, 0xc0, 0x21];
/// What users can have.
const MENUS: [&[&str]; 4] = [&["ppp"], &["cslip"], &["slip", "bbs", "ppp"], &["bbs"]];

/// Runs the body.
pub fn run(data: &[u8]) {
    let (settings, rest) = data.split_at(data.len().min(3));
    let mut world = World::new(settings);
    let mut story = Unstructured::new(rest);
    for _ in 0..STEPS {
        if story.is_empty() {
            break;
        }
        let step = script::octet(&mut story);
        world.step(step, &mut story);
    }
    world.hang_up();
}

/// As [`run`], with somebody who has logged in and has CSLIP: all that follows is datagrams.
pub fn run_slip(data: &[u8]) {
    let mut world = World::new(&[1, 1, 0]);
    world.input(CallInput::Line(LineEvent::Bytes(b"alice\rsecret\r")));
    while world.open.is_some() {
        world.answer(true);
    }
    assert!(world.up, "it has CSLIP");
    for chunk in data.chunks(97) {
        world.input(CallInput::Line(LineEvent::Bytes(chunk)));
        world.input(CallInput::Ip(chunk));
    }
    world.hang_up();
}

struct World {
    port: Port,
    now: Instant,
    services: &'static [&'static str],
    right: CallbackRight,
    modules: usize,
    open: Option<Ask>,
    dialog: bool,
    asked: u32,
    accepted: bool,
    passed: bool,
    stream: bool,
    up: bool,
    down: bool,
    over: bool,
    hung_up: bool,
}

impl World {
    fn new(settings: &[u8]) -> Self {
        let bits = |n: usize| settings.get(n).copied().unwrap_or_default();
        let modules: &[&str] = if bits(0) & 4 != 0 { &["totp"] } else { &[] };
        let mut config: PortConfig = port_config(&[AuthMethod::MsChapV2], modules);
        config.login.mode = if bits(0) & 1 != 0 { LoginMode::Prompt } else { LoginMode::Auto };
        config.login.menu_always = bits(0) & 8 != 0;
        config.login.null_modem = bits(0) & 16 != 0;
        config.login.after = if bits(0) & 32 != 0 { AfterLogin::Auth } else { AfterLogin::Trusted };
        let right = match bits(0) >> 6 {
            3 => CallbackRight::Preset("5551212".to_owned()),
            _ => CallbackRight::None,
        };
        let mut world = Self {
            port: Port::new(config, [bits(2); 32]),
            now: crate::pair::t0(),
            services: MENUS.get(usize::from(bits(1) & 3)).copied().unwrap_or_default(),
            right,
            modules: modules.len(),
            open: None,
            dialog: false,
            asked: 0,
            accepted: false,
            passed: false,
            stream: false,
            up: false,
            down: false,
            over: false,
            hung_up: false,
        };
        world.input(CallInput::Tick);
        world.input(CallInput::Line(LineEvent::Ring { caller: None }));
        world
    }

    fn step(&mut self, step: u8, story: &mut Unstructured<'_>) {
        let typed = |text: &[u8]| text.to_vec();
        let bytes = match step & 15 {
            0..=3 => script::octets(story),
            4 => typed(b"alice\r"),
            5 => typed(b"secret\r"),
            6 => typed(PPP),
            7 => typed(DATAGRAM),
            8 => typed(b"alice\rsecret\r2\r"),
            9 | 10 => return self.answer(step & 15 == 9),
            11 => return self.wait(),
            12 => return self.input(CallInput::Ip(DATAGRAM.get(1..29).unwrap_or_default())),
            13 => return self.input(CallInput::Ip(&[])),
            14 if self.dialog => {
                let (user, domain) = ("alice".to_owned(), String::new());
                let verdict = DialogVerdict::Success { user, domain };
                return self.input(CallInput::Command(Command::Dialog(DialogCommand::Complete(verdict))));
            }
            _ => vec![b'\r'; usize::from(step >> 4) + 1],
        };
        self.input(CallInput::Line(LineEvent::Bytes(&bytes)));
    }

    fn wait(&mut self) {
        if let Some(until) = self.port.poll_timeout() {
            self.now = self.now.max(until);
            self.input(CallInput::Tick);
            let next = self.port.poll_timeout();
            assert!(
                next.is_none_or(|next| next > self.now || self.port_may_hurry()),
                "a deadline that stays"
            );
        }
    }

    /// PPP asks for a tick at once at each of its phases.
    fn port_may_hurry(&mut self) -> bool {
        for _ in 0..100 {
            self.input(CallInput::Tick);
            if self.port.poll_timeout().is_none_or(|next| next > self.now) {
                return true;
            }
        }
        false
    }

    fn answer(&mut self, well: bool) {
        let Some(ask) = self.open.take() else { return };
        let accept = Verdict::Accept { authenticator_response: None, message: String::new() };
        let refused = || Err(RasError::UNKNOWN);
        let answer = match ask {
            Ask::SecurityBegin { .. } => {
                self.dialog = well;
                Answer::Begun(if well { Ok(()) } else { refused() })
            }
            Ask::Verify(claim) => {
                self.accepted |= well;
                let expired = self.asked == 2 && matches!(claim.proof, Proof::Pap { .. });
                Answer::Verdict(match well {
                    true => accept,
                    false if expired => Verdict::Refuse {
                        error: RasError::PASSWD_EXPIRED.0,
                        retry: false,
                        challenge: None,
                        message: String::new(),
                    },
                    false => wrong_credentials(),
                })
            }
            Ask::Admit { .. } => {
                let services = self.services.iter().map(|one| (*one).to_owned()).collect();
                let admission = Admission { callback: self.right.clone(), services, ..Admission::default() };
                Answer::Admit(if well { Ok(admission) } else { Err(RasError::UNKNOWN) })
            }
            Ask::CallbackTo { .. } => Answer::CallbackTo(well),
            Ask::Address { .. } => Answer::Address(well.then_some(Ipv4Addr::new(10, 64, 0, 2))),
            Ask::Target { .. } => {
                self.stream = well;
                Answer::Target(if well { Ok(()) } else { refused() })
            }
        };
        self.input(CallInput::Command(Command::Answer(answer)));
    }

    fn hang_up(&mut self) {
        self.hung_up = true;
        self.input(CallInput::Line(LineEvent::Disconnected));
        for _ in 0..100 {
            if self.over {
                break;
            }
            self.now += Duration::from_secs(3600);
            self.input(CallInput::Tick);
        }
        assert!(self.over, "it never ends");
        assert_eq!(self.port.poll_timeout(), None);
    }

    fn input(&mut self, input: CallInput<'_, Command>) {
        if self.over {
            return;
        }
        let came = match &input {
            CallInput::Line(LineEvent::Bytes(bytes)) | CallInput::Ip(bytes) => bytes.len(),
            _ => 0,
        };
        let mut inputs = self.take(input, came);
        while let Some(event) = inputs.pop() {
            inputs.extend(self.take(CallInput::Line(event), 0));
        }
    }

    /// One input; what the line says to it.
    fn take(&mut self, input: CallInput<'_, Command>, came: usize) -> Vec<LineEvent<'static>> {
        self.port.handle(self.now, input);
        let (mut events, mut said) = (Vec::new(), 0);
        while let Some(output) = self.port.poll_output() {
            assert!(!self.over, "{output:?} after Ended");
            match output {
                CallOutput::Line(LineOp::Write(bytes)) => said += bytes.len(),
                CallOutput::Line(LineOp::Open) => events.push(LineEvent::Opened),
                CallOutput::Line(LineOp::Answer) => {
                    events.push(LineEvent::Connected { text: String::new() });
                }
                CallOutput::Line(LineOp::HangUp) => events.push(LineEvent::Disconnected),
                CallOutput::Line(LineOp::Close) => events.push(LineEvent::Closed),
                CallOutput::Line(LineOp::Dial(_)) => events.push(LineEvent::Failed(RasError::LINE_BUSY)),
                CallOutput::Ip(packet) => self.packet(&packet),
                CallOutput::Up(_) => self.is_up(),
                CallOutput::Notice(notice) => self.notice(notice),
                CallOutput::Ended => {
                    assert!(self.down, "over without an end");
                    self.over = true;
                }
            }
        }
        assert!(said <= SAID + 16 * came, "{said} octets for {came}");
        events
    }

    fn is_up(&mut self) {
        assert!(self.passed && self.accepted && self.modules == 0, "nobody has proved anything");
        assert!(!matches!(self.right, CallbackRight::Preset(_)), "up without the callback");
        self.up = true;
    }

    fn packet(&self, packet: &[u8]) {
        assert!(self.up && self.passed, "a packet before anybody is up");
        if !self.stream {
            let total = packet
                .get(2..4)
                .map_or(0, |two| two.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)));
            assert!(
                packet.first().is_some_and(|first| first >> 4 == 4) && total == packet.len(),
                "{packet:x?}"
            );
        }
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Ask(ask) => {
                assert!(self.open.is_none(), "{ask:?} while another is open");
                // a change of password is part of the question before it
                if matches!(&ask, Ask::Verify(claim) if !matches!(claim.proof, Proof::ChangeV2 { .. })) {
                    assert_eq!(self.modules, 0, "a password before the modules are done");
                    self.asked += 1;
                    assert!(self.asked <= 4, "{} questions", self.asked);
                }
                if matches!(ask, Ask::Target { .. } | Ask::Address { .. }) {
                    assert!(self.accepted && self.modules == 0, "{ask:?} for nobody");
                }
                self.open = Some(ask);
            }
            Notice::Dialog(DialogOutput::End) => self.dialog = false,
            Notice::Dialog(_) => {}
            Notice::Event(PortEvent::DialogEnded(_, DialogVerdict::Success { .. })) => self.modules -= 1,
            Notice::Event(PortEvent::LoggedIn(_) | PortEvent::Authenticated(_)) => {
                assert!(self.accepted, "let in without a verdict");
                self.passed = true;
            }
            Notice::Event(PortEvent::Down(end)) => {
                assert!(!std::mem::replace(&mut self.down, true), "a second end");
                self.open = None;
                assert!(end.why.ends_with('.') && end.remedy.ends_with('.'), "{end:?}");
            }
            Notice::Event(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    /// Stories whose steps mostly make sense get far; these are counted, so that the promises are of something.
    #[test]
    fn good_stories_come_to_ppp_to_slip_and_to_a_service() {
        for (menu, typed) in [(0, b"\x08"), (1, b"\x08"), (3, b"\x08")] {
            let mut world = World::new(&[1, menu, 0]);
            for step in typed.iter().chain(b"\x09\x09\x09") {
                world.step(*step, &mut Unstructured::new(&[]));
            }
            assert!(world.passed && world.up == (menu != 0) && world.stream == (menu == 3), "menu {menu}");
            world.hang_up();
        }
    }

    /// Octets that mean something in a story more often than others.
    fn story(random: &mut ChaCha8Rng, often: &[u8]) -> Vec<u8> {
        let length = random.next_u32() % 150;
        let octet = |random: &mut ChaCha8Rng| {
            let number = random.next_u32();
            let known = often.get(number as usize >> 8 & 31).copied();
            known.unwrap_or_else(|| number.to_be_bytes()[0])
        };
        (0..length).map(|_| octet(random)).collect()
    }

    #[test]
    fn any_story_keeps_the_promises() {
        let mut random = ChaCha8Rng::seed_from_u64(17);
        for _ in 0..3000 {
            let often = [4, 5, 6, 7, 8, 9, 9, 9, 10, 11, 11, 12, 13, 14, 14, 0, 1, 2, 8, 9, 9, 9];
            run(&story(&mut random, &often));
            run_slip(&story(&mut random, &[0xc0, 0xc0, 0xdb, 0x70, 0x90, 0x45, 0xdc, 0x00, 0xff, 0xc0]));
        }
    }
}
