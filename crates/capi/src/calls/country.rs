//! RasGetCountryInfo: country codes for dialling rules.

mod table;

use std::ffi::c_void;

use openras_engine::RasError;

use super::reason;
use crate::abi::autodial::CtryInfo;
use crate::abi::caller::{self, Versioned, whole};
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::Char;
use table::COUNTRIES;

/// RasGetCountryInfo. See [`RasGetCountryInfoW`].
///
/// # Safety
/// As [`RasGetCountryInfoW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetCountryInfoA(country: *mut c_void, bytes: *mut Dword) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u8>(country.cast(), bytes) })
}

/// RasGetCountryInfo: code and name of the country whose dwCountryID is given, and the next one's id, 0 after the last. The
/// first is 1. 603 with the need in `bytes`; 87 for NULL and an id there is not, 632.
///
/// # Safety
/// Each pointer is NULL or as RasGetCountryInfo says: the structure has its dwSize and dwCountryID, and `bytes` bytes in all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetCountryInfoW(country: *mut c_void, bytes: *mut Dword) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u16>(country.cast(), bytes) })
}

unsafe fn get<C: Char>(to: *mut CtryInfo, bytes: *mut u32) -> Result<(), RasError> {
    if to.is_null() || bytes.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: not NULL, so that the caller vouches for the dwSize and the id.
    let id = unsafe {
        caller::size(to)?;
        to.cast::<u8>().add(std::mem::offset_of!(CtryInfo, dwCountryID)).cast::<u32>().read_unaligned()
    };
    let Some(at) = COUNTRIES.iter().position(|country| country.0 == id) else {
        reason::set(format!(
            "There is no country with the id {id}. Begin with 1, and go on with dwNextCountryID."
        ));
        return Err(INVALID_PARAMETER);
    };
    let Some((_, code, name)) = COUNTRIES.get(at) else { return Err(INVALID_PARAMETER) };
    let mut text = C::encode(name);
    text.push(C::default());
    let text = C::bytes(&text);
    let start = whole::<CtryInfo>();
    let need = start.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
    // SAFETY: not NULL, so that the caller vouches for it.
    let room = unsafe { bytes.read_unaligned() };
    // SAFETY: as before.
    unsafe { bytes.write_unaligned(need) };
    if room < need {
        return Err(RasError::BUFFER_TOO_SMALL);
    }
    let mut info = CtryInfo::empty();
    info.dwCountryID = id;
    info.dwCountryCode = *code;
    info.dwNextCountryID = COUNTRIES.get(at + 1).map_or(0, |next| next.0);
    info.dwCountryNameOffset = start;
    // SAFETY: `need` bytes are there, as was looked at: the structure, and the name behind it.
    unsafe {
        caller::write(to, &info)?;
        let name = to.cast::<u8>().add(start as usize);
        std::ptr::copy_nonoverlapping(text.as_ptr(), name, text.len());
    }
    Ok(())
}

/// The country code of an id.
pub(super) fn code_of(id: u32) -> Option<u32> {
    COUNTRIES.iter().find(|country| country.0 == id).map(|country| country.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_country_is_once_in_the_table_and_has_a_code_of_e164() {
        assert_eq!(COUNTRIES.first().map(|first| first.0), Some(1), "programs begin with 1");
        let ids: BTreeSet<u32> = COUNTRIES.iter().map(|country| country.0).collect();
        let names: BTreeSet<&str> = COUNTRIES.iter().map(|country| country.2).collect();
        assert_eq!((ids.len(), names.len()), (COUNTRIES.len(), COUNTRIES.len()));
        for (id, code, name) in COUNTRIES {
            assert!(*id != 0 && (1..1000).contains(code) && !name.is_empty(), "{name}");
            // an id is the code, but where several share one
            let shares = [1, 7, 39].contains(code);
            assert!(shares || id == code, "{name}");
        }
        assert_eq!([code_of(49), code_of(107), code_of(705), code_of(0)], [Some(49), Some(1), Some(7), None]);
    }
}
