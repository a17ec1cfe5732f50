//! Who watches a dial: a person at a terminal, a program over JSON lines, or a log.

use std::collections::VecDeque;
use std::time::Duration;

use openras_engine::client::dial::{DialEvent, DialParams, Notice};
use openras_engine::{ConnState, escape};
use openras_ppp::Secret;
use serde_json::json;

use crate::answers::{Answer, terminal_bytes};
use crate::json;
use crate::keyboard::{Key, Keyboard, Mode, RawKeys};
use crate::out;
use crate::render::{self, Paint};
use crate::traffic::Line;

/// What the watcher wants.
pub(crate) enum Said {
    /// Resume the pause with these.
    Resume(DialParams),
    /// Bytes for the other end.
    Terminal(Vec<u8>),
    /// Hang up.
    HangUp,
}

/// Who watches.
pub(crate) enum Front {
    Person(Box<Person>),
    Program(Box<Program>),
    /// Output only: no terminal and no `--json`.
    Log(View),
}

impl Front {
    pub(crate) fn person(verbose: u8) -> Self {
        Self::Person(Box::new(Person {
            view: View::new(verbose),
            keyboard: Keyboard::start(),
            pause: Pause::None,
            state: None,
        }))
    }

    pub(crate) fn program() -> Self {
        Self::Program(Box::new(Program { keyboard: Keyboard::start(), closed: false, paused: false }))
    }

    pub(crate) fn log(verbose: u8) -> Self {
        Self::Log(View::new(verbose))
    }

    /// Whether a pause can be answered.
    pub(crate) fn can_answer(&self) -> bool {
        !matches!(self, Self::Log(_))
    }

    /// Shows a notice.
    pub(crate) fn show(&mut self, now: Duration, notice: &Notice) {
        match self {
            Self::Person(person) => person.show(now, notice),
            Self::Program(program) => program.show(now, notice),
            Self::Log(view) => view.show(now, notice),
        }
    }

    /// Shows a line of `--ping` or `--fetch`.
    pub(crate) fn traffic(&mut self, now: Duration, line: &Line) {
        match self {
            Self::Person(person) => person.view.line(now, &line.text(), line.failed()),
            Self::Log(view) => view.line(now, &line.text(), line.failed()),
            Self::Program(_) => {
                let mut event = line.json();
                json::stamp(&mut event, now);
                out::line(event);
            }
        }
    }

    /// The next thing the watcher says; waits for ever for one who cannot.
    pub(crate) async fn said(&mut self, params: &DialParams) -> Said {
        match self {
            Self::Person(person) => person.said(params).await,
            Self::Program(program) => program.said(params).await,
            Self::Log(_) => std::future::pending().await,
        }
    }
}

/// Lines on standard output.
pub(crate) struct View {
    paint: Paint,
    packets: bool,
}

impl View {
    fn new(verbose: u8) -> Self {
        Self { paint: Paint::for_stdout(), packets: verbose > 0 }
    }

    fn show(&self, now: Duration, notice: &Notice) {
        let text = match notice {
            Notice::State { state, error, .. } => render::state(self.paint, *state, *error),
            Notice::Event(DialEvent::Packet(packet)) if self.packets => render::packet(self.paint, packet),
            Notice::Event(event) => {
                let text = render::event(event).unwrap_or_default();
                return text.lines().for_each(|text| out::line(render::timed(self.paint, now, text)));
            }
            Notice::Reply(Err(error)) => self.paint.bad(&format!("{error}: {}", error.sentence())),
            Notice::Ended(end) => render::end(self.paint, end),
            Notice::Terminal(_) | Notice::Reply(Ok(())) => return,
        };
        out::line(render::timed(self.paint, now, &text));
    }

    fn line(&self, now: Duration, text: &str, bad: bool) {
        let text = if bad { self.paint.bad(text) } else { text.to_string() };
        out::line(render::timed(self.paint, now, &text));
    }
}

/// The pause a person is in.
enum Pause {
    None,
    /// What sorts the keys, and those that were typed and are still to be done.
    Terminal(RawKeys, VecDeque<Key>),
    /// Fields still to be asked, and what was typed so far.
    Questions {
        asked: Vec<Field>,
        typed: Vec<Secret>,
        prompted: bool,
    },
}

/// One line a person is asked for.
#[derive(Clone, Copy)]
enum Field {
    User,
    Password,
    NewPassword,
    NewPasswordAgain,
    Number,
}

impl Field {
    fn prompt(self, params: &DialParams) -> String {
        match self {
            Self::User => format!("User [{}]: ", escape::line(&params.user)),
            Self::Password => "Password: ".into(),
            Self::NewPassword => "New password: ".into(),
            Self::NewPasswordAgain => "New password again: ".into(),
            Self::Number => "Number to be called back at (empty = no callback): ".into(),
        }
    }

    fn mode(self) -> Mode {
        match self {
            Self::User | Self::Number => Mode::Line,
            Self::Password | Self::NewPassword | Self::NewPasswordAgain => Mode::Hidden,
        }
    }
}

/// A person at a terminal.
pub(crate) struct Person {
    view: View,
    keyboard: Keyboard,
    pause: Pause,
    /// The state announced last.
    state: Option<ConnState>,
}

impl Person {
    pub(crate) fn keyboard(&mut self) -> &mut Keyboard {
        &mut self.keyboard
    }

