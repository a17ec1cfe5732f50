//! Text that C callers own, unit by unit: whatever its length, never past its NUL.

use crate::text::Char;

/// A character's number, in either world.
pub(super) trait Unit: Char {
    /// As a number.
    fn code(self) -> u32;
    /// An ASCII character.
    fn ascii(character: u8) -> Self;
    /// The lowest bits of a number.
    fn cut(number: u32) -> Self;
}

impl Unit for u8 {
    fn code(self) -> u32 {
        u32::from(self)
    }

    fn ascii(character: u8) -> Self {
        character
    }

    fn cut(number: u32) -> Self {
        (number & 0xFF) as Self
    }
}

impl Unit for u16 {
    fn code(self) -> u32 {
        u32::from(self)
    }

    fn ascii(character: u8) -> Self {
        Self::from(character)
    }

    fn cut(number: u32) -> Self {
        (number & 0xFFFF) as Self
    }
}

/// How many units stand before the NUL.
///
/// # Safety
/// `text` is not NULL and readable up to its NUL.
pub(super) unsafe fn length<C: Char>(text: *const C) -> usize {
    let mut length = 0;
    // SAFETY: every unit before this one was not NUL.
    while unsafe { text.add(length).read_unaligned() } != C::default() {
        length += 1;
    }
    length
}

/// As [`length`], looking at no more than `most` units; `None` where no NUL is among them.
///
/// # Safety
/// `text` is not NULL and readable up to its NUL or for `most` units.
pub(super) unsafe fn length_within<C: Char>(text: *const C, most: usize) -> Option<usize> {
    // SAFETY: every unit before this one was not NUL, and it is one of the first `most`.
    (0..most).find(|at| unsafe { text.add(*at).read_unaligned() } == C::default())
}

/// The units before the NUL, at most `most`.
///
/// # Safety
/// `text` is not NULL and readable up to its NUL or for `most` units.
pub(super) unsafe fn take<C: Char>(text: *const C, most: usize) -> Vec<C> {
    let mut units = Vec::new();
    while units.len() < most {
        // SAFETY: every unit before this one was not NUL, and it is one of the first `most`.
        let unit = unsafe { text.add(units.len()).read_unaligned() };
        if unit == C::default() {
            break;
        }
        units.push(unit);
    }
    units
}

/// Text of any length; `None` for NULL.
///
/// # Safety
/// `text` is NULL or readable up to its NUL.
pub(super) unsafe fn from_any<C: Char>(text: *const C) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL; the caller vouches for the NUL.
    let units = unsafe { take(text, usize::MAX) };
    Some(C::decode(&units))
}

/// Writes units and a NUL.
///
/// # Safety
/// `to` is not NULL and writable for one unit more than there are.
pub(super) unsafe fn put<C: Char>(to: *mut C, units: &[C]) {
    for (at, unit) in units.iter().enumerate() {
        // SAFETY: within what the caller vouches for.
        unsafe { to.add(at).write_unaligned(*unit) };
    }
    // SAFETY: as above.
    unsafe { to.add(units.len()).write_unaligned(C::default()) };
}
