//! The port, its service, and what must hold of it.

use std::time::{Duration, Instant};

use openras_engine::RasError;
use openras_engine::line::{CallInput, CallOutput, LineOp};
use openras_engine::server::dialog::{
    AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo, PppInDialog,
};
use openras_engine::server::port::{
    Admission, Answer, Ask, Command, NameCheck, Notice, Port, PortConfig, PortEvent,
};
use openras_engine::users::CallbackRight;
use openras_ppp::ask::CallbackPolicy;
use openras_ppp::hdlc::Deframer;
use openras_ppp::wire::Protocol;
use openras_ppp::{Machine, Verdict};

use super::{OUTPUTS, PASSWORD, is_a_sentence};
use crate::calls::port_config;
use crate::fuzz::deframe::split;
use crate::fuzz::script::{bit, methods};
use crate::ppp::{Store, User};

const MODULES: [&str; 3] = ["a", "b", "c"];

/// How far the module's dialog is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialog {
    None,
    Begun,
    Asked,
    Answered,
}

/// A port and what it has said.
pub(super) struct Answerer {
    port: Port,
    store: Store,
    right: u8,
    modules: usize,
    must_prove: bool,
    open: Option<Ask>,
    dialog: Dialog,
    dialogs: usize,
    dialogs_ended: usize,
    passed_modules: usize,
    accepted: bool,
    authenticated: bool,
    /// PPP has begun: what is written is frames.
    frames: Option<Deframer>,
    up: bool,
    down: bool,
    over: bool,
    /// Outputs so far.
    pub(super) said: u64,
}

impl Answerer {
    pub(super) fn new([d, e, f]: [u8; 3]) -> Self {
        let methods = methods(d & 15);
        let modules = MODULES.get(..usize::from(d >> 4 & 3)).unwrap_or_default();
        let name_check = match e >> 3 & 3 {
            0 | 3 => NameCheck::Require,
            1 => NameCheck::Warn,
            _ => NameCheck::Off,
        };
        let mut config = PortConfig { callback: !bit(d, 6), name_check, ..port_config(&methods, modules) };
        config.ppp.ipv6cp = config.ppp.ipv6cp.filter(|_| !bit(e, 5));
        config.ppp.trace = true;
        let user = User {
            name: "alice".to_owned(),
            password: if bit(e, 6) { "other" } else { PASSWORD }.into(),
            expired: bit(e, 2),
            callback: CallbackPolicy::None,
        };
        Self {
            port: Port::new(config, [f; 32]),
            store: Store {
                users: vec![user],
                nameless: CallbackPolicy::None,
                address: Some([10, 64, 0, 2].into()).filter(|_| !bit(e, 7)),
                claims: 0,
            },
            right: e & 3,
            modules: modules.len(),
            must_prove: !methods.is_empty(),
            open: None,
            dialog: Dialog::None,
            dialogs: 0,
            dialogs_ended: 0,
            passed_modules: 0,
            accepted: false,
            authenticated: false,
            frames: None,
            up: false,
            down: false,
            over: false,
            said: 0,
        }
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.port.poll_timeout()
    }

    /// Gives it an input; what it wants of its line is left to the caller.
    pub(super) fn handle(&mut self, now: Instant, input: CallInput<'_, Command>) -> Vec<LineOp> {
        if let CallInput::Command(Command::Answer(answer)) = &input {
            self.answers(answer);
        }
        self.port.handle(now, input);
        let mut ops = Vec::new();
        let outputs: Vec<_> = std::iter::from_fn(|| self.port.poll_output()).collect();
        assert!(outputs.len() <= OUTPUTS, "{} outputs of one input", outputs.len());
        for output in outputs {
            self.said += 1;
            assert!(!self.over, "{output:?} after Ended");
            match output {
                CallOutput::Line(op) => {
                    if let LineOp::Write(bytes) = &op {
                        self.written(bytes);
                    }
                    ops.push(op);
                }
                CallOutput::Up(_) => self.all_passed(),
                CallOutput::Ip(_) => {
                    assert!(self.up, "a packet before Up");
                    self.all_passed();
                }
                CallOutput::Notice(notice) => self.notice(&notice),
                CallOutput::Ended => {
                    assert!(self.down, "over without an end");
                    self.over = true;
                }
            }
        }
        let _ = self.port.condition();
        ops
    }

