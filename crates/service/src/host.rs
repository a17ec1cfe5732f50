//! The owner of one call's machine: answers what it asks (is this user who they say, what may they do, which address
//! do they get, what do the modules say), tells the call's story, and puts on record what must be.

mod record;
mod target;
mod verify;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openras_api::types::call::CallDirection;
use openras_api::types::event::{Ended, Event};
use openras_api::types::problem::Problem;
use openras_engine::server::port::{Admission, Answer, Ask, Command, Notice, PortEnd, PortEvent};
use openras_engine::server::{DialogCommand, DialogOutput, DialogVerdict};
use openras_engine::{RasError, escape};
use openras_modules::CallInfo;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::calls::{About, Story};
use crate::config::{CallbackLine, PortConfig};
use crate::connections::told::projection;
use crate::events::{describe, told};
use crate::limits::{Pass, Room, place};
use crate::ports::Busy;
use crate::service::Shared;

pub(crate) use record::turned_away;

/// What a module that is closed to a source for a while is told as: ERROR_DEVICE_NOT_READY.
const NOT_READY: RasError = RasError(666);
/// What a caller hears of a user store that cannot be asked: ERROR_AUTH_INTERNAL.
const STORE_FAILED: RasError = RasError(645);

/// Where a call comes from, and what it meets.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// `line1/3`.
    pub(crate) port: String,
    /// `tcp`, `unix`, `pty`, `exchange`.
    pub(crate) kind: &'static str,
    /// The peer's address without its port, or the line's name (defence rule 6).
    pub(crate) source: String,
    /// The port's settings when the call began.
    pub(crate) config: Arc<PortConfig>,
    /// Takes the stream of a service the caller is joined to.
    pub(crate) octets: openras_io::octets::Slot,
}

/// How a line was over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ran {
    /// A call came in.
    pub(crate) rang: bool,
    /// No call came because the line could not be had.
    pub(crate) failed: Option<RasError>,
}

/// Answers one call's questions until its driver is done.
pub(crate) struct Host {
    shared: Arc<Shared>,
    caller: Caller,
    number: Option<String>,
    ran: Ran,
    /// Once it rings and is not turned away.
    story: Option<Arc<Story>>,
    busy: Arc<Busy>,
    /// As long as the caller is unauthenticated. A check that runs holds it too, so that callers who hang up in the
    /// middle of one do not pile up more of them.
    pass: Option<Arc<Pass>>,
    /// Why the last claim was refused: for the record, never for the caller.
    why: Arc<Mutex<Option<String>>>,
    commands: mpsc::Sender<Box<Command>>,
    /// To the module whose dialog runs.
    dialog: Option<mpsc::Sender<DialogOutput>>,
    /// PPP has begun: what is refused from now on was not typed at a prompt.
    begun: bool,
    over: bool,
}

impl Host {
    pub(crate) fn new(
        shared: Arc<Shared>,
        caller: Caller,
        commands: mpsc::Sender<Box<Command>>,
        busy: Arc<Busy>,
        pass: Option<Pass>,
    ) -> Self {
        Self {
            shared,
            caller,
            number: None,
            ran: Ran::default(),
            story: None,
            busy,
            pass: pass.map(Arc::new),
            why: Arc::default(),
            commands,
            dialog: None,
            begun: false,
            over: false,
        }
    }

    /// Runs beside the driver; ends with it. When `stop` is cancelled a line without a call is given back.
    pub(crate) async fn run(
        mut self,
        mut notices: mpsc::Receiver<Box<Notice>>,
        stop: CancellationToken,
        span: tracing::Span,
    ) -> Ran {
        let mut stopped = false;
        loop {
            let notice = tokio::select! {
                notice = notices.recv() => notice,
                () = stop.cancelled(), if !stopped && !self.ran.rang => {
                    stopped = true;
                    self.command(Command::Retire);
                    continue;
                }
            };
            let Some(notice) = notice else { break };
            match *notice {
                // few of them, and then no room for them is held
                Notice::Ask(ask) => Box::pin(self.ask(ask)).await,
                Notice::Dialog(output) => self.hear(output).await,
                Notice::Event(event) => {
                    self.event(event, &span);
                }
            }
        }
        if let Some(story) = &self.story {
            self.shared.release(&self.caller.config.pool.to_string(), story.id());
            self.shared.release(crate::service::FIXED, story.id());
            self.over(None);
        }
        self.ran
    }

