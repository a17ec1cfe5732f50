//! C's wide functions for 16 bits. A program built with `-fshort-wchar` must not reach libc's, which have 32: `wide.h` sends
//! the names here.

use std::os::raw::{c_int, c_long, c_ulong};
use std::ptr::null_mut;

use super::units::{Unit, length, put, take};
use super::variadic::write;
use crate::guard::guard_or;
use crate::text::Char;

/// Exports that look at NUL-terminated texts; a NULL gives `$failed`.
macro_rules! wide {
    ($($(#[$doc:meta])* $name:ident($($parameter:ident: $type:ty),*) -> $result:ty, $failed:expr,
        needs($($needed:ident),*) $body:block)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// Texts are NULL or end with a NUL; there is room where something is written.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($parameter: $type),*) -> $result {
            guard_or($failed, || {
                if $($needed.is_null())||* {
                    return $failed;
                }
                // SAFETY: not NULL; the caller vouches for ends and room.
                unsafe { $body }
            })
        }
    )*};
}

fn sign(order: std::cmp::Ordering) -> c_int {
    order as c_int
}

fn folded(units: &[u16]) -> Vec<u16> {
    let fold = |unit: &u16| u8::try_from(*unit).map_or(*unit, |byte| u16::from(byte.to_ascii_lowercase()));
    units.iter().map(fold).collect()
}

wide! {
    /// `wcslen`.
    openras_wcslen(text: *const u16) -> usize, 0, needs(text) { length(text) }

    /// `wcscpy`.
    openras_wcscpy(to: *mut u16, from: *const u16) -> *mut u16, null_mut(), needs(to, from) {
        put(to, &take(from, usize::MAX));
        to
    }

    /// `wcsncpy`: the rest of the room becomes NUL, and no NUL where there is none.
    openras_wcsncpy(to: *mut u16, from: *const u16, room: usize) -> *mut u16, null_mut(), needs(to, from) {
        let units = take(from, room);
        (0..room).for_each(|at| to.add(at).write_unaligned(units.get(at).copied().unwrap_or_default()));
        to
    }

    /// `wcscat`.
    openras_wcscat(to: *mut u16, from: *const u16) -> *mut u16, null_mut(), needs(to, from) {
        put(to.add(length(to)), &take(from, usize::MAX));
        to
    }

    /// `wcsncat`.
    openras_wcsncat(to: *mut u16, from: *const u16, most: usize) -> *mut u16, null_mut(), needs(to, from) {
        put(to.add(length(to)), &take(from, most));
        to
    }

    /// `wcscmp`.
    openras_wcscmp(one: *const u16, two: *const u16) -> c_int, 0, needs(one, two) {
        sign(take(one, usize::MAX).cmp(&take(two, usize::MAX)))
    }

    /// `wcsncmp`.
    openras_wcsncmp(one: *const u16, two: *const u16, most: usize) -> c_int, 0, needs(one, two) {
        sign(take(one, most).cmp(&take(two, most)))
    }

    /// `_wcsicmp`: the case of ASCII letters does not count.
    openras_wcsicmp(one: *const u16, two: *const u16) -> c_int, 0, needs(one, two) {
        sign(folded(&take(one, usize::MAX)).cmp(&folded(&take(two, usize::MAX))))
    }

    /// `_wcsnicmp`.
    openras_wcsnicmp(one: *const u16, two: *const u16, most: usize) -> c_int, 0, needs(one, two) {
        sign(folded(&take(one, most)).cmp(&folded(&take(two, most))))
    }

    /// `wcschr`.
    openras_wcschr(text: *const u16, unit: u16) -> *mut u16, null_mut(), needs(text) {
        let found = take(text, usize::MAX).into_iter().chain([0]).position(|other| other == unit);
        found.map_or(null_mut(), |at| text.add(at).cast_mut())
    }

    /// `wcsrchr`.
    openras_wcsrchr(text: *const u16, unit: u16) -> *mut u16, null_mut(), needs(text) {
        let mut units = take(text, usize::MAX);
        units.push(0);
        units.iter().rposition(|other| *other == unit).map_or(null_mut(), |at| text.add(at).cast_mut())
    }

    /// `wcsstr`.
    openras_wcsstr(text: *const u16, part: *const u16) -> *mut u16, null_mut(), needs(text, part) {
        let (units, part) = (take(text, usize::MAX), take(part, usize::MAX));
        let found = (0..=units.len()).find(|at| units.get(*at..).is_some_and(|rest| rest.starts_with(&part)));
        found.map_or(null_mut(), |at| text.add(at).cast_mut())
    }

    /// `_wcsdup`: to be given back with `free`.
    openras_wcsdup(text: *const u16) -> *mut u16, null_mut(), needs(text) {
        let units = take(text, usize::MAX);
        let to = libc::malloc((units.len() + 1) * 2).cast::<u16>();
        if !to.is_null() {
            put(to, &units);
        }
        to
    }

    /// `wcstol`; `end` may be NULL.
    openras_wcstol(text: *const u16, end: *mut *mut u16, base: c_int) -> c_long, 0, needs(text) {
        let digits = ascii(text);
        // stays so where the base is none
        let mut stop = digits.as_ptr().cast_mut().cast();
        let value = libc::strtol(digits.as_ptr().cast(), &raw mut stop, base);
        super::give(end, text.add(stop.addr() - digits.as_ptr().addr()).cast_mut());
        value
    }

    /// `wcstoul`; `end` may be NULL.
    openras_wcstoul(text: *const u16, end: *mut *mut u16, base: c_int) -> c_ulong, 0, needs(text) {
        let digits = ascii(text);
        // stays so where the base is none
        let mut stop = digits.as_ptr().cast_mut().cast();
        let value = libc::strtoul(digits.as_ptr().cast(), &raw mut stop, base);
        super::give(end, text.add(stop.addr() - digits.as_ptr().addr()).cast_mut());
        value
    }

    /// `_wtoi` and `_wtol`: 32 bits, kept at their ends.
    _wtoi(text: *const u16) -> c_int, 0, needs(text) {
        let value = libc::strtol(ascii(text).as_ptr().cast(), null_mut(), 10);
        value.clamp(c_long::from(c_int::MIN), c_long::from(c_int::MAX)) as c_int
    }

    /// `mbstowcs` from UTF-8: how many units, -1 where it is not UTF-8. `to` may be NULL.
    openras_mbstowcs(to: *mut u16, from: *const u8, room: usize) -> usize, usize::MAX, needs(from) {
        match String::from_utf8(take(from, usize::MAX)) {
            Ok(text) => store(to, room, &u16::encode(&text)),
            Err(_) => usize::MAX,
        }
    }

    /// `wcstombs` to UTF-8: how many bytes, -1 where it is not UTF-16. `to` may be NULL.
    openras_wcstombs(to: *mut u8, from: *const u16, room: usize) -> usize, usize::MAX, needs(from) {
        match String::from_utf16(&take(from, usize::MAX)) {
            Ok(text) => store(to, room, text.as_bytes()),
            Err(_) => usize::MAX,
        }
    }

    /// `fputws`: UTF-8 goes to the file.
    openras_fputws(text: *const u16, file: *mut libc::FILE) -> c_int, -1, needs(text, file) {
        if write(file, &take(text, usize::MAX)) { 0 } else { -1 }
    }

    /// `fgetws`: a line of UTF-8, with its end, as far as there is room.
    openras_fgetws(to: *mut u16, room: c_int, file: *mut libc::FILE) -> *mut u16, null_mut(), needs(to, file) {
        let room = usize::try_from(room).unwrap_or_default();
        match line(file, room) {
            Some(units) => {
                put(to, &units);
                to
            }
            None => null_mut(),
        }
    }
}

