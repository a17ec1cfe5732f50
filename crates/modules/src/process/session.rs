//! One conversation between a call and a program, both sides at once, until one of them ends it.

use std::time::Duration;

use openras_engine::server::{AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo};
use tokio::time::{Instant, sleep_until};

use super::channel::{Heard, Incoming, Outgoing};
use super::meter::Meter;
use super::{Fault, Limits};
use crate::dialog::Dialog;
use crate::protocol::{self, FromProgram};
use crate::redact::Redactor;

/// Messages that may wait for the program to read before it is not heard any more.
const BEHIND: usize = 8;
/// While the caller has to answer, the engine's limits count and not ours.
const FAR: Duration = Duration::from_secs(86_400);
/// Time that a program may ask for in one dialog, in all (defence rule 8).
const MORE: Duration = Duration::from_secs(300);

pub(super) struct Session<'a> {
    incoming: Incoming,
    to_program: Outgoing,
    /// A command that the line has no room for yet; nothing more is read before it is taken.
    pending: Option<DialogCommand>,
    /// Receives and Asks without an answer: while there are any, silence is not the program's.
    waiting: usize,
    /// The answer that is waited for is not shown on the caller's screen.
    unseen: bool,
    spoke: bool,
    /// Until when a library's Begin must have returned; `None` once it has, and for programs, whose first message
    /// says as much.
    begin_by: Option<Instant>,
    since: Instant,
    /// Until when it asked for time, and how much it may still ask for.
    granted: Instant,
    more: Duration,
    /// Verdicts after the first.
    second: u64,
    meter: Meter,
    limits: &'a Limits,
    log: &'a (dyn Fn(&str) + Sync),
    redactor: &'a Redactor,
}

enum Step {
    Event(DialogOutput),
    Heard(Result<Heard, Fault>),
    Moved,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        channel: (Outgoing, Incoming),
        limits: &'a Limits,
        log: &'a (dyn Fn(&str) + Sync),
        redactor: &'a Redactor,
        library: bool,
    ) -> Self {
        let now = Instant::now();
        Self {
            incoming: channel.1,
            to_program: channel.0,
            pending: None,
            waiting: 0,
            unseen: false,
            spoke: false,
            begin_by: library.then(|| now + limits.begin),
            since: now,
            granted: now,
            more: MORE,
            second: 0,
            meter: Meter::new(limits, now),
            limits,
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
            let reading = self.pending.is_none() && self.to_program.waiting() < BEHIND;
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
                () = self.to_program.write(), if self.to_program.waiting() > 0 => Step::Moved,
                heard = self.incoming.next(), if reading => Step::Heard(heard),
                () = sleep_until(patience) => return Err(self.silence()),
            };
            match step {
                Step::Event(DialogOutput::End) => return Ok(None),
                Step::Event(event) => self.hear(&event),
                Step::Heard(heard) => {
                    if let Some(verdict) = self.obey(heard?)? {
                        return Ok(Some(verdict));
                    }
                }
                Step::Moved => (),
            }
            self.since = Instant::now();
        }
    }

    /// Verdicts after the first; they count for nothing.
    pub(super) fn refused(&self) -> u64 {
        self.second
    }

    /// Tells the process of many dialogs that this one is over.
    pub(super) async fn say_end(&mut self) {
        self.to_program.push(protocol::end());
        while self.to_program.waiting() > 0 {
            self.to_program.write().await;
        }
    }

    /// Says goodbye: the program reads `end`, then the end of its input, and is heard until it closes its output.
    pub(super) async fn farewell(&mut self) {
        self.to_program.push(protocol::end());
        loop {
            let writing = self.to_program.waiting() > 0;
            if !writing {
                self.to_program.close();
            }
            tokio::select! {
                () = self.to_program.write(), if writing => (),
                heard = self.incoming.next() => match heard {
                    Ok(heard) => self.too_late(heard),
                    Err(_) => break,
                },
            }
        }
    }

    /// After the verdict there is no dialog to ask, tell or decide.
    fn too_late(&mut self, heard: Heard) {
        if self.meter.count(heard.bytes, Instant::now()).is_err() {
            return;
        }
        match heard.message {
            Ok(FromProgram::Log(text)) => (self.log)(&text),
            Ok(FromProgram::Command(DialogCommand::Complete(_))) => self.second += 1,
            _ => (),
        }
    }

    fn patience(&self) -> Instant {
        // a line that takes nothing holds up whatever the module says
        if let Some(by) = self.begin_by.filter(|_| self.pending.is_none()) {
            return by;
        }
        let callers_turn = self.waiting > 0 || self.pending.is_some();
        let own = if self.spoke { self.limits.answer } else { self.limits.begin };
        (self.since + if callers_turn { FAR } else { own }).max(self.granted)
    }

    fn silence(&self) -> Fault {
        match self.spoke && self.begin_by.is_none() {
            true => Fault::Silent(self.limits.answer),
            false => Fault::NoBegin(self.limits.begin),
        }
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

    fn obey(&mut self, heard: Heard) -> Result<Option<DialogVerdict>, Fault> {
        self.meter.count(heard.bytes, Instant::now())?;
        if heard.cut {
            return Err(Fault::LineTooLong);
        }
        self.spoke = true;
        match heard.message.map_err(Fault::Malformed)? {
            FromProgram::Begun => self.begin_by = None,
            FromProgram::Log(text) => (self.log)(&text),
            FromProgram::Command(DialogCommand::Complete(verdict)) => return Ok(Some(verdict)),
            FromProgram::Command(DialogCommand::Send(bytes)) if bytes.is_empty() => (),
            FromProgram::Command(DialogCommand::Extend(time)) => self.extend(time),
            FromProgram::Command(command) => self.queue(command),
        }
        Ok(None)
    }

    fn extend(&mut self, time: Duration) {
        let time = time.min(self.more);
        self.more -= time;
        if time.is_zero() {
            return (self.log)("it asked for more time than a dialog may last");
        }
        self.granted = self.granted.max(Instant::now() + time);
        self.queue(DialogCommand::Extend(time));
    }

    fn queue(&mut self, command: DialogCommand) {
        let unseen = match &command {
            DialogCommand::Receive { .. } => Some(true),
            DialogCommand::Ask(AskLine { echo, .. }) => Some(*echo != Echo::Yes),
            DialogCommand::Send(_)
            | DialogCommand::Extend(_)
            | DialogCommand::Ppp(_)
            | DialogCommand::Complete(_) => None,
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
