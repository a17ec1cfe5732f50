//! RasEnumConnections.

use openras_api::Client;
use openras_api::types::connection::Connection as Listed;
use openras_engine::{ConnState, RasError};

use super::connection::{self, Found};
use super::dial::refused;
use super::wish;
use crate::abi::basic::Pointer;
use crate::abi::caller::Versioned;
use crate::abi::connection::Conn;
use crate::abi::list::List;
use crate::guard::{CANNOT_INITIALIZE, Dword, NO_MEMORY, guard};
use crate::runtime;
use crate::text::{Char, array};

/// RasEnumConnections. See [`RasEnumConnectionsW`].
///
/// # Safety
/// As [`RasEnumConnectionsW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumConnectionsA(
    array: *mut std::ffi::c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let list = List { array: array.cast::<Conn<u8>>(), bytes, count };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { list.fill(RasError::INVALID_SIZE, connected) })
}

/// RasEnumConnections: this user's connections that are connected, whichever program dialled them. 603 with the need in
/// `bytes`, 632, 87.
///
/// # Safety
/// Each pointer is NULL or as RasEnumConnections says: the first element has its dwSize, the array `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumConnectionsW(
    array: *mut std::ffi::c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let list = List { array: array.cast::<Conn<u16>>(), bytes, count };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { list.fill(RasError::INVALID_SIZE, connected) })
}

fn connected<C: Char>() -> Result<Vec<Conn<C>>, RasError> {
    let found = runtime::wait(async {
        let client = openras_api::start::connect(None).await?;
        let listed = client.connections().await?;
        Ok::<_, openras_api::Problem>((client, listed))
    })?;
    let (client, listed) = match found {
        Ok(found) => found,
        // where no service runs there is no connection
        Err(problem) if problem.number() == CANNOT_INITIALIZE => return Ok(Vec::new()),
        Err(problem) => return Err(refused(problem)),
    };
    connection::prune(&client, &listed);
    // an administrator hears of everybody's; RAS lists one's own
    let uid = rustix::process::geteuid().as_raw();
    listed
        .into_iter()
        .filter(|one| {
            one.uid == uid && one.state.conn_state() == ConnState::CONNECTED && one.state.error.is_none()
        })
        .map(|one| conn(&client, &one))
        .collect()
}

fn conn<C: Char>(client: &Client, listed: &Listed) -> Result<Conn<C>, RasError> {
    let found = Found { id: listed.id, begun: Some(listed.begun), dialled: false };
    let (handle, found) = connection::find(client, found, || wish::listed(listed)).ok_or(NO_MEMORY)?;
    let about = &found.about;
    let mut conn = Conn::empty();
    conn.hrasconn = Pointer::new(handle);
    conn.szEntryName = array(&about.entry);
    conn.szDeviceType = array(&about.device_type);
    conn.szDeviceName = array(&about.device_name);
    conn.szPhonebook = array(&about.phonebook);
    conn.dwSubEntry = 1;
    Ok(conn)
}
