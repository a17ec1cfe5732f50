//! The service: ports that answer, connections that were dialled, and what they share.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use openras_engine::RasError;
use openras_engine::server::pool::Pool;
use openras_io::line::ExchangeHandle;
use openras_modules::totp::CodeStore;
use openras_modules::{Parts, Registry};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::config::Finding;
use crate::connections::{Connection, DialRequest};
use crate::events::CallEvent;
use crate::journal::{Entry, Journal};
use crate::ports;
use crate::users::{Policy, Users};

/// Events kept for a watcher that is behind; a slower one loses the oldest, and no call waits for it.
const EVENTS: usize = 4096;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration breaks rules.
    #[error("{}", joined(.0))]
    Config(Vec<Finding>),
    /// The user store or the journal cannot be used.
    #[error(transparent)]
    Store(#[from] crate::users::StoreError),
    /// Modules cannot be used; the service does not start without them (fail closed).
    #[error("{}", joined(.0))]
    Modules(Vec<openras_modules::BuildError>),
    /// A port cannot be opened.
    #[error("the port {port} cannot answer on {line}: {number}: {error}; {remedy}")]
    Port {
        /// Its name.
        port: String,
        /// Its line.
        line: String,
        /// The RAS number.
        number: RasError,
        /// What the system said.
        error: String,
        /// What to try.
        remedy: &'static str,
    },
}

fn joined(problems: &[impl std::fmt::Display]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// `None` where nothing answers: a program that only dials makes no files.
    pub(crate) users: Option<Arc<Users>>,
    pub(crate) modules: Registry,
    pub(crate) exchange: ExchangeHandle,
    pub(crate) events: broadcast::Sender<CallEvent>,
    pub(crate) cancel: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Passwords that may be checked at the same time: each check takes 19 MiB and a whole core for a while.
    pub(crate) checks: Semaphore,
    journal: Option<Journal>,
    /// One pool for each distinct range; ports that name the same share it.
    pools: Mutex<HashMap<String, Pool>>,
    calls: AtomicU64,
}

impl Shared {
    /// The number of the next call, from 1.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An address of the pool of this `[[port]]` for a call.
    pub(crate) fn lease(&self, port: usize, call: u64, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        self.with_pool(port, |pool| pool.lease(call, wanted)).flatten()
    }

    /// Gives the call's address back.
    pub(crate) fn release(&self, port: usize, call: u64) {
        self.with_pool(port, |pool| pool.release(call));
    }

    fn with_pool<T>(&self, port: usize, act: impl FnOnce(&mut Pool) -> T) -> Option<T> {
        let range = self.config.ports.get(port)?.pool.to_string();
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&range).map(act)
    }

    /// Adds to the record; one that cannot be written is said. A line goes to the system's memory, not to the disk,
    /// so this does not wait long enough to matter to a call.
    pub(crate) fn record(&self, entry: Entry<'_>) {
        if let Some(journal) = &self.journal
            && let Err(error) = journal.record(entry)
        {
            tracing::error!(%error, "the journal cannot be written");
        }
    }
}

/// A running service. Dropped, it ends its calls.
pub struct Service {
    shared: Arc<Shared>,
    bound: Vec<(String, SocketAddr)>,
}

impl Service {
    /// Opens the store, the modules and every port. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The first thing that is not as the configuration says; nothing answers then.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        config.check().map_err(StartError::Config)?;
        let blocking = tokio::task::spawn_blocking(move || open(config)).await;
        let shared =
            Arc::new(blocking.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?);
        // dropped, it ends the ports that answer already when a later one cannot
        let mut service = Self { shared, bound: Vec::new() };
        for index in 0..service.shared.config.ports.len() {
            service.bound.extend(ports::open(&service.shared, index).await?);
        }
        Ok(service)
    }

    /// Places a call. Its states come from the connection.
    ///
    /// # Errors
    /// The RAS number, when the dial cannot even begin.
    pub fn dial(&self, request: DialRequest) -> Result<Connection, RasError> {
        crate::connections::dial(&self.shared, request)
    }

    /// What happens on the ports from now on.
    pub fn events(&self) -> broadcast::Receiver<CallEvent> {
        self.shared.events.subscribe()
    }

    /// The addresses the listening TCP ports have, by port name (port 0 lets the system choose).
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.bound
    }

    /// The users of this service; `None` for one without ports.
    pub fn users(&self) -> Option<&Arc<Users>> {
        self.shared.users.as_ref()
    }

    /// Ends every call politely and waits for them.
    pub async fn stop(self) {
        self.shared.cancel.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
    }
}

/// Everything that touches files. A service without ports and modules touches none.
fn open(config: Config) -> Result<Shared, StartError> {
    let answers = !config.ports.is_empty() || !config.modules.is_empty();
    let (users, journal) = if answers {
        stores(&config).map(|(users, journal)| (Some(users), Some(journal)))?
    } else {
        (None, None)
    };
    let codes = users.clone().map(|users| users as Arc<dyn CodeStore>);
    let modules = Registry::build(&config.modules, &Parts { codes, ..Parts::default() })
        .map_err(StartError::Modules)?;
    let mut pools = HashMap::new();
    for port in &config.ports {
        let range = port.pool.to_string();
        // a range that has been checked reads back
        if let Ok(pool) = range.parse::<Pool>() {
            pools.entry(range).or_insert(pool).reserve(port.address);
        }
    }
    Ok(Shared {
        users,
        modules,
        exchange: ExchangeHandle::start(openras_engine::exchange::Settings::default()),
        events: broadcast::channel(EVENTS).0,
        cancel: CancellationToken::new(),
        tasks: TaskTracker::new(),
        checks: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
        journal,
        pools: Mutex::new(pools),
        calls: AtomicU64::new(0),
        config,
    })
}

fn stores(config: &Config) -> Result<(Arc<Users>, Journal), StartError> {
    let policy = Policy { password_min: config.password_min };
    let users = Users::open(&config.state, config.key_file.as_deref(), policy)?;
    Ok((Arc::new(users), Journal::open(&config.state)?))
}

/// 32 random bytes of the system's.
pub(crate) fn seed() -> Result<[u8; 32], RasError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| RasError::NOT_ENOUGH_MEMORY)?;
    Ok(seed)
}
