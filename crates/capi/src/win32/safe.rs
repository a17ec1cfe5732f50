//! StringCch and StringCb: copies that know their room and always end with a NUL.

use super::units::{length_within, put, take};
use crate::guard::guard_or;
use crate::text::Char;

/// HRESULT.
pub(super) type HResult = i32;
/// S_OK.
pub(super) const S_OK: HResult = 0;
/// The text was cut: HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER).
pub(super) const STRSAFE_E_INSUFFICIENT_BUFFER: HResult = 0x8007_007A_u32.cast_signed();
/// HRESULT_FROM_WIN32(ERROR_INVALID_PARAMETER).
pub(super) const STRSAFE_E_INVALID_PARAMETER: HResult = 0x8007_0057_u32.cast_signed();
/// More characters than anybody may ask for.
pub(super) const STRSAFE_MAX_CCH: usize = 0x7FFF_FFFF;

/// Whether this is room for at least a NUL.
pub(super) fn is_room<C>(to: *mut C, room: usize) -> bool {
    !to.is_null() && (1..=STRSAFE_MAX_CCH).contains(&room)
}

/// Copies at most `most` characters to `at` in a buffer; what is cut is an error.
unsafe fn copy<C: Char>(to: *mut C, room: usize, at: usize, from: *const C, most: usize) -> HResult {
    if from.is_null() {
        return STRSAFE_E_INVALID_PARAMETER;
    }
    let left = room.saturating_sub(at).saturating_sub(1);
    // one more than there is room for shows whether it fits
    // SAFETY: not NULL; the caller vouches for a NUL or `most` characters.
    let mut units = unsafe { take(from, most.min(left.saturating_add(1))) };
    let cut = units.len() > left;
    units.truncate(left);
    // SAFETY: within the room, NUL included.
    unsafe { put(to.add(at), &units) };
    if cut { STRSAFE_E_INSUFFICIENT_BUFFER } else { S_OK }
}

unsafe fn replace<C: Char>(to: *mut C, room: usize, from: *const C, most: usize) -> HResult {
    guard_or(STRSAFE_E_INVALID_PARAMETER, || {
        if !is_room(to, room) {
            return STRSAFE_E_INVALID_PARAMETER;
        }
        if from.is_null() || most != usize::MAX && most > STRSAFE_MAX_CCH {
            // SAFETY: there is room for a NUL.
            unsafe { put(to, &[]) };
            return STRSAFE_E_INVALID_PARAMETER;
        }
        // SAFETY: as the caller's.
        unsafe { copy(to, room, 0, from, most) }
    })
}

unsafe fn append<C: Char>(to: *mut C, room: usize, from: *const C, most: usize) -> HResult {
    guard_or(STRSAFE_E_INVALID_PARAMETER, || {
        if !is_room(to, room) || most != usize::MAX && most > STRSAFE_MAX_CCH {
            return STRSAFE_E_INVALID_PARAMETER;
        }
        // SAFETY: room that the caller vouches for.
        match unsafe { length_within(to, room) } {
            // SAFETY: as the caller's.
            Some(at) => unsafe { copy(to, room, at, from, most) },
            None => STRSAFE_E_INVALID_PARAMETER,
        }
    })
}

unsafe fn count<C: Char>(text: *const C, most: usize, size: usize, length: *mut usize) -> HResult {
    guard_or(STRSAFE_E_INVALID_PARAMETER, || {
        let good = !text.is_null() && most <= STRSAFE_MAX_CCH;
        // SAFETY: not NULL; the caller vouches for a NUL or `most` characters.
        let found = if good { unsafe { length_within(text, most) } } else { None };
        // SAFETY: NULL or writable.
        unsafe { super::give(length, found.unwrap_or_default() * size) };
        if found.is_some() { S_OK } else { STRSAFE_E_INVALID_PARAMETER }
    })
}

/// The exports of one character type.
macro_rules! safe_strings {
    (@whole $unit:ty, $bytes:literal, $($name:ident, $in_bytes:ident, $body:ident;)*) => {$(
        /// Windows' function of this name, with the room in characters: 0, 0x8007007A where the text was cut,
        /// 0x80070057.
        ///
        /// # Safety
        /// `to` is NULL or has the room, `from` is NULL or ends with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(to: *mut $unit, room: usize, from: *const $unit) -> HResult {
            // SAFETY: as the caller's.
            unsafe { $body(to, room, from, usize::MAX) }
        }

        /// The same, with the room in bytes.
        ///
        /// # Safety
        /// `to` is NULL or has the room, `from` is NULL or ends with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $in_bytes(to: *mut $unit, bytes: usize, from: *const $unit) -> HResult {
            // SAFETY: as the caller's.
            unsafe { $body(to, bytes / $bytes, from, usize::MAX) }
        }
    )*};
    (@part $unit:ty, $bytes:literal, $($name:ident, $in_bytes:ident, $body:ident;)*) => {$(
        /// Windows' function of this name, for at most `most` characters.
        ///
        /// # Safety
        /// `to` is NULL or has the room, `from` is NULL or ends with a NUL or has `most` characters.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            to: *mut $unit,
            room: usize,
            from: *const $unit,
            most: usize,
        ) -> HResult {
            // SAFETY: as the caller's.
            unsafe { $body(to, room, from, most.min(usize::MAX - 1)) }
        }

        /// The same, with room and `most` in bytes.
        ///
        /// # Safety
        /// `to` is NULL or has the room, `from` is NULL or ends with a NUL or has `most` bytes.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $in_bytes(
            to: *mut $unit,
            bytes: usize,
            from: *const $unit,
            most: usize,
        ) -> HResult {
            // SAFETY: as the caller's.
            unsafe { $body(to, bytes / $bytes, from, most.min(usize::MAX - 1) / $bytes) }
        }
    )*};
    (@length $unit:ty, $bytes:literal, $name:ident, $in_bytes:ident) => {
        /// How many characters stand before the NUL, which must be among the first `most`.
        ///
        /// # Safety
        /// `text` is NULL or ends with a NUL or has `most` characters; `length` is NULL or writable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(text: *const $unit, most: usize, length: *mut usize) -> HResult {
            // SAFETY: as the caller's.
            unsafe { count(text, most, 1, length) }
        }

        /// The same in bytes.
        ///
        /// # Safety
        /// As in characters.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $in_bytes(text: *const $unit, most: usize, length: *mut usize) -> HResult {
            // SAFETY: as the caller's.
            unsafe { count(text, most / $bytes, $bytes, length) }
        }
    };
}

safe_strings!(@whole u8, 1,
    StringCchCopyA, StringCbCopyA, replace;
    StringCchCatA, StringCbCatA, append;
);
safe_strings!(@whole u16, 2,
    StringCchCopyW, StringCbCopyW, replace;
    StringCchCatW, StringCbCatW, append;
);
safe_strings!(@part u8, 1,
    StringCchCopyNA, StringCbCopyNA, replace;
    StringCchCatNA, StringCbCatNA, append;
);
safe_strings!(@part u16, 2,
    StringCchCopyNW, StringCbCopyNW, replace;
    StringCchCatNW, StringCbCatNW, append;
);
safe_strings!(@length u8, 1, StringCchLengthA, StringCbLengthA);
safe_strings!(@length u16, 2, StringCchLengthW, StringCbLengthW);
