//! The lstr functions. Like Windows' they take NULL without a crash.

use std::ptr::null_mut;

use super::compare::{self, Rules};
use super::units::{from_any, length, put, take};
use crate::guard::guard_or;
use crate::text::Char;

unsafe fn copy<C: Char>(to: *mut C, from: *const C, most: usize) -> *mut C {
    guard_or(null_mut(), || {
        if to.is_null() || from.is_null() || most == 0 {
            return null_mut();
        }
        // SAFETY: neither is NULL; the caller vouches for the NUL and the room, of which one is the new NUL's.
        unsafe { put(to, &take(from, most - 1)) };
        to
    })
}

unsafe fn append<C: Char>(to: *mut C, from: *const C) -> *mut C {
    guard_or(null_mut(), || {
        if to.is_null() || from.is_null() {
            return null_mut();
        }
        // SAFETY: neither is NULL; the caller vouches for both NULs and the room.
        unsafe { put(to.add(length(to)), &take(from, usize::MAX)) };
        to
    })
}

unsafe fn count<C: Char>(text: *const C) -> i32 {
    guard_or(0, || {
        // SAFETY: not NULL; the caller vouches for the NUL.
        let length = if text.is_null() { 0 } else { unsafe { length(text) } };
        i32::try_from(length).unwrap_or(i32::MAX)
    })
}

unsafe fn order<C: Char>(one: *const C, two: *const C, rules: Rules) -> i32 {
    guard_or(0, || {
        // SAFETY: NULL or with their NULs.
        let (one, two) = unsafe { (from_any(one), from_any(two)) };
        match (one, two) {
            (Some(one), Some(two)) => compare::order(&one, &two, rules) as i32,
            // NULL is before everything
            (one, two) => i32::from(one.is_some()) - i32::from(two.is_some()),
        }
    })
}

/// The exports of one character type.
macro_rules! strings {
    ($unit:ty, $len:ident, $cpy:ident, $cpyn:ident, $cat:ident, $cmp:ident, $cmpi:ident) => {
        /// How many characters stand before the NUL; 0 for NULL.
        ///
        /// # Safety
        /// `text` is NULL or ends with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $len(text: *const $unit) -> i32 {
            // SAFETY: as the caller's.
            unsafe { count(text) }
        }

        /// Copies; NULL where one is NULL.
        ///
        /// # Safety
        /// `from` ends with a NUL, `to` has room for it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $cpy(to: *mut $unit, from: *const $unit) -> *mut $unit {
            // SAFETY: as the caller's.
            unsafe { copy(to, from, usize::MAX) }
        }

        /// Copies what fits into `room` characters, always with a NUL.
        ///
        /// # Safety
        /// `from` ends with a NUL or has as many characters, `to` has the room.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $cpyn(to: *mut $unit, from: *const $unit, room: i32) -> *mut $unit {
            // SAFETY: as the caller's.
            unsafe { copy(to, from, usize::try_from(room).unwrap_or_default()) }
        }

        /// Appends.
        ///
        /// # Safety
        /// Both end with a NUL, `to` has room for both.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $cat(to: *mut $unit, from: *const $unit) -> *mut $unit {
            // SAFETY: as the caller's.
            unsafe { append(to, from) }
        }

        /// -1, 0 or 1, as in a dictionary.
        ///
        /// # Safety
        /// Both are NULL or end with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $cmp(one: *const $unit, two: *const $unit) -> i32 {
            // SAFETY: as the caller's.
            unsafe { order(one, two, Rules::default()) }
        }

        /// The same, whatever the case.
        ///
        /// # Safety
        /// Both are NULL or end with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $cmpi(one: *const $unit, two: *const $unit) -> i32 {
            // SAFETY: as the caller's.
            unsafe { order(one, two, Rules { any_case: true, ..Rules::default() }) }
        }
    };
}

strings!(u8, lstrlenA, lstrcpyA, lstrcpynA, lstrcatA, lstrcmpA, lstrcmpiA);
strings!(u16, lstrlenW, lstrcpyW, lstrcpynW, lstrcatW, lstrcmpW, lstrcmpiW);
