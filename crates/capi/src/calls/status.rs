//! RasGetConnectStatus.

use std::sync::Arc;

use openras_api::Problem;
use openras_api::types::event::Ended;
use openras_engine::{ConnState, RasError};

use super::connection::{self, CONNECTIONS, Connection};
use super::dial::{HUNG_UP, refused};
use super::follow::sentence;
use crate::abi::caller::{self, Versioned};
use crate::abi::connection::ConnStatus;
use crate::guard::{Dword, INVALID_HANDLE, guard};
use crate::runtime;
use crate::text::{Char, array};

/// RasGetConnectStatus. See [`RasGetConnectStatusW`].
///
/// # Safety
/// `status` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetConnectStatusA(handle: usize, status: *mut std::ffi::c_void) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u8>(handle, status.cast()) })
}

/// RasGetConnectStatus: the state of a dial or connection, its error and device. 6: there is no such handle, or its line is
/// closed after RasHangUp. 632, 87.
///
/// # Safety
/// `status` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetConnectStatusW(handle: usize, status: *mut std::ffi::c_void) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u16>(handle, status.cast()) })
}

unsafe fn get<C: Char>(handle: usize, status: *mut ConnStatus<C>) -> Result<(), RasError> {
    // SAFETY: NULL, or it says its size, as the caller promised us.
    unsafe { caller::size(status) }?;
    let connection = connection::of(handle)?;
    let (state, error) = now(handle, &connection)?;
    let mut told = ConnStatus::<C>::empty();
    told.rasconnstate = state.0;
    told.dwError = error.map_or(0, |error| error.0);
    told.szDeviceType = array(&connection.about.device_type);
    told.szDeviceName = array(&connection.about.device_name);
    told.szPhoneNumber = array(&connection.about.number);
    // SAFETY: its size was just found to be known, as the caller promised us.
    unsafe { caller::write(status, &told) }
}

/// The state of a connection: as its dial tells it, or as the service says of another program's.
///
/// # Errors
/// 6: it is over.
pub(super) fn now(
    handle: usize,
    connection: &Arc<Connection>,
) -> Result<(ConnState, Option<RasError>), RasError> {
    if connection.own.is_some() {
        let now = connection.now();
        if now.ended && now.hung_up {
            return Err(INVALID_HANDLE);
        }
        return Ok((now.state.unwrap_or(ConnState::OPEN_PORT), now.error));
    }
    let now = connection.now();
    match runtime::wait(connection.listed())? {
        Ok(found) => Ok((found.state.conn_state(), found.state.error.map(|problem| problem.number()))),
        Err(problem) if problem.number() == INVALID_HANDLE => {
            if now.dials > 0 && !now.hung_up {
                return ended(connection);
            }
            CONNECTIONS.remove(handle);
            Err(INVALID_HANDLE)
        }
        Err(problem) => Err(refused(problem)),
    }
}

/// A connection this process joined, after its end: until its RasHangUp it says why.
fn ended(connection: &Connection) -> Result<(ConnState, Option<RasError>), RasError> {
    let why = end_of(connection)?.ok().flatten().and_then(|ended| ended.error);
    Ok((ConnState::DISCONNECTED, Some(why.map_or(HUNG_UP, |problem| problem.number()))))
}

/// Why a connection failed or ended, in sentences: what its dial was told, or what the service says of one that this
/// process joined or found in a list. Empty where it goes on.
pub(crate) fn why(connection: &Connection) -> Result<String, RasError> {
    if connection.own.is_some() {
        return Ok(connection.now().reason);
    }
    Ok(match end_of(connection)? {
        Ok(ended) => ended.map(|ended| sentence(&ended.why, &ended.remedy)).unwrap_or_default(),
        // the service that had it is gone
        Err(problem) => sentence(&problem.message, &problem.remedy),
    })
}

/// How a connection ended, if it has, as its service keeps it a while; not that of another service's call of this number.
fn end_of(connection: &Connection) -> Result<Result<Option<Ended>, Problem>, RasError> {
    let begun = connection.now().begun;
    let story = runtime::wait(connection.client.call(connection.id))?;
    Ok(story.map(|story| {
        let call = story.call;
        call.ended.filter(|_| begun.is_none_or(|begun| begun == call.begun))
    }))
}