/// `_wtol`, as [`_wtoi`].
///
/// # Safety
/// `text` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _wtol(text: *const u16) -> c_int {
    // SAFETY: as the caller's.
    unsafe { _wtoi(text) }
}

/// A text's ASCII part and a NUL, unit for unit.
unsafe fn ascii(text: *const u16) -> Vec<u8> {
    // SAFETY: as the caller's.
    let units = unsafe { take(text, usize::MAX) };
    let bytes = units.into_iter().map_while(|unit| u8::try_from(unit).ok().filter(u8::is_ascii));
    bytes.chain([0]).collect()
}

/// Writes whole characters as far as there is room, and a NUL where there is room for it. How many units that were.
unsafe fn store<C: Unit>(to: *mut C, room: usize, units: &[C]) -> usize {
    if to.is_null() {
        return units.len();
    }
    let mut end = room.min(units.len());
    while end > 0 && units.get(end).is_some_and(|unit| !unit.starts_character()) {
        end -= 1;
    }
    for (at, unit) in units.iter().take(end).chain([&C::default()]).enumerate().take(room) {
        // SAFETY: within the room.
        unsafe { to.add(at).write_unaligned(*unit) };
    }
    end
}

/// One line of a file; `None` at its end.
unsafe fn line(file: *mut libc::FILE, room: usize) -> Option<Vec<u16>> {
    let mut units = Vec::new();
    while units.len() + 1 < room {
        // SAFETY: the caller vouches for the file.
        let Some(character) = (unsafe { next(file) }) else { break };
        let more = u16::encode(&u8::decode(&character));
        if units.len() + more.len() + 1 > room {
            // two units where one is left: the character is lost, as nothing can take it back
            break;
        }
        units.extend(more);
        if character == b"\n" {
            break;
        }
    }
    (!units.is_empty()).then_some(units)
}

/// The bytes of the next character.
unsafe fn next(file: *mut libc::FILE) -> Option<Vec<u8>> {
    // SAFETY: the caller vouches for the file.
    let byte = || unsafe { u8::try_from(libc::fgetc(file)).ok() };
    let first = byte()?;
    let following = match first {
        0xC2..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF4 => 3,
        _ => 0,
    };
    let mut character = vec![first];
    while character.len() <= following {
        match byte() {
            Some(more) if more & 0xC0 == 0x80 => character.push(more),
            Some(other) => {
                // SAFETY: as above; one byte can always be put back.
                unsafe { libc::ungetc(c_int::from(other), file) };
                break;
            }
            None => break,
        }
    }
    Some(character)
}

#[cfg(test)]
#[path = "wide_tests.rs"]
mod tests;
