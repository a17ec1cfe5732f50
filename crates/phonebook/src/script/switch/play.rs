//! Running a section of SWITCH.INF.
//!
//! A device answered in one piece; a network does not. So a response is looked for octet by octet; what fits any answer
//! counts only when nothing more has come for [`QUIET`], and LOOP means to read on.

use std::time::Duration;

use openras_engine::RasError;
use openras_ppp::Secret;

use super::super::run::{Io, Player, Step, failed};
use super::super::{Outcome, quoted};
use super::{Atom, Command, Part, Program, Response, Verdict};

/// `COMMAND=` waits this long.
const EMPTY: Duration = Duration::from_secs(2);
/// Before a command that does not end in `<cr>`.
const UNENDED: Duration = Duration::from_millis(250);
/// How long nothing must have come before an answer counts as complete.
const QUIET: Duration = Duration::from_millis(500);
/// How long an answer that fits nothing may be followed by another.
const UNKNOWN: Duration = Duration::from_secs(2);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(in super::super) struct Play {
    program: Program,
    at: usize,
    state: State,
    /// How many segments of each response have been seen, and how many octets ago the last one ended.
    seen: Vec<(usize, usize)>,
    heard: bool,
}

enum State {
    /// The next command.
    Begin,
    /// The pause before it is sent.
    Before,
    Responses,
    /// The text of the answer, as far as it goes.
    Diagnostics(usize),
}

impl Play {
    pub(in super::super) fn new(program: Program) -> Self {
        Self { program, at: 0, state: State::Begin, seen: Vec::new(), heard: false }
    }

    fn begin(&mut self, command: &Command, io: &mut Io) -> Step {
        let ended = match command.text.last() {
            Some(Part::Bytes(bytes)) => bytes.expose().ends_with(b"\r"),
            _ => false,
        };
        if !ended {
            io.deadline = io.after(if command.text.is_empty() { EMPTY } else { UNENDED });
        }
        self.state = State::Before;
        Step::Next
    }

    fn send(&mut self, command: &Command, io: &mut Io) -> Step {
        if io.deadline.is_some() && !io.due() {
            return Step::Wait;
        }
        for part in &command.text {
            io.write(match part {
                Part::Bytes(bytes) => bytes.clone(),
                Part::User => Secret::from(io.login.user.as_str()),
                Part::Password => io.login.password.clone(),
            });
        }
        if command.no_response {
            return self.next();
        }
        if command.responses.is_empty() {
            return Step::Done(Outcome::Connected);
        }
        self.seen = vec![(0, 0); command.responses.len()];
        self.heard = false;
        io.deadline = io.after(PATIENCE);
        self.state = State::Responses;
        Step::Next
    }

    fn next(&mut self) -> Step {
        self.at += 1;
        self.state = State::Begin;
        Step::Next
    }

    fn responses(&mut self, command: &Command, io: &mut Io) -> Step {
        let mut came = false;
        while io.tape.next().is_some() {
            came = true;
            if let Some(nth) = self.hit(command, io)
                && let Some(response) = command.responses.get(nth)
            {
                if response.verdict == Verdict::Loop {
                    self.seen = vec![(0, 0); command.responses.len()];
                    continue;
                }
                return self.decide(response, nth, io);
            }
        }
        let any = |one: &&Response| one.segments.is_empty();
        let loops = command.responses.iter().any(|one| one.verdict == Verdict::Loop);
        let first_any = command.responses.iter().position(|one| any(&one) && one.verdict != Verdict::Loop);
        if came {
            self.heard = true;
            io.deadline = io.after(match first_any {
                Some(_) => QUIET,
                None if loops => PATIENCE,
                None => UNKNOWN,
            });
        } else if io.due() {
            return match (self.heard, first_any) {
                (false, _) => self.silent(command, "no answer came"),
                (true, Some(nth)) => match command.responses.get(nth) {
                    Some(response) => self.decide(response, nth, io),
                    None => Step::Next,
                },
                (true, None) if loops => self.silent(command, "nothing more came"),
                (true, None) => {
                    let what = format!("the answer {} fits no response", quoted(io.tape.passed()));
                    failed(RasError::UNRECOGNIZED_RESPONSE, command.line, what)
                }
            };
        }
        Step::Wait
    }

    fn silent(&self, command: &Command, what: &str) -> Step {
        failed(RasError::REQUEST_TIMEOUT, command.line, format!("{what} in {} s", PATIENCE.as_secs()))
    }

    /// The first response whose last segment ends where the probe is.
    fn hit(&mut self, command: &Command, io: &Io) -> Option<usize> {
        let passed = io.tape.passed();
        for (nth, (response, (count, since))) in command.responses.iter().zip(&mut self.seen).enumerate() {
            *since += 1;
            let Some(segment) = response.segments.get(*count) else { continue };
            if *since >= segment.len() && fits(segment, passed) {
                *count += 1;
                *since = 0;
                if *count == response.segments.len() {
                    return Some(nth);
                }
            }
        }
        None
    }

    fn decide(&mut self, response: &Response, nth: usize, io: &mut Io) -> Step {
        if response.diagnostics && !response.segments.is_empty() {
            io.deadline = io.after(QUIET);
            self.state = State::Diagnostics(nth);
            return Step::Next;
        }
        self.verdict(response, io)
    }

    /// Reads to the end of the line, or until nothing more comes.
    fn diagnostics(&mut self, response: &Response, io: &mut Io) -> Step {
        while let Some(octet) = io.tape.next() {
            if matches!(octet, b'\r' | b'\n') {
                return self.verdict(response, io);
            }
        }
        if io.due() { self.verdict(response, io) } else { Step::Wait }
    }

    fn verdict(&mut self, response: &Response, io: &mut Io) -> Step {
        let text = quoted(io.tape.passed().trim_ascii());
        io.tape.take();
        io.deadline = None;
        match response.verdict {
            Verdict::Connect => Step::Done(Outcome::Connected),
            Verdict::Next | Verdict::Loop => self.next(),
            Verdict::Error(code) => failed(code, response.line, format!("the other end said {text}")),
        }
    }
}

impl Player for Play {
    fn step(&mut self, io: &mut Io) -> Step {
        let Some(command) = self.program.0.get(self.at).cloned() else {
            return Step::Done(Outcome::Connected);
        };
        match self.state {
            State::Begin => self.begin(&command, io),
            State::Before => self.send(&command, io),
            State::Responses => self.responses(&command, io),
            State::Diagnostics(nth) => match command.responses.get(nth) {
                Some(response) => self.diagnostics(response, io),
                None => self.next(),
            },
        }
    }

    fn line(&self) -> usize {
        self.program.0.get(self.at).or(self.program.0.last()).map_or(1, |command| command.line)
    }
}

/// Whether the text ends in the segment.
fn fits(segment: &[Atom], text: &[u8]) -> bool {
    let Some(start) = text.len().checked_sub(segment.len()) else { return false };
    let tail = text.get(start..).unwrap_or_default();
    segment.iter().zip(tail).all(|(atom, octet)| atom.is_none_or(|wanted| wanted == *octet))
}
