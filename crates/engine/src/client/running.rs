//! A dial that runs: hands inputs to its phase, keeps what must wait, answers commands.

use std::collections::VecDeque;
use std::time::Instant;

use openras_ppp::{Input, Machine, Stats};

use crate::client::closing::{self, Failure, fail};
use crate::client::connected::Leave;
use crate::client::context::Context;
use crate::client::dial::{Command, DialConfig, DialParams, Notice};
use crate::client::dialling;
use crate::client::phases::{Phase, Turn};
use crate::line::{CallInput, CallOutput, LineEvent};
use crate::{ConnState, RasError};

/// How much of the line waits while a notice is unseen, in bytes; more ends the call with 710.
const BACKLOG: usize = 64 * 1024;
/// What one waiting event without bytes counts for, so that rings without end have an end too.
const EVENT_SIZE: usize = 64;

/// The machine behind [`Dial`](crate::client::Dial), once the time is known.
pub(crate) struct Running {
    phase: Phase,
    cx: Context,
    /// What the line said while a notice was unseen, in order.
    backlog: VecDeque<Waiting>,
    backlog_size: usize,
}

/// A line's event that waits.
enum Waiting {
    Bytes(Vec<u8>),
    Other(LineEvent<'static>),
}

impl Waiting {
    fn of(event: LineEvent<'_>) -> Self {
        Self::Other(match event {
            LineEvent::Bytes(bytes) => return Self::Bytes(bytes.to_vec()),
            LineEvent::Opened => LineEvent::Opened,
            LineEvent::Ring { caller } => LineEvent::Ring { caller },
            LineEvent::Connected { text } => LineEvent::Connected { text },
            LineEvent::Disconnected => LineEvent::Disconnected,
            LineEvent::Failed(error) => LineEvent::Failed(error),
            LineEvent::Closed => LineEvent::Closed,
        })
    }

    fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => EVENT_SIZE + bytes.len(),
            Self::Other(LineEvent::Ring { caller: Some(text) } | LineEvent::Connected { text }) => {
                EVENT_SIZE + text.len()
            }
            Self::Other(_) => EVENT_SIZE,
        }
    }
}

impl Running {
    pub(crate) fn start(config: DialConfig, seed: [u8; 32], now: Instant) -> Self {
        let mut cx = Context::new(config, seed, now);
        let phase = dialling::begin(&mut cx);
        Self { phase, cx, backlog: VecDeque::new(), backlog_size: 0 }
    }

    pub(crate) fn handle(&mut self, now: Instant, input: CallInput<'_, Command>) {
        self.cx.enter(now);
        match input {
            CallInput::Line(event) => self.line(event),
            CallInput::Ip(packet) => self.ip(packet),
            CallInput::Command(command) => self.command(command),
            CallInput::Tick => self.turn(Phase::tick),
        }
        self.settle();
    }

    /// Moves what is to be done or known to where the owner polls it.
    pub(crate) fn give(&mut self, out: &mut VecDeque<CallOutput<Notice>>) {
        out.append(&mut self.cx.out);
    }

    pub(crate) fn status(&self) -> (ConnState, Option<RasError>) {
        (self.cx.state, self.cx.error)
    }

    /// The counters of PPP, while there is one.
    pub(crate) fn stats(&self) -> Option<Stats> {
        self.phase.ppp().map(|ppp| *ppp.stats())
    }

    pub(crate) fn timeout(&self) -> Option<Instant> {
        let own = self.phase.deadline(&self.cx).and_then(|at| self.cx.on_the_wall(at));
        let ppp = self.phase.ppp().and_then(Machine::poll_timeout);
        [own, ppp].into_iter().flatten().min()
    }

    fn turn(&mut self, turn: impl FnOnce(Phase, &mut Context) -> Phase) {
        let phase = std::mem::replace(&mut self.phase, Phase::Done);
        self.phase = turn(phase, &mut self.cx);
    }

