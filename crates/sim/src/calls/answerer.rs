//! The end that answers, and the service behind it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openras_engine::RasError;
use openras_engine::Watched;
use openras_engine::line::CallInput;
use openras_engine::server::dialog::{DialogCommand, DialogVerdict};
use openras_engine::server::port::{
    Admission, Answer, Ask, Command, NameCheck, Notice, Port, PortConfig, PortEnd, PortEvent,
};
use openras_engine::users::CallbackRight;
use openras_engine::why::Transcript;
use openras_ppp::ask::CallbackPolicy;
use openras_ppp::config::{IpcpConfig, Limits};
use openras_ppp::{AuthMethod, Claim, Config, Machine, Verdict};

use super::kept::Kept;
use super::{CodeModule, Desk, Order, line_event};
use crate::pair::Happening;
use crate::ppp::Store;

/// How long the service takes to answer.
const AT_ONCE: Duration = Duration::from_millis(50);

/// A port, the service behind it, and what it has seen.
pub struct Answerer {
    port: Port,
    store: Store,
    module: Option<CodeModule>,
    pub(super) desk: Desk,
    end: Option<PortEnd>,
    kept: Kept,
    /// The verdict on every claim, and what of it only the record is told.
    refuse: Option<(u32, String)>,
    /// Why nobody is called back.
    not_calling: Option<String>,
    /// Every claim is accepted.
    believes: bool,
    /// Every module says this at once, or nothing ever.
    says: Option<Option<DialogVerdict>>,
    /// Users' own limits of time.
    limits: Limits,
}

/// A port with nothing unusual that asks for one of `methods`.
pub fn port_config(methods: &[AuthMethod], modules: &[&str]) -> PortConfig {
    PortConfig {
        name: "line1/1".to_owned(),
        modules: modules.iter().map(|module| (*module).to_owned()).collect(),
        name_check: NameCheck::Require,
        dialog_limit: Duration::from_secs(300),
        before_auth: Duration::from_secs(120),
        before_auth_most: Duration::from_secs(300),
        answer_limit: Duration::from_secs(30),
        answering_limit: Duration::from_secs(60),
        callback: true,
        callback_delay: Duration::from_secs(2),
        callback_tries: 3,
        callback_expiry: Duration::from_secs(120),
        login: Default::default(),
        ppp: Config {
            authenticate_peer: methods.to_vec(),
            authenticate_us: Vec::new(),
            ipcp: Some(IpcpConfig {
                local: Some(Ipv4Addr::new(10, 64, 0, 1)),
                assign: true,
                dns: vec![Ipv4Addr::new(10, 64, 0, 1)],
                ..IpcpConfig::default()
            }),
            ..Config::default()
        },
    }
}

impl Answerer {
    /// A port that waits for a call. `module` is what every module of its configuration does.
    pub fn new(config: PortConfig, store: Store, module: Option<CodeModule>, seed: [u8; 32]) -> Self {
        Self {
            port: Port::new(config, seed),
            store,
            module,
            desk: Desk::default(),
            end: None,
            kept: Kept::default(),
            refuse: None,
            not_calling: None,
            believes: false,
            says: None,
            limits: Limits::default(),
        }
    }

    /// Refuses every claim with this number, for this reason.
    #[must_use]
    pub fn refusing(mut self, error: u32, reason: &str) -> Self {
        self.refuse = Some((error, reason.to_owned()));
        self
    }

    /// Calls nobody back, for this reason.
    #[must_use]
    pub fn not_calling(mut self, reason: &str) -> Self {
        self.not_calling = Some(reason.to_owned());
        self
    }

    /// Accepts every claim, with what this store can prove of itself.
    #[must_use]
    pub fn believing(mut self) -> Self {
        self.believes = true;
        self
    }

