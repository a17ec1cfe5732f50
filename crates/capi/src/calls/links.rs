//! RasGetSubEntryHandle: a connection has one link, and its handle is the connection's.

use openras_engine::{ConnState, RasError};

use super::{connection, status};
use crate::guard::{Dword, INVALID_PARAMETER, guard};

/// ERROR_PORT_NOT_OPEN, ERROR_NO_MORE_ITEMS.
const NOT_OPEN: RasError = RasError(618);
const NO_SUCH_LINK: RasError = RasError(259);

/// RasGetSubEntryHandle. See [`RasGetSubEntryHandleW`].
///
/// # Safety
/// `link` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetSubEntryHandleA(handle: usize, number: Dword, link: *mut usize) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(handle, number, link) })
}

/// RasGetSubEntryHandle: the handle of a link, counted from 1. 6, 87, 259 no such link, 618 it is not connected.
///
/// # Safety
/// `link` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetSubEntryHandleW(handle: usize, number: Dword, link: *mut usize) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(handle, number, link) })
}

unsafe fn get(handle: usize, number: Dword, link: *mut usize) -> Result<(), RasError> {
    if link.is_null() {
        return Err(INVALID_PARAMETER);
    }
    let connection = connection::of(handle)?;
    if number != 1 {
        return Err(NO_SUCH_LINK);
    }
    if status::now(handle, &connection)? != (ConnState::CONNECTED, None) {
        return Err(NOT_OPEN);
    }
    // SAFETY: not NULL, so the caller vouches for it.
    unsafe { link.write_unaligned(handle) };
    Ok(())
}
