//! Threads, whose handles are signalled at their end. POSIX threads and not Rust's, because a C thread may leave by
//! ExitThread out of the middle of its functions.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::os::raw::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use libc::{pthread_attr_t, pthread_t};
use openras_engine::RasError;

use super::dispatch::Object;
use super::error::call;
use super::{Bool, FALSE, Handle, TRUE, give, module};
use crate::guard::{INVALID_HANDLE, INVALID_PARAMETER, NO_MEMORY, guard_or};
use crate::handles::Handles;

/// What GetExitCodeThread gives while the thread runs.
const STILL_ACTIVE: u32 = 259;
/// The only flag: the size is what to reserve.
const STACK_SIZE_PARAM_IS_A_RESERVATION: u32 = 0x0001_0000;

/// LPTHREAD_START_ROUTINE.
type StartRoutine = unsafe extern "C-unwind" fn(*mut c_void) -> u32;

pub(super) static THREADS: Handles<Thread> = Handles::new(2);

/// A thread that CreateThread made.
#[derive(Debug)]
pub(crate) struct Thread {
    /// Signalled at its end.
    pub(super) done: Arc<Object>,
    code: AtomicU32,
    /// Whom to join, until somebody has.
    posix: Mutex<Option<pthread_t>>,
}

impl Thread {
    /// After the end: waits the moment until the thread is really gone, so that its code may be unloaded.
    pub(super) fn join(&self) {
        if let Some(posix) = self.posix.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // SAFETY: a joinable thread that nobody else joins, since it was taken out.
            unsafe { libc::pthread_join(posix, null_mut()) };
        }
    }

    /// Nobody will join it.
    fn detach(&self) {
        if let Some(posix) = self.posix.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // SAFETY: a joinable thread that nobody else joins, since it was taken out.
            unsafe { libc::pthread_detach(posix) };
        }
    }
}

/// The thread that runs here. Its destructor is the thread's end, however it came.
struct Current(RefCell<Option<Arc<Thread>>>);

impl Drop for Current {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.done.signal();
        }
    }
}

thread_local! {
    static CURRENT: Current = const { Current(RefCell::new(None)) };
}

/// What a new thread needs.
struct Start {
    routine: StartRoutine,
    parameter: *mut c_void,
    thread: Arc<Thread>,
    id: SyncSender<u32>,
}

unsafe extern "C" {
    // as libc's, with start routines that may be unwound: pthread_exit does
    fn pthread_create(
        thread: *mut pthread_t,
        attributes: *const pthread_attr_t,
        routine: unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void,
        parameter: *mut c_void,
    ) -> c_int;
}

unsafe extern "C-unwind" {
    fn pthread_exit(value: *mut c_void) -> !;
}

/// The first function of every thread. Nothing here has a destructor while the routine runs.
unsafe extern "C-unwind" fn enter(start: *mut c_void) -> *mut c_void {
    // SAFETY: `create` made it of a box and gave it to this thread alone.
    let (routine, parameter) = unsafe { begin(start.cast()) };
    // SAFETY: what the program gave CreateThread.
    let code = unsafe { routine(parameter) };
    leave(code);
    null_mut()
}

unsafe fn begin(start: *mut Start) -> (StartRoutine, *mut c_void) {
    // SAFETY: a box's pointer, given once.
    let start = unsafe { Box::from_raw(start) };
    guard_or((), || {
        let _ = CURRENT.try_with(|current| current.0.replace(Some(start.thread.clone())));
        // the creator waits for it
        let _ = start.id.send(GetCurrentThreadId());
        module::thread_begins();
    });
    (start.routine, start.parameter)
}

/// Before the end of a thread: its exit code, and the libraries' notice.
fn leave(code: u32) {
    guard_or((), || {
        let ours = CURRENT.try_with(|current| {
            let ours = current.0.borrow();
            ours.iter().for_each(|thread| thread.code.store(code, Ordering::SeqCst));
            ours.is_some()
        });
        if ours == Ok(true) {
            module::thread_ends();
        }
    });
}

