//! RasGetErrorString.

use openras_engine::RasError;

use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::{Char, to_array};

/// ERROR_INSUFFICIENT_BUFFER.
const TOO_SMALL: RasError = RasError(122);
/// The numbers of raserror.h.
const RAS: std::ops::RangeInclusive<u32> = 600..=965;

/// RasGetErrorString. See [`RasGetErrorStringW`].
///
/// # Safety
/// As [`RasGetErrorStringW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetErrorStringA(error: u32, buffer: *mut u8, size: Dword) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(error, buffer, size) })
}

/// RasGetErrorString: a sentence for a number of RAS, with its NUL. `size` is in characters. 87 for a number that is not
/// of RAS or NULL, 122 where the sentence is longer.
///
/// # Safety
/// `buffer` is NULL or has room for `size` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetErrorStringW(error: u32, buffer: *mut u16, size: Dword) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(error, buffer, size) })
}

/// The sentence of a number of RAS into a buffer of so many characters.
///
/// # Safety
/// `buffer` is NULL or has room for `size` characters.
pub(crate) unsafe fn get<C: Char>(error: u32, buffer: *mut C, size: Dword) -> Result<(), RasError> {
    let error = RasError(error);
    if buffer.is_null() || !RAS.contains(&error.0) || error.name().is_none() {
        return Err(INVALID_PARAMETER);
    }
    let sentence = error.sentence();
    let need = C::encode(&sentence).len() + 1;
    if usize::try_from(size).is_ok_and(|size| size < need) {
        return Err(TOO_SMALL);
    }
    let mut text = vec![C::default(); need];
    to_array(&sentence, &mut text);
    for (at, unit) in text.into_iter().enumerate() {
        // SAFETY: `need` characters fit, as was looked at; a caller's buffer may lie anywhere.
        unsafe { buffer.add(at).write_unaligned(unit) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: u32, size: usize) -> (u32, String) {
        let mut buffer = vec![0x7F_u16; size];
        // SAFETY: it has as many characters as is said.
        let result = unsafe { RasGetErrorStringW(error, buffer.as_mut_ptr(), u32::try_from(size).unwrap()) };
        (result, crate::text::from_array(&buffer))
    }

    #[test]
    fn every_number_of_ras_has_a_sentence_of_at_most_512_characters() {
        for error in 600..=870 {
            let (result, text) = said(error, 512);
            assert!(result == 0 && text.len() > 10 && text.ends_with('.'), "{error}: {result} {text}");
        }
    }

    #[test]
    fn other_numbers_and_short_buffers_are_refused_and_nothing_is_written() {
        assert_eq!([said(0, 512).0, said(5, 512).0, said(599, 512).0, said(u32::MAX, 512).0], [87; 4]);
        let (_, text) = said(691, 512);
        let need = text.encode_utf16().count() + 1;
        assert_eq!(said(691, need), (0, text));
        let (result, text) = said(691, need - 1);
        assert!(result == 122 && text.starts_with('\u{7F}'));
        // SAFETY: NULL is asked about.
        assert_eq!(unsafe { RasGetErrorStringA(691, std::ptr::null_mut(), 512) }, 87);
    }
}
