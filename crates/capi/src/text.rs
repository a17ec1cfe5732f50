//! Text of C callers. `A` functions take and give UTF-8 (the code page of Linux), `W` functions UTF-16 units, whatever
//! `wchar_t` is. What is not valid becomes U+FFFD: a wrong name is then not found, and nothing crashes.

use openras_ppp::Secret;
use zeroize::{DefaultIsZeroes, Zeroize};

/// A character of one of the two worlds.
pub(crate) trait Char: Copy + Default + PartialEq + DefaultIsZeroes + 'static {
    /// Whether the `W` functions use it.
    const WIDE: bool;
    /// Decodes text without its NUL.
    fn decode(units: &[Self]) -> String;
    /// Encodes text without a NUL.
    fn encode(text: &str) -> Vec<Self>;
    /// A password, without its NUL: the bytes as they are, or as UTF-8.
    fn secret(units: &[Self]) -> Secret;
    /// Whether text may be cut before this unit.
    fn starts_character(self) -> bool;
    /// Units as they lie in memory.
    fn bytes(units: &[Self]) -> Vec<u8>;
}

impl Char for u8 {
    const WIDE: bool = false;

    fn decode(units: &[Self]) -> String {
        String::from_utf8_lossy(units).into_owned()
    }

    fn encode(text: &str) -> Vec<Self> {
        text.as_bytes().to_vec()
    }

    fn secret(units: &[Self]) -> Secret {
        Secret::new(units.to_vec())
    }

    fn starts_character(self) -> bool {
        self & 0xC0 != 0x80
    }

    fn bytes(units: &[Self]) -> Vec<u8> {
        units.to_vec()
    }
}

impl Char for u16 {
    const WIDE: bool = true;

    fn decode(units: &[Self]) -> String {
        String::from_utf16_lossy(units)
    }

    fn encode(text: &str) -> Vec<Self> {
        text.encode_utf16().collect()
    }

    fn secret(units: &[Self]) -> Secret {
        // three bytes a unit are always enough, so that no half-written copy is left behind
        let mut text = Vec::with_capacity(units.len() * 3);
        let mut bytes = [0; 4];
        for character in char::decode_utf16(units.iter().copied()) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
        }
        bytes.zeroize();
        Secret::new(text)
    }

    fn starts_character(self) -> bool {
        !(0xDC00..0xE000).contains(&self)
    }

    fn bytes(units: &[Self]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_ne_bytes()).collect()
    }
}

/// Longest text taken from a pointer, in units; longer is cut there.
pub(crate) const LONGEST: usize = 32 * 1024;

/// A caller's NUL-terminated text; `None` for NULL.
///
/// # Safety
/// `text` is NULL or readable up to its NUL.
pub(crate) unsafe fn from_pointer<C: Char>(text: *const C) -> Option<String> {
    if text.is_null() {
        return None;
    }
    let mut units = Vec::new();
    while units.len() < LONGEST {
        // SAFETY: every unit before this one was not NUL, so the caller vouches for this one; it may be unaligned.
        let unit = unsafe { text.add(units.len()).read_unaligned() };
        if unit == C::default() {
            break;
        }
        units.push(unit);
    }
    Some(C::decode(&units))
}

/// The text in a fixed array: up to its NUL, or all of it where there is none.
pub(crate) fn from_array<C: Char>(array: &[C]) -> String {
    let end = array.iter().position(|unit| *unit == C::default()).unwrap_or(array.len());
    C::decode(array.get(..end).unwrap_or_default())
}

/// Writes text and its NUL into a fixed array, cut at a character's edge if it is too long; the rest becomes NUL.
pub(crate) fn to_array<C: Char>(text: &str, array: &mut [C]) {
    array.fill(C::default());
    let units = C::encode(text);
    let room = array.len().saturating_sub(1);
    let mut end = units.len().min(room);
    while end > 0 && units.get(end).is_some_and(|unit| !unit.starts_character()) {
        end -= 1;
    }
    array.iter_mut().zip(units.into_iter().take(end)).for_each(|(to, unit)| *to = unit);
}

/// As [`to_array`], as a value.
pub(crate) fn array<C: Char, const N: usize>(text: &str) -> [C; N] {
    let mut array = [C::default(); N];
    to_array(text, &mut array);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_too_long_is_cut_between_characters() {
        assert_eq!(array::<u8, 4>("aé€"), *b"a\xC3\xA9\0");
        assert_eq!(array::<u8, 5>("aé€"), *b"a\xC3\xA9\0\0");
        assert_eq!(array::<u16, 3>("a😀"), [0x61, 0, 0]);
        assert_eq!(array::<u16, 4>("a😀"), [0x61, 0xD83D, 0xDE00, 0]);
        assert_eq!(array::<u8, 0>("a"), [0_u8; 0]);
    }

    #[test]
    fn an_array_without_an_end_and_what_is_not_text_are_read() {
        assert_eq!(from_array(b"abc"), "abc");
        assert_eq!(from_array(b"a\0c"), "a");
        assert_eq!(from_array(b"a\xFFb\0"), "a\u{FFFD}b");
        assert_eq!(from_array(&[0x61_u16, 0xD83D, 0]), "a\u{FFFD}");
        // SAFETY: a text with its NUL, and NULL.
        unsafe {
            assert_eq!(from_pointer(c"hello".as_ptr().cast::<u8>()).as_deref(), Some("hello"));
            assert_eq!(from_pointer::<u16>(std::ptr::null()), None);
        }
    }
}
