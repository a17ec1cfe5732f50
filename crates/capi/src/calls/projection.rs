//! RasGetProjectionInfo: what was agreed.

use std::ffi::c_void;

use openras_api::types::event::Projection;
use openras_engine::RasError;

use super::connection;
use super::dial::refused;
use crate::abi::caller::{self, Versioned};
use crate::abi::projection::{PppIp, PppIpv6, PppLcp};
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::runtime;
use crate::text::{Char, array};

/// ERROR_PROJECTION_NOT_COMPLETE, ERROR_PROTOCOL_NOT_CONFIGURED.
const NOT_COMPLETE: RasError = RasError(730);
const NOT_CONFIGURED: RasError = RasError(731);
/// RASPROJECTION: the PPP numbers, and the two that are none.
const KINDS: [u32; 8] = [0x1_0000, 0x803F, 0x802B, 0x8021, 0x8057, 0x80FD, 0xC021, 0x2_0000];

/// RasGetProjectionInfo. See [`RasGetProjectionInfoW`].
///
/// # Safety
/// As [`RasGetProjectionInfoW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetProjectionInfoA(
    handle: usize,
    kind: u32,
    info: *mut c_void,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u8>(handle, kind, info, bytes) })
}

/// RasGetProjectionInfo: addresses (RASP_PppIp, RASP_PppIpv6) or authentication (RASP_PppLcp). 730 before it is settled,
/// 731 a protocol this connection does not have, 603 with the need in `bytes`, 632, 6, 87.
///
/// # Safety
/// `bytes` is NULL or writable; `info` is NULL or has `*bytes` bytes, and a dwSize where that is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetProjectionInfoW(
    handle: usize,
    kind: u32,
    info: *mut c_void,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u16>(handle, kind, info, bytes) })
}

unsafe fn get<C: Char>(
    handle: usize,
    kind: u32,
    info: *mut c_void,
    bytes: *mut Dword,
) -> Result<(), RasError> {
    if bytes.is_null() || !KINDS.contains(&kind) {
        return Err(INVALID_PARAMETER);
    }
    // what the structure says of itself, before anybody is asked
    match kind {
        // SAFETY: as the caller promised us.
        0x8021 => unsafe { needed::<PppIp<C>>(info.cast(), bytes) },
        // SAFETY: as above.
        0x8057 => unsafe { needed::<PppIpv6>(info.cast(), bytes) },
        // SAFETY: as above.
        0xC021 => unsafe { needed::<PppLcp<C>>(info.cast(), bytes) },
        _ => Ok(0),
    }?;
    let connection = connection::running(handle)?;
    let agreed = || runtime::wait(connection.client.projection(connection.id))?.map_err(refused).map(settled);
    match kind {
        // SAFETY: as the caller promised us.
        0x8021 => unsafe { give(info, bytes, || ip::<C>(&agreed()??)) },
        // SAFETY: as above.
        0x8057 => unsafe { give(info, bytes, || ipv6(&agreed()??)) },
        // SAFETY: as above.
        0xC021 => unsafe { give(info, bytes, || Ok(lcp::<C>(&agreed()??))) },
        _ => agreed()?.and(Err(NOT_CONFIGURED)),
    }
}

pub(super) fn settled(projection: Projection) -> Result<Projection, RasError> {
    let nothing = projection == Projection::default();
    if nothing { Err(NOT_COMPLETE) } else { Ok(projection) }
}

/// The bytes that the caller's structure has by its dwSize, or the newest where there is none.
///
/// # Errors
/// 632.
unsafe fn needed<T: Versioned>(info: *const T, bytes: *const Dword) -> Result<u32, RasError> {
    // SAFETY: not NULL, as was looked at.
    let room = unsafe { bytes.read_unaligned() };
    if info.is_null() || room < 4 {
        return Ok(caller::whole::<T>());
    }
    // SAFETY: there is room for dwSize, as the caller promised us.
    unsafe { caller::size(info) }
}

/// One structure into the caller's, as much of it as dwSize says.
unsafe fn give<T: Versioned>(
    info: *mut c_void,
    bytes: *mut Dword,
    found: impl FnOnce() -> Result<T, RasError>,
) -> Result<(), RasError> {
    let info = info.cast::<T>();
    // SAFETY: not NULL, as was looked at.
    let room = unsafe { bytes.read_unaligned() };
    // SAFETY: as above.
    let need = unsafe { needed(info.cast_const(), bytes) }?;
    if info.is_null() || room < need {
        // SAFETY: as above.
        unsafe { bytes.write_unaligned(need) };
        return Err(RasError::BUFFER_TOO_SMALL);
    }
    let found = found()?;
    // SAFETY: `need` bytes are there, as the caller promised us.
    unsafe { caller::write(info, &found) }?;
    // SAFETY: not NULL, as was looked at.
    unsafe { bytes.write_unaligned(need) };
    Ok(())
}

fn ip<C: Char>(agreed: &Projection) -> Result<PppIp<C>, RasError> {
    let mut told = PppIp::<C>::empty();
    match &agreed.ipv4 {
        Some(ip) => {
            told.szIpAddress = array(&ip.local.to_string());
            told.szServerIpAddress = array(&ip.remote.to_string());
        }
        None if agreed.failed.contains_key("ipcp") => told.dwError = 733,
        None => return Err(NOT_CONFIGURED),
    }
    Ok(told)
}

fn ipv6(agreed: &Projection) -> Result<PppIpv6, RasError> {
    let mut told = PppIpv6::empty();
    match &agreed.ipv6 {
        Some(ip) => {
            let identifier = |address: std::net::Ipv6Addr| {
                let mut identifier = [0; 8];
                identifier.copy_from_slice(&address.octets()[8..]);
                identifier
            };
            told.bLocalInterfaceIdentifier = identifier(ip.local);
            told.bPeerInterfaceIdentifier = identifier(ip.remote);
        }
        None if agreed.failed.contains_key("ipv6cp") => told.dwError = 733,
        None => return Err(NOT_CONFIGURED),
    }
    Ok(told)
}

fn lcp<C: Char>(agreed: &Projection) -> PppLcp<C> {
    let mut told = PppLcp::<C>::empty();
    (told.dwAuthenticationProtocol, told.dwAuthenticationData) = authentication(agreed);
    told
}

/// RASLCPAP_ and RASLCPAD_ by our word for the method.
pub(super) fn authentication(agreed: &Projection) -> (u32, u32) {
    match agreed.authentication.as_deref() {
        Some("pap") => (0xC023, 0),
        Some("chap") => (0xC223, 0x05),
        Some("mschap") => (0xC223, 0x80),
        Some("mschapv2") => (0xC223, 0x81),
        _ => (0, 0),
    }
}
