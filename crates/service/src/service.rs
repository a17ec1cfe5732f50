//! The service: ports that answer, connections that were dialled, and what they share.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use openras_api::types::modem::Modem;
use openras_api::types::port::Port;
use openras_api::types::problem::Problem;
use openras_api::types::server::{Reloaded, Server};
use openras_engine::RasError;
use openras_engine::server::pool::Pool;
use openras_io::line::ExchangeHandle;
use openras_modules::totp::CodeStore;
use openras_modules::{Parts, Registry};
use tokio::sync::{Semaphore, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::{Audit, Options, Record, What};
use crate::calls::{Calls, Heard};
use crate::config::{AuditFull, Finding};
use crate::connections::{Connection, DialRequest};
use crate::host::unix_seconds;
use crate::limits::Limits;
use crate::metrics::Counters;
use crate::ports::Doors;
use crate::users::{Policy, Users};
use crate::virtual_modem::Modems;
use crate::{Config, metrics, reload, status};

/// Why the service did not start, or a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration breaks rules.
    #[error("{}", joined(.0))]
    Config(Vec<Finding>),
    /// The user store cannot be used.
    #[error("{number}: {0}", number = .0.number())]
    Store(crate::users::StoreError),
    /// The audit record cannot be used.
    #[error("{number}: {0}", number = NOT_STARTED)]
    Audit(crate::users::StoreError),
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

/// The pool of users' own addresses, which are anywhere: out of it only what is asked for is leased.
pub(crate) const FIXED: &str = "fixed";
/// ERROR_RASMAN_CANNOT_INITIALIZE.
const NOT_STARTED: RasError = RasError(711);

fn joined(problems: &[impl std::fmt::Display]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The configuration in force and the modules made from it. A reload puts another one in its place; calls and dialogs
/// that run keep theirs.
pub(crate) struct Current {
    pub(crate) config: Config,
    pub(crate) modules: Registry,
}

/// What all calls share.
pub(crate) struct Shared {
    current: RwLock<Arc<Current>>,
    /// Set when something answers: a program that only dials makes no files.
    users: OnceLock<Arc<Users>>,
    audit: OnceLock<Arc<Audit>>,
    pub(crate) exchange: ExchangeHandle,
    /// Dialled and answered, and their stories.
    pub(crate) calls: Calls,
    pub(crate) limits: Limits,
    pub(crate) counters: Counters,
    pub(crate) doors: Doors,
    /// What the NATs of calls share.
    pub(crate) networks: Arc<crate::network::Networks>,
    /// Modems played for computers.
    pub(crate) virtual_modems: Modems,
    pub(crate) cancel: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Passwords that may be checked at the same time: each check takes 19 MiB and a whole core for a while.
    pub(crate) checks: Semaphore,
    /// In seconds since 1970.
    pub(crate) started: u64,
    pub(crate) since: Instant,
    /// One pool for each distinct range; ports that name the same share it.
    pools: Mutex<HashMap<String, Pool>>,
    /// One reload at a time.
    pub(crate) reloading: tokio::sync::Mutex<()>,
}

impl Shared {
    /// What is in force now.
    pub(crate) fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another configuration in force.
    pub(crate) fn set_current(&self, current: Current) {
        self.add_pools(&current.config);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
    }

    /// The users; `None` where nothing answers.
    pub(crate) fn users(&self) -> Option<&Arc<Users>> {
        self.users.get()
    }

    /// The audit record; `None` where nothing answers.
    pub(crate) fn audit(&self) -> Option<&Arc<Audit>> {
        self.audit.get()
    }

    /// Takes the stores into use, once.
    pub(crate) fn set_stores(&self, stores: Option<Stores>) {
        if let Some(Stores { users, audit }) = stores {
            // a second pair is dropped: there is one reload at a time
            let _ = self.users.set(users);
            if self.audit.set(audit.clone()).is_ok() {
                self.tasks.spawn(audit.keep_synced(self.cancel.clone()));
            }
        }
    }

    /// An address of the pool with this range for a call.
    pub(crate) fn lease(&self, range: &str, call: u64, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let mut pools = self.pools();
        let address = pools.get_mut(range)?.lease(call, wanted)?;
        // a configuration before or after this one may have a pool that overlaps, and calls out of it
        for pool in pools.iter_mut().filter(|(other, _)| *other != range).map(|(_, pool)| pool) {
            pool.reserve_for_now(address);
        }
        Some(address)
    }

    /// A user's own address for a call, out of whatever pool; false where another call has it, or it is a port's.
    pub(crate) fn lease_fixed(&self, call: u64, address: Ipv4Addr) -> bool {
        if self.current().config.ports.iter().any(|port| port.address == address) {
            return false;
        }
        let leased = self.lease(FIXED, call, Some(address));
        if leased != Some(address) {
            self.release(FIXED, call);
        }
        leased == Some(address)
    }

    /// Gives the call's address back.
    pub(crate) fn release(&self, range: &str, call: u64) {
        let mut pools = self.pools();
        let Some(address) = pools.get_mut(range).and_then(|pool| pool.release(call)) else { return };
        // the other pools kept it out for as long as this call had it
        for pool in pools.iter_mut().filter(|(other, _)| *other != range).map(|(_, pool)| pool) {
            pool.unreserve(address);
        }
    }

    fn pools(&self) -> std::sync::MutexGuard<'_, HashMap<String, Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the pools a configuration names. What calls have out of other pools stays theirs.
    fn add_pools(&self, config: &Config) {
        let mut pools = self.pools();
        pools
            .entry(FIXED.into())
            .or_insert_with(|| Pool::between(Ipv4Addr::new(1, 0, 0, 0), Ipv4Addr::new(223, 255, 255, 255)));
        let leased: Vec<Ipv4Addr> = pools.values().flat_map(Pool::leased).collect();
        for port in &config.ports {
            let range = port.pool.to_string();
            if !pools.contains_key(&range)
                // a range that has been checked reads back
                && let Ok(mut pool) = range.parse::<Pool>()
            {
                leased.iter().for_each(|&address| pool.reserve_for_now(address));
                pools.insert(range.clone(), pool);
            }
            if let Some(pool) = pools.get_mut(&range) {
                pool.reserve(port.address);
            }
        }
    }

    /// Adds to the audit record. `false`: it could not be written, and the configuration says that new calls are then
    /// refused. A line goes to the system's memory, not to the disk, so this does not wait long enough to matter.
    pub(crate) fn record(&self, record: &Record<'_>) -> bool {
        let Some(audit) = self.audit() else { return true };
        audit.record(record).is_ok() || self.current().config.audit_full == AuditFull::GoOn
    }

    /// Whether a new call may be answered as far as the audit record goes.
    pub(crate) fn may_answer(&self) -> bool {
        let Some(audit) = self.audit() else { return true };
        audit.is_writable() || self.current().config.audit_full == AuditFull::GoOn
    }
}

/// A running service. Dropped, it ends its calls.
pub struct Service {
    shared: Arc<Shared>,
}

impl Service {
    /// Opens the store, the modules and every port. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The first thing that is not as the configuration says; nothing answers then.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        config.check().map_err(StartError::Config)?;
        let opening = tokio::task::spawn_blocking(move || open(config)).await;
        let (current, stores) =
            opening.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let ports = current.config.ports.clone();
        let virtual_modems = current.config.virtual_modems.clone();
        let shared = Arc::new(shared(current));
        shared.set_stores(stores);
        shared.record(&Record::new(What::Started));
        status::record_opt_outs(&shared);
        crate::tun::repair().await;
        // dropped, it ends the ports that answer already when a later one cannot
        let service = Self { shared };
        for port in ports {
            service.shared.doors.open(&service.shared, port).await?;
        }
        for modem in virtual_modems {
            service.shared.virtual_modems.open(&service.shared, modem).await?;
        }
        let watching = crate::ruling::watch(service.shared.clone(), service.shared.cancel.clone());
        service.shared.tasks.spawn(watching);
        Ok(service)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Takes another configuration. It is checked whole first: when anything is wrong nothing changes. Ports that are
    /// the same keep their calls and listeners; others answer new calls as the new configuration says, while calls
    /// that run go on as they began.
    ///
    /// # Errors
    /// What is wrong with the configuration, its modules or its store.
    pub async fn reload(&self, config: Config) -> Result<Reloaded, StartError> {
        reload::reload(&self.shared, config, None).await
    }

    /// Reads the configuration file again and takes it as by [`reload`](Self::reload).
    ///
    /// # Errors
    /// 2 where the service has no file, 87 with everything that is wrong with it.
    pub async fn reload_file(&self) -> Result<Reloaded, Problem> {
        reload::reload_file(&self.shared, None).await
    }

    /// As [`Self::reload_file`], for a client of this uid: the record says so, and is on the disk when this returns.
    pub(crate) async fn reload_file_for(&self, uid: u32) -> Result<Reloaded, Problem> {
        let reloaded = reload::reload_file(&self.shared, Some(uid)).await;
        if let Some(audit) = self.shared.audit() {
            audit.sync_aside().await;
        }
        reloaded
    }

    /// Places a call. Its states come from the connection.
    ///
    /// # Errors
    /// The RAS number, when the dial cannot even begin.
    pub fn dial(&self, request: DialRequest) -> Result<Connection, RasError> {
        crate::connections::dial(&self.shared, request)
    }

    /// What happens in all calls from now on; control packets only while somebody reads them.
    pub fn events(&self) -> broadcast::Receiver<Arc<Heard>> {
        self.shared.calls.subscribe()
    }

    /// The addresses the listening TCP ports and modems have, by name (port 0 lets the system choose).
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        let modems = self.shared.virtual_modems.addresses();
        self.shared.doors.addresses().into_iter().chain(modems).collect()
    }

    /// The users of this service; `None` for one without ports.
    pub fn users(&self) -> Option<&Arc<Users>> {
        self.shared.users()
    }

    /// The audit record of this service; `None` for one without ports.
    pub fn audit(&self) -> Option<&Arc<Audit>> {
        self.shared.audit()
    }

    /// Every port that may take a call, as `line1/3`, with its call.
    pub fn ports(&self) -> Vec<Port> {
        self.shared.doors.list()
    }

    /// Every place at which a computer may have a modem of ours, as `modem1/2`.
    pub fn virtual_modems(&self) -> Vec<Modem> {
        self.shared.virtual_modems.list()
    }

    /// Ends the call of a port (631).
    ///
    /// # Errors
    /// 6 where there is no such port, 668 where it has no call.
    pub fn disconnect(&self, port: &str) -> Result<(), Problem> {
        self.shared.doors.disconnect(port)
    }

    /// Begins the counters of a port's call at 0.
    ///
    /// # Errors
    /// 6 where there is no such port.
    pub fn clear_port_statistics(&self, port: &str) -> Result<(), Problem> {
        self.shared.doors.clear_statistics(port)
    }

    /// The service itself: what runs, and what an administrator should know. May block for the store.
    pub fn server(&self) -> Server {
        status::server(&self.shared)
    }

    /// Counters as Prometheus reads them.
    pub fn metrics(&self) -> String {
        metrics::text(&self.shared)
    }

    /// Whether there is neither a call nor a port that listens.
    pub fn is_idle(&self) -> bool {
        self.shared.calls.running() == 0
            && self.shared.doors.is_empty()
            && self.shared.virtual_modems.is_empty()
    }

    /// Ends every call politely and waits for them.
    pub async fn stop(&self) {
        self.shared.cancel.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        if let Some(audit) = self.shared.audit() {
            self.shared.record(&Record::new(What::Stopped));
            audit.sync_aside().await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
    }
}

/// The files of a service that answers.
pub(crate) struct Stores {
    users: Arc<Users>,
    audit: Arc<Audit>,
}

/// Everything that touches files. A service without ports and modules touches none.
fn open(config: Config) -> Result<(Current, Option<Stores>), StartError> {
    let stores = stores(&config)?;
    let modules = modules(&config, stores.as_ref().map(|stores| stores.users.clone()))?;
    Ok((Current { config, modules }, stores))
}

/// Opens the stores of a configuration that answers.
pub(crate) fn stores(config: &Config) -> Result<Option<Stores>, StartError> {
    if config.ports.is_empty() && config.modules.is_empty() {
        return Ok(None);
    }
    let policy = Policy { password_min: config.password_min };
    let users = Users::open(&config.state, config.key_file.as_deref(), policy);
    let users = users.map_err(StartError::Store)?;
    let audit = Audit::open(&config.state, Options { syslog: config.audit_syslog });
    let audit = audit.map_err(StartError::Audit)?;
    Ok(Some(Stores { users: Arc::new(users), audit: Arc::new(audit) }))
}

impl Stores {
    /// Its users.
    pub(crate) fn users(&self) -> Arc<Users> {
        self.users.clone()
    }
}

/// Makes the modules of a configuration.
pub(crate) fn modules(config: &Config, users: Option<Arc<Users>>) -> Result<Registry, StartError> {
    let codes = users.map(|users| users as Arc<dyn CodeStore>);
    let key = config.key_file.as_deref().map(Path::to_path_buf);
    let hidden = std::iter::once(config.state.clone()).chain(key).collect();
    let parts = Parts { codes, hidden, helper: config.helper.clone(), ..Parts::default() };
    Registry::build(&config.modules, &parts).map_err(StartError::Modules)
}

fn shared(current: Current) -> Shared {
    let shared = Shared {
        current: RwLock::new(Arc::new(Current { config: Config::empty(), modules: Registry::default() })),
        users: OnceLock::new(),
        audit: OnceLock::new(),
        exchange: ExchangeHandle::start(openras_engine::exchange::Settings::default()),
        calls: Calls::new(),
        limits: Limits::default(),
        counters: Counters::default(),
        doors: Doors::default(),
        networks: Arc::default(),
        virtual_modems: Modems::default(),
        cancel: CancellationToken::new(),
        tasks: TaskTracker::new(),
        checks: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
        started: unix_seconds(),
        since: Instant::now(),
        pools: Mutex::default(),
        reloading: tokio::sync::Mutex::default(),
    };
    shared.set_current(current);
    shared
}

/// 32 random bytes of the system's.
pub(crate) fn seed() -> Result<[u8; 32], RasError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| RasError::NOT_ENOUGH_MEMORY)?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PortConfig;

    fn current(pool: &str) -> Current {
        let line = "exchange:100".parse().unwrap();
        let port = PortConfig { pool: pool.parse().unwrap(), ..PortConfig::new("line1", line) };
        Current { config: Config { ports: vec![port], ..Config::default() }, modules: Registry::default() }
    }

    /// A call that negotiates while the service is reloaded, and the next one, never have one address.
    #[tokio::test]
    async fn pools_that_overlap_across_reloads_give_no_address_twice() {
        let (old, new) = ("10.64.0.2-10.64.0.4", "10.64.0.2-10.64.0.9");
        let shared = shared(current(old));
        shared.set_current(current(new));
        let first = shared.lease(new, 1, None).unwrap();
        assert_ne!(shared.lease(old, 2, Some(first)), Some(first), "a call that began before the reload");
        shared.set_current(current(old));
        assert_ne!(shared.lease(old, 3, Some(first)), Some(first), "a call after the reload back");
        assert_eq!(shared.lease(old, 4, None), None);
        shared.release(new, 1);
        assert_eq!(shared.lease(old, 5, None), Some(first), "given back everywhere");
    }

    /// Two calls of one user, an address of a pool, and a port's own.
    #[tokio::test]
    async fn a_users_own_address_is_one_calls_and_never_a_ports() {
        let pool = "10.64.0.2-10.64.0.4";
        let shared = shared(current(pool));
        let own = Ipv4Addr::new(10, 64, 0, 3);
        assert!(shared.lease_fixed(1, own) && shared.lease_fixed(1, own), "a call may ask again");
        assert!(!shared.lease_fixed(2, own), "its user calls twice");
        assert_ne!(shared.lease(pool, 3, Some(own)), Some(own));
        shared.release(FIXED, 2);
        assert!(!shared.lease_fixed(2, own), "what was refused gives nothing back");
        shared.release(FIXED, 1);
        assert!(shared.lease_fixed(2, own));
        let gateway = shared.current().config.ports[0].address;
        assert!(!shared.lease_fixed(4, gateway), "the port's own end of the link");
    }
}
