//! The exports.

use std::ffi::c_int;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::Arc;

use openras_api::client::Events;
use openras_api::types::event::{Event, Told};
use openras_engine::{ConnState, RasError};

use super::{Waiting, sentence, terminal};
use crate::abi::caller::{self, Plain, Versioned};
use crate::calls::connection::{self, Connection};
use crate::calls::{reason, refused, why};
use crate::guard::{Dword, INVALID_PARAMETER, guard_or, usable};
use crate::runtime;
use crate::text::Char;
use crate::win32::error as last_error;

/// OPENRAS_API.
const API: Dword = 1;
/// ERROR_NO_MORE_ITEMS.
const NOTHING_WAITS: RasError = RasError(259);
/// ERROR_UNKNOWN: a panic of ours.
const UNKNOWN: Dword = 635;

/// OPENRASSTATE.
#[derive(Clone, Copy)]
#[repr(C)]
struct OpenrasState {
    dw_size: u32,
    state: u32,
    error: u32,
    extended_error: u32,
    sub_entry: u32,
    missed: u32,
}

// SAFETY: integers.
unsafe impl Plain for OpenrasState {}
// SAFETY: the first member is dwSize.
unsafe impl Versioned for OpenrasState {
    const SIZES: &'static [usize] = &[size_of::<Self>()];
}
const _: () = assert!(size_of::<OpenrasState>() == 24);

/// OpenrasApi: 1.
#[unsafe(no_mangle)]
pub extern "C" fn OpenrasApi() -> Dword {
    API
}

/// OpenrasTerminal: a descriptor of the terminal of a connection that is paused in RASCS_Interactive; -1 with the last
/// error 6, 87 (not paused there) or 4 (no descriptor left).
#[unsafe(no_mangle)]
pub extern "C" fn OpenrasTerminal(handle: usize) -> c_int {
    descriptor(|| terminal::take(&*connection::of(handle)?))
}

/// OpenrasEvents: a descriptor that is readable while a state of the connection waits; -1 with the last error 6 or 4.
#[unsafe(no_mangle)]
pub extern "C" fn OpenrasEvents(handle: usize) -> c_int {
    descriptor(|| events(&connection::of(handle)?))
}

/// OpenrasNextState: the oldest state that waits. 259 none, 6, 87, 632.
///
/// # Safety
/// `state` is NULL or has as many bytes as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenrasNextState(handle: usize, state: *mut std::ffi::c_void) -> Dword {
    // SAFETY: as the caller promised us.
    plain(|| unsafe { next(handle, state.cast()) })
}

/// OpenrasReason: why a connection failed or ended, or with NULL the last RAS call of this thread. 603, 6, 87.
///
/// # Safety
/// `bytes` is NULL or writable; `text` is NULL or has room for `*bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenrasReason(handle: usize, text: *mut u8, bytes: *mut Dword) -> Dword {
    let told = || {
        if handle == 0 {
            return Ok(reason::last());
        }
        usable()?;
        why(&*connection::of(handle)?)
    };
    plain(|| {
        if bytes.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: as the caller promised us.
        unsafe { give(&told()?, text, bytes) }
    })
}

/// OpenrasErrorText: a sentence for any number. 603, 87.
///
/// # Safety
/// As [`OpenrasReason`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenrasErrorText(error: Dword, text: *mut u8, bytes: *mut Dword) -> Dword {
    // SAFETY: as the caller promised us.
    plain(|| unsafe { give(&sentence(RasError(error)), text, bytes) })
}

/// These do not change what OpenrasReason tells of the last RAS call.
fn plain(body: impl FnOnce() -> Result<(), RasError>) -> Dword {
    guard_or(UNKNOWN, || body().map_or_else(|error| error.0, |()| 0))
}

fn descriptor(body: impl FnOnce() -> Result<OwnedFd, RasError>) -> c_int {
    guard_or(-1, || {
        reason::begin();
        match usable().and_then(|()| body()) {
            Ok(file) => file.into_raw_fd(),
            Err(error) => {
                reason::failed(error);
                last_error::set(error);
                -1
            }
        }
    })
}

fn events(connection: &Arc<Connection>) -> Result<OwnedFd, RasError> {
    open(connection)?;
    // it is open, so there is one
    connection.extras.states.descriptor()?.ok_or(RasError(UNKNOWN))
}

