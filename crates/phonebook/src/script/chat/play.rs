//! Running an expect/send script.

use std::collections::VecDeque;
use std::time::Duration;

use openras_engine::RasError;
use openras_ppp::Secret;

use super::super::run::{Io, Player, Step, broken, ends_with, failed};
use super::super::{Outcome, Output, quoted};
use super::{MOST_WATCHED, Op, Part, Program, TIMEOUT, Try};

/// The longest line of the other end that is reported, in bytes.
const LONGEST_REPORT: usize = 256;

pub(in super::super) struct Play {
    program: Program,
    at: usize,
    timeout: u32,
    aborts: Vec<Secret>,
    reports: Vec<Secret>,
    /// What is left of a send.
    sending: VecDeque<Part>,
    /// The alternatives of an expect that are left, the first being waited for.
    expecting: Option<VecDeque<Try>>,
    /// A line that is being reported.
    reporting: Option<Vec<u8>>,
}

/// What the other end said.
enum Heard {
    Expected,
    Abort(Secret),
    Nothing,
}

impl Play {
    pub(in super::super) fn new(program: Program) -> Self {
        Self {
            program,
            at: 0,
            timeout: TIMEOUT,
            aborts: Vec::new(),
            reports: Vec::new(),
            sending: VecDeque::new(),
            expecting: None,
            reporting: None,
        }
    }

    fn command(&mut self, op: Op, io: &mut Io) -> Result<(), &'static str> {
        let watch = |list: &mut Vec<Secret>, text: Secret| {
            list.push(text);
            if list.len() > MOST_WATCHED { Err("more than 50 texts are watched for") } else { Ok(()) }
        };
        match op {
            Op::Expect(tries) => {
                let tries: VecDeque<Try> = tries.into();
                // '' waits for nothing
                if tries.front().is_some_and(|one| !one.text.is_empty()) {
                    self.expecting = Some(tries);
                    self.patience(io);
                }
            }
            Op::Send(parts) => self.sending = parts.into(),
            Op::Abort(text) => watch(&mut self.aborts, text)?,
            Op::Report(text) => watch(&mut self.reports, text)?,
            Op::ClearAbort(text) => self.aborts.retain(|own| *own != text),
            Op::ClearReport(text) => self.reports.retain(|own| *own != text),
            Op::Timeout(seconds) => self.timeout = seconds,
            Op::Say(text) => io.put(Output::Say(String::from_utf8_lossy(&text).into_owned())),
            Op::Nothing => {}
        }
        Ok(())
    }

    fn patience(&self, io: &mut Io) {
        io.deadline = io.after(Duration::from_secs(self.timeout.into()));
    }

    /// The next piece of a send; whether it has to wait.
    fn send(&mut self, part: &Part, io: &mut Io) -> bool {
        match part {
            Part::Bytes(bytes) => io.write(bytes.clone()),
            Part::User => io.write(Secret::from(io.login.user.as_str())),
            Part::Password => io.write(io.login.password.clone()),
            Part::Number => io.write(Secret::from(io.login.number.as_str())),
            Part::Break => io.put(Output::Break),
            Part::Pause(tenths) => {
                io.deadline = io.after(Duration::from_millis(100 * u64::from(*tenths)));
                return true;
            }
        }
        false
    }

    fn listen(&mut self, text: &Secret, io: &mut Io) -> Heard {
        while let Some(octet) = io.tape.next() {
            self.report(octet, io);
            let passed = io.tape.passed();
            let heard = |one: &&Secret| !one.is_empty() && ends_with(passed, one.expose(), false);
            if self.reporting.is_none()
                && let Some(report) = self.reports.iter().find(heard)
            {
                self.reporting = Some(report.expose().to_vec());
            }
            if ends_with(passed, text.expose(), false) {
                return Heard::Expected;
            }
            if let Some(abort) = self.aborts.iter().find(heard) {
                return Heard::Abort(abort.clone());
            }
        }
        Heard::Nothing
    }

    /// A reported line goes on until a control character.
    fn report(&mut self, octet: u8, io: &mut Io) {
        let Some(line) = &mut self.reporting else { return };
        if !octet.is_ascii_control() && line.len() < LONGEST_REPORT {
            line.push(octet);
        } else if let Some(line) = self.reporting.take() {
            io.put(Output::Say(String::from_utf8_lossy(&line).into_owned()));
        }
    }

    fn expect(&mut self, mut tries: VecDeque<Try>, io: &mut Io) -> Step {
        let Some(first) = tries.front().cloned() else { return Step::Next };
        match self.listen(&first.text, io) {
            Heard::Expected => {
                io.tape.take();
                io.deadline = None;
                return Step::Next;
            }
            Heard::Abort(text) => {
                io.tape.take();
                let what = format!("the other end said {}", quoted(text.expose()));
                return failed(number(text.expose()), self.line(), what);
            }
            Heard::Nothing if !io.due() => {
                self.expecting = Some(tries);
                return Step::Wait;
            }
            Heard::Nothing => {}
        }
        // chat has read what did not fit
        io.tape.take();
        tries.pop_front();
        let Some(otherwise) = first.otherwise else {
            let what = format!("{} did not come in {} s", quoted(first.text.expose()), self.timeout);
            return failed(RasError::REQUEST_TIMEOUT, self.line(), what);
        };
        self.sending = otherwise.into();
        self.expecting = tries.front().is_some_and(|one| !one.text.is_empty()).then_some(tries);
        if self.sending.is_empty() {
            self.patience(io);
        }
        Step::Next
    }
}

impl Player for Play {
    fn step(&mut self, io: &mut Io) -> Step {
        if let Some(part) = self.sending.front().cloned() {
            if io.deadline.is_some() && !io.due() {
                return Step::Wait;
            }
            self.sending.pop_front();
            let waits = self.send(&part, io);
            if self.sending.is_empty() && !waits && self.expecting.is_some() {
                self.patience(io);
            }
            if waits {
                // a piece without effect, so that the pause is waited for before whatever follows
                self.sending.push_front(Part::Bytes(Secret::default()));
            }
            return Step::Next;
        }
        if let Some(tries) = self.expecting.take() {
            return self.expect(tries, io);
        }
        let Some((line, op)) = self.program.0.get(self.at).cloned() else {
            if let Some(line) = self.reporting.take() {
                io.put(Output::Say(String::from_utf8_lossy(&line).into_owned()));
            }
            return Step::Done(Outcome::Connected);
        };
        self.at += 1;
        match self.command(op, io) {
            Ok(()) => Step::Next,
            Err(what) => broken(line, what),
        }
    }

    fn line(&self) -> usize {
        let at = self.at.saturating_sub(1);
        self.program.0.get(at).map_or(1, |(line, _)| *line)
    }
}

/// The number for what a modem or a login prompt said.
fn number(text: &[u8]) -> RasError {
    let text = String::from_utf8_lossy(text).to_uppercase();
    let known = [
        ("BUSY", RasError::LINE_BUSY),
        ("NO DIALTONE", RasError::NO_DIALTONE),
        ("NO DIAL TONE", RasError::NO_DIALTONE),
        ("NO ANSWER", RasError::NO_ANSWER),
        ("NO CARRIER", RasError::NO_CARRIER),
        ("VOICE", RasError::VOICE_ANSWER),
        ("INCORRECT", RasError::AUTHENTICATION_FAILURE),
        ("DENIED", RasError::AUTHENTICATION_FAILURE),
    ];
    known.into_iter().find(|(word, _)| text.contains(word)).map_or(RasError::FROM_DEVICE, |(_, code)| code)
}
