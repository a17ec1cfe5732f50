//! The start of programs that have wmain: `libopenras_wmain.a` has the `main` that calls this.

use std::os::raw::{c_char, c_int};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::units::from_any;
use crate::guard::guard_or;

/// wmain.
type WideMain = unsafe extern "C-unwind" fn(c_int, *mut *mut u16, *mut *mut u16) -> c_int;

/// The lists of the process, where checkers of memory find them: they are no leak.
static ARGUMENTS: AtomicPtr<*mut u16> = AtomicPtr::new(null_mut());
static ENVIRONMENT: AtomicPtr<*mut u16> = AtomicPtr::new(null_mut());

/// Texts of C as a list of UTF-16 texts, which ends with NULL and lives as long as the process.
///
/// # Safety
/// `list` is NULL or ends with NULL; each text ends with a NUL.
unsafe fn wide(list: *const *const c_char) -> *mut *mut u16 {
    let mut texts = Vec::new();
    let mut at = 0;
    // SAFETY: nothing before this one was NULL.
    while !list.is_null() && !unsafe { *list.add(at) }.is_null() {
        // SAFETY: not NULL; the caller vouches for the NUL.
        let text = unsafe { from_any((*list.add(at)).cast::<u8>()) }.unwrap_or_default();
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        texts.push(Box::leak(units.into_boxed_slice()).as_mut_ptr());
        at += 1;
    }
    texts.push(null_mut());
    Box::leak(texts.into_boxed_slice()).as_mut_ptr()
}

/// Calls a wmain with the arguments and environment of a `main`, as UTF-16.
///
/// # Safety
/// The arguments are those of a `main`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn openras_start_wmain(
    wmain: Option<WideMain>,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> c_int {
    // SAFETY: as the caller's.
    let lists = guard_or(None, || Some(unsafe { (wide(arguments), wide(environment)) }));
    let (Some(wmain), Some((arguments, environment))) = (wmain, lists) else { return -1 };
    ARGUMENTS.store(arguments, Ordering::SeqCst);
    ENVIRONMENT.store(environment, Ordering::SeqCst);
    let mut count = 0;
    // SAFETY: our own list, which ends with NULL.
    while !unsafe { *arguments.add(count) }.is_null() {
        count += 1;
    }
    // SAFETY: the program's function; one with fewer parameters does not look at the rest.
    unsafe { wmain(c_int::try_from(count).unwrap_or_default(), arguments, environment) }
}
