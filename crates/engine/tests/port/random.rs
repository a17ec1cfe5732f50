//! Any order of inputs: no panic, at most one open question, one end, and no network before every factor has passed.

use std::time::Duration;

use openras_engine::server::dialog::{
    AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo, PppInDialog,
};
use openras_engine::server::port::{Admission, Answer, Ask, Command, NameCheck, PortConfig, PortEvent};
use openras_engine::users::CallbackRight;
use openras_engine::{CallInput, LineEvent, LineOp, RasError};
use openras_ppp::ask::CallbackChoice;
use openras_ppp::config::{CallbackConfig, Role};
use openras_ppp::{
    Answer as PppAnswer, Ask as PppAsk, Command as PppCommand, Config, Event, Input, Machine, Output, Ppp,
    Verdict,
};
use proptest::prelude::*;

use crate::bench::{Bench, config, success};
use crate::call::{PASSWORD, client, unframe};

#[derive(Clone, Debug)]
enum Op {
    /// Whatever brings the call forward now.
    Forward,
    Answer(usize),
    Dialog(usize),
    Disconnect,
    Line(usize),
    Bytes(Vec<u8>),
    Ip,
    /// The client's and the port's bytes cross.
    Talk,
    Pass(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let opening = Just(vec![0x7e, 0xff, 0x7d, 0x23, 0xc0, 0x21]);
    let bytes = prop_oneof![opening, Just(b"123456\r\n".to_vec()), prop::collection::vec(any::<u8>(), 0..40)];
    prop_oneof![
        30 => Just(Op::Forward),
        6 => (0..11_usize).prop_map(Op::Answer),
        6 => (0..12_usize).prop_map(Op::Dialog),
        1 => Just(Op::Disconnect),
        3 => (0..8_usize).prop_map(Op::Line),
        3 => bytes.prop_map(Op::Bytes),
        2 => Just(Op::Ip),
        8 => Just(Op::Talk),
        6 => prop_oneof![0..5_u64, 0..400_u64].prop_map(Op::Pass),
    ]
}

#[derive(Clone, Debug)]
struct Setting {
    modules: usize,
    callback: bool,
    open: bool,
    check: NameCheck,
    user: &'static str,
    right: usize,
}

fn setting() -> impl Strategy<Value = Setting> {
    let check = prop_oneof![Just(NameCheck::Require), Just(NameCheck::Warn), Just(NameCheck::Off)];
    let user = prop_oneof![Just("alice"), Just("bob")];
    (0..3_usize, any::<bool>(), prop::bool::weighted(0.1), check, user, 0..3_usize).prop_map(
        |(modules, callback, open, check, user, right)| Setting {
            modules,
            callback,
            open,
            check,
            user,
            right,
        },
    )
}

struct World {
    setting: Setting,
    bench: Bench,
    client: Ppp,
    /// The question the owner has not answered yet.
    open: Option<Ask>,
    begun: bool,
    requests: usize,
    ops_seen: usize,
    events_seen: usize,
    heard_seen: usize,
    passed_modules: usize,
    /// The owner has accepted a claim.
    accepted: bool,
    authenticated: bool,
    legs: u8,
}

impl World {
    fn new(setting: Setting) -> Self {
        let modules = ["a", "b", "c"];
        let mut port = PortConfig {
            callback: setting.callback,
            name_check: setting.check,
            ..config(modules.get(..setting.modules).unwrap_or_default())
        };
        if setting.open {
            port.ppp.authenticate_peer.clear();
        }
        let mut bench = Bench::new(port);
        bench.obliging = false;
        bench.drain();
        Self {
            client: Self::client(&setting, 1),
            setting,
            bench,
            open: None,
            begun: false,
            requests: 0,
            ops_seen: 0,
            events_seen: 0,
            heard_seen: 0,
            passed_modules: 0,
            accepted: false,
            authenticated: false,
            legs: 0,
        }
    }

    fn client(setting: &Setting, leg: u8) -> Ppp {
        let config = client(setting.user, PASSWORD);
        let callback = CallbackConfig { enabled: leg == 1, delay: 3 };
        let role = if leg == 1 { Role::Caller } else { Role::Answerer };
        Ppp::new(Config { callback, role, ..config }, [leg; 32])
    }

    fn right(&self) -> CallbackRight {
        match self.setting.right {
            0 => CallbackRight::None,
            1 => CallbackRight::Caller { allow: vec!["555".into()] },
            _ => CallbackRight::Preset("555 12-12".into()),
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Forward => self.forward(),
            Op::Answer(which) => self.answer(which),
            Op::Dialog(which) => self.dialog(which),
            Op::Disconnect => self.bench.command(Command::Disconnect),
            Op::Line(which) => self.line(which),
            Op::Bytes(bytes) => self.bench.bytes(&bytes),
            Op::Ip => self.bench.input(CallInput::Ip(&[0x45; 20])),
            Op::Talk => self.talk(),
            Op::Pass(seconds) => self.pass(Duration::from_secs(seconds)),
        }
        self.check();
    }

