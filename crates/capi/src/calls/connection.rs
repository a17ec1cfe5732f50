//! A connection as this process knows it: what stands behind an HRASCONN.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openras_api::Client;
use openras_api::types::CallId;
use openras_engine::{ConnState, RasError};

use crate::guard::INVALID_HANDLE;
use crate::handles::Handles;

use super::notify::Notifier;
use super::script::Answering;

/// All connections this process holds a handle of.
pub(crate) static CONNECTIONS: Handles<Connection> = Handles::new(3);

/// A connection. Everything that changes is in [`Now`].
pub(crate) struct Connection {
    /// The service it belongs to.
    pub(crate) client: Client,
    /// Its number there.
    pub(crate) id: CallId,
    /// What lists show of it.
    pub(crate) about: About,
    /// What the dial of this process needs; `None` for a connection that was found in a list or joined.
    pub(crate) own: Option<Own>,
    now: Mutex<Now>,
    changed: Condvar,
}

/// What lists show of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// szEntryName; for a dial without an entry a dot and the number, as Windows shows it.
    pub(crate) entry: String,
    /// szPhonebook.
    pub(crate) phonebook: String,
    /// szPhoneNumber.
    pub(crate) number: String,
    /// szDeviceType, RASDT_*.
    pub(crate) device_type: String,
    /// szDeviceName.
    pub(crate) device_name: String,
}

impl About {
    /// What the service lists of a connection that another program dialled.
    pub(crate) fn listed(one: &openras_api::types::connection::Connection) -> Self {
        let device_type = if one.line.starts_with("exchange:") { "modem" } else { "null" };
        Self {
            entry: one.name.clone(),
            phonebook: String::new(),
            number: one.line.clone(),
            device_type: device_type.into(),
            device_name: one.line.clone(),
        }
    }
}

/// The dial of this process.
pub(crate) struct Own {
    /// Whoever knows this may resume the dial.
    pub(crate) creator: String,
    /// Whom the program wants to be told, and how; `None` for a synchronous dial.
    pub(crate) notifier: Option<Notifier>,
    /// RDEOPT_PausedStates: a pause is the program's, else it is the end.
    pub(crate) pauses: bool,
    /// What answers the terminal instead of the program.
    pub(crate) script: Option<Answering>,
}

/// What changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Now {
    /// The last state.
    pub(crate) state: Option<ConnState>,
    /// Its dwError.
    pub(crate) error: Option<RasError>,
    /// What decided it, and what to try.
    pub(crate) reason: String,
    /// The program must call RasDial again.
    pub(crate) paused: bool,
    /// Connected was reached.
    pub(crate) connected: bool,
    /// RasHangUp was called.
    pub(crate) hung_up: bool,
    /// The service has nothing of it any more.
    pub(crate) ended: bool,
    /// States that were told, for whoever reads them one by one.
    pub(crate) told: u64,
}

impl Connection {
    pub(crate) fn new(client: Client, id: CallId, about: About, own: Option<Own>) -> Arc<Self> {
        Arc::new(Self { client, id, about, own, now: Mutex::default(), changed: Condvar::new() })
    }

    /// What it looks like now.
    pub(crate) fn now(&self) -> Now {
        self.lock().clone()
    }

    /// Changes it, and wakes who waits for a change. Nothing of a caller's runs meanwhile.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Now) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until it looks as wanted, or the time is over.
    pub(crate) fn wait(&self, until: Option<Instant>, wanted: impl Fn(&Now) -> bool) -> Now {
        let mut now = self.lock();
        while !wanted(&now) {
            let left = match until {
                Some(at) => at.saturating_duration_since(Instant::now()),
                None => Duration::from_secs(3600),
            };
            if left.is_zero() {
                break;
            }
            now = self.changed.wait_timeout(now, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        now.clone()
    }

    /// Forgets the handle of a connection that is over and was hung up: from then on it is 6.
    pub(crate) fn forget_if_over(self: &Arc<Self>) {
        let now = self.now();
        if now.ended && now.hung_up {
            for (handle, other) in CONNECTIONS.all() {
                if Arc::ptr_eq(self, &other) {
                    CONNECTIONS.remove(handle);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection of a handle.
///
/// # Errors
/// 6.
pub(crate) fn of(handle: usize) -> Result<Arc<Connection>, RasError> {
    CONNECTIONS.get(handle).ok_or(INVALID_HANDLE)
}

/// The handle of a connection with this number, if this process has one.
pub(crate) fn handle_of(id: CallId, socket: &std::path::Path) -> Option<(usize, Arc<Connection>)> {
    CONNECTIONS
        .all()
        .into_iter()
        .find(|(_, connection)| connection.id == id && connection.client.socket() == socket)
}
