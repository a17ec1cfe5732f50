//! The order of a dictionary, as CompareString's: signs, digits, letters; capitals after small letters of the same word;
//! hyphens and apostrophes count last, unless signs are to be sorted like the rest.

use std::cmp::Ordering;

use openras_engine::RasError;

use super::error::{INVALID_FLAGS, light};
use super::units::take;
use crate::guard::INVALID_PARAMETER;
use crate::text::Char;

const NORM_IGNORECASE: u32 = 0x1;
const NORM_IGNORESYMBOLS: u32 = 0x4;
const SORT_STRINGSORT: u32 = 0x1000;
const LINGUISTIC_IGNORECASE: u32 = 0x10;
/// Flags about accents, kana, width and Turkish letters, which change nothing in this order.
const WITHOUT_EFFECT: u32 = 0x2 | 0x20 | 0x1_0000 | 0x2_0000 | 0x0800_0000;

/// How to compare.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Rules {
    /// Capitals are as small letters.
    pub(super) any_case: bool,
    /// Signs do not count.
    pub(super) no_signs: bool,
    /// Hyphens and apostrophes are signs like others.
    pub(super) all_signs: bool,
}

/// Which of two texts comes first.
pub(super) fn order(one: &str, two: &str, rules: Rules) -> Ordering {
    let counts =
        |c: &char| (c.is_alphanumeric() || !rules.no_signs) && (rules.all_signs || !matches!(c, '-' | '\''));
    let words =
        |text: &str| text.chars().filter(counts).flat_map(char::to_lowercase).map(weight).collect::<Vec<_>>();
    let by_word = words(one).cmp(&words(two));
    // small letters first
    let cases = |text: &str| text.chars().filter(counts).map(char::is_uppercase).collect::<Vec<_>>();
    let by_case = || if rules.any_case { Ordering::Equal } else { cases(one).cmp(&cases(two)) };
    // where the hyphens are: the text without one first
    let signs = |text: &str| {
        text.chars().map(|c| if matches!(c, '-' | '\'') { u32::from(c) } else { 0 }).collect::<Vec<_>>()
    };
    let by_sign = || {
        if rules.all_signs || rules.no_signs { Ordering::Equal } else { signs(one).cmp(&signs(two)) }
    };
    by_word.then_with(by_case).then_with(by_sign)
}

fn weight(c: char) -> (u8, char) {
    let class = if c.is_alphabetic() {
        3
    } else if c.is_numeric() {
        2
    } else {
        u8::from(!c.is_whitespace())
    };
    (class, c)
}

unsafe fn text<C: Char>(text: *const C, count: i32) -> Result<String, RasError> {
    if text.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // less than 0: up to the NUL
    let Ok(count) = usize::try_from(count) else {
        // SAFETY: not NULL; the caller vouches for the NUL.
        return Ok(C::decode(&unsafe { take(text, usize::MAX) }));
    };
    // SAFETY: not NULL; the caller vouches for as many characters.
    let units: Vec<C> = (0..count).map(|at| unsafe { text.add(at).read_unaligned() }).collect();
    Ok(C::decode(&units))
}

unsafe fn compare<C: Char>(flags: u32, one: (*const C, i32), two: (*const C, i32)) -> i32 {
    light(0, || {
        let known =
            NORM_IGNORECASE | NORM_IGNORESYMBOLS | SORT_STRINGSORT | LINGUISTIC_IGNORECASE | WITHOUT_EFFECT;
        // SAFETY: as the caller's.
        let (one, two) = unsafe { (text(one.0, one.1)?, text(two.0, two.1)?) };
        if flags & !known != 0 {
            return Err(INVALID_FLAGS);
        }
        let rules = Rules {
            any_case: flags & (NORM_IGNORECASE | LINGUISTIC_IGNORECASE) != 0,
            no_signs: flags & NORM_IGNORESYMBOLS != 0,
            all_signs: flags & SORT_STRINGSORT != 0,
        };
        // 1 before, 2 equal, 3 after
        Ok(order(&one, &two, rules) as i32 + 2)
    })
}

/// 1, 2 or 3: before, equal, after. 0 and a last error (87, 1004) where it cannot be said. Every locale has one order.
///
/// # Safety
/// The texts are NULL or as long as they are said to be (less than 0: they end with a NUL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CompareStringA(
    _locale: u32,
    flags: u32,
    one: *const u8,
    one_count: i32,
    two: *const u8,
    two_count: i32,
) -> i32 {
    // SAFETY: as the caller's.
    unsafe { compare(flags, (one, one_count), (two, two_count)) }
}

/// As [`CompareStringA`].
///
/// # Safety
/// As [`CompareStringA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CompareStringW(
    _locale: u32,
    flags: u32,
    one: *const u16,
    one_count: i32,
    two: *const u16,
    two_count: i32,
) -> i32 {
    // SAFETY: as the caller's.
    unsafe { compare(flags, (one, one_count), (two, two_count)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::win32::error::GetLastError;

    fn bytes(flags: u32, one: &str, two: &str) -> i32 {
        let count = |text: &str| i32::try_from(text.len()).unwrap();
        // SAFETY: texts of the lengths given.
        unsafe { CompareStringA(0x400, flags, one.as_ptr(), count(one), two.as_ptr(), count(two)) }
    }

    #[test]
    fn small_letters_first_and_hyphens_last() {
        for (flags, one, two, result) in [
            (0, "a", "A", 1),
            (0, "A", "b", 1),
            (0, "Zebra", "apple", 3),
            (1, "ZEBRA", "zebra", 2),
            (0, "1", "a", 1),
            (0, "_", "1", 1),
            (0, "coop", "co-op", 1),
            (0, "co-op", "copy", 1),
            (SORT_STRINGSORT, "co-op", "coop", 1),
            (4, "a.b", "ab", 2),
            (0x10, "É", "é", 2),
            (0, "", "a", 1),
            (0, "", "", 2),
        ] {
            assert_eq!(bytes(flags, one, two), result, "{one} {two}");
            assert_eq!(bytes(flags, two, one), 4 - result, "{two} {one}");
        }
    }

    #[test]
    fn bad_arguments_have_their_numbers() {
        assert_eq!((bytes(0x8000_0000, "a", "a"), GetLastError()), (0, 1004));
        // SAFETY: NULL is refused.
        unsafe {
            assert_eq!(CompareStringW(0, 0, std::ptr::null(), -1, [0].as_ptr(), -1), 0);
            assert_eq!(GetLastError(), 87);
            assert_eq!(CompareStringW(0, 0, [0x61, 0].as_ptr(), -1, [0x61, 0x62].as_ptr(), 1), 2);
        }
    }
}
