//! Data of authentication methods that a program keeps with an entry: RasGet/SetCustomAuthData for everybody who reads the
//! book, RasGet/SetEapUserData for this user alone. Nothing here looks into them.

use openras_engine::RasError;
use openras_phonebook::secrets::LONGEST_DATA;
use openras_ppp::Secret;

use super::wish::book as failed;
use super::{behind, books, hidden, reason};
use crate::guard::{Dword, INVALID_HANDLE, INVALID_PARAMETER, guard};
use crate::text::Char;

/// RasGetCustomAuthData. See [`RasGetCustomAuthDataW`].
///
/// # Safety
/// As [`RasGetCustomAuthDataW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetCustomAuthDataA(
    phonebook: *const u8,
    entry: *const u8,
    data: *mut u8,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get_custom(phonebook, entry, data, bytes) })
}

/// RasGetCustomAuthData: what RasSetCustomAuthData set; nothing is 0 bytes. 603 with the need in `bytes`, 87, 623; 621, 622,
/// 625 of the book.
///
/// # Safety
/// Each pointer is NULL or as RasGetCustomAuthData says: texts have their NUL, `data` has `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetCustomAuthDataW(
    phonebook: *const u16,
    entry: *const u16,
    data: *mut u8,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get_custom(phonebook, entry, data, bytes) })
}

unsafe fn get_custom<C: Char>(
    phonebook: *const C,
    entry: *const C,
    data: *mut u8,
    bytes: *mut u32,
) -> Result<(), RasError> {
    if bytes.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    let section = books::section(named.as_deref(), &name)?;
    // SAFETY: as the caller promised us; `bytes` is not NULL.
    unsafe { give(&hidden::custom_auth(&section), data, bytes) }
}

/// RasSetCustomAuthData. See [`RasSetCustomAuthDataW`].
///
/// # Safety
/// As [`RasSetCustomAuthDataW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetCustomAuthDataA(
    phonebook: *const u8,
    entry: *const u8,
    data: *const u8,
    bytes: Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set_custom(phonebook, entry, data, bytes) })
}

/// RasSetCustomAuthData: keeps up to 64 KiB in the book, which others may read; none forgets them. 87, 623, 5 where the book
/// may not be written; 621, 622, 624, 625 of the book.
///
/// # Safety
/// Each pointer is NULL or as RasSetCustomAuthData says: texts have their NUL, `data` has `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetCustomAuthDataW(
    phonebook: *const u16,
    entry: *const u16,
    data: *const u8,
    bytes: Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set_custom(phonebook, entry, data, bytes) })
}

unsafe fn set_custom<C: Char>(
    phonebook: *const C,
    entry: *const C,
    data: *const u8,
    bytes: u32,
) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, name, data) = unsafe {
        let (named, name) = (books::path(phonebook), books::name(entry)?);
        (named, name, given(data, bytes, hidden::MOST_CUSTOM_AUTH)?)
    };
    let (_, found) = books::find(named.as_deref(), &name)?;
    let edited = found.book.edit(|book| hidden::set_custom_auth(book.entry_mut(&found.name)?, &data));
    edited.map_err(failed)
}

/// RasGetEapUserData. See [`RasGetEapUserDataW`].
///
/// # Safety
/// As [`RasGetEapUserDataW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEapUserDataA(
    token: usize,
    phonebook: *const u8,
    entry: *const u8,
    data: *mut u8,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get_eap(token, phonebook, entry, data, bytes) })
}

/// RasGetEapUserData: what RasSetEapUserData set for this user; nothing is 0 bytes. 6 for a token, of which there are none,
/// 603 with the need in `bytes`, 87, 623; 621, 622, 625 of the book; 5, 13 where what is saved cannot be used.
///
/// # Safety
/// Each pointer is NULL or as RasGetEapUserData says: texts have their NUL, `data` has `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEapUserDataW(
    token: usize,
    phonebook: *const u16,
    entry: *const u16,
    data: *mut u8,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get_eap(token, phonebook, entry, data, bytes) })
}

