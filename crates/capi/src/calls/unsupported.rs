//! Functions of ras.h behind which nothing stands here. Each looks at its arguments as documented, gives the documented
//! number and leaves a sentence for `OpenrasReason` that names the alternative.

use std::ffi::c_void;

use openras_engine::RasError;

use super::{connection, reason};
use crate::abi::caller;
use crate::abi::dial::DialExtensions;
use crate::guard::{Dword, INVALID_PARAMETER, guard, guard_or};

/// ERROR_CALL_NOT_IMPLEMENTED: what Windows itself gives for functions of RAS that it no longer has.
pub(super) const NOT_HERE: RasError = RasError(120);
/// ERROR_INVALID_FUNCTION_FOR_ENTRY: the entry has no such method of authentication; go on without.
const NOT_OF_THIS_ENTRY: RasError = RasError(780);
/// E_INVALIDARG, an HRESULT among the error numbers.
const INVALID_ARGUMENT: RasError = RasError(0x8007_0057);
/// sizeof(RASNAPSTATE), sizeof(RASUPDATECONN): they never had others.
const NAP_STATE: Dword = 20;
const UPDATE_CONN: Dword = 56;
/// RASAPIVERSION.
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=4;

const NO_EAP: &str =
    "There is no EAP here: no entry needs an identity of it. Dial with szUserName and szPassword.";
const NO_MOVE: &str =
    "Only IKEv2 tunnels can move to other addresses, and there are none here. Hang up and dial again.";
const NO_NAP: &str =
    "No network keeps callers in probation here. RasGetConnectStatus tells how the connection is.";
const NO_WIZARD: &str =
    "There are no windows here. RasSetEntryProperties and `openras phonebook` make and change entries.";

/// 120, with the alternative as the reason.
pub(super) fn instead<T>(why: &str) -> Result<T, RasError> {
    reason::set(why);
    Err(NOT_HERE)
}

/// RasUpdateConnection: 120. 87, 632, 6.
///
/// # Safety
/// `update` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasUpdateConnection(handle: usize, update: *const c_void) -> Dword {
    guard(|| {
        if update.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL; it begins with a version and dwSize, as the caller promised us.
        let [version, size] = unsafe { update.cast::<[u32; 2]>().read_unaligned() };
        if !VERSIONS.contains(&version) {
            return Err(INVALID_PARAMETER);
        }
        if size != UPDATE_CONN {
            return Err(RasError::INVALID_SIZE);
        }
        connection::of(handle)?;
        instead(NO_MOVE)
    })
}

/// RasGetNapStatus: 120. 87, 632, 6.
///
/// # Safety
/// `state` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetNapStatus(handle: usize, state: *mut c_void) -> Dword {
    guard(|| {
        if state.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL; it begins with dwSize, as the caller promised us.
        if unsafe { state.cast::<u32>().read_unaligned() } != NAP_STATE {
            return Err(RasError::INVALID_SIZE);
        }
        connection::of(handle)?;
        instead(NO_NAP)
    })
}

/// RasInvokeEapUI: 780, since no dial comes to RASCS_InvokeEapUI. 87, 632, 6, 259 for a link other than 1.
///
/// # Safety
/// `extensions` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasInvokeEapUI(
    handle: usize,
    link: Dword,
    extensions: *const c_void,
    _window: *mut c_void,
) -> Dword {
    guard(|| {
        // SAFETY: NULL or it says its size, as the caller promised us.
        unsafe { caller::size(extensions.cast::<DialExtensions>()) }?;
        connection::of(handle)?;
        if link > 1 {
            return Err(RasError(259));
        }
        reason::set(NO_EAP);
        Err(NOT_OF_THIS_ENTRY)
    })
}

/// RasGetEapUserIdentity. See [`RasGetEapUserIdentityW`].
///
/// # Safety
/// `identity` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEapUserIdentityA(
    _phonebook: *const u8,
    entry: *const u8,
    flags: Dword,
    _window: *mut c_void,
    identity: *mut usize,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { eap_identity(entry.is_null(), flags, identity) })
}

/// RasGetEapUserIdentity: 780, which tells a program to dial without. 0x80070057 for NULL and for flags that are none.
///
/// # Safety
/// `identity` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEapUserIdentityW(
    _phonebook: *const u16,
    entry: *const u16,
    flags: Dword,
    _window: *mut c_void,
    identity: *mut usize,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { eap_identity(entry.is_null(), flags, identity) })
}

unsafe fn eap_identity(no_entry: bool, flags: Dword, identity: *mut usize) -> Result<(), RasError> {
    /// RASEAPF_NonInteractive, RASEAPF_Logon, RASEAPF_Preview.
    const FLAGS: Dword = 2 | 4 | 8;
    if no_entry || identity.is_null() || flags & !FLAGS != 0 {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not NULL, so the caller vouches for it.
    unsafe { identity.write_unaligned(0) };
    reason::set(NO_EAP);
    Err(NOT_OF_THIS_ENTRY)
}

/// RasFreeEapUserIdentity: no identity was ever given, so there is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn RasFreeEapUserIdentityA(_identity: *mut c_void) {
    guard_or((), || {});
}

/// RasFreeEapUserIdentity: no identity was ever given, so there is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn RasFreeEapUserIdentityW(_identity: *mut c_void) {
    guard_or((), || {});
}

/// RasCreatePhonebookEntry: 120.
#[unsafe(no_mangle)]
pub extern "C" fn RasCreatePhonebookEntryA(_window: *mut c_void, _phonebook: *const u8) -> Dword {
    guard(|| instead(NO_WIZARD))
}

/// RasCreatePhonebookEntry: 120.
#[unsafe(no_mangle)]
pub extern "C" fn RasCreatePhonebookEntryW(_window: *mut c_void, _phonebook: *const u16) -> Dword {
    guard(|| instead(NO_WIZARD))
}

/// RasEditPhonebookEntry: 120. 87 without an entry.
#[unsafe(no_mangle)]
pub extern "C" fn RasEditPhonebookEntryA(
    _window: *mut c_void,
    _phonebook: *const u8,
    entry: *const u8,
) -> Dword {
    guard(|| if entry.is_null() { Err(INVALID_PARAMETER) } else { instead(NO_WIZARD) })
}

/// RasEditPhonebookEntry: 120. 87 without an entry.
#[unsafe(no_mangle)]
pub extern "C" fn RasEditPhonebookEntryW(
    _window: *mut c_void,
    _phonebook: *const u16,
    entry: *const u16,
) -> Dword {
    guard(|| if entry.is_null() { Err(INVALID_PARAMETER) } else { instead(NO_WIZARD) })
}
