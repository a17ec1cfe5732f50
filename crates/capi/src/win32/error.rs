//! The last error of a thread.

use std::cell::Cell;

use openras_engine::RasError;

use crate::guard::{guard_or, usable};

/// ERROR_FILE_NOT_FOUND.
pub(crate) const FILE_NOT_FOUND: RasError = RasError(2);
/// ERROR_ACCESS_DENIED.
pub(crate) const ACCESS_DENIED: RasError = RasError(5);
/// ERROR_NOT_SUPPORTED.
pub(crate) const NOT_SUPPORTED: RasError = RasError(50);
/// ERROR_MOD_NOT_FOUND.
pub(crate) const MOD_NOT_FOUND: RasError = RasError(126);
/// ERROR_PROC_NOT_FOUND.
pub(crate) const PROC_NOT_FOUND: RasError = RasError(127);
/// ERROR_BAD_EXE_FORMAT.
pub(crate) const BAD_EXE_FORMAT: RasError = RasError(193);
/// ERROR_MORE_DATA.
pub(crate) const MORE_DATA: RasError = RasError(234);
/// ERROR_INVALID_FLAGS.
pub(crate) const INVALID_FLAGS: RasError = RasError(1004);
/// ERROR_BADDB: the registry's file is damaged.
pub(crate) const BADDB: RasError = RasError(1009);
/// ERROR_REGISTRY_IO_FAILED.
pub(crate) const REGISTRY_IO_FAILED: RasError = RasError(1016);
/// ERROR_DLL_INIT_FAILED.
pub(crate) const DLL_INIT_FAILED: RasError = RasError(1114);
/// ERROR_NO_SYSTEM_RESOURCES.
pub(crate) const NO_SYSTEM_RESOURCES: RasError = RasError(1450);
/// ERROR_UNKNOWN of raserror.h: a panic of ours.
const UNKNOWN: RasError = RasError(635);

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Remembers an error for this thread's GetLastError. A thread that is ending forgets it.
pub(crate) fn set(error: RasError) {
    let _ = LAST.try_with(|last| last.set(error.0));
}

/// Runs the body of an export that gives `failed` and a last error where it fails. Nothing works in a forked child
/// or a second copy of the library: last error 711.
pub(crate) fn call<T>(failed: T, body: impl FnOnce() -> Result<T, RasError>) -> T {
    light(failed, || usable().and_then(|()| body()))
}

/// As [`call`], for what needs neither handles nor threads.
pub(crate) fn light<T>(failed: T, body: impl FnOnce() -> Result<T, RasError>) -> T {
    match guard_or(Err(UNKNOWN), body) {
        Ok(value) => value,
        Err(error) => {
            set(error);
            failed
        }
    }
}

/// As [`call`], for what gives its error and does not remember it: 0, or the number.
pub(crate) fn status(body: impl FnOnce() -> Result<(), RasError>) -> u32 {
    match guard_or(Err(UNKNOWN), || usable().and_then(|()| body())) {
        Ok(()) => 0,
        Err(error) => error.0,
    }
}

/// The last error of this thread.
#[unsafe(no_mangle)]
pub extern "C" fn GetLastError() -> u32 {
    LAST.try_with(Cell::get).unwrap_or_default()
}

/// Sets the last error of this thread.
#[unsafe(no_mangle)]
pub extern "C" fn SetLastError(error: u32) {
    set(RasError(error));
}
