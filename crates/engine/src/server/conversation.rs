//! One module's dialog on the line: its commands carried out, one Receive or Ask at a time.

use std::time::{Duration, Instant};

use crate::escape;

use super::context::Context;
use super::dialog::{AskLine, DialogCommand, DialogOutput, DialogVerdict};
use super::edit::{LONGEST_LINE, LineEditor};
use super::intake::Intake;

/// Longest Send and Receive: their length is a WORD in the original interface.
const LONGEST: usize = 65_535;

const BUFFER_TOO_SMALL: u32 = 603;
const BUFFER_INVALID: u32 = 610;
const ASYNC_REQUEST_PENDING: u32 = 616;

/// A dialog from its Begin to its End.
pub(super) struct Conversation {
    /// The module's name.
    pub(super) module: String,
    /// Begin has returned without an error.
    begun: bool,
    wait: Option<Wait>,
    verdict: Option<DialogVerdict>,
}

/// The outstanding request.
struct Wait {
    what: Request,
    until: Option<Instant>,
}

enum Request {
    Receive { max: usize, any: bool },
    Line(LineEditor),
}

impl Conversation {
    /// A dialog whose Begin has been asked for.
    pub(super) fn new(module: String) -> Self {
        Self { module, begun: false, wait: None, verdict: None }
    }

    /// Begin has returned: a verdict that came meanwhile counts from now on.
    pub(super) fn begun(&mut self) {
        self.begun = true;
    }

    /// Carries out a command. What comes after Complete is ignored.
    pub(super) fn command(&mut self, now: Instant, command: DialogCommand, cx: &mut Context) {
        if self.verdict.is_some() {
            return;
        }
        match command {
            DialogCommand::Send(bytes) if bytes.len() > LONGEST => refuse(BUFFER_INVALID, cx),
            DialogCommand::Send(bytes) => cx.write(bytes),
            DialogCommand::Receive { .. } | DialogCommand::Ask(_) if self.wait.is_some() => {
                refuse(ASYNC_REQUEST_PENDING, cx);
            }
            DialogCommand::Receive { max: 0, .. } | DialogCommand::Ask(AskLine { max: 0, .. }) => {
                refuse(BUFFER_TOO_SMALL, cx);
            }
            DialogCommand::Receive { max, timeout, any } => match max {
                1..=LONGEST => self.wait_for(now, timeout, Request::Receive { max, any }),
                _ => refuse(BUFFER_INVALID, cx),
            },
            DialogCommand::Ask(ask) => self.ask(now, &ask, cx),
            DialogCommand::Extend(more) => cx.before.extend(now, more),
            // carried out where the caller's bytes are kept
            DialogCommand::Ppp(_) => {}
            DialogCommand::Complete(verdict) => {
                self.wait = None;
                self.verdict = Some(verdict);
            }
        }
    }

    fn ask(&mut self, now: Instant, ask: &AskLine, cx: &mut Context) {
        if ask.max > LONGEST_LINE {
            return refuse(BUFFER_INVALID, cx);
        }
        cx.write(escape::for_caller(&ask.prompt));
        self.wait_for(now, ask.timeout, Request::Line(LineEditor::new(ask.echo, ask.max)));
    }

    fn wait_for(&mut self, now: Instant, timeout: Option<Duration>, what: Request) {
        // a time no clock reaches is no limit
        let until = timeout.and_then(|timeout| now.checked_add(timeout));
        self.wait = Some(Wait { what, until });
    }

    /// Moves text to the outstanding request, and completes that when it has all.
    pub(super) fn serve(&mut self, intake: &mut Intake, cx: &mut Context) {
        let Some(wait) = &mut self.wait else { return };
        match &mut wait.what {
            Request::Receive { max, any } => {
                let ready = intake.receivable();
                if ready >= *max || (*any && ready > 0) {
                    let received = intake.take(ready.min(*max));
                    self.wait = None;
                    cx.dialog(DialogOutput::Received(received));
                }
            }
            Request::Line(editor) => {
                let mut reply = Vec::new();
                let mut ended = false;
                while let Some(key) = intake.next_key() {
                    ended = editor.key(key, &mut reply);
                    if ended {
                        break;
                    }
                }
                let line = ended.then(|| editor.take());
                cx.write(reply);
                if let Some(line) = line {
                    self.wait = None;
                    cx.dialog(DialogOutput::Line(line));
                }
            }
        }
    }

    /// Whether the module waits for something of the caller.
    pub(super) fn waits_for_caller(&self) -> bool {
        self.wait.is_some()
    }

    /// When the outstanding request runs out of time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.wait.as_ref().and_then(|wait| wait.until)
    }

    /// Ends a request whose time has come; what was typed for it is kept for the next one.
    pub(super) fn expire(&mut self, now: Instant, intake: &mut Intake, cx: &mut Context) {
        if self.deadline().is_none_or(|until| until > now) {
            return;
        }
        if let Some(Wait { what: Request::Line(mut editor), .. }) = self.wait.take() {
            intake.put_back(&editor.take());
        }
        cx.dialog(DialogOutput::TimedOut);
    }

    /// The verdict, once Begin has returned and Complete was called.
    pub(super) fn verdict(&mut self) -> Option<DialogVerdict> {
        if self.begun { self.verdict.take() } else { None }
    }
}

fn refuse(number: u32, cx: &mut Context) {
    cx.dialog(DialogOutput::Refused(number));
}