    /// An answer that fits closes the question.
    fn answers(&mut self, answer: &Answer) {
        let fits = match (&self.open, answer) {
            (Some(Ask::SecurityBegin { .. }), Answer::Begun(result)) => {
                if result.is_ok() {
                    self.dialog = Dialog::Begun;
                    self.dialogs += 1;
                }
                true
            }
            (Some(Ask::Verify(_)), Answer::Verdict(verdict)) => {
                self.accepted |= matches!(verdict, Verdict::Accept { .. });
                true
            }
            (Some(Ask::Admit { .. }), Answer::Admit(_))
            | (Some(Ask::CallbackTo { .. }), Answer::CallbackTo(_))
            | (Some(Ask::Address { .. }), Answer::Address(_))
            | (Some(Ask::Target { .. }), Answer::Target(_)) => true,
            _ => false,
        };
        if fits {
            self.open = None;
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Ask(ask) => {
                assert!(!self.down, "{ask:?} after the end");
                assert!(self.open.is_none(), "{ask:?} while {:?} is open", self.open);
                self.open = Some(copy(ask));
            }
            Notice::Dialog(output) => {
                self.dialog = match output {
                    DialogOutput::End => {
                        self.dialogs_ended += 1;
                        assert!(self.dialogs_ended <= self.dialogs + 1, "an end without a dialog");
                        Dialog::None
                    }
                    DialogOutput::Line(_) | DialogOutput::TimedOut => Dialog::Answered,
                    DialogOutput::Received(_) | DialogOutput::Refused(_) => self.dialog,
                };
            }
            Notice::Event(event) => self.event(event),
        }
    }

    fn event(&mut self, event: &PortEvent) {
        match event {
            PortEvent::DialogEnded(_, DialogVerdict::Success { .. }) => self.passed_modules += 1,
            PortEvent::Authenticating { .. } => {
                // each leg proves everything anew
                (self.accepted, self.authenticated) = (false, false);
                let mut deframer = Deframer::new();
                deframer.set_receive_mru(u16::MAX);
                deframer.set_receive_accm(0);
                self.frames = Some(deframer);
            }
            PortEvent::Authenticated(_) => {
                assert!(self.accepted || !self.must_prove, "authenticated without a verdict");
                self.authenticated = true;
            }
            PortEvent::Up(_) => {
                self.all_passed();
                self.up = true;
            }
            PortEvent::CallingBack(_) => self.frames = None,
            PortEvent::Down(end) => {
                assert!(!self.down, "a second end");
                self.down = true;
                self.open = None;
                is_a_sentence(&end.why);
                is_a_sentence(&end.remedy);
            }
            PortEvent::Packet(packet) => {
                let text = packet.text();
                assert!(!text.chars().any(char::is_control) && !text.contains(PASSWORD), "{text}");
            }
            _ => {}
        }
    }

    /// No frame of a network protocol leaves before every factor has passed.
    fn written(&mut self, bytes: &[u8]) {
        let Some(mut deframer) = self.frames.take() else { return };
        let mut rest = bytes;
        while let Some(got) = deframer.next_frame(&mut rest) {
            let protocol = got.ok().and_then(split).map(|(protocol, _)| protocol);
            if let Some(Protocol::IP | Protocol::IPV6 | Protocol::IPCP | Protocol::IPV6CP) = protocol {
                self.all_passed();
            }
        }
        self.frames = Some(deframer);
    }

    fn all_passed(&self) {
        assert_eq!(self.passed_modules, self.modules, "a module is missing");
        assert!(self.authenticated, "nobody was admitted");
        assert!(self.accepted || !self.must_prove, "nobody was accepted");
    }

    #[cfg(test)]
    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    pub(super) fn is_over(&self) {
        assert!(self.down && self.over, "the line is given back and the port goes on");
        assert_eq!(self.port.poll_timeout(), None);
    }

    /// What a good service does next.
    pub(super) fn well(&mut self) -> Option<Command> {
        if let Some(ask) = &self.open {
            return Some(Command::Answer(match ask {
                Ask::SecurityBegin { .. } => Answer::Begun(Ok(())),
                Ask::Verify(claim) => Answer::Verdict(self.store.verdict(claim)),
                Ask::Admit { .. } => {
                    Answer::Admit(Ok(Admission { callback: right(self.right), ..Default::default() }))
                }
                Ask::CallbackTo { .. } => Answer::CallbackTo(true),
                Ask::Address { .. } => Answer::Address(self.store.address),
                Ask::Target { .. } => Answer::Target(Ok(())),
            }));
        }
        let (next, command) = match self.dialog {
            Dialog::Begun => (Dialog::Asked, DialogCommand::Ask(code(Echo::Mask))),
            Dialog::Answered => (Dialog::None, DialogCommand::Complete(success("alice"))),
            Dialog::None | Dialog::Asked => return None,
        };
        self.dialog = next;
        Some(Command::Dialog(command))
    }

