//! The login prompt of a port, behind its security modules and before PPP: a name, a password, and what the user then gets.
//!
//! Who has not logged in gets no further than PPP under its own authentication, and that only where the port has it
//! (defence rule 1). What a module has proved is not asked again: with its name only the password is asked for.

mod answers;
mod change;
mod config;
mod echo;
mod last_minute;
mod menu;
mod parity;
mod watch;

use std::time::Instant;

use openras_ppp::{Claim, Proof, Secret};

use crate::escape;
use crate::line::{CallInput, LineEvent};
use crate::terminal::Header;

pub use config::{AfterLogin, LoginConfig, LoginMode, Service};

use super::admit::Identity;
use super::context::Context;
use super::dialog::{Echo, PppInDialog};
use super::edit::LineEditor;
use super::ends::{self, End};
use super::intake::{Intake, Overflow};
use super::link::Link;
use super::phases::Phase;
use super::port::{Ask, Command};
use super::slip::Slip;
use super::stream::Stream;
use change::Change;
use echo::EchoWatch;
pub(super) use last_minute::{LastMinute, TEXT};
use parity::Parity;
use watch::SlipWatch;

/// Most octets of text at the prompt (defence rule 8).
const MOST: usize = 4096;
/// Longest name and password, in octets.
const LONGEST: usize = 128;
/// Most answers that are none: empty lines, what modems say, services that are not there.
const SENSELESS: u32 = 20;

/// A caller at the prompt.
pub(super) struct Login {
    intake: Intake,
    slip: SlipWatch,
    echo: EchoWatch,
    parity: Parity,
    /// Who the modules say it is; an empty name where they have none.
    known: Option<Identity>,
    stage: Stage,
    /// Passwords asked for.
    asked: u32,
    /// The password that is being looked at.
    typed: Option<Secret>,
    /// Octets of text that have come.
    came: usize,
    senseless: u32,
    /// When settling, or choosing, is over.
    until: Option<Instant>,
    /// Until when what has come may be SLIP.
    held: Option<Instant>,
    last_minute: LastMinute,
}

/// What is waited for.
enum Stage {
    /// The line to be quiet.
    Settling,
    Name(LineEditor),
    Password(String, LineEditor),
    Verdict(String),
    /// Another password, in place of an expired one.
    New(Box<Change>, LineEditor),
    Admission(String),
    Choice(Chooser, LineEditor),
    /// An address for SLIP.
    Address(Chooser, Service),
    /// A service to be connected.
    Opening(Chooser, String),
}

/// Somebody who has logged in.
struct Chooser {
    name: String,
    services: Vec<String>,
}

/// What comes next.
enum Next {
    Stay,
    End(Box<End>),
    /// PPP with somebody who has proved nothing here.
    Ppp,
    /// PPP with this user.
    PppOf(String),
    /// SLIP with this user, and what has come of it.
    Slip(Box<Slip>),
    Stream(Box<Stream>),
}

impl Next {
    fn end(end: End) -> Self {
        Self::End(Box::new(end))
    }
}

impl Login {
    /// Begins behind the modules, who know the caller as `known`; `intake` holds what came and nobody took.
    pub(super) fn begin(
        now: Instant,
        known: Option<Identity>,
        mut intake: Intake,
        cx: &mut Context,
    ) -> Phase {
        // what it was for the last module: here PPP is PPP
        intake.treat_ppp_as(now, PppInDialog::default());
        let settle = match cx.config.login.mode {
            LoginMode::Auto => cx.config.login.settle,
            LoginMode::Ppp | LoginMode::Prompt => std::time::Duration::ZERO,
        };
        let login = Box::new(Self {
            intake,
            slip: SlipWatch::new(),
            echo: EchoWatch::default(),
            parity: Parity::default(),
            known,
            stage: Stage::Settling,
            asked: 0,
            typed: None,
            came: 0,
            senseless: 0,
            until: now.checked_add(settle),
            held: None,
            last_minute: LastMinute::default(),
        });
        if settle.is_zero() { login.expire(now, cx) } else { login.go_on(now, Next::Stay, cx) }
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: CallInput<'_, Command>,
        cx: &mut Context,
    ) -> Phase {
        let next = match input {
            CallInput::Line(LineEvent::Bytes(bytes)) => self.came(now, bytes, cx),
            CallInput::Line(LineEvent::Disconnected) => Next::end(ends::carrier_lost("at the login prompt")),
            CallInput::Command(Command::Disconnect) => Next::end(ends::administrator()),
            CallInput::Command(Command::Answer(answer)) => match cx.answered(now, answer) {
                Some(answer) => self.answered(now, answer, cx),
                None => Next::Stay,
            },
            _ => Next::Stay,
        };
        self.go_on(now, next, cx)
    }

