//! One call's questions: who it is, what it may do, which address it gets, what its modules say.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openras_engine::RasError;
use openras_engine::server::port::{Admission, Answer, Ask, Command, Notice, PortEvent, wrong_credentials};
use openras_engine::server::{DialogCommand, DialogOutput, DialogVerdict};
use openras_modules::CallInfo;
use openras_ppp::Claim;
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use crate::events::{CallEvent, describe};
use crate::journal::{Entry, Outcome, What};
use crate::service::Shared;

/// Where a call comes from.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Counts the service's calls; 0 until it rings.
    pub(crate) call: u64,
    /// `line1/3`.
    pub(crate) port: String,
    /// Which `[[port]]`, for its pool.
    pub(crate) pool: usize,
    /// `tcp`, `unix`, `pty`, `exchange`.
    pub(crate) kind: &'static str,
    /// The peer's address without its port, or the line's name (defence rule 6).
    pub(crate) source: String,
}

/// Answers one call's questions until its driver is done.
pub(crate) struct Host {
    shared: Arc<Shared>,
    caller: Caller,
    number: Option<String>,
    rang: bool,
    commands: mpsc::Sender<Command>,
    /// To the module whose dialog runs.
    dialog: Option<mpsc::Sender<DialogOutput>>,
}

impl Host {
    pub(crate) fn new(shared: Arc<Shared>, caller: Caller, commands: mpsc::Sender<Command>) -> Self {
        Self { shared, caller, number: None, rang: false, commands, dialog: None }
    }

    /// Runs beside the driver; ends with it. Gives whether a call came in.
    pub(crate) async fn run(mut self, mut notices: mpsc::Receiver<Notice>) -> bool {
        while let Some(notice) = notices.recv().await {
            match notice {
                Notice::Ask(ask) => self.ask(ask).await,
                Notice::Dialog(output) => self.hear(output).await,
                Notice::Event(event) => self.event(event).await,
            }
        }
        self.shared.release(self.caller.pool, self.caller.call);
        self.rang
    }

    fn answer(&self, answer: Answer) {
        // never waited for here: a module that floods its call must not stop this task, which takes its notices.
        // A call that has ended meanwhile wants no answer.
        if let Err(mpsc::error::TrySendError::Full(answer)) = self.commands.try_send(Command::Answer(answer))
        {
            let commands = self.commands.clone();
            tokio::spawn(async move { commands.send(answer).await });
        }
    }

