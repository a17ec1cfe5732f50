//! The dial, its person, and what must hold of it.

use std::time::Instant;

use openras_engine::client::dial::{Command, Dial, DialConfig, DialEvent, DialParams, Notice, TerminalMode};
use openras_engine::line::{CallInput, CallOutput, LineOp};
use openras_engine::{ConnState, RasError};
use openras_ppp::Machine;

use super::{OUTPUTS, PASSWORD, is_a_sentence};
use crate::calls::dial_config;
use crate::fuzz::script::{bit, methods};

const NOTIFIER: u64 = 1;
const NUMBERS: [&str; 4] = ["", "*", "5551212", "x;ATH"];

/// A dial and what it has said.
pub(super) struct Dialler {
    dial: Dial,
    pauses: bool,
    wait_seen: bool,
    /// Commands that want a reply, and replies.
    commands: u32,
    replies: u32,
    seq: u32,
    seen: u32,
    paused: Option<ConnState>,
    /// The terminal pause is one of the configuration's, before or after dialling.
    always_pauses: bool,
    /// A module has asked for its code.
    prompted: bool,
    /// Answers given in this pause.
    tries: u32,
    up: bool,
    connected: bool,
    ended: bool,
    over: bool,
    /// Outputs so far.
    pub(super) said: u64,
}

impl Dialler {
    pub(super) fn new([a, b, c]: [u8; 3]) -> Self {
        let number = NUMBERS.get(usize::from(a >> 5 & 3)).copied().unwrap_or_default();
        let terminal = match a >> 2 & 3 {
            0 => TerminalMode::Auto,
            1 => TerminalMode::BeforeDial,
            2 if bit(c, 0) => TerminalMode::Script,
            2 => TerminalMode::AfterDial,
            _ => TerminalMode::Never,
        };
        let mut config = DialConfig {
            pauses: !bit(a, 0),
            wait_seen: bit(a, 1),
            terminal,
            callable: !bit(a, 4),
            notifier: NOTIFIER,
            ..dial_config(params(if bit(a, 7) { "wrong" } else { PASSWORD }, number), &methods(!b))
        };
        config.ppp.insist_on_authentication = bit(b, 4);
        config.ppp.ipv6cp = config.ppp.ipv6cp.filter(|_| !bit(b, 5));
        config.ppp.ipcp = config.ppp.ipcp.filter(|_| !bit(b, 6));
        Self {
            pauses: config.pauses,
            wait_seen: config.wait_seen,
            dial: Dial::new(config, [c; 32]),
            commands: 0,
            replies: 0,
            seq: 0,
            seen: 0,
            paused: None,
            always_pauses: matches!(
                terminal,
                TerminalMode::BeforeDial | TerminalMode::AfterDial | TerminalMode::Script
            ),
            prompted: false,
            tries: 0,
            up: false,
            connected: false,
            ended: false,
            over: false,
            said: 0,
        }
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.dial.poll_timeout()
    }

    /// Gives it an input; what it wants of its line is left to the caller.
    pub(super) fn handle(&mut self, now: Instant, input: CallInput<'_, Command>) -> Vec<LineOp> {
        if let CallInput::Command(command) = &input {
            self.commands += u32::from(!matches!(command, Command::Terminal(_)));
            if let Command::Seen(seq) = command {
                self.seen = self.seen.max((*seq).min(self.seq));
            }
        }
        self.dial.handle(now, input);
        let mut ops = Vec::new();
        let outputs: Vec<_> = std::iter::from_fn(|| self.dial.poll_output()).collect();
        assert!(outputs.len() <= OUTPUTS, "{} outputs of one input", outputs.len());
        for output in outputs {
            self.said += 1;
            self.look(&output);
            if let CallOutput::Line(op) = output {
                ops.push(op);
            }
        }
        assert_eq!(self.replies, self.commands, "each command has one reply");
        ops
    }