/// From now on states of the connection wait; the first is the present one, if it has any. Gives whether none waited
/// before.
///
/// # Errors
/// 4, 8: no descriptor; what the service says.
pub(crate) fn open(connection: &Arc<Connection>) -> Result<bool, RasError> {
    match connection.own {
        Some(_) => connection.extras.states.open(|| present(connection)),
        None => watch_another(connection),
    }
}

/// As [`open`], for a dial that joined a connection: its program waits for Connected, whoever was told of it before.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_joined(connection: &Arc<Connection>) -> Result<(), RasError> {
    if !open(connection)? {
        connection.extras.states.repeat(ConnState::CONNECTED);
    }
    Ok(())
}

/// The state of a dial of this process.
fn present(connection: &Connection) -> Option<Waiting> {
    let now = connection.now();
    Some(Waiting { state: now.state?, error: now.error, number: now.told })
}

/// A connection that another program dialled: what the service tells of it.
fn watch_another(connection: &Arc<Connection>) -> Result<bool, RasError> {
    if connection.extras.states.descriptor()?.is_some() {
        return Ok(false);
    }
    let (client, id) = (&connection.client, connection.id);
    let found = runtime::wait(async {
        // first the stream: what happens between the two is told twice rather than never
        let events = client.connection_events(id, None, u64::MAX, false).await?;
        Ok::<_, openras_api::Problem>((events, client.connection(id).await?.state))
    })?;
    let (events, state) = found.map_err(refused)?;
    let error = state.error.as_ref().map(openras_api::Problem::number);
    let first = Waiting { state: state.conn_state(), error, number: 0 };
    let opened = connection.extras.states.open(|| Some(first))?;
    if opened {
        runtime::handle()?.spawn(watch(events, connection.clone(), first));
    }
    Ok(opened)
}

async fn watch(mut events: Events, connection: Arc<Connection>, mut last: Waiting) {
    loop {
        let (state, error, over) = match events.next().await {
            Some(Ok(Told { event: Event::State(state), .. })) => {
                let error = state.error.as_ref().map(openras_api::Problem::number);
                (state.conn_state(), error, false)
            }
            Some(Ok(Told { event: Event::Ended(ended), .. })) => {
                let error = ended.error.as_ref().map(openras_api::Problem::number);
                (ConnState::DISCONNECTED, error, true)
            }
            Some(Ok(_)) => continue,
            Some(Err(problem)) => (ConnState::DISCONNECTED, Some(problem.number()), true),
            None => (ConnState::DISCONNECTED, None, true),
        };
        if (state, error) != (last.state, last.error) {
            last = Waiting { state, error, number: last.number + 1 };
            connection.extras.states.put(last);
        }
        if over {
            return;
        }
    }
}

unsafe fn next(handle: usize, state: *mut OpenrasState) -> Result<(), RasError> {
    usable()?;
    // SAFETY: NULL or it says its size, as the caller promised us.
    unsafe { caller::size(state.cast_const()) }?;
    let connection = connection::of(handle)?;
    let (waited, missed) = connection.extras.states.take().ok_or(NOTHING_WAITS)?;
    let mut told = OpenrasState::empty();
    (told.state, told.sub_entry, told.missed) = (waited.state.0, 1, missed);
    told.error = waited.error.map_or(0, |error| error.0);
    // SAFETY: its size was just found to be known.
    unsafe { caller::write(state, &told) }
}

/// Text with its NUL into the caller's buffer.
unsafe fn give(told: &str, text: *mut u8, bytes: *mut Dword) -> Result<(), RasError> {
    if bytes.is_null() {
        return Err(INVALID_PARAMETER);
    }
    let mut units = u8::encode(told);
    units.retain(|unit| *unit != 0);
    units.push(0);
    let need = Dword::try_from(units.len()).map_err(|_| RasError::BUFFER_TOO_SMALL)?;
    // SAFETY: not NULL, so the caller vouches for it.
    let room = unsafe { bytes.read_unaligned() };
    // SAFETY: as above.
    unsafe { bytes.write_unaligned(need) };
    if text.is_null() || room < need {
        return Err(RasError::BUFFER_TOO_SMALL);
    }
    // SAFETY: so many bytes fit, as the caller promised us, and ours are elsewhere.
    unsafe { std::ptr::copy_nonoverlapping(units.as_ptr(), text, units.len()) };
    Ok(())
}