    async fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::SecurityBegin { module } => {
                let begun = self.begin(&module);
                self.answer(Answer::Begun(begun));
            }
            // checks may wait (defence rule 6) and must not keep the call's other notices waiting
            Ask::Verify(claim) => drop(tokio::spawn(verify(
                self.shared.clone(),
                self.caller.clone(),
                claim,
                self.commands.clone(),
            ))),
            Ask::Admit { name } => {
                let admission = self.admit(name).await;
                self.answer(Answer::Admit(admission));
            }
            Ask::CallbackTo { name, number } => {
                let may = self.may_call_back(name, &number).await;
                self.answer(Answer::CallbackTo(may));
            }
            Ask::Address { wanted, .. } => {
                let address = self.address(wanted);
                self.answer(Answer::Address(address));
            }
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), RasError> {
        let Some(module) = self.shared.modules.module(name) else {
            warn!(module = name, "no such module");
            return Err(RasError::DEVICE_DOES_NOT_EXIST);
        };
        let info = CallInfo {
            call: self.caller.call.to_string(),
            port: self.caller.port.clone(),
            device: self.caller.kind.to_string(),
            line: self.caller.kind.to_string(),
            source: self.caller.source.clone(),
            number: self.number.clone(),
            limit: self.shared.config.ports.get(self.caller.pool).map(|port| port.limits.dialog),
        };
        let ends = openras_modules::start(module, info);
        self.dialog = Some(ends.events);
        tokio::spawn(carry(ends.commands, self.commands.clone()));
        Ok(())
    }

    async fn hear(&mut self, output: DialogOutput) {
        let ended = matches!(output, DialogOutput::End);
        if let Some(dialog) = &self.dialog {
            // a module that has gone away hears nothing; its verdict is on its way
            let _ = dialog.send(output).await;
        }
        if ended {
            self.dialog = None;
        }
    }

    async fn admit(&self, name: Option<String>) -> Result<Admission, RasError> {
        let (Some(name), Some(users)) = (name, self.shared.users.clone()) else {
            return Ok(Admission::default());
        };
        let looked = tokio::task::spawn_blocking(move || users.admit(&name)).await;
        match looked {
            Ok(Ok(admission)) => admission,
            Ok(Err(error)) => {
                warn!(call = self.caller.call, %error, "the user store does not answer");
                Err(RasError::AUTHENTICATION_FAILURE)
            }
            Err(_) => Err(RasError::AUTHENTICATION_FAILURE),
        }
    }

    async fn may_call_back(&self, name: String, number: &str) -> bool {
        let Some(users) = self.shared.users.clone() else { return false };
        let counted = tokio::task::spawn_blocking(move || users.count_callback(&name, unix_seconds())).await;
        let may = matches!(counted, Ok(Ok(true)));
        if !may {
            warn!(call = self.caller.call, number, "no callback: the user has had today's number of them");
        }
        may
    }

    fn address(&self, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let address = self.shared.lease(self.caller.pool, self.caller.call, wanted);
        if address.is_none() {
            warn!(call = self.caller.call, port = self.caller.port, "the pool has no address left");
        }
        address
    }

    async fn event(&mut self, event: PortEvent) {
        if let PortEvent::Ring(number) = &event {
            self.rang = true;
            self.number.clone_from(number);
            // a line that waits has no number of its own until it rings
            self.caller.call = self.shared.next_call();
            // a line that many share tells callers apart by their number, if it has one (defence rule 6)
            if let (Some(number), "exchange") = (number, self.caller.kind) {
                self.caller.source.clone_from(number);
            }
        }
        if !self.rang {
            if let PortEvent::Down(end) = &event
                && let Some(error) = end.error.filter(|error| *error != RasError::USER_DISCONNECTION)
            {
                warn!(port = self.caller.port, "cannot answer: {error}: {}; {}", end.why, end.remedy);
            }
            return;
        }
        let (kind, text, error) = describe(&event);
        if kind != "packet" {
            info!(call = self.caller.call, port = self.caller.port, "{text}");
        } else {
            debug!(call = self.caller.call, port = self.caller.port, "{text}");
        }
        self.record(&event);
        let event = CallEvent {
            at: Instant::now(),
            port: self.caller.port.clone(),
            call: self.caller.call,
            kind,
            text,
            error,
        };
        // nobody may be watching
        let _ = self.shared.events.send(event);
    }

    /// Every verdict and every end goes into the record.
    fn record(&self, event: &PortEvent) {
        let entry = |what| Entry::new(unix_seconds(), what, &self.caller.port, &self.caller.source);
        self.shared.record(match event {
            PortEvent::Answered => Entry { number: self.number.as_deref(), ..entry(What::Answered) },
            PortEvent::DialogEnded(module, verdict) => {
                let (name, error) = match verdict {
                    DialogVerdict::Success { user, .. } => (Some(user), None),
                    DialogVerdict::Failure { user, .. } => {
                        (Some(user), Some(RasError::AUTHENTICATION_FAILURE.0))
                    }
                    DialogVerdict::Error { code, .. } => (None, Some(*code)),
                };
                let name = name.map(String::as_str);
                Entry { name, factor: Some(module), outcome: outcome(error), error, ..entry(What::Tried) }
            }
            PortEvent::Authenticated(name) => Entry {
                name: name.as_deref(),
                outcome: Some(Outcome::Accepted),
                factor: Some("ppp"),
                ..entry(What::Tried)
            },
            PortEvent::Refused(name, error) => {
                let error = Some(error.0);
                Entry {
                    name: Some(name),
                    outcome: outcome(error),
                    error,
                    factor: Some("ppp"),
                    ..entry(What::Tried)
                }
            }
            PortEvent::CallingBack(number) => Entry { number: Some(number), ..entry(What::CallingBack) },
            PortEvent::Up(_) => entry(What::Up),
            PortEvent::Down(end) => {
                let error = end.error.map(|error| error.0);
                let reason = (!end.why.is_empty()).then_some(end.why.as_str());
                Entry {
                    name: end.name.as_deref(),
                    outcome: outcome(error),
                    error,
                    reason,
                    ..entry(What::Ended)
                }
            }
            _ => return,
        });
    }
}

fn outcome(error: Option<u32>) -> Option<Outcome> {
    Some(if error.is_some() { Outcome::Refused } else { Outcome::Accepted })
}

/// The module's commands become the port's.
async fn carry(mut commands: mpsc::Receiver<DialogCommand>, port: mpsc::Sender<Command>) {
    while let Some(command) = commands.recv().await {
        if port.send(Command::Dialog(command)).await.is_err() {
            break;
        }
    }
}

async fn verify(shared: Arc<Shared>, caller: Caller, claim: Claim, commands: mpsc::Sender<Command>) {
    let Some(users) = shared.users.clone() else { return };
    let source = caller.source.clone();
    let checked = {
        // never closed: an error here cannot be
        let _turn = shared.checks.acquire().await;
        tokio::task::spawn_blocking(move || users.verify(&claim, &source, unix_seconds())).await
    };
    let (verdict, delay) = match checked {
        Ok(checked) => {
            info!(call = caller.call, port = caller.port, "password: {}", checked.reason);
            (checked.verdict, checked.delay)
        }
        Err(_) => (wrong_credentials(), Duration::ZERO),
    };
    tokio::time::sleep(delay).await;
    // a call that has ended meanwhile wants no answer
    let _ = commands.send(Command::Answer(Answer::Verdict(verdict))).await;
}

/// Seconds since 1970; 0 on a clock before that.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