unsafe fn get_eap<C: Char>(
    token: usize,
    phonebook: *const C,
    entry: *const C,
    data: *mut u8,
    bytes: *mut u32,
) -> Result<(), RasError> {
    if bytes.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    own(token)?;
    let (books, found) = books::find(named.as_deref(), &name)?;
    let kept = match found.book.secrets_key(&found.name).map_err(failed)? {
        Some(key) => books.secrets().data(&key).map_err(failed)?,
        None => Secret::default(),
    };
    // SAFETY: as the caller promised us; `bytes` is not NULL.
    unsafe { give(kept.expose(), data, bytes) }
}

/// RasSetEapUserData. See [`RasSetEapUserDataW`].
///
/// # Safety
/// As [`RasSetEapUserDataW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetEapUserDataA(
    token: usize,
    phonebook: *const u8,
    entry: *const u8,
    data: *const u8,
    bytes: Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set_eap(token, phonebook, entry, data, bytes) })
}

/// RasSetEapUserData: keeps up to 16 KiB beside this user's saved passwords, for they may hold one; none forgets them. 6 for
/// a token, 87, 623; 621, 622, 624, 625 of the book; 5, 13, 624 where they cannot be saved.
///
/// # Safety
/// Each pointer is NULL or as RasSetEapUserData says: texts have their NUL, `data` has `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetEapUserDataW(
    token: usize,
    phonebook: *const u16,
    entry: *const u16,
    data: *const u8,
    bytes: Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set_eap(token, phonebook, entry, data, bytes) })
}

unsafe fn set_eap<C: Char>(
    token: usize,
    phonebook: *const C,
    entry: *const C,
    data: *const u8,
    bytes: u32,
) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, name, data) = unsafe {
        let (named, name) = (books::path(phonebook), books::name(entry)?);
        (named, name, Secret::new(given(data, bytes, LONGEST_DATA)?))
    };
    own(token)?;
    let (books, found) = books::find(named.as_deref(), &name)?;
    let key = match found.book.secrets_key(&found.name).map_err(failed)? {
        Some(key) => key,
        None if data.is_empty() => return Ok(()),
        None => found.book.ensure_uid(&found.name).map_err(failed)?,
    };
    books.secrets().set_data(&key, data).map_err(failed)
}

/// The caller's own user is the only one.
fn own(token: usize) -> Result<(), RasError> {
    if token == 0 {
        return Ok(());
    }
    reason::set("Tokens of users are not known here. Pass NULL for the user who runs the program.");
    Err(INVALID_HANDLE)
}

/// Bytes of a caller; none forgets what is kept, but NULL has not even none where it is said to have some.
///
/// # Errors
/// 87: that, or more than `most`.
///
/// # Safety
/// `from` is NULL or has `count` bytes.
unsafe fn given(from: *const u8, count: u32, most: usize) -> Result<Vec<u8>, RasError> {
    if from.is_null() && count > 0 {
        reason::set(format!("The data are NULL, and {count} bytes of them are to be kept."));
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: as the caller promised us.
    unsafe { behind::bytes(from, count, most) }.map(Option::unwrap_or_default)
}

/// Gives bytes to a caller.
///
/// # Errors
/// 603.
///
/// # Safety
/// `to` is NULL or has as many bytes as `bytes` says, which is not NULL.
unsafe fn give(data: &[u8], to: *mut u8, bytes: *mut u32) -> Result<(), RasError> {
    let need = u32::try_from(data.len()).map_err(|_| RasError::BUFFER_TOO_SMALL)?;
    // SAFETY: as the caller promised us.
    let room = unsafe { bytes.read_unaligned() };
    // SAFETY: as before.
    unsafe { bytes.write_unaligned(need) };
    if need > 0 && (to.is_null() || room < need) {
        return Err(RasError::BUFFER_TOO_SMALL);
    }
    if need > 0 {
        // SAFETY: `need` bytes fit, as was looked at.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), to, data.len()) };
    }
    Ok(())
}