    /// Any command.
    pub(super) fn command(&self, octet: u8, bytes: Vec<u8>) -> Command {
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        let timeout = Some(Duration::from_secs(u64::from(octet)));
        match octet % 24 {
            0 => Command::Answer(Answer::Begun(Ok(()))),
            1 => Command::Answer(Answer::Begun(Err(RasError(u32::from(octet))))),
            2 | 3 => Command::Answer(Answer::Verdict(Verdict::Accept {
                authenticator_response: bit(octet, 7).then_some([1; 20]),
                message: text(),
            })),
            4 | 5 => Command::Answer(Answer::Verdict(Verdict::Refuse {
                error: [691, 648, 646, 709].get(usize::from(octet >> 5 & 3)).copied().unwrap_or(691),
                retry: octet % 24 == 4,
                challenge: bit(octet, 7).then(|| bytes.clone()),
                message: text(),
            })),
            6 => Command::Answer(Answer::Admit(Ok(Admission {
                callback: right(octet >> 5),
                ..Default::default()
            }))),
            7 => Command::Answer(Answer::Admit(Err(RasError(649)))),
            8 | 9 => Command::Answer(Answer::CallbackTo(octet % 24 == 8)),
            10 => Command::Answer(Answer::Address(Some([octet, 0, 0, 1].into()))),
            11 => Command::Answer(Answer::Address(None)),
            // never a text of another's choice: it could look like a frame
            12 => Command::Dialog(DialogCommand::Send(b"Hello\r\n".to_vec())),
            13 => Command::Dialog(DialogCommand::Receive { max: usize::from(octet), timeout, any: false }),
            14 => Command::Dialog(DialogCommand::Receive { max: 70_000, timeout: None, any: true }),
            15 => Command::Dialog(DialogCommand::Ask(AskLine { timeout: None, ..code(Echo::Yes) })),
            16 => Command::Dialog(DialogCommand::Ask(AskLine { timeout, max: 5000, ..code(Echo::No) })),
            17 | 18 => Command::Dialog(DialogCommand::Complete(success("alice"))),
            19 => Command::Dialog(DialogCommand::Complete(success(&text()))),
            20 => Command::Dialog(DialogCommand::Complete(DialogVerdict::Failure {
                user: text(),
                domain: text(),
            })),
            21 => Command::Dialog(DialogCommand::Complete(DialogVerdict::Error { code: 0, text: text() })),
            22 if bit(octet, 7) => Command::Dialog(DialogCommand::Ppp(match octet >> 5 & 3 {
                0 => PppInDialog::Wait,
                1 | 2 => PppInDialog::Data,
                _ => PppInDialog::Fail,
            })),
            22 => Command::Dialog(DialogCommand::Receive { max: 3, timeout: None, any: false }),
            _ => Command::Disconnect,
        }
    }
}

fn right(octet: u8) -> CallbackRight {
    match octet & 3 {
        0 | 3 => CallbackRight::None,
        1 => CallbackRight::Caller { allow: vec!["555".to_owned()] },
        _ => CallbackRight::Preset("555 12-12".to_owned()),
    }
}

fn code(echo: Echo) -> AskLine {
    AskLine { prompt: "Code: ".to_owned(), echo, max: 32, timeout: Some(Duration::from_secs(60)) }
}

fn success(user: &str) -> DialogVerdict {
    DialogVerdict::Success { user: user.to_owned(), domain: String::new() }
}

/// A question once more, to be looked at later.
fn copy(ask: &Ask) -> Ask {
    match ask {
        Ask::SecurityBegin { module } => Ask::SecurityBegin { module: module.clone() },
        Ask::Verify(claim) => Ask::Verify(claim.clone()),
        Ask::Admit { name } => Ask::Admit { name: name.clone() },
        Ask::CallbackTo { name, number } => Ask::CallbackTo { name: name.clone(), number: number.clone() },
        Ask::Address { name, wanted } => Ask::Address { name: name.clone(), wanted: *wanted },
        Ask::Target { service, name } => Ask::Target { service: service.clone(), name: name.clone() },
    }
}
