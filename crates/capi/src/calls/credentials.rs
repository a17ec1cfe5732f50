//! RasGetCredentials and RasSetCredentials.

use std::ffi::c_void;

use openras_engine::RasError;
use openras_phonebook::secrets::{PLACEHOLDER, RASCM_DOMAIN, RASCM_PASSWORD, RASCM_USER_NAME};
use openras_phonebook::{Saved, is_placeholder};
use zeroize::Zeroize;

use super::dialparams::domain;
use super::wish::book as failed;
use super::{books, reason};
use crate::abi::caller;
use crate::abi::device::Credentials;
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::{Char, array, from_array};

/// All RASCM_ bits of ras.h; those of keys and of all users are never there.
const KNOWN: u32 = 0x7F;
/// RASCM_DefaultCreds: the credentials of all users are asked for, of which there are none.
const OF_ALL_USERS: u32 = 0x8;

/// RasGetCredentials. See [`RasGetCredentialsW`].
///
/// # Safety
/// As [`RasGetCredentialsW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetCredentialsA(
    phonebook: *const u8,
    entry: *const u8,
    credentials: *mut c_void,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u8>(phonebook, entry, credentials.cast()) })
}

/// RasGetCredentials: of what dwMask wants, what is saved; dwMask then says what that is. A password is sixteen asterisks.
/// 87 for NULL and unknown bits, 632, 623; 621, 622, 625 of the book; 5, 13 where what is saved cannot be used.
///
/// # Safety
/// Each pointer is NULL or as RasGetCredentials says: texts have their NUL, the structure is as long as its dwSize.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetCredentialsW(
    phonebook: *const u16,
    entry: *const u16,
    credentials: *mut c_void,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get::<u16>(phonebook, entry, credentials.cast()) })
}

unsafe fn get<C: Char>(
    phonebook: *const C,
    entry: *const C,
    to: *mut Credentials<C>,
) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, name, mut credentials) =
        unsafe { (books::path(phonebook), books::name(entry)?, caller::read(to)?) };
    credentials.szPassword.zeroize();
    let wanted = credentials.dwMask;
    if wanted & !KNOWN != 0 {
        reason::set(format!("dwMask is {wanted:#x}; the RASCM_ bits end with 0x40."));
        return Err(INVALID_PARAMETER);
    }
    let (books, found) = books::find(named.as_deref(), &name)?;
    let saved = match found.book.secrets_key(&found.name).map_err(failed)? {
        Some(key) if wanted & OF_ALL_USERS == 0 => books.secrets().get(&key).map_err(failed)?,
        _ => Saved::default(),
    };
    let given = wanted & saved.mask();
    let text =
        |bit: u32, text: &Option<String>| text.clone().filter(|_| given & bit != 0).unwrap_or_default();
    credentials.dwMask = given;
    credentials.szUserName = array(&text(RASCM_USER_NAME, &saved.user));
    credentials.szDomain = domain(&text(RASCM_DOMAIN, &saved.domain));
    credentials.szPassword = array(if given & RASCM_PASSWORD != 0 { PLACEHOLDER } else { "" });
    // SAFETY: its size was found to be known, as the caller promised us.
    unsafe { caller::write(to, &credentials) }
}

/// RasSetCredentials. See [`RasSetCredentialsW`].
///
/// # Safety
/// As [`RasSetCredentialsW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetCredentialsA(
    phonebook: *const u8,
    entry: *const u8,
    credentials: *const c_void,
    clear: i32,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set::<u8>(phonebook, entry, credentials.cast(), clear != 0) })
}

/// RasSetCredentials: saves the members that dwMask names, or forgets them. A password of sixteen asterisks stays as it is.
/// 87 for NULL and for keys, which are not kept, 5 for RASCM_DefaultCreds, 632, 623; 621, 622, 624, 625 of the book; 5, 13, 624
/// where it cannot be saved.
///
/// # Safety
/// Each pointer is NULL or as RasSetCredentials says: texts have their NUL, the structure is as long as its dwSize.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetCredentialsW(
    phonebook: *const u16,
    entry: *const u16,
    credentials: *const c_void,
    clear: i32,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set::<u16>(phonebook, entry, credentials.cast(), clear != 0) })
}

unsafe fn set<C: Char>(
    phonebook: *const C,
    entry: *const C,
    from: *const Credentials<C>,
    clear: bool,
) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, name, mut credentials) =
        unsafe { (books::path(phonebook), books::name(entry)?, caller::read(from)?) };
    let end = credentials.szPassword.iter().position(|unit| *unit == C::default());
    let password =
        C::secret(credentials.szPassword.get(..end.unwrap_or(usize::MAX)).unwrap_or(&credentials.szPassword));
    credentials.szPassword.zeroize();
    let (books, found) = books::find(named.as_deref(), &name)?;
    let mask = credentials.dwMask;
    openras_phonebook::secrets::check_mask(mask).map_err(failed)?;
    let key = match found.book.secrets_key(&found.name).map_err(failed)? {
        Some(key) => key,
        // nothing is saved and nothing is to be
        None if clear || mask == 0 => return Ok(()),
        None if mask == RASCM_PASSWORD && is_placeholder(password.expose()) => return Ok(()),
        None => found.book.ensure_uid(&found.name).map_err(failed)?,
    };
    let secrets = books.secrets();
    if clear {
        return secrets.clear(&key, mask).map_err(failed);
    }
    let new = Saved {
        user: Some(from_array(&credentials.szUserName)),
        password: Some(password),
        domain: Some(from_array(&credentials.szDomain)),
        callback: None,
    };
    secrets.set(&key, mask, &new).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::super::custom_auth::{RasGetEapUserDataA, RasSetCustomAuthDataA, RasSetEapUserDataA};
    use super::super::{entries, subentries};
    use super::*;

    #[test]
    fn null_is_looked_at_before_a_size_and_all_else() {
        // no structure has this dwSize
        let mut wrong = [7_u32; 1000];
        let at = wrong.as_mut_ptr().cast::<c_void>();
        let mut bytes = 4000;
        // SAFETY: NULL, or as large as any structure.
        unsafe {
            assert_eq!(RasGetCredentialsA(null(), null(), at), 87);
            assert_eq!(RasSetCredentialsA(null(), null(), at, 0), 87);
            assert_eq!(entries::RasSetEntryPropertiesA(null(), null(), at, 4000, null(), 0), 87);
            assert_eq!(subentries::RasSetSubEntryPropertiesA(null(), null(), 1, at, 4000, null(), 0), 87);
            assert_eq!(RasGetEapUserDataA(1, null(), null(), null_mut(), &raw mut bytes), 87);
            assert_eq!(RasSetEapUserDataA(1, null(), null(), null(), 0), 87);
            // NULL has no bytes: what is kept is not forgotten for it
            let (book, name) = (c"/nowhere/x.pbk".as_ptr().cast(), c"x".as_ptr().cast());
            assert_eq!(RasSetCustomAuthDataA(book, name, null(), 5), 87);
            assert_eq!(RasSetEapUserDataA(0, book, name, null(), 5), 87);
        }
    }
}
