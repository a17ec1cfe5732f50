//! The wall around every export: no panic leaves the library, no call works where it cannot.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use openras_engine::RasError;

use crate::calls::reason;

/// The number a C caller gets.
pub(crate) type Dword = u32;

/// ERROR_INVALID_HANDLE.
pub(crate) const INVALID_HANDLE: RasError = RasError(6);
/// ERROR_NOT_ENOUGH_MEMORY.
pub(crate) const NO_MEMORY: RasError = RasError(8);
/// ERROR_INVALID_PARAMETER.
pub(crate) const INVALID_PARAMETER: RasError = RasError(87);
/// ERROR_RASMAN_CANNOT_INITIALIZE.
pub(crate) const CANNOT_INITIALIZE: RasError = RasError(711);

/// ERROR_UNKNOWN: a panic of ours.
const UNKNOWN: RasError = RasError(635);

/// Runs the body of an export. 0, or what went wrong; a panic of ours is 635 (ERROR_UNKNOWN). `OpenrasReason` tells
/// afterwards why.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), RasError>) -> Dword {
    reason::begin();
    let checked = AssertUnwindSafe(|| usable().and_then(|()| body()));
    match catch_unwind(checked).unwrap_or(Err(UNKNOWN)) {
        Ok(()) => {
            reason::begin();
            0
        }
        Err(error) => {
            reason::failed(error);
            error.0
        }
    }
}

/// As [`guard`], for exports that give something else than an error number: `failed` after a panic or where nothing
/// works. What does not need the service (strings, memory) needs no [`usable`] process.
pub(crate) fn guard_or<T>(failed: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

/// Whether this copy of the library may work in this process.
///
/// # Errors
/// 711: a child that was forked without exec has none of our threads; a second copy of the library would share no
/// event and no handle with the first.
pub(crate) fn usable() -> Result<(), RasError> {
    static PID: AtomicU32 = AtomicU32::new(0);
    let pid = process::id();
    if let Err(first) = PID.compare_exchange(0, pid, Ordering::SeqCst, Ordering::SeqCst)
        && first != pid
    {
        let why = "this is a forked child, which has none of its threads. Call exec first.";
        reason::set(crate::copies::say_once(why));
        return Err(CANNOT_INITIALIZE);
    }
    static COPY: OnceLock<Result<(), String>> = OnceLock::new();
    COPY.get_or_init(crate::copies::only_one).as_ref().copied().map_err(|why| {
        reason::set(why.as_str());
        CANNOT_INITIALIZE
    })
}
