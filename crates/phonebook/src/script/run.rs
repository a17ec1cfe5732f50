//! Running a script: what all languages share. Bytes that wait to be looked at, time, and the limit of steps.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use openras_engine::RasError;
use openras_ppp::{Machine, Secret};
use zeroize::Zeroize;

use super::{Failure, Input, Language, Login, Outcome, Output, Script, SyntaxError, chat, scp, switch};

/// How many commands a script may run in a second without waiting; a loop that waits for nothing ends here.
pub const STEPS_A_SECOND: u32 = 10_000;
/// The longest text a script can make, and the longest it can wait for, in bytes.
pub const LONGEST_TEXT: usize = 1024;
/// How much of what came in is kept for the script, in bytes; the oldest goes first.
const WINDOW: usize = 8 << 10;
/// How much may wait to be written before the owner takes it.
const MOST_WAITING: usize = 64 << 10;

/// What a player does next.
pub(super) enum Step {
    /// The next command, at once.
    Next,
    /// Until bytes come, or [`Io::deadline`].
    Wait,
    /// Over.
    Done(Outcome),
}

/// One language's player: it is asked for a step until it waits.
pub(super) trait Player {
    fn step(&mut self, io: &mut Io) -> Step;
    /// The line of the script it is at.
    fn line(&self) -> usize;
}

/// What a player works with.
pub(super) struct Io {
    pub(super) now: Instant,
    pub(super) login: Login,
    pub(super) tape: Tape,
    /// When it wants to be asked again although nothing came.
    pub(super) deadline: Option<Instant>,
    out: VecDeque<Output>,
    waiting: usize,
}

impl Io {
    pub(super) fn write(&mut self, bytes: Secret) {
        if !bytes.is_empty() {
            self.waiting = self.waiting.saturating_add(bytes.len());
            self.out.push_back(Output::Write(bytes));
        }
    }

    pub(super) fn put(&mut self, output: Output) {
        if let Output::Say(text) = &output {
            self.waiting = self.waiting.saturating_add(text.len());
        }
        self.out.push_back(output);
    }

    /// Whether the deadline has come; then it is over.
    pub(super) fn due(&mut self) -> bool {
        let due = self.deadline.is_some_and(|deadline| deadline <= self.now);
        if due {
            self.deadline = None;
        }
        due
    }

    /// This long from now; a time no clock reaches is none.
    pub(super) fn after(&self, time: Duration) -> Option<Instant> {
        self.now.checked_add(time)
    }
}

/// What came in and was not consumed. A probe goes over it octet by octet, so that what follows a match stays.
#[derive(Default)]
pub(super) struct Tape {
    bytes: Vec<u8>,
    probe: usize,
}

impl Tape {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let over = self.bytes.len().saturating_sub(WINDOW);
        if over > 0 {
            self.bytes.drain(..over);
            self.probe = self.probe.saturating_sub(over);
        }
    }

    /// Moves the probe over the next octet and gives it.
    pub(super) fn next(&mut self) -> Option<u8> {
        let octet = self.bytes.get(self.probe).copied()?;
        self.probe += 1;
        Some(octet)
    }

    /// What the probe has passed.
    pub(super) fn passed(&self) -> &[u8] {
        self.bytes.get(..self.probe).unwrap_or_default()
    }

    /// Consumes what the probe has passed.
    pub(super) fn take(&mut self) {
        let end = self.probe.min(self.bytes.len());
        self.bytes.drain(..end);
        self.probe = 0;
    }

    /// Puts the probe back to the beginning.
    pub(super) fn back(&mut self) {
        self.probe = 0;
    }

    /// Puts the probe back by one octet.
    pub(super) fn back_one(&mut self) {
        self.probe = self.probe.saturating_sub(1);
    }
}

/// Whether `text` ends in `pattern`, with or without regard to the case of ASCII letters.
pub(super) fn ends_with(text: &[u8], pattern: &[u8], fold: bool) -> bool {
    let Some(start) = text.len().checked_sub(pattern.len()) else { return false };
    let tail = text.get(start..).unwrap_or_default();
    if fold { tail.eq_ignore_ascii_case(pattern) } else { tail == pattern }
}

