//! The small part of Win32 that RAS sources use: events and waits, threads, heap, libraries, last error, time, strings
//! with Windows' formats, a registry in a file. What is not listed in `docs/compat/win32.md` is not here.

#![allow(non_snake_case, reason = "exports have their Windows names")]
#![allow(unreachable_pub, reason = "C reaches them by their names")]

mod clock;
mod compare;
mod dispatch;
pub(crate) mod error;
pub(crate) mod event;
mod format;
mod inet;
mod memory;
pub(crate) mod module;
pub(crate) mod registry;
mod safe;
mod start;
mod strings;
pub(crate) mod thread;
mod units;
mod variadic;
mod wait;
mod wide;

/// BOOL.
pub(crate) type Bool = i32;
/// BOOL's TRUE.
pub(crate) const TRUE: Bool = 1;
/// BOOL's FALSE.
pub(crate) const FALSE: Bool = 0;
/// HANDLE: as wide as a pointer, never one.
pub(crate) type Handle = usize;

/// A parameter by which callers may pass NULL: where to write, if anywhere.
///
/// # Safety
/// `to` is NULL or writable as a `T`, at any alignment.
pub(crate) unsafe fn give<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: not NULL, so the caller vouches for it.
        unsafe { to.write_unaligned(value) };
    }
}