    fn came(&mut self, now: Instant, bytes: &[u8], cx: &mut Context) -> Next {
        if self.intake.header().is_none() {
            self.came += bytes.len();
        }
        if self.intake.receive(now, bytes) == Err(Overflow)
            || (self.intake.header().is_none() && self.came > MOST)
        {
            return Next::end(ends::typed_too_much(MOST));
        }
        if self.intake.header().is_none()
            && let Some(datagrams) = self.slip.take(now, bytes)
        {
            return self.slip_came(now, &datagrams, cx);
        }
        if self.intake.header().is_none() && self.echo.take(bytes) {
            return Next::end(ends::login_echo());
        }
        Next::Stay
    }

    fn slip_came(&mut self, now: Instant, datagrams: &[u8], cx: &mut Context) -> Next {
        match &mut self.stage {
            Stage::Choice(chooser, _) => {
                let has = |wanted: &str| chooser.services.iter().any(|one| one == wanted);
                let Some(service) = ["slip", "cslip"].into_iter().find(|one| has(one)) else {
                    return Next::end(ends::not_a_service(&chooser.name, "SLIP"));
                };
                let chooser =
                    Chooser { name: chooser.name.clone(), services: std::mem::take(&mut chooser.services) };
                // the datagram itself is sent again by who is waiting for an answer to it
                drop(self.intake.take(usize::MAX));
                self.choose(now, chooser, service.to_owned(), cx)
            }
            // too early, as from a script that sends everything at once: who waits for an answer to it sends it again
            Stage::Verdict(_) | Stage::Admission(_) => {
                drop(self.intake.take(usize::MAX));
                self.slip = SlipWatch::new();
                Next::Stay
            }
            Stage::Address(..) | Stage::Opening(..) => Next::Stay,
            _ if datagrams.is_empty() => Next::Stay,
            _ => Next::end(ends::slip_before_login()),
        }
    }

    /// Whether the caller has proved who it is.
    pub(super) fn is_passed(&self) -> bool {
        matches!(
            self.stage,
            Stage::Admission(_) | Stage::Choice(..) | Stage::Address(..) | Stage::Opening(..)
        )
    }

    /// Earliest time at which something is to be done.
    pub(super) fn deadline(&self, cx: &Context) -> Option<Instant> {
        let times =
            [self.until, self.intake.deadline(), self.held, cx.question_deadline(), cx.before.deadline()];
        times.into_iter().chain([self.last_minute.due()]).flatten().min()
    }

    pub(super) fn expire(mut self: Box<Self>, now: Instant, cx: &mut Context) -> Phase {
        let past = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        let next = if past(cx.before.deadline()) {
            self.say("\nYour time is over.\n", cx);
            Next::end(ends::unauthenticated_too_long())
        } else if past(cx.question_deadline()) {
            Next::end(ends::no_answer_to_question(cx.question_topic(), cx.config.answer_limit))
        } else if past(self.until) {
            self.until = None;
            match &self.stage {
                Stage::Settling => {
                    let banner = cx.config.login.banner.clone();
                    self.say(&banner, cx);
                    self.prompt(cx);
                    Next::Stay
                }
                _ => Next::end(ends::no_choice(cx.config.login.menu_limit)),
            }
        } else {
            if self.last_minute.is_due(now) {
                self.warn(cx);
            }
            self.intake.expire(now);
            Next::Stay
        };
        self.go_on(now, next, cx)
    }

    /// Tells who types that a minute is left, and shows again what is asked and what has been typed.
    fn warn(&mut self, cx: &mut Context) {
        if self.intake.header().is_some() {
            return;
        }
        let login = &cx.config.login;
        let (prompt, editor) = match &self.stage {
            Stage::Name(editor) => (login.name_prompt.as_str(), editor),
            Stage::Password(_, editor) => (login.password_prompt.as_str(), editor),
            Stage::New(change, editor) => (change.prompt(), editor),
            Stage::Choice(_, editor) => (login.menu_prompt.as_str(), editor),
            _ => return,
        };
        let text = format!("{}{prompt}", TEXT);
        let typed = editor.shown().to_vec();
        self.say(&text, cx);
        cx.write(typed);
    }

    fn go_on(mut self: Box<Self>, now: Instant, next: Next, cx: &mut Context) -> Phase {
        let next = match next {
            Next::Stay => self.advance(now, cx),
            other => other,
        };
        match next {
            Next::Stay => {
                self.held = self.slip.until(now);
                let over = cx.before.deadline().into_iter().chain(self.until).min();
                self.last_minute.until(now, over);
                Phase::Login(self)
            }
            Next::End(end) => Phase::finish(now, *end, cx),
            Next::Ppp => {
                let Self { intake, known, asked, .. } = *self;
                let link = Link::answer(now, known, asked, &intake.into_rest(), cx);
                Phase::linking(now, link, cx)
            }
            Next::PppOf(name) => {
                let link = Link::logged_in(now, name, self.asked, &self.intake.into_rest(), cx);
                Phase::linking(now, link, cx)
            }
            Next::Slip(slip) => Phase::Slip(slip),
            Next::Stream(stream) => stream.begin(now, &self.intake.into_rest(), cx),
        }
    }