    fn pass(&mut self, time: Duration) {
        // what a tick says is looked at before the next one
        self.bench.pass(time);
        self.client.handle(self.bench.now, Input::Tick);
    }

    fn forward(&mut self) {
        if let Some(ask) = &self.open {
            let answer = match ask {
                Ask::SecurityBegin { .. } => 0,
                Ask::Verify(_) => 2,
                Ask::Admit { .. } => 5,
                Ask::CallbackTo { .. } => 7,
                Ask::Address { .. } | Ask::Target { .. } => 9,
            };
            return self.answer(answer);
        }
        if self.begun {
            return self.dialog(4);
        }
        match self.bench.ops.last() {
            Some(LineOp::Open) => self.line(0),
            Some(LineOp::Answer) if self.legs == 0 => self.line(2),
            Some(LineOp::Dial(_)) if self.legs == 1 => self.line(2),
            Some(LineOp::HangUp) => self.line(3),
            Some(LineOp::Close) => self.line(5),
            _ => {}
        }
        if self.legs == 0 && self.bench.ops.len() == 1 {
            self.line(1);
        }
        self.talk();
        self.pass(Duration::from_secs(1));
        self.talk();
    }

    fn line(&mut self, which: usize) {
        self.bench.line(match which {
            0 => LineEvent::Opened,
            1 => LineEvent::Ring { caller: None },
            2 => LineEvent::Connected { text: String::new() },
            3 => LineEvent::Disconnected,
            4 => LineEvent::Failed(RasError::LINE_BUSY),
            5 => LineEvent::Closed,
            6 => LineEvent::Bytes(&[]),
            _ => LineEvent::Bytes(b"~"),
        });
    }

    fn answer(&mut self, which: usize) {
        let accept = Verdict::Accept { authenticator_response: None, message: String::new() };
        let refuse = |retry| Verdict::Refuse { error: 691, retry, challenge: None, message: String::new() };
        let answer = match which {
            0 => Answer::Begun(Ok(())),
            1 => Answer::Begun(Err(RasError::UNKNOWN)),
            2 => Answer::Verdict(accept),
            3 => Answer::Verdict(refuse(true)),
            4 => Answer::Verdict(refuse(false)),
            5 => Answer::Admit(Ok(Admission { callback: self.right(), ..Default::default() })),
            6 => Answer::Admit(Err(RasError::NO_DIALIN_PERMISSION)),
            7 | 8 => Answer::CallbackTo(which == 7),
            9 => Answer::Address(Some([10, 64, 0, 2].into())),
            _ => Answer::Address(None),
        };
        let fits = match (&self.open, &answer) {
            (Some(Ask::SecurityBegin { .. }), Answer::Begun(result)) => {
                self.begun = result.is_ok();
                true
            }
            (Some(Ask::Verify(_)), Answer::Verdict(verdict)) => {
                self.accepted |= matches!(verdict, Verdict::Accept { .. });
                true
            }
            (Some(Ask::Admit { .. }), Answer::Admit(_))
            | (Some(Ask::CallbackTo { .. }), Answer::CallbackTo(_))
            | (Some(Ask::Address { .. }), Answer::Address(_)) => true,
            _ => false,
        };
        if fits {
            self.open = None;
        }
        self.bench.answer(answer);
    }

    fn dialog(&mut self, which: usize) {
        let timeout = Some(Duration::from_secs(5));
        let ask = |echo| AskLine { prompt: "Code: ".into(), echo, max: 16, timeout };
        self.bench.dialog(match which {
            0 => DialogCommand::Send(b"Hello\r\n".to_vec()),
            1 => DialogCommand::Receive { max: 3, timeout, any: false },
            2 => DialogCommand::Receive { max: 70_000, timeout: None, any: true },
            3 => DialogCommand::Ask(ask(Echo::Mask)),
            4 | 5 => DialogCommand::Complete(success("alice", "")),
            6 => DialogCommand::Complete(success("", "")),
            7 => DialogCommand::Complete(DialogVerdict::Failure { user: "x".into(), domain: String::new() }),
            9 => DialogCommand::Ppp(PppInDialog::Data),
            10 => DialogCommand::Ppp(PppInDialog::Fail),
            11 => DialogCommand::Ppp(PppInDialog::Wait),
            _ => DialogCommand::Complete(DialogVerdict::Error { code: 5, text: "x".into() }),
        });
    }

