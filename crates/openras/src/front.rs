//! Who watches a dial: a person at a terminal, a program over JSON lines, or a log.

use std::collections::VecDeque;
use std::time::Duration;

use openras_api::Problem;
use openras_api::types::CallId;
use openras_api::types::connection::Resume;
use openras_api::types::event::{Event, State, Told};
use openras_engine::{ConnState, escape};
use openras_ppp::Secret;
use serde_json::{Value, json};

use crate::answers::{Answer, base64, terminal_bytes};
use crate::json;
use crate::keyboard::{Key, Keyboard, Mode, RawKeys};
use crate::out;
use crate::render::{self, Paint};
use crate::traffic::Line;

/// What the watcher wants.
pub(crate) enum Said {
    /// Resume the pause with these; the notifier is the session's to add.
    Resume(Resume),
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

    /// Shows a pause that a script answers: it asks nobody here.
    pub(crate) fn show_scripted(&mut self, told: &Told) {
        match self {
            Self::Person(person) => person.show_scripted(told),
            Self::Program(_) => json::line(told),
            Self::Log(view) => view.show(told),
        }
    }

    /// Shows what the script says.
    pub(crate) fn script(&mut self, call: CallId, now: Duration, text: &str) {
        let text = escape::line(text).to_string();
        self.mine(
            call,
            now,
            &format!("the script: {text}"),
            false,
            json!({ "event": "script", "text": text }),
        );
    }

    /// The script has left its pause to whoever watches.
    pub(crate) fn takes_over(&mut self, state: &State) {
        match self {
            Self::Person(person) => person.enter(state),
            Self::Program(program) => program.paused = true,
            Self::Log(_) => {}
        }
    }

    /// Says that nothing was dialled, for the entry is connected.
    pub(crate) fn joined(&mut self, call: CallId, name: &str) {
        let text = format!("{} is connected already, as c{call}", escape::line(name));
        self.mine(call, Duration::ZERO, &text, false, json!({ "event": "connected_already" }));
    }

    /// Shows an event of the dial.
    pub(crate) fn show(&mut self, told: &Told) {
        match self {
            Self::Person(person) => person.show(told),
            Self::Program(program) => program.show(told),
            Self::Log(view) => view.show(told),
        }
    }

    /// Shows what the other end says in the Interactive pause.
    pub(crate) fn terminal(&mut self, call: CallId, now: Duration, bytes: &[u8]) {
        match self {
            // the one place where bytes from outside reach the terminal as they are (defence rule 15)
            Self::Person(_) => out::raw(bytes),
            Self::Program(_) => {
                let event = json!({ "event": "terminal", "data": base64(bytes) });
                json::line(&json::mine(call, now, event));
            }
            Self::Log(_) => {}
        }
    }

    /// Shows whether an answer was taken.
    pub(crate) fn reply(&mut self, call: CallId, now: Duration, reply: &Result<(), Problem>) {
        match (self, reply) {
            (Self::Program(_), _) => {
                let event = json!({ "event": "reply", "error": reply.as_ref().err() });
                json::line(&json::mine(call, now, event));
            }
            (Self::Person(person), Err(error)) => person.view.line(now, &render::problem(error), true),
            (Self::Log(view), Err(error)) => view.line(now, &render::problem(error), true),
            (_, Ok(())) => {}
        }
    }

    /// Shows a line of `--ping` or `--fetch`.
    pub(crate) fn traffic(&mut self, call: CallId, now: Duration, line: &Line) {
        self.mine(call, now, &line.text(), line.failed(), line.json());
    }

    /// Says that this program leaves and the call stays.
    pub(crate) fn detached(&mut self, call: CallId, now: Duration) {
        let text = format!("c{call} stays connected; `openras hangup c{call}` ends it");
        self.mine(call, now, &text, false, json!({ "event": "detached" }));
    }

    /// Says when it is dialled again, and which try that is.
    pub(crate) fn redialling(&mut self, pause: Duration, tried: u32) {
        let text = format!("dialling again in {} s (try {})", pause.as_secs(), tried + 1);
        let event = json!({ "event": "redial", "seconds": pause.as_secs_f64(), "try": tried + 1 });
        self.mine(0, Duration::ZERO, &text, false, event);
    }

    /// Says that a port waits for the first connection.
    pub(crate) fn waiting(&mut self, port: &str) {
        let text = format!("{port}; the call is placed when somebody connects");
        self.mine(0, Duration::ZERO, &text, false, json!({ "event": "waiting", "text": port }));
    }

    fn mine(&mut self, call: CallId, now: Duration, text: &str, bad: bool, event: Value) {
        match self {
            Self::Person(person) => person.view.line(now, text, bad),
            Self::Log(view) => view.line(now, text, bad),
            Self::Program(_) => json::line(&json::mine(call, now, event)),
        }
    }