    /// Takes the lines that are whole, then looks whether PPP has begun behind them.
    fn advance(&mut self, now: Instant, cx: &mut Context) -> Next {
        while let Some(line) = self.typed(now, cx) {
            match self.line(now, line, cx) {
                Next::Stay => {}
                other => return other,
            }
        }
        match self.intake.header() {
            Some(header) => self.ppp_came(header, cx),
            None => Next::Stay,
        }
    }

    /// The next whole line, where one is waited for.
    fn typed(&mut self, now: Instant, cx: &mut Context) -> Option<Secret> {
        let editor = match &mut self.stage {
            Stage::Name(editor) | Stage::Password(_, editor) => editor,
            Stage::New(_, editor) | Stage::Choice(_, editor) => editor,
            _ => return None,
        };
        if self.slip.until(now).is_some() && self.intake.header().is_none() {
            return None;
        }
        let mut reply = Vec::new();
        let mut ended = false;
        while !ended && let Some(key) = self.intake.next_key() {
            ended = editor.key(self.parity.key(key), &mut reply);
        }
        cx.write(reply);
        ended.then(|| self.parity.line(editor.take()))
    }

    fn ppp_came(&mut self, header: Header, cx: &mut Context) -> Next {
        let seven = header == Header::SevenBit;
        match &self.stage {
            Stage::Settling | Stage::Name(_) | Stage::Password(..) | Stage::New(..) => {
                match cx.config.login.mode {
                    LoginMode::Prompt => Next::end(ends::ppp_before_login(header)),
                    _ if seven => Next::end(ends::seven_bits()),
                    _ => Next::Ppp,
                }
            }
            Stage::Choice(..) if seven => Next::end(ends::seven_bits()),
            Stage::Choice(chooser, _) => match chooser.has_ppp() {
                true => Next::PppOf(chooser.name.clone()),
                false => Next::end(ends::not_a_service(&chooser.name, "PPP")),
            },
            // it waits for the verdict, as a script does that sends everything at once
            Stage::Verdict(_) | Stage::Admission(_) | Stage::Address(..) | Stage::Opening(..) => Next::Stay,
        }
    }

    fn line(&mut self, now: Instant, line: Secret, cx: &mut Context) -> Next {
        match std::mem::replace(&mut self.stage, Stage::Settling) {
            Stage::Name(_) => {
                let name = String::from_utf8_lossy(line.expose()).trim().to_owned();
                if name.is_empty() || is_modem(&name) {
                    self.stage = Stage::Name(editor(Echo::Yes));
                    return self.again(cx);
                }
                self.ask_password(name, cx);
                Next::Stay
            }
            Stage::Password(name, _) => {
                self.verify(now, name, line, cx);
                Next::Stay
            }
            Stage::New(change, _) => self.typed_new(now, change, line, cx),
            Stage::Choice(chooser, _) => self.chosen(now, chooser, &line, cx),
            other => {
                self.stage = other;
                Next::Stay
            }
        }
    }

    /// Asks the same once more, and not for ever.
    fn again(&mut self, cx: &mut Context) -> Next {
        self.senseless += 1;
        if self.senseless > SENSELESS {
            return Next::end(ends::no_sense());
        }
        self.prompt(cx);
        Next::Stay
    }

    /// Asks for what is not known yet: the name, or of a user whom the modules have named the password.
    fn prompt(&mut self, cx: &mut Context) {
        if let Some(known) = self.known.as_ref().filter(|known| !known.user.is_empty()) {
            let name = known.ppp_name();
            return self.ask_password(name, cx);
        }
        let prompt = cx.config.login.name_prompt.clone();
        self.stage = Stage::Name(editor(Echo::Yes));
        self.say(&prompt, cx);
    }

    fn ask_password(&mut self, name: String, cx: &mut Context) {
        if self.parity.seven_bits && self.asked == 0 {
            self.say("\nYour terminal has 7 bits. PPP needs 8 bits, no parity (8N1).\n", cx);
        }
        let prompt = cx.config.login.password_prompt.clone();
        self.stage = Stage::Password(name, editor(Echo::No));
        self.say(&prompt, cx);
    }

    fn verify(&mut self, now: Instant, name: String, password: Secret, cx: &mut Context) {
        self.asked += 1;
        self.typed = Some(password.clone());
        let claim = Claim {
            raw_name: name.clone().into_bytes(),
            name: name.clone(),
            identifier: 0,
            proof: Proof::Pap { password },
            attempt: self.asked,
        };
        self.stage = Stage::Verdict(name);
        cx.ask(now, Ask::Verify(claim), cx.config.answer_limit);
    }

    /// Shows a text of ours, and waits for its echo.
    fn say(&mut self, text: &str, cx: &mut Context) {
        let text = escape::for_caller(text);
        self.echo.say(&text);
        cx.write(text);
    }
}

fn editor(echo: Echo) -> LineEditor {
    LineEditor::new(echo, LONGEST)
}

/// What a modem in front of the line says is nobody's name.
fn is_modem(line: &str) -> bool {
    ["CONNECT", "RING", "NO CARRIER", "OK", "ERROR"].iter().any(|word| match *word {
        "CONNECT" => line.starts_with(word),
        word => line == word,
    })
}
