//! Links of an entry: RasGetSubEntryProperties, RasSetSubEntryProperties, RasDeleteSubEntry. They are counted from 1.

use std::ffi::c_void;

use openras_engine::RasError;
use openras_phonebook::{BookError, Entry, Link};

use super::behind::{self, Copied, Found, Given, Room};
use super::books::wrong;
use super::entries::{Device, set_device, set_numbers};
use super::wish::book as failed;
use super::{books, hidden};
use crate::abi::caller::Versioned;
use crate::abi::entry::SubEntry;
use crate::guard::{Dword, guard};
use crate::text::{Char, array, from_array};

/// RasGetSubEntryProperties. See [`RasGetSubEntryPropertiesW`].
///
/// # Safety
/// As [`RasGetSubEntryPropertiesW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetSubEntryPropertiesA(
    phonebook: *const u8,
    entry: *const u8,
    sub_entry: Dword,
    properties: *mut c_void,
    bytes: *mut Dword,
    device: *mut u8,
    device_bytes: *mut Dword,
) -> Dword {
    let room = Room { to: properties.cast::<SubEntry<u8>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(phonebook, entry, sub_entry, room) })
}

/// RasGetSubEntryProperties: a link of an entry; its alternate numbers follow the structure. 603 with the needs, also for
/// NULL instead of a structure; 632, 87 also for a link there is not; 623; 621, 622, 625 of the book.
///
/// # Safety
/// Each pointer is NULL or as RasGetSubEntryProperties says: texts have their NUL, the structure its dwSize and `bytes`
/// bytes, `device` has `device_bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetSubEntryPropertiesW(
    phonebook: *const u16,
    entry: *const u16,
    sub_entry: Dword,
    properties: *mut c_void,
    bytes: *mut Dword,
    device: *mut u8,
    device_bytes: *mut Dword,
) -> Dword {
    let room = Room { to: properties.cast::<SubEntry<u16>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(phonebook, entry, sub_entry, room) })
}

unsafe fn get<C: Char>(
    phonebook: *const C,
    entry: *const C,
    sub_entry: u32,
    room: Room<SubEntry<C>>,
) -> Result<(), RasError> {
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    let found = |stride| {
        let section = books::section(named.as_deref(), &name)?;
        let links = Entry::read(&section).links;
        let at = index(sub_entry, links.len()).map_err(failed)?;
        let link = links.get(at).ok_or(RasError::INVALID_PARAMETER)?;
        let list = behind::list::<C>(&link.numbers);
        let mut value = show(link);
        value.dwAlternateOffset = if list.is_empty() { 0 } else { stride };
        Ok(Found { value, list, device: hidden::device(&section, at) })
    };
    // SAFETY: as the caller promised us.
    unsafe { room.fill(found) }
}

/// RasSetSubEntryProperties. See [`RasSetSubEntryPropertiesW`].
///
/// # Safety
/// As [`RasSetSubEntryPropertiesW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetSubEntryPropertiesA(
    phonebook: *const u8,
    entry: *const u8,
    sub_entry: Dword,
    properties: *const c_void,
    bytes: Dword,
    device: *const u8,
    device_bytes: Dword,
) -> Dword {
    let given = Given { properties: properties.cast::<SubEntry<u8>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set(phonebook, entry, sub_entry, given) })
}

/// RasSetSubEntryProperties: changes a link of an entry, or adds one behind the last. 87 also for a link beyond that; 610
/// for fewer bytes than dwSize, 632, 623, 5 where the book may not be written; 621, 622, 624, 625 of the book.
///
/// # Safety
/// Each pointer is NULL or as RasSetSubEntryProperties says: texts have their NUL, the structure its dwSize and `bytes`
/// bytes, `device` has `device_bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSetSubEntryPropertiesW(
    phonebook: *const u16,
    entry: *const u16,
    sub_entry: Dword,
    properties: *const c_void,
    bytes: Dword,
    device: *const u8,
    device_bytes: Dword,
) -> Dword {
    let given = Given { properties: properties.cast::<SubEntry<u16>>(), bytes, device, device_bytes };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { set(phonebook, entry, sub_entry, given) })
}

