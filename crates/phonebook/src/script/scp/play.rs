//! Running a `.scp` script.

use std::net::Ipv4Addr;
use std::time::Duration;

use openras_ppp::Secret;

use super::super::run::{Io, Player, Step, broken, ends_with};
use super::super::{Outcome, Output};
use super::value::{Scope, Value, cooked};
use super::{Choice, IpTo, Op, Program};

pub(in super::super) struct Play {
    program: Program,
    at: usize,
    variables: Vec<Value>,
    success: Option<bool>,
    wait: Option<Wait>,
}

/// What it waits for.
enum Wait {
    Delay,
    For(Vec<Pattern>),
    Address { left: i64, to: IpTo, word: Vec<u8> },
}

struct Pattern {
    text: Secret,
    matchcase: bool,
    then: Option<usize>,
}

/// The longest run of digits and full stops that can be an address, with a full stop behind it.
const LONGEST_ADDRESS: usize = 16;

impl Play {
    pub(in super::super) fn new(program: Program) -> Self {
        let variables = program.variables.iter().map(|of| Value::first(*of)).collect();
        Self { program, at: 0, variables, success: None, wait: None }
    }

    fn command(&mut self, op: &Op, io: &mut Io) -> Result<Step, &'static str> {
        let scope = Scope {
            variables: &self.variables,
            user: &io.login.user,
            password: &io.login.password,
            success: self.success,
        };
        match op {
            Op::Assign(place, value) => {
                let value = scope.value(value)?;
                if let Some(variable) = self.variables.get_mut(*place) {
                    *variable = value;
                }
            }
            Op::Jump(to) => self.at = *to,
            Op::JumpUnless(condition, to) => {
                if !scope.boolean(condition)? {
                    self.at = *to;
                }
            }
            Op::Delay(time) => {
                let time = seconds(scope.integer(time)?);
                io.deadline = io.after(time);
                self.wait = Some(Wait::Delay);
            }
            Op::Halt => return Ok(Step::Done(Outcome::Halted)),
            Op::Transmit { text, raw } => {
                let text = scope.text(text)?;
                io.write(if *raw { text } else { cooked(&text) });
            }
            Op::WaitFor { choices, until } => {
                let patterns =
                    choices.iter().map(|choice| pattern(&scope, choice)).collect::<Result<_, _>>()?;
                let until = until.as_ref().map(|until| scope.integer(until)).transpose()?;
                io.deadline = until.and_then(|until| io.after(seconds(until)));
                self.wait = Some(Wait::For(patterns));
            }
            Op::GetIp { nth, to } => {
                let left = nth.as_ref().map_or(Ok(1), |nth| scope.integer(nth))?.max(1);
                self.wait = Some(Wait::Address { left, to: *to, word: Vec::new() });
            }
            Op::SetIp(address) => {
                let text = cooked(&scope.text(address)?);
                io.put(Output::Address(parse(text.expose()).ok_or("the text is no IP address")?));
            }
            Op::Keyboard(on) => io.put(Output::Keyboard(*on)),
            Op::Port(setting) => io.put(Output::Port(*setting)),
        }
        Ok(Step::Next)
    }

    /// Looks at what came in; `Next` when the waiting is over.
    fn waiting(&mut self, wait: Wait, io: &mut Io) -> Step {
        match wait {
            Wait::Delay if io.due() || io.deadline.is_none() => return Step::Next,
            Wait::Delay => self.wait = Some(Wait::Delay),
            Wait::For(patterns) => {
                if let Some(then) = found(&patterns, io) {
                    io.tape.take();
                    io.deadline = None;
                    self.success = Some(true);
                    self.at = then.unwrap_or(self.at);
                    return Step::Next;
                }
                if io.due() {
                    io.tape.back();
                    self.success = Some(false);
                    return Step::Next;
                }
                self.wait = Some(Wait::For(patterns));
            }
            Wait::Address { mut left, to, mut word } => {
                while let Some(octet) = io.tape.next() {
                    if octet == b'.' || octet.is_ascii_digit() {
                        if word.len() <= LONGEST_ADDRESS {
                            word.push(octet);
                        }
                        continue;
                    }
                    let address = parse(&word);
                    word.clear();
                    left -= i64::from(address.is_some());
                    if let Some(address) = address.filter(|_| left == 0) {
                        io.tape.back_one();
                        io.tape.take();
                        self.give(address, to, io);
                        return Step::Next;
                    }
                }
                io.tape.take();
                self.wait = Some(Wait::Address { left, to, word });
            }
        }
        Step::Wait
    }

    fn give(&mut self, address: Ipv4Addr, to: IpTo, io: &mut Io) {
        self.success = Some(true);
        match to {
            IpTo::Nothing => {}
            IpTo::Session => io.put(Output::Address(address)),
            IpTo::Variable(place) => {
                if let Some(variable) = self.variables.get_mut(place) {
                    *variable = Value::Text(Secret::from(address.to_string().as_str()));
                }
            }
        }
    }
}

impl Player for Play {
    fn step(&mut self, io: &mut Io) -> Step {
        if let Some(wait) = self.wait.take() {
            return self.waiting(wait, io);
        }
        let Some((line, op)) = self.program.ops.get(self.at).cloned() else {
            return Step::Done(Outcome::Connected);
        };
        self.at += 1;
        self.command(&op, io).unwrap_or_else(|what| broken(line, what))
    }

    fn line(&self) -> usize {
        let at = self.at.saturating_sub(1);
        self.program.ops.get(at).map_or(1, |(line, _)| *line)
    }
}

/// Moves over what came in until one of the texts ends there; where it goes on, if it says so.
fn found(patterns: &[Pattern], io: &mut Io) -> Option<Option<usize>> {
    // nothing is waited for
    if let Some(pattern) = patterns.iter().find(|pattern| pattern.text.is_empty()) {
        io.tape.back();
        return Some(pattern.then);
    }
    while io.tape.next().is_some() {
        let passed = io.tape.passed();
        let hit = patterns.iter().find(|one| ends_with(passed, one.text.expose(), !one.matchcase));
        if let Some(pattern) = hit {
            return Some(pattern.then);
        }
    }
    None
}

fn pattern(scope: &Scope<'_>, choice: &Choice) -> Result<Pattern, &'static str> {
    Ok(Pattern { text: cooked(&scope.text(&choice.text)?), matchcase: choice.matchcase, then: choice.then })
}

/// Seconds of a script; none for a negative number.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

/// A dotted address, perhaps at the end of a sentence.
fn parse(word: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(word).ok()?.trim().trim_end_matches('.').parse().ok()
}
