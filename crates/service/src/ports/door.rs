//! One `[[port]]` while it answers: its settings, its line, its calls.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openras_api::types::port::{Port, Statistics};
use openras_api::types::problem::Problem;
use openras_engine::server::Condition;
use openras_io::Line;
use openras_io::line::Accepted;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::listen::{Opened, opened, put_through};
use super::slots::{Busy, Slots};
use crate::config::PortConfig;
use crate::service::{Shared, StartError};

/// Before a line that could not be opened is tried again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Octets on their way between a call of ours and its port, each way.
const INWARD: usize = 16 * 1024;

/// One `[[port]]`.
pub(crate) struct Door {
    pub(super) name: String,
    pub(super) slots: Arc<Slots>,
    /// Settings of new calls; those that run keep theirs.
    config: Mutex<Arc<PortConfig>>,
    state: Mutex<State>,
    /// No longer in the configuration.
    leaving: AtomicBool,
}

/// What becomes of its line.
#[derive(Default)]
struct State {
    /// Ends listening.
    stop: CancellationToken,
    /// Listens; gone when it is done.
    task: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
    problem: Option<Problem>,
    /// What is wrong with its device, modem or certificate, until that is well.
    trouble: Option<Problem>,
}

impl Door {
    pub(super) fn new(port: PortConfig) -> Self {
        Self {
            name: port.name.clone(),
            slots: Slots::new(port.calls),
            config: Mutex::new(Arc::new(port)),
            state: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// What a call that comes now meets.
    pub(crate) fn config(&self) -> Arc<PortConfig> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens its line and listens.
    pub(super) async fn open(self: &Arc<Self>, shared: &Arc<Shared>) -> Result<(), StartError> {
        let opened = opened(shared, self).await?;
        self.listen(shared, opened);
        Ok(())
    }

    /// As [`Self::open`]; a line that cannot be had now is tried again, and what is wrong with it is given.
    pub(super) async fn open_sometime(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<Problem> {
        match self.open(shared).await {
            Ok(()) => None,
            Err(error) => {
                let problem = self.set_problem(&error);
                let stop = self.state().stop.clone();
                let task = shared.tasks.spawn(self.clone().try_again(shared.clone(), stop));
                self.state().task = Some(task);
                Some(problem)
            }
        }
    }

    async fn try_again(self: Arc<Self>, shared: Arc<Shared>, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
                () = shared.cancel.cancelled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            match opened(&shared, &self).await {
                Ok(opened) => {
                    self.set_open(opened.address());
                    return opened.answer(&shared, &self, stop).await;
                }
                Err(error) => drop(self.set_problem(&error)),
            }
        }
    }

    fn listen(self: &Arc<Self>, shared: &Arc<Shared>, opened: Opened) {
        self.set_open(opened.address());
        let (shared, door, stop) = (shared.clone(), self.clone(), self.state().stop.clone());
        let tasks = shared.tasks.clone();
        let task = tasks.spawn(async move { opened.answer(&shared, &door, stop).await });
        self.state().task = Some(task);
    }

    /// Takes other settings for new calls. A line that is another one is opened before the old one is closed, unless
    /// only one of them can be had.
    pub(crate) async fn change(self: &Arc<Self>, shared: &Arc<Shared>, port: PortConfig) -> Option<Problem> {
        let old = self.config();
        let calls = port.calls;
        let renewed = if old.line == port.line && self.problem().is_none() { renewed(&port) } else { Ok(()) };
        // certificates and origins are read when the line is opened
        let same_line = old.origins == port.origins
            && old.line == port.line
            && !port.line.waits()
            && old.tls.is_none()
            && port.tls.is_none();
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(port);
        self.slots.resize(calls);
        if !self.config().line.waits() {
            self.set_trouble(renewed.as_ref().err().cloned());
        }
        if same_line && self.problem().is_none() {
            return None;
        }
        if let Err(problem) = renewed {
            return Some(problem);
        }
        self.close().await;
        self.open_sometime(shared).await
    }

    /// Answers no more; calls that run go on.
    pub(crate) async fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.close().await;
    }

    /// Stops listening and waits until its line is free.
    async fn close(&self) {
        let State { stop, task, .. } = std::mem::take(&mut *self.state());
        stop.cancel();
        if let Some(task) = task {
            // one that panicked has let go of its line too
            let _ = task.await;
        }
    }

    /// Puts a call of ours through: the line of its other end, on which it rings; `None` where there is no room for it.
    pub(crate) fn put_through(self: &Arc<Self>, shared: &Arc<Shared>, source: &str) -> Option<Box<dyn Line>> {
        let (ours, theirs) = tokio::io::duplex(INWARD);
        let line = Accepted::new(theirs, Some(source.to_owned()));
        let stop = self.state().stop.clone();
        let taken = put_through(shared, self, stop, line, source);
        taken.then(|| Box::new(Accepted::new(ours, None)) as Box<dyn Line>)
    }

    /// Whether it is no longer in the configuration.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Whether nothing of it is left.
    pub(super) fn is_gone(&self) -> bool {
        self.is_leaving() && self.slots.is_idle()
    }

    /// The line answers.
    pub(super) fn set_open(&self, address: Option<SocketAddr>) {
        let mut state = self.state();
        (state.address, state.problem) = (address, None);
    }

    /// The line does not answer.
    pub(super) fn set_problem(&self, error: &StartError) -> Problem {
        warn!(port = self.name, "{error}");
        let problem = cannot_answer(error);
        self.state().problem = Some(problem.clone());
        problem
    }

    pub(super) fn problem(&self) -> Option<Problem> {
        self.state().problem.clone()
    }

    /// What is wrong with its device, modem or certificate; `None` when it is well again.
    pub(super) fn set_trouble(&self, trouble: Option<Problem>) {
        let before = std::mem::replace(&mut self.state().trouble, trouble.clone());
        match (before, trouble) {
            (before, Some(trouble)) if before.as_ref() != Some(&trouble) => {
                warn!(port = self.name, "{trouble}")
            }
            (Some(_), None) => tracing::info!(port = self.name, "well again"),
            _ => {}
        }
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.state().address
    }

    pub(super) fn has(&self, number: u16) -> bool {
        self.slots.has(number)
    }

    pub(super) fn busy(&self, number: u16) -> Option<Arc<Busy>> {
        self.slots.busy(number)
    }

    /// Each of its slots as it is shown; of a leaving port only those with a call.
    pub(super) fn ports(&self) -> Vec<Port> {
        let (config, leaving) = (self.config(), self.is_leaving());
        let (problem, trouble) = {
            let state = self.state();
            (state.problem.clone(), state.trouble.clone())
        };
        let slots = self.slots.all().into_iter();
        let shown = slots.filter(|(_, busy)| !leaving || busy.as_ref().is_some_and(|b| b.story().is_some()));
        shown
            .map(|(number, busy)| {
                port(&config, number, busy.as_deref(), [problem.as_ref(), trouble.as_ref()], leaving)
            })
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the certificates of a line that answers can be read again. While they cannot, half of them written or the key
/// not yet readable, callers meet those it has.
fn renewed(port: &PortConfig) -> Result<(), Problem> {
    super::reception::of(port).map(drop).map_err(|error| match error {
        StartError::Port { number, error, remedy, .. } => {
            Problem::new(number, format!("it goes on with the certificate it has: {error}")).remedy(remedy)
        }
        other => cannot_answer(&other),
    })
}

/// A line that cannot be had, as it is shown.
pub(crate) fn cannot_answer(error: &StartError) -> Problem {
    match error {
        StartError::Port { number, error, remedy, line, .. } => {
            Problem::new(*number, format!("it cannot answer on {line}: {error}")).remedy(*remedy)
        }
        other => Problem::new(openras_engine::RasError::PORT_OR_DEVICE, other.to_string()),
    }
}

fn port(
    config: &PortConfig,
    number: u16,
    busy: Option<&Busy>,
    [problem, trouble]: [Option<&Problem>; 2],
    leaving: bool,
) -> Port {
    let story = busy.and_then(Busy::story);
    let gauge = busy.and_then(|busy| busy.gauge.read().condition);
    // a line that waits again has come back; one that listens answers in spite of what troubles it
    let problem = problem
        .or(trouble.filter(|_| config.line.waits()))
        .filter(|_| story.is_none() && gauge != Some(Condition::Listening));
    let idle = if problem.is_some() { Condition::NonOperational } else { Condition::Listening };
    let condition = match gauge {
        Some(condition) if story.is_some() || problem.is_none() => condition,
        _ => idle,
    };
    let info = story.as_ref().map(|story| story.info());
    let proved = matches!(condition, Condition::Authenticated | Condition::CallingBack);
    Port {
        name: config.call_name(number),
        line: config.line.to_string(),
        condition: word(condition).into(),
        condition_number: condition.mprapi(),
        // it says better what is wrong, also while the port answers
        problem: trouble.or(problem).cloned(),
        call: info.as_ref().map(|info| info.id),
        user: info.as_ref().and_then(|info| info.name.clone()).filter(|_| proved),
        source: info.and_then(|info| info.source),
        since: busy.and_then(Busy::since),
        statistics: story.map_or_else(Statistics::default, |story| story.statistics()),
        leaving,
    }
}

/// RAS_PORT_CONDITION in a word.
pub(crate) fn word(condition: Condition) -> &'static str {
    match condition {
        Condition::NonOperational => "non_operational",
        Condition::Disconnected => "disconnected",
        Condition::CallingBack => "calling_back",
        Condition::Listening => "listening",
        Condition::Authenticating => "authenticating",
        Condition::Authenticated => "authenticated",
        Condition::Initializing => "initializing",
    }
}
