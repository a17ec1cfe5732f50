//! One `[[port]]` while it answers: its settings, its line, its calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_api::types::port::{Port, Statistics};
use openras_api::types::problem::Problem;
use openras_engine::server::Condition;
use openras_io::Line;
use openras_io::line::{Accepted, Paced, half_a_second};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::listen::{Opened, opened, put_through};
use super::slots::{Busy, Slots};
use crate::config::PortConfig;
use crate::service::{Shared, StartError};
use crate::tenure::{Tenant, Tenure, cannot_answer};

/// Octets on their way between a call of ours and its port, each way.
const INWARD: usize = 16 * 1024;

/// One `[[port]]`.
pub(crate) struct Door {
    pub(super) name: String,
    pub(super) slots: Arc<Slots>,
    tenure: Tenure<PortConfig>,
    /// What is wrong with its device, modem or certificate, until that is well.
    trouble: Mutex<Option<Problem>>,
}

impl Tenant for Door {
    type Config = PortConfig;
    type Opened = Opened;

    fn tenure(&self) -> &Tenure<PortConfig> {
        &self.tenure
    }

    async fn opened(self: &Arc<Self>, shared: &Arc<Shared>) -> Result<Opened, StartError> {
        opened(shared, self).await
    }

    fn is_open(&self, _shared: &Shared, opened: &Opened) {
        self.tenure.set_open(opened.address());
    }

    async fn serve(self: Arc<Self>, shared: Arc<Shared>, opened: Opened, stop: CancellationToken) {
        opened.answer(&shared, &self, stop).await;
    }

    fn given_up(&self) {
        *self.trouble() = None;
    }

    fn warn(&self, error: &StartError) {
        warn!(port = self.name, "{error}");
    }
}

impl Door {
    pub(super) fn new(port: PortConfig) -> Self {
        Self {
            name: port.name.clone(),
            slots: Slots::new(port.calls),
            tenure: Tenure::new(port),
            trouble: Mutex::default(),
        }
    }

    /// What a call that comes now meets.
    pub(crate) fn config(&self) -> Arc<PortConfig> {
        self.tenure.config()
    }

    /// Takes other settings for new calls. A line that is another one is opened before the old one is closed, unless
    /// only one of them can be had.
    pub(crate) async fn change(self: &Arc<Self>, shared: &Arc<Shared>, port: PortConfig) -> Option<Problem> {
        let old = self.config();
        let calls = port.calls;
        let renewed =
            if old.line == port.line && self.tenure.problem().is_none() { renewed(&port) } else { Ok(()) };
        // certificates and origins are read when the line is opened
        let same_line = old.origins == port.origins
            && old.line == port.line
            && !port.line.waits()
            && old.tls.is_none()
            && port.tls.is_none();
        self.tenure.set_config(port);
        self.slots.resize(calls);
        if !self.config().line.waits() {
            self.set_trouble(renewed.as_ref().err().cloned());
        }
        if same_line && self.tenure.problem().is_none() {
            return None;
        }
        if let Err(problem) = renewed {
            return Some(problem);
        }
        self.close().await;
        self.open_sometime(shared).await
    }

    /// Puts a call of ours through: the line of its other end, on which it rings; `None` where there is no room for it.
    pub(crate) fn put_through(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        source: &str,
        speed: Option<u32>,
    ) -> Option<Box<dyn Line>> {
        let (ours, theirs) = tokio::io::duplex(INWARD.min(half_a_second(speed)));
        let line = Paced::new(Accepted::new(theirs, Some(source.to_owned())), speed);
        let stop = self.tenure.stop();
        let taken = put_through(shared, self, stop, line, source);
        taken.then(|| Box::new(Accepted::new(ours, None)) as Box<dyn Line>)
    }

    /// Whether nothing of it is left.
    pub(super) fn is_gone(&self) -> bool {
        self.tenure.is_leaving() && self.slots.is_idle()
    }

    /// What is wrong with its device, modem or certificate; `None` when it is well again.
    pub(super) fn set_trouble(&self, trouble: Option<Problem>) {
        let before = std::mem::replace(&mut *self.trouble(), trouble.clone());
        match (before, trouble) {
            (before, Some(trouble)) if before.as_ref() != Some(&trouble) => {
                warn!(port = self.name, "{trouble}")
            }
            (Some(_), None) => tracing::info!(port = self.name, "well again"),
            _ => {}
        }
    }

    pub(super) fn has(&self, number: u16) -> bool {
        self.slots.has(number)
    }

    pub(super) fn busy(&self, number: u16) -> Option<Arc<Busy>> {
        self.slots.busy(number)
    }

    /// Each of its slots as it is shown; of a leaving port only those with a call.
    pub(super) fn ports(&self) -> Vec<Port> {
        let (config, leaving) = (self.config(), self.tenure.is_leaving());
        let (problem, trouble) = (self.tenure.problem(), self.trouble().clone());
        let slots = self.slots.all().into_iter();
        let shown = slots.filter(|(_, busy)| !leaving || busy.as_ref().is_some_and(|b| b.story().is_some()));
        shown
            .map(|(number, busy)| {
                port(&config, number, busy.as_deref(), [problem.as_ref(), trouble.as_ref()], leaving)
            })
            .collect()
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Problem>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
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
        nat: story.as_ref().and_then(|story| story.nat()),
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
