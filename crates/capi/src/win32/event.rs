//! Events. RasConnectionNotification and RasSecurityDialogReceive get a program's HANDLE and signal it through here.

use std::os::raw::c_void;
use std::sync::Arc;

use openras_engine::RasError;

use super::dispatch::Object;
use super::error::{NO_SYSTEM_RESOURCES, NOT_SUPPORTED, call};
use super::{Bool, FALSE, Handle, TRUE};
use crate::guard::{INVALID_HANDLE, NO_MEMORY};
use crate::handles::Handles;

/// An event.
pub(crate) type Event = Object;

pub(super) static EVENTS: Handles<Event> = Handles::new(1);

/// The event of a handle, which lives on when the program closes the handle.
///
/// # Errors
/// 6: the handle is no event's.
pub(crate) fn hold(handle: Handle) -> Result<Arc<Event>, RasError> {
    EVENTS.get(handle).ok_or(INVALID_HANDLE)
}

/// Signals an event.
///
/// # Errors
/// 6: the handle is no event's.
pub(crate) fn signal(handle: Handle) -> Result<(), RasError> {
    hold(handle).map(|event| event.signal())
}

/// Takes an event's signal away.
///
/// # Errors
/// 6: the handle is no event's.
pub(crate) fn reset(handle: Handle) -> Result<(), RasError> {
    hold(handle).map(|event| event.reset())
}

fn create<C>(manual: Bool, signalled: Bool, name: *const C) -> Handle {
    call(0, || {
        // a name would reach into other processes; nothing in RAS does
        if !name.is_null() {
            return Err(NOT_SUPPORTED);
        }
        EVENTS.insert(Arc::new(Event::new(manual == FALSE, signalled != FALSE))).ok_or(NO_MEMORY)
    })
}

/// Makes an event without a name. NULL and a last error where that fails; a name is refused with 50.
#[unsafe(no_mangle)]
pub extern "C" fn CreateEventA(
    _security: *const c_void,
    manual: Bool,
    signalled: Bool,
    name: *const u8,
) -> Handle {
    create(manual, signalled, name)
}

/// As [`CreateEventA`].
#[unsafe(no_mangle)]
pub extern "C" fn CreateEventW(
    _security: *const c_void,
    manual: Bool,
    signalled: Bool,
    name: *const u16,
) -> Handle {
    create(manual, signalled, name)
}

/// Signals an event.
#[unsafe(no_mangle)]
pub extern "C" fn SetEvent(event: Handle) -> Bool {
    call(FALSE, || signal(event).map(|()| TRUE))
}

/// Takes an event's signal away.
#[unsafe(no_mangle)]
pub extern "C" fn ResetEvent(event: Handle) -> Bool {
    call(FALSE, || reset(event).map(|()| TRUE))
}

/// An extension: a descriptor that is readable while the event is signalled, for `poll` and event loops. It must not be
/// read or closed, and ends with the event. -1 and a last error where that fails.
#[unsafe(no_mangle)]
pub extern "C" fn openras_event_descriptor(event: Handle) -> i32 {
    call(-1, || hold(event)?.descriptor().map_err(|_| NO_SYSTEM_RESOURCES))
}