fn create(stack: usize, start: Start) -> Result<pthread_t, RasError> {
    let mut attributes = MaybeUninit::<pthread_attr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: room for attributes, which `init` fills and `destroy` ends; the box belongs to the new thread if there
    // is one, else it is taken back.
    unsafe {
        if libc::pthread_attr_init(attributes) != 0 {
            return Err(NO_MEMORY);
        }
        let mut usual = 0;
        libc::pthread_attr_getstacksize(attributes, &raw mut usual);
        // programs give small sizes, which Windows takes for what to commit; never less than usual
        if stack > usual {
            libc::pthread_attr_setstacksize(
                attributes,
                stack.checked_next_multiple_of(65536).unwrap_or(stack),
            );
        }
        let start = Box::into_raw(Box::new(start));
        let mut posix = MaybeUninit::<pthread_t>::uninit();
        let failed = pthread_create(posix.as_mut_ptr(), attributes, enter, start.cast());
        libc::pthread_attr_destroy(attributes);
        if failed != 0 {
            drop(Box::from_raw(start));
            return Err(NO_MEMORY);
        }
        Ok(posix.assume_init())
    }
}

/// Starts a thread. NULL and a last error where that fails; a thread that begins suspended is refused with 87.
///
/// # Safety
/// `routine` is NULL or a thread's function, `id` NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThread(
    _security: *const c_void,
    stack: usize,
    routine: Option<StartRoutine>,
    parameter: *mut c_void,
    flags: u32,
    id: *mut u32,
) -> Handle {
    call(0, || {
        let routine = routine.ok_or(INVALID_PARAMETER)?;
        if flags & !STACK_SIZE_PARAM_IS_A_RESERVATION != 0 {
            return Err(INVALID_PARAMETER);
        }
        let thread = Arc::new(Thread {
            done: Arc::new(Object::new(false, false)),
            code: AtomicU32::new(0),
            posix: Mutex::new(None),
        });
        let handle = THREADS.insert(thread.clone()).ok_or(NO_MEMORY)?;
        let (sender, number) = sync_channel(1);
        let start = Start { routine, parameter, thread: thread.clone(), id: sender };
        match create(stack, start) {
            Ok(posix) => *thread.posix.lock().unwrap_or_else(PoisonError::into_inner) = Some(posix),
            Err(error) => {
                THREADS.remove(handle);
                return Err(error);
            }
        }
        let number = number.recv().unwrap_or_default();
        // SAFETY: the caller vouches for it.
        unsafe { give(id, number) };
        Ok(handle)
    })
}

/// Ends the calling thread.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn ExitThread(code: u32) {
    leave(code);
    // SAFETY: no frame of ours has a destructor; those of C++ run.
    unsafe { pthread_exit(null_mut()) }
}

/// A thread's exit code; 259 while it runs.
///
/// # Safety
/// `code` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExitCodeThread(handle: Handle, code: *mut u32) -> Bool {
    call(FALSE, || {
        let thread = THREADS.get(handle).ok_or(INVALID_HANDLE)?;
        if code.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let value =
            if thread.done.is_signalled() { thread.code.load(Ordering::SeqCst) } else { STILL_ACTIVE };
        // SAFETY: not NULL, and the caller vouches for it.
        unsafe { give(code, value) };
        Ok(TRUE)
    })
}

/// The number of the calling thread.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentThreadId() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }.unsigned_abs()
}

/// Forgets a thread's handle; the thread runs on.
///
/// # Errors
/// 6: the handle is no thread's.
pub(super) fn close(handle: Handle) -> Result<(), RasError> {
    let thread = THREADS.remove(handle).ok_or(INVALID_HANDLE)?;
    if thread.done.is_signalled() {
        thread.join()
    } else {
        thread.detach()
    }
    Ok(())
}