    /// Gives a command without waiting for room.
    fn command(&self, command: Command) {
        // never waited for here: a module that floods its call must not stop this task, which takes its notices.
        // A call that has ended meanwhile wants no answer.
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(Box::new(command)) {
            let commands = self.commands.clone();
            tokio::spawn(async move { commands.send(command).await });
        }
    }

    fn answer(&self, answer: Answer) {
        self.command(Command::Answer(answer));
    }

    /// The call's number; 0 before it rings.
    fn call(&self) -> u64 {
        self.story.as_ref().map_or(0, |story| story.id())
    }

    async fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::SecurityBegin { module } => {
                let begun = self.begin(&module);
                self.answer(Answer::Begun(begun));
            }
            // checks may wait (defence rule 6) and must not keep the call's other notices waiting
            Ask::Verify(claim) => {
                let told = verify::Told { story: self.story.clone(), why: self.why.clone() };
                let checking = verify::verify(
                    self.shared.clone(),
                    place(&self.caller.source).into_owned(),
                    claim,
                    self.commands.clone(),
                    (self.pass.clone(), told),
                );
                drop(tokio::spawn(tracing::Instrument::in_current_span(checking)));
            }
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
            // connecting may take its time, and the call may end meanwhile
            Ask::Target { service, .. } => {
                let (shared, slot) = (self.shared.clone(), self.caller.octets.clone());
                let commands = self.commands.clone();
                let opening = async move {
                    let current = shared.current();
                    let opened = target::open(&service, &current.config, &slot).await;
                    let _ = commands.send(Box::new(Command::Answer(Answer::Target(opened)))).await;
                };
                drop(tokio::spawn(tracing::Instrument::in_current_span(opening)));
            }
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), RasError> {
        let current = self.shared.current();
        let Some(module) = current.modules.module(name) else {
            warn!(module = name, "no such module");
            return Err(RasError::DEVICE_DOES_NOT_EXIST);
        };
        let source = &self.caller.source;
        if let Some(wait) = self.shared.limits.module_wait(name, source, Instant::now()) {
            warn!(
                module = name,
                source,
                "closed to this source for {} s more after it failed",
                wait.as_secs()
            );
            self.shared.counters.dialog(name, "backed_off");
            return Err(NOT_READY);
        }
        let info = CallInfo {
            call: self.call().to_string(),
            port: self.caller.port.clone(),
            device: self.caller.kind.to_string(),
            line: self.caller.kind.to_string(),
            source: source.clone(),
            number: self.number.clone(),
            limit: Some(self.caller.config.limits.dialog),
        };
        let (ends, done) = openras_modules::start_watched(module, info);
        // a service that ends waits for what a module still has to do, no longer than its grace
        drop(self.shared.tasks.spawn(done));
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
        let (Some(name), Some(users)) = (name, self.shared.users().cloned()) else {
            return Ok(Admission::default());
        };
        let networks = &self.shared.networks;
        loop {
            let (user, epoch) = (name.clone(), networks.epoch());
            let ask =
                move |users: &crate::Users| users.admit(&user).and_then(|it| Ok((it, users.network(&user)?)));
            let (admission, network) = match users.ask(ask).await {
                Some(Ok(told)) => told,
                Some(Err(error)) => {
                    warn!(%error, "the user store does not answer");
                    return Err(STORE_FAILED);
                }
                None => return Err(STORE_FAILED),
            };
            let config = &self.shared.current().config;
            self.busy.rules.set_user(epoch, (config, &self.caller.config), &name, network);
            // what changed meanwhile may have been told to the calls of before
            if epoch == networks.epoch() {
                return admission;
            }
        }
    }

    async fn may_call_back(&self, name: String, number: &str) -> bool {
        let Some(users) = self.shared.users().cloned() else { return false };
        // a number that leads nowhere is not counted against the user, and never dialled
        let by_directory = self.caller.config.callback_line == Some(CallbackLine::Directory);
        if by_directory && !self.shared.current().config.calls_back(number) {
            return self.no_callback("directory", &format!("the number {number} is not in [directory]"));
        }
        let counted = users.ask(move |users| users.count_callback(&name, unix_seconds())).await;
        match counted {
            Some(Ok(true)) => true,
            Some(Err(error)) => self.no_callback("store", &format!("it cannot be counted: {error}")),
            _ => self.no_callback("day", "the user has had today's number of them"),
        }
    }

    /// A callback that is not granted: counted, and why, for the record.
    fn no_callback(&self, reason: &'static str, why: &str) -> bool {
        warn!("no callback: {why}");
        self.shared.counters.callback_refused(reason);
        if let Some(story) = &self.story {
            story.note_reason(&format!("no callback: {why}"));
        }
        false
    }

    fn address(&self, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        if let Some(own) = self.busy.rules.address() {
            let leased = self.shared.lease_fixed(self.call(), own);
            if !leased {
                warn!("the user's address {own} is another caller's now, or a port's own");
            }
            return leased.then_some(own);
        }
        let range = self.caller.config.pool.to_string();
        let address = self.shared.lease(&range, self.call(), wanted);
        if address.is_none() {
            warn!("the pool {range} has no address left");
        }
        address
    }

    fn event(&mut self, event: PortEvent, span: &tracing::Span) {
        if let PortEvent::Ring(number) = &event {
            self.rang(number.as_deref(), span);
        }
        let Some(story) = self.story.clone() else {
            if let PortEvent::Down(end) = &event
                && let Some(error) = end.error.filter(|error| *error != RasError::USER_DISCONNECTION)
                && !self.ran.rang
            {
                self.ran.failed = Some(error);
                warn!(port = self.caller.port, "cannot answer: {error}: {}; {}", end.why, end.remedy);
            }
            return;
        };
        if let PortEvent::Packet(packet) = event {
            debug!("{packet:?}");
            return story.tell_packet(packet);
        }
        let (_, text, _) = describe(&event);
        info!("{text}");
        let why = match &event {
            PortEvent::Refused(..) => self.why.lock().unwrap_or_else(PoisonError::into_inner).take(),
            _ => None,
        };
        why.iter().for_each(|why| story.note_reason(why));
        let recorded = self.recorded(&event, why.as_deref()).is_none_or(|record| self.shared.record(&record));
        if !recorded && matches!(event, PortEvent::Answered(_)) {
            warn!("refused: the audit record cannot be written (audit_full)");
            self.shared.counters.turned_away("audit");
            self.command(Command::Disconnect);
        }
        story.tell(told(&self.caller.port, &event));
        self.note(&story, event);
    }

    /// What an event changes here.
    fn note(&mut self, story: &Arc<Story>, event: PortEvent) {
        match event {
            PortEvent::LoggedIn(name) => {
                self.pass = None;
                story.set_name(escape::line(&name));
            }
            PortEvent::Authenticating { .. } => self.begun = true,
            PortEvent::Authenticated(name) => {
                self.pass = None;
                name.into_iter().for_each(|name| story.set_name(escape::line(&name)));
            }
            PortEvent::Refused(name, _) => story.set_name(escape::line(&name)),
            PortEvent::DialogEnded(module, verdict) => self.dialog_ended(&module, &verdict),
            PortEvent::Up(agreed) => {
                let agreed = projection(&agreed);
                story.tell(Event::Projection(agreed.clone()));
                story.connected(agreed);
            }
            PortEvent::Down(end) => self.over(Some(&end)),
            _ => {}
        }
    }

    /// A call has come: begins its story, or turns it away.
    fn rang(&mut self, number: Option<&str>, span: &tracing::Span) {
        self.ran.rang = true;
        self.number = number.map(str::to_owned);
        // a line that many share tells callers apart by their number, if it has one (defence rule 6)
        if let (Some(number), "exchange") = (number, self.caller.kind) {
            self.caller.source = number.to_owned();
        }
        if self.pass.is_none()
            && let Err((why, limit)) = self.enter(number)
        {
            self.shared.counters.turned_away(limit);
            turned_away(&self.shared, &self.caller.config.name, &self.caller.source, &why);
            return self.command(Command::Disconnect);
        }
        let busy = self.busy.clone();
        let story = self.shared.calls.begin(About {
            direction: CallDirection::Answered,
            port: Some(self.caller.port.clone()),
            line: self.caller.config.line.to_string(),
            source: Some(escape::line(&self.caller.source)),
            number: self.number.as_deref().map(escape::line),
            uid: None,
            name: None,
            gauge: busy.gauge.clone(),
            end: Box::new({
                let busy = Arc::downgrade(&busy);
                move || busy.upgrade().into_iter().for_each(|busy| busy.disconnect())
            }),
        });
        span.record("call", story.id());
        span.record("source", &self.caller.source);
        busy.rang(story.clone());
        self.shared.counters.answered();
        self.story = Some(story);
    }

    /// Room for the caller of a line that has waited.
    fn enter(&mut self, number: Option<&str>) -> Result<(), (String, &'static str)> {
        if !self.shared.may_answer() {
            return Err(("the audit record cannot be written (audit_full)".into(), "audit"));
        }
        let room = Room {
            port: &self.caller.config.name,
            source: number,
            of_port: self.caller.config.unauthenticated(),
            of_source: self.caller.config.limits.per_source,
        };
        let pass =
            self.shared.limits.enter(&room).map_err(|refused| (refused.to_string(), refused.word()))?;
        self.pass = Some(Arc::new(pass));
        Ok(())
    }

    fn dialog_ended(&mut self, module: &str, verdict: &DialogVerdict) {
        let (shared, source) = (&self.shared, &self.caller.source);
        let word = match verdict {
            DialogVerdict::Success { .. } => "success",
            DialogVerdict::Failure { .. } => "failure",
            DialogVerdict::Error { .. } => "error",
        };
        shared.counters.dialog(module, word);
        match verdict {
            DialogVerdict::Error { code, .. } if is_modules_fault(*code) => {
                let wait = shared.limits.module_failed(module, source, Instant::now());
                warn!(
                    module,
                    source,
                    code,
                    "the module failed; closed to this source for {} s",
                    wait.as_secs()
                );
            }
            DialogVerdict::Error { .. } => {}
            _ => shared.limits.module_worked(module, source),
        }
    }

    /// The call is over, once.
    fn over(&mut self, end: Option<&PortEnd>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let Some(story) = &self.story else { return };
        self.pass = None;
        let was_up = end.is_some_and(|end| end.was_up);
        let error = match end {
            Some(end) => end.error,
            None => Some(RasError::PORT_DISCONNECTED),
        };
        let ended = Ended {
            connected: was_up,
            error: error.map(Problem::from),
            why: end
                .map_or_else(|| "The line did not end in time and was dropped.".into(), |e| e.why.clone()),
            remedy: end.map(|end| end.remedy.clone()).unwrap_or_default(),
            packet: end.and_then(|end| end.packet.as_ref()).map(crate::calls::packet),
        };
        story.ended(ended);
        self.shared.counters.ended(error.map_or(0, |error| error.0), &self.busy.gauge.read().stats);
    }
}

/// Whether an error verdict tells of a module that crashed or hung, and not of a caller who left (619), did not answer
/// in time (638), or typed more than fits (603, 610, 616).
fn is_modules_fault(code: u32) -> bool {
    !matches!(code, 603 | 610 | 616 | 619 | 638)
}

/// The module's commands become the port's.
async fn carry(mut commands: mpsc::Receiver<DialogCommand>, port: mpsc::Sender<Box<Command>>) {
    while let Some(command) = commands.recv().await {
        if port.send(Box::new(Command::Dialog(command))).await.is_err() {
            break;
        }
    }
}

/// Seconds since 1970; 0 on a clock before that.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
