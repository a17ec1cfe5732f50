//! One conversation between a call and a program, both sides at once, until one of them ends it.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use openras_engine::server::{AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo};
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep_until};

use super::lines::{Line, Lines};
use super::meter::Meter;
use super::{Fault, Limits};
use crate::dialog::Dialog;
use crate::protocol::{self, FromProgram};
use crate::redact::Redactor;

/// Messages that may wait for the program to read before it is not heard any more.
const BEHIND: usize = 8;
/// While the caller has to answer, the engine's limits count and not ours.
const FAR: Duration = Duration::from_secs(86_400);

pub(super) struct Session<'a> {
    stdout: Lines<ChildStdout>,
    to_program: ToProgram,
    /// A command that the line has no room for yet; nothing more is read before it is taken.
    pending: Option<DialogCommand>,
    /// Receives and Asks without an answer: while there are any, silence is not the program's.
    waiting: usize,
    /// The answer that is waited for is not shown on the caller's screen.
    unseen: bool,
    spoke: bool,
    since: Instant,
    meter: Meter,
    limits: &'a Limits,
    any: bool,
    log: &'a (dyn Fn(&str) + Sync),
    redactor: &'a Redactor,
}

enum Step {
    Event(DialogOutput),
    Line(io::Result<Option<Line>>),
    Moved,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        pipes: (ChildStdin, ChildStdout),
        limits: &'a Limits,
        any: bool,
        log: &'a (dyn Fn(&str) + Sync),
        redactor: &'a Redactor,
    ) -> Self {
        let now = Instant::now();
        Self {
            stdout: Lines::new(pipes.1, protocol::LINE_MAX),
            to_program: ToProgram { stdin: Some(pipes.0), lines: VecDeque::new(), written: 0 },
            pending: None,
            waiting: 0,
            unseen: false,
            spoke: false,
            since: now,
            meter: Meter::new(limits, now),
            limits,
            any,
            log,
            redactor,
        }
    }

    /// Queues a line for the program.
    pub(super) fn tell(&mut self, line: protocol::Line) {
        self.to_program.push(line);
    }

    /// Runs until the program's verdict, or the end of the call (`None`), or a fault of the program.
    pub(super) async fn run(&mut self, dialog: &mut Dialog) -> Result<Option<DialogVerdict>, Fault> {
        let commands = dialog.commands();
        loop {
            let patience = self.patience();
            let reading = self.pending.is_none() && self.to_program.lines.len() < BEHIND;
            let step = tokio::select! {
                biased;
                event = dialog.event() => Step::Event(event),
                place = commands.reserve(), if self.pending.is_some() => {
                    let Ok(place) = place else { return Ok(None) };
                    if let Some(command) = self.pending.take() {
                        place.send(command);
                    }
                    Step::Moved
                }
                () = self.to_program.write(), if self.to_program.has_work() => Step::Moved,
                line = self.stdout.next(), if reading => Step::Line(line),
                () = sleep_until(patience) => return Err(self.silence()),
            };
            match step {
                Step::Event(DialogOutput::End) => return Ok(None),
                Step::Event(event) => self.hear(&event),
                Step::Line(line) => {
                    if let Some(verdict) = self.obey(line)? {
                        return Ok(Some(verdict));
                    }
                }
                Step::Moved => (),
            }
            self.since = Instant::now();
        }
    }

    /// Says goodbye: the program reads `end`, then the end of its input.
    pub(super) async fn farewell(&mut self) {
        self.to_program.push(protocol::end());
        while self.to_program.has_work() {
            self.to_program.write().await;
        }
        self.to_program.stdin = None;
    }

    fn patience(&self) -> Instant {
        let callers_turn = self.waiting > 0 || self.pending.is_some();
        let own = if self.spoke { self.limits.answer } else { self.limits.begin };
        self.since + if callers_turn { FAR } else { own }
    }

    fn silence(&self) -> Fault {
        if self.spoke { Fault::Silent(self.limits.answer) } else { Fault::NoBegin(self.limits.begin) }
    }

    fn hear(&mut self, event: &DialogOutput) {
        self.waiting = self.waiting.saturating_sub(1);
        let line = match event {
            DialogOutput::Received(bytes) | DialogOutput::Line(bytes) if self.unseen => {
                self.redactor.remember(bytes);
                answer(event)
            }
            _ => answer(event),
        };
        self.to_program.push(line);
    }

    fn obey(&mut self, line: io::Result<Option<Line>>) -> Result<Option<DialogVerdict>, Fault> {
        let line = line.map_err(|error| Fault::Pipe(error.kind()))?.ok_or(Fault::Exited(None))?;
        self.meter.count(line.bytes.len(), Instant::now())?;
        if line.cut {
            return Err(Fault::LineTooLong);
        }
        self.spoke = true;
        match protocol::parse(&line.bytes, self.any).map_err(Fault::Malformed)? {
            FromProgram::Log(text) => (self.log)(&text),
            FromProgram::Command(DialogCommand::Complete(verdict)) => return Ok(Some(verdict)),
            FromProgram::Command(DialogCommand::Send(bytes)) if bytes.is_empty() => (),
            FromProgram::Command(command) => self.queue(command),
        }
        Ok(None)
    }

    fn queue(&mut self, command: DialogCommand) {
        let unseen = match &command {
            DialogCommand::Receive { .. } => Some(true),
            DialogCommand::Ask(AskLine { echo, .. }) => Some(*echo != Echo::Yes),
            DialogCommand::Send(_) | DialogCommand::Complete(_) => None,
        };
        if let Some(unseen) = unseen {
            self.unseen = unseen || (self.unseen && self.waiting > 0);
            self.waiting += 1;
        }
        self.pending = Some(command);
    }
}

fn answer(event: &DialogOutput) -> protocol::Line {
    match event {
        DialogOutput::Received(bytes) => protocol::received(bytes),
        DialogOutput::Line(bytes) => protocol::line(bytes),
        DialogOutput::TimedOut => protocol::timeout(),
        DialogOutput::Refused(error) => protocol::refused(*error),
        DialogOutput::End => protocol::end(),
    }
}

/// The program's standard input and what waits for it. A program that does not read it is not at fault.
struct ToProgram {
    stdin: Option<ChildStdin>,
    lines: VecDeque<protocol::Line>,
    written: usize,
}

impl ToProgram {
    fn push(&mut self, line: protocol::Line) {
        if self.stdin.is_some() {
            self.lines.push_back(line);
        }
    }

    fn has_work(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Writes some; may be dropped and called again, nothing is written twice.
    async fn write(&mut self) {
        let (Some(stdin), Some(line)) = (&mut self.stdin, self.lines.front()) else {
            return self.lines.clear();
        };
        match stdin.write(line.get(self.written..).unwrap_or_default()).await {
            Ok(count) if count > 0 => self.written += count,
            _ => {
                self.stdin = None;
                return self.lines.clear();
            }
        }
        if self.written >= line.len() {
            self.lines.pop_front();
            self.written = 0;
        }
    }
}