    /// The next thing the watcher says; waits for ever for one who cannot. `user` is who the dial is for.
    pub(crate) async fn said(&mut self, user: &str) -> Said {
        match self {
            Self::Person(person) => person.said(user).await,
            Self::Program(program) => program.said().await,
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

    fn show(&self, told: &Told) {
        let lines = render::event(self.paint, &told.event, self.packets);
        // what belongs to a line stands under it
        for (i, text) in lines.iter().enumerate() {
            if matches!(told.event, Event::Ended(_)) && i > 0 {
                out::line(text);
            } else {
                out::line(render::timed(self.paint, render::time(told.t), text));
            }
        }
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
    fn prompt(self, user: &str) -> String {
        match self {
            Self::User => format!("User [{}]: ", escape::line(user)),
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

    fn show(&mut self, told: &Told) {
        if let Event::Terminal { data } = &told.event {
            // the one place where bytes from outside reach the terminal as they are (defence rule 15)
            return out::raw(&terminal_bytes(data).unwrap_or_default());
        }
        if matches!(told.event, Event::State(_) | Event::Ended(_)) {
            self.leave();
        }
        self.view.show(told);
        if let Event::State(state) = &told.event {
            // a pause that is announced again with an error is over: the dial has failed in it
            let conn = state.conn_state();
            let failed = self.state.replace(conn) == Some(conn) && state.error.is_some();
            if !failed {
                self.enter(state);
            }
        }
    }

    fn show_scripted(&mut self, told: &Told) {
        self.leave();
        self.view.show(told);
        self.state = Some(ConnState::INTERACTIVE);
    }

    fn leave(&mut self) {
        if matches!(std::mem::replace(&mut self.pause, Pause::None), Pause::Terminal(..)) {
            out::part("\r\n");
        }
        self.keyboard.mode(Mode::Line);
    }

    fn enter(&mut self, state: &State) {
        let asked = match state.conn_state() {
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
        if let Some(error) = &state.error {
            out::line(format_args!("  {}", render::safe(&error.remedy)));
        }
        self.pause = Pause::Questions { asked, typed: Vec::new(), prompted: false };
    }

    async fn said(&mut self, user: &str) -> Said {
        loop {
            match &mut self.pause {
                Pause::None => return std::future::pending().await,
                Pause::Terminal(keys, typed) => {
                    match typed.pop_front() {
                        Some(Key::Bytes(bytes)) => return Said::Terminal(bytes),
                        Some(Key::Continue) => return Said::Resume(Resume::default()),
                        Some(Key::HangUp) => return Said::HangUp,
                        None => {}
                    }
                    let Some(bytes) = self.keyboard.read().await else { return self.nobody_there() };
                    typed.extend(keys.sort(&bytes));
                }
                Pause::Questions { .. } => {
                    if let Some(said) = self.ask(user).await {
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

    async fn ask(&mut self, user: &str) -> Option<Said> {
        let Pause::Questions { asked, typed, prompted } = &mut self.pause else { return None };
        let Some(field) = asked.get(typed.len()).copied() else {
            match answer(asked, typed) {
                Some(resume) => {
                    self.pause = Pause::None;
                    return Some(Said::Resume(resume));
                }
                None => typed.clear(),
            }
            out::line("  they differ; once more");
            return None;
        };
        // this future is dropped and made anew whenever something else happens: ask once
        if !std::mem::replace(prompted, true) {
            self.keyboard.mode(field.mode());
            out::part(format_args!("  {}", field.prompt(user)));
        }
        let Some(line) = self.keyboard.line().await else { return Some(self.nobody_there()) };
        *prompted = false;
        typed.push(line);
        None
    }
}

/// The answer that was typed; `None` where two new passwords differ.
fn answer(asked: &[Field], typed: &[Secret]) -> Option<Resume> {
    let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).trim().to_string();
    let mut resume = Resume::default();
    for (field, line) in asked.iter().zip(typed) {
        match field {
            Field::User if line.is_empty() => {}
            Field::User => resume.user = Some(text(line)),
            Field::Password | Field::NewPassword => resume.password = Some(line.clone().into()),
            Field::NewPasswordAgain if resume.password.as_ref().is_none_or(|new| new.0 != *line) => {
                return None;
            }
            Field::NewPasswordAgain => {}
            Field::Number => resume.callback_number = Some(text(line)),
        }
    }
    Some(resume)
}

/// A program that reads and writes JSON lines.
pub(crate) struct Program {
    keyboard: Keyboard,
    closed: bool,
    paused: bool,
}

impl Program {
    fn show(&mut self, told: &Told) {
        if let Event::State(state) = &told.event {
            self.paused = state.paused;
        }
        json::line(told);
    }

    async fn said(&mut self) -> Said {
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
            match said(line.expose()) {
                Ok(Some(said)) => return said,
                Ok(None) => {}
                Err(problem) => json::line(&json!({ "event": "misunderstood", "message": problem })),
            }
        }
    }
}

fn said(line: &[u8]) -> Result<Option<Said>, String> {
    Ok(match Answer::parse(line)? {
        Answer::Resume(changes) => Some(Said::Resume(changes.into())),
        Answer::Continue(true) => Some(Said::Resume(Resume::default())),
        Answer::Terminal(text) => Some(Said::Terminal(terminal_bytes(&text)?)),
        Answer::Hangup(true) => Some(Said::HangUp),
        Answer::Continue(false) | Answer::Hangup(false) => None,
    })
}