unsafe fn set<C: Char>(
    phonebook: *const C,
    entry: *const C,
    sub_entry: u32,
    given: Given<SubEntry<C>>,
) -> Result<(), RasError> {
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    // SAFETY: as the caller promised us.
    let Copied { properties, numbers, device } = unsafe { given.copy::<C>(|one| one.dwAlternateOffset) }?;
    let (_, found) = books::find(named.as_deref(), &name)?;
    let edited = found.book.edit(|book| {
        let section = book.entry_mut(&found.name)?;
        let mut entry = Entry::read(section);
        let at = index(sub_entry, entry.links.len() + 1)?;
        if at == entry.links.len() {
            entry.links.push(Link::default());
        }
        let moved = match entry.links.get_mut(at) {
            Some(link) => take(&properties, numbers.as_deref().unwrap_or_default(), link)?,
            None => false,
        };
        entry.write(section)?;
        match &device {
            Some(device) => hidden::set_device(section, at, device),
            // another device has other settings
            None if moved => hidden::set_device(section, at, &[]),
            None => Ok(()),
        }
    });
    edited.map_err(failed)
}

/// RasDeleteSubEntry. See [`RasDeleteSubEntryW`].
///
/// # Safety
/// Each pointer is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDeleteSubEntryA(
    phonebook: *const u8,
    entry: *const u8,
    sub_entry: Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { delete(phonebook, entry, sub_entry) })
}

/// RasDeleteSubEntry: those behind it move up. 87 for a link there is not and for the only one, 623, 5 where the book may not
/// be written; 621, 622, 624, 625 of the book.
///
/// # Safety
/// Each pointer is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDeleteSubEntryW(
    phonebook: *const u16,
    entry: *const u16,
    sub_entry: Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { delete(phonebook, entry, sub_entry) })
}

unsafe fn delete<C: Char>(phonebook: *const C, entry: *const C, sub_entry: u32) -> Result<(), RasError> {
    // SAFETY: texts, as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    let (_, found) = books::find(named.as_deref(), &name)?;
    let edited = found.book.edit(|book| {
        let section = book.entry_mut(&found.name)?;
        let links = Entry::read(section).links.len();
        let at = index(sub_entry, links)?;
        if links == 1 {
            return Err(wrong("it is the entry's only link", "Delete the entry."));
        }
        Entry::remove_link(section, at).map(|_| ())
    });
    edited.map_err(failed)
}

/// From 0.
fn index(sub_entry: u32, links: usize) -> Result<usize, BookError> {
    let at = usize::try_from(sub_entry).ok().and_then(|at| at.checked_sub(1)).filter(|at| *at < links);
    at.ok_or_else(|| wrong(format!("there is no link {sub_entry} here"), "Links are counted from 1."))
}

fn show<C: Char>(link: &Link) -> SubEntry<C> {
    let mut shown = SubEntry::empty();
    shown.szDeviceType = array(&link.device_type);
    shown.szDeviceName = array(super::entries::device_name(link));
    let number = link.numbers.first().map(|number| number.number.as_str());
    shown.szLocalPhoneNumber = array(number.unwrap_or_default());
    shown
}

fn take<C: Char>(given: &SubEntry<C>, alternates: &[String], link: &mut Link) -> Result<bool, BookError> {
    let shown = show::<C>(link);
    let device = Device {
        kind: (from_array(&given.szDeviceType), from_array(&shown.szDeviceType)),
        name: (from_array(&given.szDeviceName), from_array(&shown.szDeviceName)),
    };
    let moved = set_device(link, &device)?;
    let number = from_array(&given.szLocalPhoneNumber);
    let other = number != from_array(&shown.szLocalPhoneNumber);
    set_numbers(link, other.then_some(number), alternates);
    Ok(moved)
}
