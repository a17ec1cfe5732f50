//! RasGetEntryDialParams and RasSetEntryDialParams: what is saved for an entry, as RasDial takes it.

use std::ffi::c_void;

use openras_engine::RasError;
use openras_phonebook::Saved;
use openras_phonebook::secrets::{PLACEHOLDER, SAVED_DOMAIN};
use zeroize::Zeroize;

use super::books;
use super::wish::{Params, book as failed};
use crate::abi::caller;
use crate::abi::dial::DialParams;
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::{Char, array, from_array};

/// RasGetEntryDialParams. See [`RasGetEntryDialParamsW`].
///
/// # Safety
/// As [`RasGetEntryDialParamsW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEntryDialParamsA(
    phonebook: *const u8,
    params: *mut c_void,
    password: *mut i32,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u8>(phonebook, params.cast(), password) })
}

/// RasGetEntryDialParams: user, domain and callback number saved for szEntryName; a saved password is TRUE and sixteen
/// asterisks, which RasDial takes for it. szPhoneNumber becomes empty. 87 for NULL, 632, 623; 621, 622, 625 of the book; 5, 13
/// where what is saved cannot be used.
///
/// # Safety
/// Each pointer is NULL or as RasGetEntryDialParams says: `phonebook` a text, `params` as long as its dwSize, `password`
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEntryDialParamsW(
    phonebook: *const u16,
    params: *mut c_void,
    password: *mut i32,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u16>(phonebook, params.cast(), password) })
}

unsafe fn get<C: Char>(
    phonebook: *const C,
    to: *mut DialParams<C>,
    password: *mut i32,
) -> Result<(), RasError> {
    if to.is_null() || password.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: as the caller promised us.
    let (mut params, named) = unsafe { (caller::read(to)?, books::path(phonebook)) };
    // whatever the caller left there
    params.szPassword.zeroize();
    let (books, found) = books::find(named.as_deref(), &from_array(&params.szEntryName))?;
    let saved = match found.book.secrets_key(&found.name).map_err(failed)? {
        Some(key) => books.secrets().get(&key).map_err(failed)?,
        None => Saved::default(),
    };
    params.szPhoneNumber = array("");
    params.szCallbackNumber = array(saved.callback.as_deref().unwrap_or_default());
    params.szUserName = array(saved.user.as_deref().unwrap_or_default());
    params.szDomain = domain(saved.domain.as_deref().unwrap_or_default());
    params.szPassword = array(if saved.password.is_some() { PLACEHOLDER } else { "" });
    // SAFETY: neither is NULL, and the structure's size is known.
    unsafe {
        caller::write(to, &params)?;
        password.write_unaligned(i32::from(saved.password.is_some()));
    }
    Ok(())
}

/// RasSetEntryDialParams. See [`RasSetEntryDialParamsW`].
///
/// # Safety
/// As [`RasSetEntryDialParamsW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetEntryDialParamsA(
    phonebook: *const u8,
    params: *const c_void,
    remove_password: i32,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set::<u8>(phonebook, params.cast(), remove_password != 0) })
}

/// RasSetEntryDialParams: empty user, domain and callback number stay as they are, and so does the password then or when it
/// is the sixteen asterisks. 87 for NULL, 632, 623; 621, 622, 624, 625 of the book; 5, 13, 624 where it cannot be saved.
///
/// # Safety
/// Each pointer is NULL or as RasSetEntryDialParams says: `phonebook` a text, `params` as long as its dwSize.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetEntryDialParamsW(
    phonebook: *const u16,
    params: *const c_void,
    remove_password: i32,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set::<u16>(phonebook, params.cast(), remove_password != 0) })
}

unsafe fn set<C: Char>(
    phonebook: *const C,
    params: *const DialParams<C>,
    remove: bool,
) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (params, named) = unsafe { (Params::of(caller::read(params)?), books::path(phonebook)) };
    let (books, found) = books::find(named.as_deref(), &params.entry)?;
    let domain = !params.domain.is_empty() && params.domain != SAVED_DOMAIN;
    let nothing = params.user.is_empty() && !domain && params.callback.is_empty();
    let key = match found.book.secrets_key(&found.name).map_err(failed)? {
        Some(key) => key,
        // nothing is saved and nothing is to be
        None if nothing => return Ok(()),
        None => found.book.ensure_uid(&found.name).map_err(failed)?,
    };
    let saved = Saved {
        user: Some(params.user),
        password: Some(params.password),
        domain: Some(params.domain),
        callback: Some(params.callback),
    };
    books.secrets().set_dial_params(&key, &saved, remove).map_err(failed)
}

/// A saved domain for szDomain, which has room for 15 characters. Cut it would be another one, and be saved as such by a
/// program that gives back what it read; RasDial takes `*` for the saved one.
pub(super) fn domain<C: Char, const N: usize>(saved: &str) -> [C; N] {
    array(if C::encode(saved).len() < N { saved } else { SAVED_DOMAIN })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::from_array;

    #[test]
    fn a_domain_that_would_be_cut_is_the_saved_one() {
        for (text, narrow, wide) in [
            ("", "", ""),
            ("CORP.EXAMPLE.OR", "CORP.EXAMPLE.OR", "CORP.EXAMPLE.OR"),
            ("CORP.EXAMPLE.ORG", "*", "*"),
            ("МОСКВА.РФ", "*", "МОСКВА.РФ"),
        ] {
            assert_eq!(from_array(&domain::<u8, 16>(text)), narrow);
            assert_eq!(from_array(&domain::<u16, 16>(text)), wide);
        }
    }
}
