//! Waits and the end of handles.

use std::sync::Arc;
use std::time::Duration;

use openras_engine::RasError;

use super::dispatch::{self, Object};
use super::error::call;
use super::event::EVENTS;
use super::thread::{self, THREADS, Thread};
use super::{Bool, FALSE, Handle, TRUE};
use crate::guard::{INVALID_HANDLE, INVALID_PARAMETER};

const WAIT_OBJECT_0: u32 = 0;
const WAIT_TIMEOUT: u32 = 258;
const WAIT_FAILED: u32 = u32::MAX;
const INFINITE: u32 = u32::MAX;
const MAXIMUM_WAIT_OBJECTS: u32 = 64;

/// What a handle stands for, kept alive during the wait.
enum Target {
    Event(Arc<Object>),
    Thread(Arc<Thread>),
}

impl Target {
    fn of(handle: Handle) -> Result<Self, RasError> {
        let event = EVENTS.get(handle).map(Self::Event);
        event.or_else(|| THREADS.get(handle).map(Self::Thread)).ok_or(INVALID_HANDLE)
    }

    fn object(&self) -> Arc<Object> {
        match self {
            Self::Event(event) => event.clone(),
            Self::Thread(thread) => thread.done.clone(),
        }
    }
}

fn wait(handles: &[Handle], all: bool, milliseconds: u32) -> Result<u32, RasError> {
    let targets = handles.iter().map(|handle| Target::of(*handle)).collect::<Result<Vec<_>, _>>()?;
    let objects: Vec<_> = targets.iter().map(Target::object).collect();
    let limit = (milliseconds != INFINITE).then(|| Duration::from_millis(u64::from(milliseconds)));
    let Some(index) = dispatch::wait(&objects, all, limit) else { return Ok(WAIT_TIMEOUT) };
    for (at, target) in targets.iter().enumerate() {
        if let Target::Thread(thread) = target
            && (all || at == index)
        {
            thread.join();
        }
    }
    Ok(WAIT_OBJECT_0.wrapping_add(u32::try_from(index).unwrap_or_default()))
}

/// Waits for an event or the end of a thread. Milliseconds; 0xFFFFFFFF waits for ever.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForSingleObject(handle: Handle, milliseconds: u32) -> u32 {
    call(WAIT_FAILED, || wait(&[handle], false, milliseconds))
}

/// As [`WaitForSingleObject`]; there are no asynchronous procedure calls that `alertable` could let in.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForSingleObjectEx(handle: Handle, milliseconds: u32, _alertable: Bool) -> u32 {
    WaitForSingleObject(handle, milliseconds)
}

/// Waits for one of 1 to 64 handles, or for all of them at one moment.
///
/// # Safety
/// `handles` is NULL or readable for `count` handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjects(
    count: u32,
    handles: *const Handle,
    all: Bool,
    milliseconds: u32,
) -> u32 {
    call(WAIT_FAILED, || {
        if handles.is_null() || count == 0 || count > MAXIMUM_WAIT_OBJECTS {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL, and the caller vouches for `count` handles.
        let list: Vec<Handle> =
            (0..count as usize).map(|n| unsafe { handles.add(n).read_unaligned() }).collect();
        let twice =
            list.iter().enumerate().any(|(at, one)| list.iter().skip(at + 1).any(|other| one == other));
        if all != FALSE && twice {
            return Err(INVALID_PARAMETER);
        }
        wait(&list, all != FALSE, milliseconds)
    })
}

/// Closes a handle of an event or thread. Waits that have begun go on; the thread runs on.
#[unsafe(no_mangle)]
pub extern "C" fn CloseHandle(handle: Handle) -> Bool {
    call(FALSE, || {
        if EVENTS.remove(handle).is_some() {
            return Ok(TRUE);
        }
        thread::close(handle).map(|()| TRUE)
    })
}