    /// Goes on until nothing is left that may be done now.
    fn settle(&mut self) {
        if matches!(self.phase, Phase::Connected(_)) && self.backlog.is_empty() {
            return;
        }
        loop {
            if !self.waits()
                && let Some(waiting) = self.backlog.pop_front()
            {
                self.backlog_size -= waiting.size().min(self.backlog_size);
                match waiting {
                    Waiting::Bytes(bytes) => self.deliver(&LineEvent::Bytes(&bytes)),
                    Waiting::Other(event) => self.deliver(&event),
                }
                continue;
            }
            let phase = std::mem::replace(&mut self.phase, Phase::Done);
            match phase.advance(&mut self.cx) {
                Turn::Next(phase) => self.phase = phase,
                Turn::Stay(phase) => {
                    self.phase = phase;
                    return;
                }
            }
        }
    }

    /// Whether the line's events must wait: a notice is unseen, or what was announced has not begun.
    fn waits(&self) -> bool {
        matches!(self.phase, Phase::About(_)) || (self.cx.is_held() && self.phase.keeps_line_waiting())
    }

    fn line(&mut self, event: LineEvent<'_>) {
        self.cx.heard(&event);
        // the hot path: Connected, nothing waiting
        if self.backlog.is_empty() {
            if let (Phase::Connected(connected), LineEvent::Bytes(bytes)) = (&mut self.phase, &event) {
                if let Some(leave) = connected.feed(Input::Line(bytes), &mut self.cx) {
                    self.leave(leave);
                }
                return;
            }
            if !self.waits() {
                return self.deliver(&event);
            }
        }
        let waiting = Waiting::of(event);
        self.backlog_size += waiting.size();
        self.backlog.push_back(waiting);
        if self.backlog_size > BACKLOG {
            self.overflow();
        }
    }

    fn overflow(&mut self) {
        (self.backlog, self.backlog_size) = (VecDeque::new(), 0);
        let why = format!("More than {} KiB came in while a state waited to be seen.", BACKLOG / 1024);
        self.turn(|_, cx| fail(cx, Failure::new(RasError::OVERRUN, why), None));
    }

    fn deliver(&mut self, event: &LineEvent<'_>) {
        self.turn(|phase, cx| phase.line(event, cx));
    }

    fn ip(&mut self, packet: &[u8]) {
        if let Phase::Connected(connected) = &mut self.phase
            && let Some(leave) = connected.feed(Input::Ip(packet), &mut self.cx)
        {
            self.leave(leave);
        }
    }

    fn leave(&mut self, leave: Leave) {
        self.turn(|phase, cx| match phase {
            Phase::Connected(connected) => connected.after(Some(leave), cx),
            other => other,
        });
    }

    fn command(&mut self, command: Command) {
        let result = match command {
            Command::Terminal(bytes) => return self.typed(bytes),
            Command::HangUp => return self.hang_up(),
            Command::Resume { notifier, params } => self.resume(notifier, params),
            Command::Seen(_) if matches!(self.phase, Phase::Done) => Err(RasError::INVALID_HANDLE),
            Command::Seen(seq) => self.cx.note_seen(seq),
        };
        self.cx.notice(Notice::Reply(result));
    }

    fn typed(&mut self, bytes: Vec<u8>) {
        if let Phase::Terminal(terminal) = &mut self.phase {
            terminal.typed(bytes, &mut self.cx);
        }
    }

    fn resume(&mut self, notifier: u64, params: DialParams) -> Result<(), RasError> {
        match &mut self.phase {
            Phase::Closing(_) | Phase::Done => Err(RasError::INVALID_HANDLE),
            _ if notifier != self.cx.config.notifier => Err(RasError::INVALID_PARAMETER),
            Phase::Terminal(terminal) => terminal.resume(params, &mut self.cx),
            Phase::Paused(paused) => paused.resume(params, &mut self.cx),
            _ => Err(RasError::DIAL_ALREADY_IN_PROGRESS),
        }
    }

    fn hang_up(&mut self) {
        let ended = matches!(self.phase, Phase::Done);
        self.cx.notice(Notice::Reply(if ended { Err(RasError::INVALID_HANDLE) } else { Ok(()) }));
        self.turn(|phase, cx| match phase {
            Phase::Done => Phase::Done,
            Phase::Closing(phase) => phase.at_once(cx),
            phase => closing::hang_up(cx, phase.into_ppp()),
        });
    }
}
