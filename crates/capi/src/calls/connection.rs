//! A connection as this process knows it: what stands behind an HRASCONN.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openras_api::types::CallId;
use openras_api::types::connection::Connection as Listed;
use openras_api::{Client, Problem};
use openras_engine::{ConnState, RasError};
use tokio::sync::Notify;

use crate::guard::INVALID_HANDLE;
use crate::handles::Handles;
use crate::openras::Extras;
use crate::runtime;

use super::dial::refused;
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
    /// What openras.h adds.
    pub(crate) extras: Extras,
    /// The program went on from a pause.
    pub(crate) resumed: Notify,
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
    /// RasDials of this process it serves; each is given back by a RasHangUp.
    pub(crate) dials: u32,
    /// Connected was reached.
    pub(crate) connected: bool,
    /// RasHangUp was called.
    pub(crate) hung_up: bool,
    /// The service has nothing of it any more.
    pub(crate) ended: bool,
    /// When it began, in seconds since 1970; `None` for a dial of this process, which knows its end by its events.
    pub(crate) begun: Option<u64>,
    /// States that were told, for whoever reads them one by one.
    pub(crate) told: u64,
}

impl Connection {
    pub(crate) fn new(client: Client, id: CallId, about: About, own: Option<Own>) -> Arc<Self> {
        let (extras, now) = (Extras::default(), Mutex::default());
        let (resumed, changed) = (Notify::new(), Condvar::new());
        Arc::new(Self { client, id, about, own, extras, resumed, now, changed })
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

    /// Whether it is this one. Numbers begin anew with each start of a service.
    fn is(&self, id: CallId, begun: Option<u64>) -> bool {
        let own = self.now().begun;
        self.id == id && (own.is_none() || begun.is_none() || own == begun)
    }

    /// What the service lists of it.
    ///
    /// # Errors
    /// 6: it is over, also where another service has another connection of this number by now.
    pub(crate) async fn listed(&self) -> Result<Listed, Problem> {
        if self.own.is_some() && self.now().ended {
            return Err(INVALID_HANDLE.into());
        }
        let listed = self.client.connection(self.id).await?;
        if self.is(listed.id, Some(listed.begun)) { Ok(listed) } else { Err(INVALID_HANDLE.into()) }
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

/// The connection of a handle, where its service still has it.
///
/// # Errors
/// 6: there is no such handle, or the connection is over.
pub(crate) fn running(handle: usize) -> Result<Arc<Connection>, RasError> {
    let connection = of(handle)?;
    if connection.own.is_none() {
        runtime::wait(connection.listed())?.map_err(refused)?;
    } else if connection.now().ended {
        return Err(INVALID_HANDLE);
    }
    Ok(connection)
}

/// What is found of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// Its number.
    pub(crate) id: CallId,
    /// When it began, if that is known.
    pub(crate) begun: Option<u64>,
    /// A RasDial found it, which it now serves as well.
    pub(crate) dialled: bool,
}

/// The handle of a connection: that which this process has, or a new one. `None` when all handles are in use.
pub(crate) fn find(
    client: &Client,
    found: Found,
    about: impl FnOnce() -> About,
) -> Option<(usize, Arc<Connection>)> {
    // two threads that find one connection get one handle
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _finding = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let count = u32::from(found.dialled);
    let known = all_of(client).into_iter().find(|(_, connection)| {
        connection.is(found.id, found.begun)
            && connection.change(|now| {
                let usable = !now.hung_up && !now.ended;
                now.dials += if usable { count } else { 0 };
                usable
            })
    });
    known.or_else(|| {
        let connection = Connection::new(client.clone(), found.id, about(), None);
        connection.change(|now| (now.dials, now.begun) = (count, found.begun));
        Some((CONNECTIONS.insert(connection.clone())?, connection))
    })
}

/// Forgets connections that were only found in a list, and are in it no longer.
pub(crate) fn prune(client: &Client, listed: &[Listed]) {
    for (handle, connection) in all_of(client) {
        let is_listed = || listed.iter().any(|one| connection.is(one.id, Some(one.begun)));
        if connection.own.is_none() && connection.now().dials == 0 && !is_listed() {
            CONNECTIONS.remove(handle);
        }
    }
}

/// The connections of one service, with their handles.
fn all_of(client: &Client) -> Vec<(usize, Arc<Connection>)> {
    let mut all = CONNECTIONS.all();
    all.retain(|(_, connection)| connection.client.socket() == client.socket());
    all
}