    fn show(&mut self, now: Duration, notice: &Notice) {
        if let Notice::Terminal(bytes) = notice {
            // the one place where bytes from outside reach the terminal as they are (defence rule 15)
            return out::raw(bytes);
        }
        if matches!(notice, Notice::State { .. } | Notice::Ended(_)) {
            self.leave();
        }
        self.view.show(now, notice);
        if let Notice::State { state, error, .. } = notice {
            // a pause that is announced again with an error is over: the dial has failed in it
            let failed = self.state.replace(*state) == Some(*state) && error.is_some();
            if !failed {
                self.enter(*state, *error);
            }
        }
    }

    fn leave(&mut self) {
        if matches!(std::mem::replace(&mut self.pause, Pause::None), Pause::Terminal(..)) {
            out::part("\r\n");
        }
        self.keyboard.mode(Mode::Line);
    }

    fn enter(&mut self, state: ConnState, error: Option<openras_engine::RasError>) {
        let asked = match state {
            ConnState::INTERACTIVE => {
                out::line(
                    "  Ctrl-] Enter = go on with PPP, Ctrl-] q = hang up, Ctrl-] Ctrl-] = Ctrl-] itself",
                );
                self.keyboard.mode(Mode::Raw);
                self.pause = Pause::Terminal(RawKeys::default(), VecDeque::new());
                return;
            }
            ConnState::RETRY_AUTHENTICATION => vec![Field::User, Field::Password],
            ConnState::CALLBACK_SET_BY_CALLER => vec![Field::Number],
            ConnState::PASSWORD_EXPIRED => vec![Field::NewPassword, Field::NewPasswordAgain],
            _ => return,
        };
        if let Some(error) = error {
            out::line(format_args!("  {}", error.remedy()));
        }
        self.pause = Pause::Questions { asked, typed: Vec::new(), prompted: false };
    }

    async fn said(&mut self, params: &DialParams) -> Said {
        loop {
            match &mut self.pause {
                Pause::None => return std::future::pending().await,
                Pause::Terminal(keys, typed) => {
                    match typed.pop_front() {
                        Some(Key::Bytes(bytes)) => return Said::Terminal(bytes),
                        Some(Key::Continue) => return Said::Resume(params.clone()),
                        Some(Key::HangUp) => return Said::HangUp,
                        None => {}
                    }
                    let Some(bytes) = self.keyboard.read().await else { return self.nobody_there() };
                    typed.extend(keys.sort(&bytes));
                }
                Pause::Questions { .. } => {
                    if let Some(said) = self.ask(params).await {
                        return said;
                    }
                }
            }
        }
    }

    /// The terminal has gone. Said once: a second hang-up would not wait for a polite end.
    fn nobody_there(&mut self) -> Said {
        self.pause = Pause::None;
        Said::HangUp
    }

    async fn ask(&mut self, params: &DialParams) -> Option<Said> {
        let Pause::Questions { asked, typed, prompted } = &mut self.pause else { return None };
        let Some(field) = asked.get(typed.len()).copied() else {
            let said = answer(asked, typed, params);
            match said {
                Some(params) => {
                    self.pause = Pause::None;
                    return Some(Said::Resume(params));
                }
                None => typed.clear(),
            }
            out::line("  they differ; once more");
            return None;
        };
        // this future is dropped and made anew whenever something else happens: ask once
        if !std::mem::replace(prompted, true) {
            self.keyboard.mode(field.mode());
            out::part(format_args!("  {}", field.prompt(params)));
        }
        let Some(line) = self.keyboard.line().await else { return Some(self.nobody_there()) };
        *prompted = false;
        typed.push(line);
        None
    }
}

/// The parameters with what was typed; `None` where two new passwords differ.
fn answer(asked: &[Field], typed: &[Secret], before: &DialParams) -> Option<DialParams> {
    let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).trim().to_string();
    let mut params = before.clone();
    for (field, line) in asked.iter().zip(typed) {
        match field {
            Field::User if line.is_empty() => {}
            Field::User => params.user = text(line),
            Field::Password | Field::NewPassword => params.password = line.clone(),
            Field::NewPasswordAgain if params.password != *line => return None,
            Field::NewPasswordAgain => {}
            Field::Number => params.callback_number = text(line),
        }
    }
    Some(params)
}

/// A program that reads and writes JSON lines.
pub(crate) struct Program {
    keyboard: Keyboard,
    closed: bool,
    paused: bool,
}

impl Program {
    fn show(&mut self, now: Duration, notice: &Notice) {
        if let Notice::State { state, .. } = notice {
            self.paused = state.is_paused();
        }
        out::line(json::notice(now, notice));
    }

    async fn said(&mut self, params: &DialParams) -> Said {
        loop {
            if self.closed {
                // nobody is left to answer: a pause now would never end
                return if std::mem::take(&mut self.paused) {
                    Said::HangUp
                } else {
                    std::future::pending().await
                };
            }
            let Some(line) = self.keyboard.line().await else {
                self.closed = true;
                continue;
            };
            if line.expose().iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match said(line.expose(), params) {
                Ok(Some(said)) => return said,
                Ok(None) => {}
                Err(problem) => out::line(json!({ "event": "misunderstood", "message": problem })),
            }
        }
    }
}

fn said(line: &[u8], params: &DialParams) -> Result<Option<Said>, String> {
    Ok(match Answer::parse(line)? {
        Answer::Resume(changes) => Some(Said::Resume(changes.apply(params))),
        Answer::Continue(true) => Some(Said::Resume(params.clone())),
        Answer::Terminal(text) => Some(Said::Terminal(terminal_bytes(&text)?)),
        Answer::Hangup(true) => Some(Said::HangUp),
        Answer::Continue(false) | Answer::Hangup(false) => None,
    })
}