    /// Every user has these limits of time.
    #[must_use]
    pub fn limited(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Its modules ask as this one does.
    #[must_use]
    pub fn asking(mut self, module: CodeModule) -> Self {
        self.module = Some(module);
        self
    }

    /// Its modules cannot begin.
    #[must_use]
    pub fn unable(mut self) -> Self {
        self.module = None;
        self
    }

    /// Its modules say this at once, or nothing ever.
    #[must_use]
    pub fn saying(mut self, verdict: Option<DialogVerdict>) -> Self {
        self.says = Some(verdict);
        self
    }

    /// The call as a service would keep it.
    pub fn transcript(&self) -> Transcript {
        self.kept.answered(self.end.as_ref())
    }

    /// The users, as they are now.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How the call ended, if it did.
    pub fn end(&self) -> Option<&PortEnd> {
        self.end.as_ref()
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.port.poll_timeout()
    }

    pub(super) fn handle(&mut self, now: Instant, what: Happening<'_, Order>) {
        if let Some(event) = line_event(&what) {
            return self.turn(now, CallInput::Line(event));
        }
        match what {
            Happening::Order(Order::Port(command)) => self.turn(now, CallInput::Command(command)),
            Happening::Order(Order::Ip(packet)) => self.turn(now, CallInput::Ip(&packet)),
            _ => self.turn(now, CallInput::Tick),
        }
    }

    fn turn(&mut self, now: Instant, input: CallInput<'_, Command>) {
        self.port.handle(now, input);
        self.kept.count(self.port.snapshot().stats);
        while let Some(output) = self.port.poll_output() {
            if let Some(notice) = self.desk.keep(output) {
                self.note(notice);
            }
        }
    }

    fn verdict(&mut self, claim: &Claim) -> Verdict {
        if let Some((error, reason)) = &self.refuse {
            self.kept.reason(reason);
            return Verdict::Refuse { error: *error, retry: false, challenge: None, message: String::new() };
        }
        let verdict = self.store.verdict(claim);
        if self.believes {
            return Verdict::Accept { authenticator_response: Some([0; 20]), message: String::new() };
        }
        if let Verdict::Refuse { error: 691, .. } = verdict {
            let known = self.store.user(&claim.name).is_some();
            self.kept.reason(if known { "wrong password" } else { "no such user" });
        }
        verdict
    }

    fn note(&mut self, notice: Notice) {
        if let Notice::Event(event) = &notice {
            self.kept.of_port(event);
        }
        match notice {
            Notice::Ask(ask) => {
                let says = matches!(ask, Ask::SecurityBegin { .. }).then(|| self.says.clone()).flatten();
                let begins =
                    says.is_none() && matches!(ask, Ask::SecurityBegin { .. }) && self.module.is_some();
                let answer = self.answer(ask);
                self.order(Command::Answer(answer));
                if let Some(Some(verdict)) = says {
                    self.order(Command::Dialog(DialogCommand::Complete(verdict)));
                }
                if begins {
                    self.order(Command::Dialog(CodeModule::begin()));
                }
            }
            Notice::Dialog(output) => {
                let says = self.module.as_ref().and_then(|module| module.hear(&output));
                says.into_iter().for_each(|command| self.order(Command::Dialog(command)));
            }
            Notice::Event(PortEvent::Packet(_)) => {}
            Notice::Event(PortEvent::Down(end)) => {
                self.desk.news(format_args!("down, {:?}: {}", end.error, end.why));
                self.end = Some(*end);
            }
            Notice::Event(PortEvent::Up(_)) => self.desk.news("up"),
            Notice::Event(event) => self.desk.news(format_args!("{event:?}")),
        }
    }

    fn order(&mut self, command: Command) {
        self.desk.later(AT_ONCE, Order::Port(command));
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::SecurityBegin { .. } if self.module.is_some() || self.says.is_some() => {
                Answer::Begun(Ok(()))
            }
            Ask::SecurityBegin { .. } => Answer::Begun(Err(RasError(1))),
            Ask::Verify(claim) => Answer::Verdict(self.verdict(&claim)),
            Ask::Admit { name } => {
                let policy = match name.and_then(|name| self.store.user(&name)) {
                    Some(user) => &user.callback,
                    None => &self.store.nameless,
                };
                let limits = self.limits;
                Answer::Admit(Ok(Admission { callback: right(policy), limits, ..Default::default() }))
            }
            Ask::CallbackTo { .. } => {
                let why = self.not_calling.as_deref();
                why.into_iter().for_each(|why| self.kept.reason(why));
                Answer::CallbackTo(self.not_calling.is_none())
            }
            Ask::Address { .. } => Answer::Address(self.store.address),
            Ask::Target { .. } => Answer::Target(Ok(())),
        }
    }
}

/// The right that leads to this policy; a list is nothing a user can have.
fn right(policy: &CallbackPolicy) -> CallbackRight {
    match policy {
        CallbackPolicy::None | CallbackPolicy::List(_) => CallbackRight::None,
        CallbackPolicy::Caller => CallbackRight::Caller { allow: vec!["555".to_owned()] },
        CallbackPolicy::Preset(number) => CallbackRight::Preset(number.clone()),
    }
}