/// Steps that may be taken now; they come back with time.
struct Budget {
    steps: u32,
    since: Instant,
}

impl Budget {
    fn take(&mut self, now: Instant) -> bool {
        let micros = now.saturating_duration_since(self.since).as_micros();
        let earned = u32::try_from(micros * u128::from(STEPS_A_SECOND) / 1_000_000).unwrap_or(STEPS_A_SECOND);
        if earned > 0 {
            self.steps = self.steps.saturating_add(earned).min(STEPS_A_SECOND);
            self.since = now;
        }
        let may = self.steps > 0;
        self.steps = self.steps.saturating_sub(1);
        may
    }
}

/// A running script. Outputs wait from the beginning: drain before the first input.
pub struct Run {
    player: Box<dyn Player + Send>,
    io: Io,
    budget: Budget,
    outcome: Option<Outcome>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("line", &self.player.line()).field("outcome", &self.outcome).finish()
    }
}

impl Run {
    /// Begins to run a script.
    pub fn new(script: &Script, login: Login, now: Instant) -> Self {
        let player: Box<dyn Player + Send> = match &script.0 {
            Language::Scp(program) => Box::new(scp::Play::new(program.clone())),
            Language::Chat(program) => Box::new(chat::Play::new(program.clone())),
            Language::Switch(program) => Box::new(switch::Play::new(program.clone())),
        };
        let tape = Tape::default();
        let io = Io { now, login, tape, deadline: None, out: VecDeque::new(), waiting: 0 };
        let mut run =
            Self { player, io, budget: Budget { steps: STEPS_A_SECOND, since: now }, outcome: None };
        run.advance();
        run
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// What came in and was not consumed: after [`Outcome::Connected`] the first bytes for PPP.
    pub fn rest(&mut self) -> Vec<u8> {
        self.io.tape.probe = 0;
        std::mem::take(&mut self.io.tape.bytes)
    }

    fn advance(&mut self) {
        while self.outcome.is_none() {
            match self.player.step(&mut self.io) {
                Step::Wait => return,
                Step::Done(outcome) => self.end(outcome),
                Step::Next if !self.budget.take(self.io.now) => {
                    self.fail(format!("the script runs in a circle: {STEPS_A_SECOND} commands in a second"));
                }
                Step::Next if self.io.waiting > MOST_WAITING => {
                    self.fail("the script sends more than 64 KiB without waiting".to_owned());
                }
                Step::Next => {}
            }
        }
    }

    fn fail(&mut self, what: String) {
        let line = self.player.line();
        self.end(Outcome::Failed(Failure { code: SyntaxError::CODE, line, what }));
    }

    fn end(&mut self, outcome: Outcome) {
        self.io.deadline = None;
        self.io.tape.back();
        self.io.login.password = Secret::default();
        self.io.out.push_back(Output::Done(outcome.clone()));
        self.outcome = Some(outcome);
    }
}

impl Machine for Run {
    type Input<'a> = Input<'a>;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.io.now = now;
        match input {
            Input::Tick => self.advance(),
            Input::Bytes(bytes) => {
                // in pieces, so that nothing is dropped that the script has not looked at
                for piece in bytes.chunks(WINDOW / 2) {
                    match self.outcome {
                        // these are not the script's any more; the owner takes them at once
                        Some(_) => self.io.tape.bytes.extend_from_slice(piece),
                        None => {
                            self.io.tape.push(piece);
                            self.advance();
                        }
                    }
                }
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = self.io.out.pop_front();
        if self.io.out.is_empty() {
            self.io.waiting = 0;
        }
        output
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.io.deadline
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // a terminal that echoes has sent back what was typed
        self.io.tape.bytes.zeroize();
    }
}

/// 752 while running: a command that cannot be done.
pub(super) fn broken(line: usize, what: impl Into<String>) -> Step {
    failed(SyntaxError::CODE, line, what)
}

/// The script ends with this number.
pub(super) fn failed(code: RasError, line: usize, what: impl Into<String>) -> Step {
    Step::Done(Outcome::Failed(Failure { code, line, what: what.into() }))
}
