//! A line of the configuration for as long as it is held for those who call on it: opened, tried again until it can be had,
//! given back. Ports and the modems we play hold theirs alike.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openras_api::types::problem::Problem;
use openras_engine::RasError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::service::{Shared, StartError};

/// Before a line that could not be had is tried again; doubled each time. Short: at a start the line of one port is often made
/// by another one, a modem we play or the service that we took over from.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause between two tries is longer.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What whoever holds a line knows of it.
pub(crate) struct Tenure<C> {
    /// Settings of those who come; those that are there keep theirs.
    config: Mutex<Arc<C>>,
    state: Mutex<State>,
    /// No longer in the configuration.
    leaving: AtomicBool,
}

/// What becomes of the line.
#[derive(Default)]
struct State {
    /// Ends waiting.
    stop: CancellationToken,
    /// Waits; gone when it is done.
    task: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
    problem: Option<Problem>,
}

impl<C> Tenure<C> {
    pub(crate) fn new(config: C) -> Self {
        Self {
            config: Mutex::new(Arc::new(config)),
            state: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// What who comes now meets.
    pub(crate) fn config(&self) -> Arc<C> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes other settings for those who come from now on.
    pub(crate) fn set_config(&self, config: C) {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// The line can be called on, over TCP at this address.
    pub(crate) fn set_open(&self, address: Option<SocketAddr>) {
        let mut state = self.state();
        (state.address, state.problem) = (address, None);
    }

    /// Why it cannot; `None` when it is well again.
    pub(crate) fn set_problem(&self, problem: Option<Problem>) {
        self.state().problem = problem;
    }

    pub(crate) fn problem(&self) -> Option<Problem> {
        self.state().problem.clone()
    }

    /// Where it listens on TCP.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.state().address
    }

    /// Cancelled when the line is not wanted any more.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.state().stop.clone()
    }

    /// Whether it is no longer in the configuration.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who holds a line.
pub(crate) trait Tenant: Send + Sync + Sized + 'static {
    /// Its settings.
    type Config: Send + Sync;
    /// An open line.
    type Opened: Send;

    fn tenure(&self) -> &Tenure<Self::Config>;

    /// Opens the line.
    fn opened(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
    ) -> impl Future<Output = Result<Self::Opened, StartError>> + Send;

    /// The line is open: from now on it is shown so.
    fn is_open(&self, shared: &Shared, opened: &Self::Opened);

    /// Waits on the open line for those who call, until it is stopped; then the line is free.
    fn serve(
        self: Arc<Self>,
        shared: Arc<Shared>,
        opened: Self::Opened,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send;

    /// The line is given up: what belongs to it goes.
    fn given_up(&self);

    /// Puts in the log what is wrong.
    fn warn(&self, error: &StartError);

    /// Opens the line and waits on it.
    fn open(self: &Arc<Self>, shared: &Arc<Shared>) -> impl Future<Output = Result<(), StartError>> + Send {
        async move {
            let opened = self.opened(shared).await?;
            self.is_open(shared, &opened);
            let serving = self.clone().serve(shared.clone(), opened, self.tenure().stop());
            self.tenure().state().task = Some(shared.tasks.spawn(serving));
            Ok(())
        }
    }

    /// As [`Self::open`]; a line that cannot be had now is tried again, and what is wrong with it is given.
    fn open_sometime(self: &Arc<Self>, shared: &Arc<Shared>) -> impl Future<Output = Option<Problem>> + Send {
        async move {
            let error = self.open(shared).await.err()?;
            let problem = self.fails(&error);
            let task = shared.tasks.spawn(self.clone().try_again(shared.clone(), self.tenure().stop()));
            self.tenure().state().task = Some(task);
            Some(problem)
        }
    }

    /// Tries until the line can be had, and then waits on it.
    fn try_again(
        self: Arc<Self>,
        shared: Arc<Shared>,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send {
        async move {
            let mut pause = FIRST_PAUSE;
            while rests(&shared, &stop, pause).await {
                pause = (pause * 2).min(LONGEST_PAUSE);
                match self.opened(&shared).await {
                    Ok(opened) => {
                        self.is_open(&shared, &opened);
                        return self.serve(shared, opened, stop).await;
                    }
                    Err(error) => drop(self.fails(&error)),
                }
            }
        }
    }

    /// Nobody can call on the line for this reason.
    fn fails(&self, error: &StartError) -> Problem {
        self.warn(error);
        let problem = cannot_answer(error);
        self.tenure().set_problem(Some(problem.clone()));
        problem
    }

    /// Waits no more; those that are there go on.
    fn leave(&self) -> impl Future<Output = ()> + Send {
        self.tenure().leaving.store(true, Ordering::Relaxed);
        self.close()
    }

    /// Stops waiting, and returns when the line is free.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async move {
            let State { stop, task, .. } = std::mem::take(&mut *self.tenure().state());
            self.given_up();
            stop.cancel();
            if let Some(task) = task {
                // one that panicked has let go of its line too
                let _ = task.await;
            }
        }
    }
}

/// Waits that long; `false` when the line is wanted no more.
pub(crate) async fn rests(shared: &Shared, stop: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        () = stop.cancelled() => false,
        () = shared.cancel.cancelled() => false,
    }
}

/// A line that cannot be had, as it is shown.
pub(crate) fn cannot_answer(error: &StartError) -> Problem {
    match error {
        StartError::Port { number, error, remedy, line, .. } => {
            Problem::new(*number, format!("it cannot answer on {line}: {error}")).remedy(*remedy)
        }
        other => Problem::new(RasError::PORT_OR_DEVICE, other.to_string()),
    }
}
