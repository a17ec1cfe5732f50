//! Notifiers: functions of the program that are told of a dial's states (RASDIALFUNC, RASDIALFUNC1, RASDIALFUNC2).
//!
//! Each connection has a thread for them, so that they come in order and one at a time, and a slow one holds up its own
//! dial only: the dial goes on when the function has returned.

use std::cell::Cell;
use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use openras_api::types::connection::Seen;
use openras_api::types::event::State;
use openras_engine::{ConnState, RasError};

use super::connection::Connection;
use crate::guard::{CANNOT_INITIALIZE, Dword, INVALID_PARAMETER};
use crate::openras::{self, EVENTS};
use crate::runtime;

/// WM_RASDIALEVENT, the only message there is.
const WM_RASDIALEVENT: c_uint = 0xCCCD;
/// The only link there is.
const SUB_ENTRY: Dword = 1;

/// VOID RASDIALFUNC(UINT, RASCONNSTATE, DWORD).
type Func = unsafe extern "C" fn(c_uint, c_int, Dword);
/// VOID RASDIALFUNC1(HRASCONN, UINT, RASCONNSTATE, DWORD, DWORD).
type Func1 = unsafe extern "C" fn(*mut c_void, c_uint, c_int, Dword, Dword);
/// DWORD RASDIALFUNC2(ULONG_PTR, DWORD, HRASCONN, UINT, RASCONNSTATE, DWORD, DWORD).
type Func2 = unsafe extern "C" fn(usize, Dword, *mut c_void, c_uint, c_int, Dword, Dword) -> Dword;

/// Whom to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notifier {
    kind: Dword,
    function: usize,
    /// dwCallbackId, for type 2.
    callback_id: usize,
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a notifier: RasDial there is refused.
pub(crate) fn is_inside() -> bool {
    INSIDE.get()
}

impl Notifier {
    /// dwNotifierType and lpvNotifier as RasDial gets them; `None` for a synchronous dial.
    ///
    /// # Errors
    /// 87: a window, a type nobody knows, or OPENRAS_EVENTS with a handler.
    pub(crate) fn of(
        kind: Dword,
        function: *const c_void,
        callback_id: usize,
    ) -> Result<Option<Self>, RasError> {
        if function.is_null() {
            return Ok(None);
        }
        if kind == EVENTS && function as usize == EVENTS as usize {
            return Ok(Some(Self { kind, function: 0, callback_id }));
        }
        if kind > 2 {
            let why = match kind {
                u32::MAX => {
                    "There are no windows here to send messages to. Use a RASDIALFUNC (type 0, 1 or 2)."
                }
                EVENTS => "With OPENRAS_EVENTS lpvNotifier is OPENRAS_NO_HANDLER.",
                _ => "dwNotifierType is 0, 1, 2 or OPENRAS_EVENTS.",
            };
            super::reason::set(why);
            return Err(INVALID_PARAMETER);
        }
        Ok(Some(Self { kind, function: function as usize, callback_id }))
    }

    /// Whether there is a function to call, for which the dial waits. States for an event loop wait in a queue instead.
    pub(crate) fn is_function(self) -> bool {
        self.kind != EVENTS
    }

    /// Whether a resuming RasDial names the same.
    pub(crate) fn is_same(self, other: Option<Self>) -> bool {
        other.is_some_and(|other| (other.kind, other.function) == (self.kind, self.function))
    }

    /// Calls it. `false`: it wants to hear nothing more.
    fn call(self, handle: usize, state: c_int, error: Dword) -> bool {
        let (function, handle) = (self.function as *const c_void, handle as *mut c_void);
        INSIDE.set(true);
        let goes_on = match self.kind {
            0 => {
                // SAFETY: the program said by type 0 that its pointer is a RASDIALFUNC.
                let function = unsafe { std::mem::transmute::<*const c_void, Func>(function) };
                // SAFETY: as above; the arguments are numbers.
                unsafe { function(WM_RASDIALEVENT, state, error) };
                true
            }
            1 => {
                // SAFETY: the program said by type 1 that its pointer is a RASDIALFUNC1.
                let function = unsafe { std::mem::transmute::<*const c_void, Func1>(function) };
                // SAFETY: as above; the handle is opaque.
                unsafe { function(handle, WM_RASDIALEVENT, state, error, 0) };
                true
            }
            _ => {
                // SAFETY: the program said by type 2 that its pointer is a RASDIALFUNC2.
                let function = unsafe { std::mem::transmute::<*const c_void, Func2>(function) };
                let id = self.callback_id;
                // SAFETY: as above; the handle is opaque.
                unsafe { function(id, SUB_ENTRY, handle, WM_RASDIALEVENT, state, error, 0) != 0 }
            }
        };
        INSIDE.set(false);
        goes_on
    }
}

/// A state for a notifier.
pub(crate) struct Tell {
    pub(crate) state: State,
    /// Nothing is told after this one: Connected, Disconnected, or an error that is no question.
    pub(crate) last: bool,
    /// A script answers it: the service is told that it was seen, and the notifier nothing.
    pub(crate) quiet: bool,
}

/// Where states go that a notifier is to be told.
pub(crate) type States = Sender<Tell>;

/// Starts the thread of a connection's notifier. It ends when the sender is dropped.
///
/// # Errors
/// 711: no thread could be started.
pub(crate) fn start(handle: usize, connection: Arc<Connection>) -> Result<States, RasError> {
    let (states, told) = channel();
    let thread = std::thread::Builder::new().name("openras-notify".into());
    thread.spawn(move || tell(handle, &connection, &told)).map_err(|_| CANNOT_INITIALIZE)?;
    Ok(states)
}

/// Tells a notifier once, on a thread of its own, that the entry it was to dial is connected already.
///
/// # Errors
/// 711: no thread could be started.
pub(crate) fn tell_connected(
    handle: usize,
    connection: Arc<Connection>,
    notifier: Notifier,
) -> Result<(), RasError> {
    if !notifier.is_function() {
        return openras::open_joined(&connection);
    }
    let tell = move || {
        if !connection.now().hung_up {
            notifier.call(handle, c_int::try_from(ConnState::CONNECTED.0).unwrap_or(c_int::MAX), 0);
        }
    };
    let thread = std::thread::Builder::new().name("openras-notify".into());
    thread.spawn(tell).map(drop).map_err(|_| CANNOT_INITIALIZE)
}

fn tell(handle: usize, connection: &Connection, told: &Receiver<Tell>) {
    let Some(own) = &connection.own else { return };
    let Some(notifier) = own.notifier else { return };
    let mut listens = true;
    for Tell { state, last, quiet } in told {
        if listens && !quiet && !connection.now().hung_up {
            let error = state.error.as_ref().map_or(0, |problem| problem.error);
            let number = c_int::try_from(state.state).unwrap_or(c_int::MAX);
            listens = notifier.call(handle, number, error) && !last;
        }
        let seen = Seen { notifier: own.creator.clone(), seq: state.seq };
        // a dial that is over wants nothing confirmed
        let _ = runtime::wait(connection.client.seen(connection.id, &seen));
    }
}
