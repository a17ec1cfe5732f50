//! The end that dials, and its person.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openras_engine::client::dial::{
    Command, Dial, DialConfig, DialEnd, DialEvent, DialParams, Notice, TerminalMode,
};
use openras_engine::line::CallInput;
use openras_engine::why::Transcript;
use openras_engine::{ConnState, RasError, Watched};
use openras_ppp::{AuthMethod, Config, Machine};

use super::kept::Kept;
use super::{Desk, Order, line_event};
use crate::pair::Happening;

/// How long the person takes to resume.
const THINKS: Duration = Duration::from_secs(9);

/// What the person does.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Input for the pauses, in turn; a pause beyond these is hung up on.
    pub resume: VecDeque<DialParams>,
    /// In the Interactive pause: what to type once the terminal's text ends so. When all is typed, the dial is
    /// resumed by itself as soon as PPP arrives.
    pub typed: VecDeque<(String, String)>,
}

/// A dial, its person, and what they have seen.
pub struct Dialler {
    dial: Dial,
    plan: Plan,
    pub(super) desk: Desk,
    notifier: u64,
    wait_seen: bool,
    states: Vec<(ConnState, Option<RasError>)>,
    terminal: String,
    end: Option<DialEnd>,
    kept: Kept,
}

/// A dial by a program that allows pauses, with nothing unusual; the methods are those the entry allows.
pub fn dial_config(params: DialParams, methods: &[AuthMethod]) -> DialConfig {
    DialConfig {
        number: "5551212".to_owned(),
        device: "simulated line".to_owned(),
        params,
        pauses: true,
        wait_seen: false,
        notifier: 1,
        terminal: TerminalMode::Auto,
        callable: true,
        pause_limit: Duration::from_secs(600),
        silence: Duration::from_secs(3),
        quiet: Duration::from_secs(1),
        callback_wait: Duration::from_secs(120),
        ppp: Config { authenticate_us: methods.to_vec(), ..Config::default() },
    }
}

impl Dialler {
    /// A dial that starts when time does.
    pub fn new(config: DialConfig, plan: Plan, seed: [u8; 32]) -> Self {
        Self {
            notifier: config.notifier,
            wait_seen: config.wait_seen,
            dial: Dial::new(config, seed),
            plan,
            desk: Desk::default(),
            states: Vec::new(),
            terminal: String::new(),
            end: None,
            kept: Kept::default(),
        }
    }

    /// The call as a service would keep it.
    pub fn transcript(&self) -> Transcript {
        self.kept.dialled(self.end.as_ref())
    }

    /// The states, in the order they were told.
    pub fn states(&self) -> &[(ConnState, Option<RasError>)] {
        &self.states
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<&DialEnd> {
        self.end.as_ref()
    }

    /// What came to the person's terminal.
    pub fn terminal(&self) -> &str {
        &self.terminal
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.dial.poll_timeout()
    }

    pub(super) fn handle(&mut self, now: Instant, what: Happening<'_, Order>) {
        if let Some(event) = line_event(&what) {
            return self.turn(now, CallInput::Line(event));
        }
        match what {
            Happening::Order(Order::Dial(command)) => self.turn(now, CallInput::Command(command)),
            Happening::Order(Order::Ip(packet)) => self.turn(now, CallInput::Ip(&packet)),
            _ => self.turn(now, CallInput::Tick),
        }
    }

    fn turn(&mut self, now: Instant, input: CallInput<'_, Command>) {
        self.dial.handle(now, input);
        self.kept.count(self.dial.snapshot().stats);
        while let Some(output) = self.dial.poll_output() {
            if let Some(notice) = self.desk.keep(output) {
                self.note(notice);
            }
        }
    }

    fn note(&mut self, notice: Notice) {
        if let Notice::Event(event) = &notice {
            self.kept.of_dial(event);
        }
        match notice {
            Notice::State { seq, state, error } => {
                self.states.push((state, error));
                match error {
                    Some(error) => self.desk.news(format_args!("{state}, {error}")),
                    None => self.desk.news(state),
                }
                if self.wait_seen {
                    self.desk.later(Duration::from_millis(10), Order::Dial(Command::Seen(seq)));
                }
                if state.is_paused() && state != ConnState::INTERACTIVE {
                    let command = match self.plan.resume.pop_front() {
                        Some(params) => Command::Resume { notifier: self.notifier, params },
                        None => Command::HangUp,
                    };
                    self.desk.later(THINKS, Order::Dial(command));
                }
            }
            Notice::Terminal(bytes) => self.read(&bytes),
            Notice::Event(DialEvent::Packet(_)) => {}
            Notice::Event(DialEvent::Projection(_)) => self.desk.news("projection"),
            Notice::Event(event) => self.desk.news(format_args!("{event:?}")),
            Notice::Reply(reply) => self.desk.news(format_args!("reply {reply:?}")),
            Notice::Ended(end) => {
                self.desk.news(format_args!("ended, {:?}: {}", end.error, end.why));
                self.end = Some(*end);
            }
        }
    }

    /// A person reads and types.
    fn read(&mut self, bytes: &[u8]) {
        self.terminal.push_str(&String::from_utf8_lossy(bytes));
        let wanted = self.plan.typed.front().is_some_and(|(prompt, _)| self.terminal.ends_with(prompt));
        if wanted && let Some((_, answer)) = self.plan.typed.pop_front() {
            let typed = Command::Terminal(answer.into_bytes());
            self.desk.later(THINKS, Order::Dial(typed));
        }
    }
}
