//! Time, and text for a debugger.

use std::time::Duration;

use super::units::from_any;
use crate::guard::guard_or;
use crate::text::Char;

/// Sleeps. Milliseconds; 0 gives way to other threads, 0xFFFFFFFF never ends.
#[unsafe(no_mangle)]
pub extern "C" fn Sleep(milliseconds: u32) {
    guard_or((), || match milliseconds {
        0 => std::thread::yield_now(),
        u32::MAX => loop {
            std::thread::park();
        },
        some => std::thread::sleep(Duration::from_millis(u64::from(some))),
    });
}

/// Milliseconds since the machine started, without the time it slept.
#[unsafe(no_mangle)]
pub extern "C" fn GetTickCount64() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // libc's and not rustix', which looks for the vDSO where valgrind has hidden it
    // SAFETY: room for the answer; a clock that is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or_default().wrapping_mul(1000).wrapping_add(nanoseconds.unwrap_or_default() / 1_000_000)
}

/// As [`GetTickCount64`], in 32 bits: it begins again at 0 after 49.7 days.
#[unsafe(no_mangle)]
pub extern "C" fn GetTickCount() -> u32 {
    (GetTickCount64() & 0xFFFF_FFFF) as u32
}

/// Says something to whoever debugs: on standard error, escaped, where `OPENRAS_DEBUG` is set; else nobody is there.
pub(crate) fn debug(text: &str) {
    if std::env::var_os("OPENRAS_DEBUG").is_some() {
        let text = openras_engine::escape::lines(text);
        crate::copies::say(text.strip_suffix('\n').unwrap_or(&text));
    }
}

unsafe fn output<C: Char>(text: *const C) {
    guard_or((), || {
        // SAFETY: as the caller's.
        let text = unsafe { from_any(text) };
        debug(&text.unwrap_or_default());
    });
}

/// Text for a debugger: see [`debug`].
///
/// # Safety
/// `text` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OutputDebugStringA(text: *const u8) {
    // SAFETY: as the caller's.
    unsafe { output(text) };
}

/// As [`OutputDebugStringA`].
///
/// # Safety
/// `text` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OutputDebugStringW(text: *const u16) {
    // SAFETY: as the caller's.
    unsafe { output(text) };
}
