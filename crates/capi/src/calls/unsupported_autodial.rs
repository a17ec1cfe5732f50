//! AutoDial: no network here begins a dial by itself. Every function gives 120 when its arguments are right, 87 for NULLs.

use std::ffi::c_void;

use openras_engine::RasError;

use super::unsupported::instead;
use crate::abi::autodial::AutodialEntry;
use crate::abi::caller;
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::Char;

const NO_AUTODIAL: &str = "Nothing here dials by itself when a program wants an address. Dial by RasDial or `openras dial` \
                           before.";
/// RASADP_ConnectionQueryTimeout, the last key.
const LAST_KEY: Dword = 4;

fn none(wrong: bool) -> Dword {
    guard(|| if wrong { Err(INVALID_PARAMETER) } else { instead(NO_AUTODIAL) })
}

unsafe fn entries_of<C: Char>(wrong: bool, entries: *const c_void) -> Result<(), RasError> {
    if wrong {
        return Err(INVALID_PARAMETER);
    }
    if !entries.is_null() {
        // SAFETY: not NULL; it says its size, as the caller promised us.
        unsafe { caller::size(entries.cast::<AutodialEntry<C>>()) }?;
    }
    instead(NO_AUTODIAL)
}

/// RasEnumAutodialAddresses: 120; 87 for NULL.
///
/// # Safety
/// `bytes` and `count` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumAutodialAddressesA(
    _addresses: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    none(bytes.is_null() || count.is_null())
}

/// RasGetAutodialAddress: 120; 87 for NULL, 632.
///
/// # Safety
/// `entries` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetAutodialAddressA(
    address: *const u8,
    reserved: *mut Dword,
    entries: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let wrong = address.is_null() || !reserved.is_null() || bytes.is_null() || count.is_null();
    // SAFETY: as the caller promised us.
    guard(|| unsafe { entries_of::<u8>(wrong, entries.cast_const()) })
}

/// RasSetAutodialAddress: 120; 87 for NULL, 632.
///
/// # Safety
/// `entries` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetAutodialAddressA(
    address: *const u8,
    reserved: Dword,
    entries: *const c_void,
    _bytes: Dword,
    _count: Dword,
) -> Dword {
    let wrong = address.is_null() || reserved != 0;
    // SAFETY: as the caller promised us.
    guard(|| unsafe { entries_of::<u8>(wrong, entries) })
}

/// RasGetAutodialEnable: 120; 87 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn RasGetAutodialEnableA(_location: Dword, enabled: *mut i32) -> Dword {
    none(enabled.is_null())
}

/// RasSetAutodialEnable: 120.
#[unsafe(no_mangle)]
pub extern "C" fn RasSetAutodialEnableA(_location: Dword, _enabled: i32) -> Dword {
    none(false)
}

/// RasGetAutodialParam: 120; 87 for NULL, also for a key that is none.
#[unsafe(no_mangle)]
pub extern "C" fn RasGetAutodialParamA(key: Dword, value: *mut c_void, bytes: *mut Dword) -> Dword {
    none(key > LAST_KEY || value.is_null() || bytes.is_null())
}

/// RasSetAutodialParam: 120; 87 for NULL, also for a key that is none; 632 for values of another size than 4.
#[unsafe(no_mangle)]
pub extern "C" fn RasSetAutodialParamA(key: Dword, value: *const c_void, bytes: Dword) -> Dword {
    guard(|| match () {
        () if key > LAST_KEY || value.is_null() => Err(INVALID_PARAMETER),
        () if bytes != 4 => Err(RasError::INVALID_SIZE),
        () => instead(NO_AUTODIAL),
    })
}

/// RasEnumAutodialAddresses: 120; 87 for NULL.
///
/// # Safety
/// `bytes` and `count` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumAutodialAddressesW(
    _addresses: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    none(bytes.is_null() || count.is_null())
}

/// RasGetAutodialAddress: 120; 87 for NULL, 632.
///
/// # Safety
/// `entries` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetAutodialAddressW(
    address: *const u16,
    reserved: *mut Dword,
    entries: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let wrong = address.is_null() || !reserved.is_null() || bytes.is_null() || count.is_null();
    // SAFETY: as the caller promised us.
    guard(|| unsafe { entries_of::<u16>(wrong, entries.cast_const()) })
}

/// RasSetAutodialAddress: 120; 87 for NULL, 632.
///
/// # Safety
/// `entries` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetAutodialAddressW(
    address: *const u16,
    reserved: Dword,
    entries: *const c_void,
    _bytes: Dword,
    _count: Dword,
) -> Dword {
    let wrong = address.is_null() || reserved != 0;
    // SAFETY: as the caller promised us.
    guard(|| unsafe { entries_of::<u16>(wrong, entries) })
}

/// RasGetAutodialEnable: 120; 87 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn RasGetAutodialEnableW(_location: Dword, enabled: *mut i32) -> Dword {
    none(enabled.is_null())
}

/// RasSetAutodialEnable: 120.
#[unsafe(no_mangle)]
pub extern "C" fn RasSetAutodialEnableW(_location: Dword, _enabled: i32) -> Dword {
    none(false)
}

/// RasGetAutodialParam: 120; 87 for NULL, also for a key that is none.
#[unsafe(no_mangle)]
pub extern "C" fn RasGetAutodialParamW(key: Dword, value: *mut c_void, bytes: *mut Dword) -> Dword {
    none(key > LAST_KEY || value.is_null() || bytes.is_null())
}

/// RasSetAutodialParam: 120; 87 for NULL, also for a key that is none; 632 for values of another size than 4.
#[unsafe(no_mangle)]
pub extern "C" fn RasSetAutodialParamW(key: Dword, value: *const c_void, bytes: Dword) -> Dword {
    guard(|| match () {
        () if key > LAST_KEY || value.is_null() => Err(INVALID_PARAMETER),
        () if bytes != 4 => Err(RasError::INVALID_SIZE),
        () => instead(NO_AUTODIAL),
    })
}