    fn look(&mut self, output: &CallOutput<Notice>) {
        if self.over {
            let fine = matches!(output, CallOutput::Notice(Notice::Reply(Err(RasError(6)))));
            assert!(fine, "{output:?} after Ended");
        }
        match output {
            CallOutput::Notice(notice) => self.notice(notice),
            CallOutput::Up(_) => self.up = true,
            CallOutput::Ip(_) => assert!(self.up, "a packet before Up"),
            CallOutput::Ended => {
                assert!(self.ended, "over without an end");
                self.over = true;
            }
            CallOutput::Line(_) => {}
        }
        if matches!(output, CallOutput::Notice(Notice::Reply(_))) {
            self.replies += 1;
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::State { seq, state, error } => {
                assert!(!self.ended, "{state} after the end");
                assert_eq!(*seq, self.seq + 1, "a notice is missing");
                self.seq = *seq;
                self.tries = 0;
                self.connected |= *state == ConnState::CONNECTED;
                let paused = state.is_paused() && error.is_none();
                assert!(!paused || self.pauses, "{state} with pauses off");
                self.paused = Some(*state).filter(|state| state.is_paused());
            }
            Notice::Ended(end) => {
                assert!(!self.ended, "a second end");
                self.ended = true;
                assert_eq!(end.was_connected, self.connected);
                is_a_sentence(&end.why);
                is_a_sentence(&end.remedy);
            }
            Notice::Event(DialEvent::Packet(packet)) => {
                let text = packet.text();
                assert!(!text.chars().any(char::is_control) && !text.contains(PASSWORD), "{text}");
            }
            Notice::Terminal(text) => self.prompted |= text.ends_with(b"Code: "),
            Notice::Event(_) | Notice::Reply(_) => {}
        }
    }

    #[cfg(test)]
    pub(super) fn is_up(&self) -> bool {
        self.up && self.connected
    }

    pub(super) fn is_over(&self) {
        assert!(self.over, "the line is given back and the dial goes on: {:?}", self.dial.status());
        assert_eq!(self.dial.poll_timeout(), None);
    }

    /// What a good person does next.
    pub(super) fn well(&mut self) -> Option<Command> {
        if self.over {
            return None;
        }
        if self.wait_seen && self.seen < self.seq {
            return Some(Command::Seen(self.seq));
        }
        let (state, _) = self.dial.status();
        if self.paused != Some(state) {
            return None;
        }
        if state == ConnState::INTERACTIVE {
            if std::mem::take(&mut self.prompted) {
                return Some(Command::Terminal(b"123456\r".to_vec()));
            }
            if !self.always_pauses {
                return None;
            }
        }
        self.tries += 1;
        Some(match self.tries {
            1..=3 => Command::Resume { notifier: NOTIFIER, params: params(PASSWORD, "5551212") },
            _ => Command::HangUp,
        })
    }

    /// Any command.
    pub(super) fn command(&self, octet: u8, bytes: Vec<u8>) -> Command {
        let number = NUMBERS.get(usize::from(octet >> 3 & 3)).copied().unwrap_or_default();
        match octet % 8 {
            0 | 1 => Command::Terminal(bytes),
            2 => Command::Seen(self.seq),
            3 => Command::Seen(u32::from(octet)),
            4 | 5 => Command::Resume {
                notifier: NOTIFIER,
                params: params(if bit(octet, 5) { "wrong" } else { PASSWORD }, number),
            },
            6 if bit(octet, 5) => Command::HangUp,
            6 => Command::Resume { notifier: 0, params: params(PASSWORD, number) },
            _ => Command::Resume {
                notifier: NOTIFIER,
                params: DialParams {
                    user: String::from_utf8_lossy(&bytes).into_owned(),
                    ..params(PASSWORD, &String::from_utf8_lossy(&bytes))
                },
            },
        }
    }
}

fn params(password: &str, number: &str) -> DialParams {
    DialParams {
        user: "alice".to_owned(),
        domain: String::new(),
        password: password.into(),
        callback_number: number.to_owned(),
    }
}
