//! RasGetEntryProperties and RasSetEntryProperties.

mod show;
mod take;
#[cfg(test)]
mod tests;

use std::ffi::c_void;

use openras_engine::RasError;
use openras_phonebook::{Entry, validate};

use super::behind::{self, Copied, Found, Given, Room};
use super::wish::book as failed;
use super::{books, hidden};
use crate::abi::caller;
use crate::abi::entry::Entry as RasEntry;
use crate::guard::{Dword, guard};
use crate::text::Char;

pub(super) use show::device_name;
pub(super) use take::{Device, set_device, set_numbers};

/// RasGetEntryProperties. See [`RasGetEntryPropertiesW`].
///
/// # Safety
/// As [`RasGetEntryPropertiesW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEntryPropertiesA(
    phonebook: *const u8,
    entry: *const u8,
    properties: *mut c_void,
    bytes: *mut Dword,
    device: *mut u8,
    device_bytes: *mut Dword,
) -> Dword {
    let room = Room { to: properties.cast::<RasEntry<u8>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(phonebook, entry, room) })
}

/// RasGetEntryProperties: an entry, or what a new one begins with for the name "". Alternate numbers follow the structure.
/// 603 with the needs, also for NULL instead of a structure; 632, 87, 623; 621, 622, 625 of the book.
///
/// # Safety
/// Each pointer is NULL or as RasGetEntryProperties says: texts have their NUL, the structure its dwSize and `bytes` bytes,
/// `device` has `device_bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetEntryPropertiesW(
    phonebook: *const u16,
    entry: *const u16,
    properties: *mut c_void,
    bytes: *mut Dword,
    device: *mut u8,
    device_bytes: *mut Dword,
) -> Dword {
    let room = Room { to: properties.cast::<RasEntry<u16>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(phonebook, entry, room) })
}

unsafe fn get<C: Char>(
    phonebook: *const C,
    entry: *const C,
    room: Room<RasEntry<C>>,
) -> Result<(), RasError> {
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    let found = |stride| {
        let (entry, device) = if name.is_empty() {
            (Entry::default(), Vec::new())
        } else {
            let section = books::section(named.as_deref(), &name)?;
            (Entry::read(&section), hidden::device(&section, 0))
        };
        let list = entry.links.first().map(|link| behind::list::<C>(&link.numbers)).unwrap_or_default();
        let mut value = show::entry(&entry);
        value.dwAlternateOffset = if list.is_empty() { 0 } else { stride };
        Ok(Found { value, list, device })
    };
    // SAFETY: as the caller promised us.
    unsafe { room.fill(found) }
}

/// RasSetEntryProperties. See [`RasSetEntryPropertiesW`].
///
/// # Safety
/// As [`RasSetEntryPropertiesW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetEntryPropertiesA(
    phonebook: *const u8,
    entry: *const u8,
    properties: *const c_void,
    bytes: Dword,
    device: *const u8,
    device_bytes: Dword,
) -> Dword {
    let given = Given { properties: properties.cast::<RasEntry<u8>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set(phonebook, entry, given) })
}

/// RasSetEntryProperties: makes an entry, or changes one. Members that an older structure lacks stay as they are, as does
/// what a member gives back as it was read. 123 for the name of a new entry, 87, 610 for fewer bytes than dwSize, 632, 5 where
/// the book may not be written; 621, 622, 624, 625 of the book.
///
/// # Safety
/// Each pointer is NULL or as RasSetEntryProperties says: texts have their NUL, the structure its dwSize and `bytes` bytes,
/// `device` has `device_bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetEntryPropertiesW(
    phonebook: *const u16,
    entry: *const u16,
    properties: *const c_void,
    bytes: Dword,
    device: *const u8,
    device_bytes: Dword,
) -> Dword {
    let given = Given { properties: properties.cast::<RasEntry<u16>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set(phonebook, entry, given) })
}

unsafe fn set<C: Char>(
    phonebook: *const C,
    entry: *const C,
    given: Given<RasEntry<C>>,
) -> Result<(), RasError> {
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    // SAFETY: as the caller promised us.
    let Copied { properties, numbers, device } = unsafe { given.copy::<C>(|one| one.dwAlternateOffset) }?;
    let numbers = numbers.unwrap_or_default();
    let book = books::home_of(named.as_deref(), &name)?;
    let edited = book.edit(|book| {
        let fresh = book.find(&name).is_none();
        if fresh {
            validate(&name)?;
            books::may_be_given::<C>(&name)?;
            book.add(&name)?;
        }
        let section = book.entry_mut(&name)?;
        let mut entry = if fresh { Entry::default() } else { Entry::read(section) };
        let shown = show::entry::<C>(&entry);
        let merged = caller::over(&properties, &shown);
        let moved = take::entry(&merged, &shown, &numbers, &mut entry)?;
        if fresh {
            take::must_dial(&entry)?;
        }
        entry.write(section)?;
        match &device {
            Some(device) => hidden::set_device(section, 0, device),
            // another device has other settings
            None if moved => hidden::set_device(section, 0, &[]),
            None => Ok(()),
        }
    });
    edited.map_err(failed)
}