    fn talk(&mut self) {
        for _ in 0..200 {
            self.check();
            let said: Vec<_> = std::iter::from_fn(|| self.client.poll_output()).collect();
            let heard = std::mem::take(&mut self.bench.sent);
            if said.is_empty() && heard.is_empty() {
                return;
            }
            for frame in heard.split(|&byte| byte == 0x7e).filter(|frame| frame.len() > 4) {
                self.check_frame(frame);
            }
            self.client.handle(self.bench.now, Input::Line(&heard));
            for output in said {
                let answer = match output {
                    Output::Line(bytes) => {
                        self.bench.bytes(&bytes);
                        continue;
                    }
                    Output::Event(Event::Ask(PppAsk::CallbackNumber(offer))) if offer.caller => {
                        PppAnswer::Callback(CallbackChoice::Number("555-1212".into()))
                    }
                    Output::Event(Event::Ask(PppAsk::CallbackNumber(offer))) if offer.preset => {
                        PppAnswer::Callback(CallbackChoice::Preset)
                    }
                    Output::Event(Event::Ask(PppAsk::CallbackNumber(_))) => {
                        PppAnswer::Callback(CallbackChoice::None)
                    }
                    Output::Event(Event::Ask(PppAsk::Admit { .. })) => PppAnswer::Admit(Default::default()),
                    _ => continue,
                };
                self.client.handle(self.bench.now, Input::Command(PppCommand::Answer(answer)));
            }
        }
    }

    /// No frame of a network protocol leaves before every factor has passed.
    fn check_frame(&self, frame: &[u8]) {
        let (protocol, _) = unframe(frame);
        if matches!(protocol, 0x21 | 0x57 | 0x8021 | 0x8057) {
            self.assert_all_passed();
        }
    }

    fn assert_all_passed(&self) {
        assert_eq!(self.passed_modules, self.setting.modules, "a module is missing");
        assert!(self.authenticated, "nobody was admitted");
        assert!(self.accepted || self.setting.open, "nobody was accepted");
        let require = self.setting.check == NameCheck::Require && self.setting.modules > 0;
        assert!(!require || self.setting.open || self.setting.user == "alice", "the wrong user is in");
        let preset = self.setting.right == 2;
        assert!(!preset || self.legs == 2, "a preset user is in without a callback");
    }

    fn check(&mut self) {
        for op in self.bench.ops.get(self.ops_seen..).unwrap_or_default() {
            assert!(
                matches!(op, LineOp::Dial(number) if number == "5551212") || !matches!(op, LineOp::Dial(_))
            );
        }
        self.ops_seen = self.bench.ops.len();
        for index in self.events_seen..self.bench.events.len() {
            self.event(index);
        }
        self.events_seen = self.bench.events.len();
        for output in self.bench.heard.get(self.heard_seen..).unwrap_or_default() {
            if matches!(output, DialogOutput::End) {
                self.begun = false;
            }
        }
        self.heard_seen = self.bench.heard.len();
        for ask in std::mem::take(&mut self.bench.asks) {
            assert!(self.open.is_none(), "{ask:?} while {:?} is open", self.open);
            self.requests += 1;
            self.open = Some(ask);
        }
        if !self.bench.downs.is_empty() {
            self.open = None;
        }
        assert!(self.bench.downs.len() <= 1 && self.bench.ended <= self.bench.downs.len());
        if !(self.bench.ups.is_empty() && self.bench.ip.is_empty()) {
            self.assert_all_passed();
        }
    }

    fn event(&mut self, index: usize) {
        match &self.bench.events[index] {
            PortEvent::DialogEnded(_, DialogVerdict::Success { .. }) => self.passed_modules += 1,
            PortEvent::Authenticating { leg } => {
                self.legs = *leg;
                // each leg proves everything anew
                (self.accepted, self.authenticated) = (false, false);
                self.client = Self::client(&self.setting, *leg);
                self.client.handle(self.bench.now, Input::Command(PppCommand::Open));
                self.client.handle(self.bench.now, Input::LineUp);
            }
            PortEvent::Authenticated(_) => self.authenticated = true,
            _ => {}
        }
    }

    /// However it stands: without its line the port is over.
    fn finish(&mut self) {
        self.bench.line(LineEvent::Closed);
        self.check();
        self.bench.end();
        for op in [Op::Forward, Op::Disconnect, Op::Pass(1000), Op::Line(1), Op::Answer(2)] {
            self.apply(op);
        }
        self.bench.end();
        let ends = self.bench.ends_heard();
        let begins = self.bench.events.iter().filter(|event| matches!(event, PortEvent::Dialog(_))).count();
        assert!(ends <= begins, "{ends} ends of {begins} dialogs");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_inputs_keeps_the_rules(setting in setting(), ops in prop::collection::vec(op(), 0..120)) {
        let mut world = World::new(setting);
        for op in ops {
            world.apply(op);
        }
        world.finish();
    }
}

/// The random walk must reach what it is to guard.
#[test]
fn going_forward_alone_comes_up_by_every_way() {
    for (right, legs, modules) in [(0, 1, 0), (0, 1, 2), (1, 2, 1), (2, 2, 2)] {
        let setting =
            Setting { modules, callback: true, open: false, check: NameCheck::Require, user: "alice", right };
        let mut world = World::new(setting);
        for _ in 0..60 {
            world.apply(Op::Forward);
        }
        assert_eq!((world.bench.ups.len().min(1), world.legs), (1, legs), "{:?}", world.bench.downs);
        world.finish();
    }
}
