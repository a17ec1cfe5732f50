//! Names of entries: RasEnumEntries, RasValidateEntryName, RasRenameEntry, RasDeleteEntry.

use std::ffi::c_void;
use std::path::Path;

use openras_engine::RasError;
use openras_phonebook::{Listed, Owner, validate};

use super::books;
use super::wish::book as failed;
use crate::abi::caller::Versioned;
use crate::abi::entry::EntryName;
use crate::abi::list::List;
use crate::guard::{Dword, guard};
use crate::text::{Char, array};

/// REN_AllUsers; REN_User is 0.
const ALL_USERS: u32 = 1;

/// RasEnumEntries. See [`RasEnumEntriesW`].
///
/// # Safety
/// As [`RasEnumEntriesW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumEntriesA(
    _reserved: *const u8,
    phonebook: *const u8,
    names: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let list = List { array: names.cast::<EntryName<u8>>(), bytes, count };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { list_names(phonebook, list) })
}

/// RasEnumEntries: the entries of a phone book, or without one of the user's and that of all users. 603 with the need in
/// `bytes`, 632, 87; 621, 622, 625 of a book that is there, 621 of a named one that is not.
///
/// # Safety
/// `phonebook` is NULL or a text; the others are NULL or as RasEnumEntries says: the first element has its dwSize, the
/// array `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumEntriesW(
    _reserved: *const u16,
    phonebook: *const u16,
    names: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let list = List { array: names.cast::<EntryName<u16>>(), bytes, count };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { list_names(phonebook, list) })
}

unsafe fn list_names<C: Char>(phonebook: *const C, list: List<EntryName<C>>) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    unsafe { list.fill(RasError::INVALID_SIZE, || found(books::path(phonebook).as_deref())) }
}

fn found<C: Char>(named: Option<&Path>) -> Result<Vec<EntryName<C>>, RasError> {
    let books = books::usual()?;
    let listed = books.list(named).map_err(failed)?;
    let all_users = |one: &Listed| one.owner == Owner::AllUsers || one.path == books.all_users().path();
    Ok(listed.iter().filter_map(|one| entry_name(one, all_users(one))).collect())
}

/// `None` for a name that does not fit: cut short, it could be another entry's.
fn entry_name<C: Char>(one: &Listed, all_users: bool) -> Option<EntryName<C>> {
    let mut name = EntryName::<C>::empty();
    let fits = C::encode(&one.name).len() < name.szEntryName.len() && !one.name.contains('\0');
    if one.name.is_empty() || !fits {
        return None;
    }
    name.szEntryName = array(&one.name);
    name.dwFlags = if all_users { ALL_USERS } else { 0 };
    // a path cut short or with marks of replacement would be another file; none means the usual books, where this entry is
    // mostly found again
    if let Some(path) = one.path.to_str().filter(|path| C::encode(path).len() < name.szPhonebookPath.len()) {
        name.szPhonebookPath = array(path);
    }
    Some(name)
}

/// RasValidateEntryName. See [`RasValidateEntryNameW`].
///
/// # Safety
/// Each is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasValidateEntryNameA(phonebook: *const u8, entry: *const u8) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { validate_name(phonebook, entry) })
}

/// RasValidateEntryName: 0 where a new entry may have this name, 123 where none may, 183 where one has it, 87 for NULL; 621,
/// 622, 625 of the book.
///
/// # Safety
/// Each is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasValidateEntryNameW(phonebook: *const u16, entry: *const u16) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { validate_name(phonebook, entry) })
}

unsafe fn validate_name<C: Char>(phonebook: *const C, entry: *const C) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    validate(&name).and_then(|()| books::may_be_given::<C>(&name)).map_err(failed)?;
    match books::find(named.as_deref(), &name) {
        Err(RasError::CANNOT_FIND_PHONEBOOK_ENTRY) => Ok(()),
        Err(error) => Err(error),
        Ok((_, found)) => Err(failed(books::taken(&found))),
    }
}

/// RasRenameEntry. See [`RasRenameEntryW`].
///
/// # Safety
/// Each is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasRenameEntryA(phonebook: *const u8, old: *const u8, new: *const u8) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { rename(phonebook, old, new) })
}

/// RasRenameEntry: its credentials stay with it. 123, 183 of the new name, 623, 87 for NULL, 5 where the book may not be
/// written; 621, 622, 624, 625 of the book.
///
/// # Safety
/// Each is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasRenameEntryW(phonebook: *const u16, old: *const u16, new: *const u16) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { rename(phonebook, old, new) })
}

unsafe fn rename<C: Char>(phonebook: *const C, old: *const C, new: *const C) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, old, new) = unsafe { (books::path(phonebook), books::name(old)?, books::name(new)?) };
    let (books, found) = books::find(named.as_deref(), &old)?;
    books::may_be_given::<C>(&new).map_err(failed)?;
    // without a path the usual books are one: of two entries of a name only the first would be found
    let other = books.find(named.as_deref(), &new).ok().filter(|other| other.book != found.book);
    if let Some(other) = other {
        return Err(failed(books::taken(&other)));
    }
    found.book.rename(&found.name, &new).map_err(failed)
}

/// RasDeleteEntry. See [`RasDeleteEntryW`].
///
/// # Safety
/// Each is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDeleteEntryA(phonebook: *const u8, entry: *const u8) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { delete(phonebook, entry) })
}

/// RasDeleteEntry: with what is saved for it. 623, 87 for NULL, 5 where the book may not be written; 621, 622, 624, 625 of
/// the book.
///
/// # Safety
/// Each is NULL or a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDeleteEntryW(phonebook: *const u16, entry: *const u16) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { delete(phonebook, entry) })
}

unsafe fn delete<C: Char>(phonebook: *const C, entry: *const C) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let (named, name) = unsafe { (books::path(phonebook), books::name(entry)?) };
    let (books, found) = books::find(named.as_deref(), &name)?;
    found.book.remove(&found.name, &books.secrets()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::text::from_array;

    #[test]
    fn a_name_that_would_be_cut_is_left_out_and_so_is_a_path() {
        let listed =
            |name: &str, path: &str| Listed { name: name.into(), path: path.into(), owner: Owner::User };
        for bad in ["", "a\0b", &"x".repeat(257), &"€".repeat(86)] {
            assert!(entry_name::<u8>(&listed(bad, "/b"), false).is_none(), "{bad:?}");
        }
        // as UTF-16 it fits
        assert!(entry_name::<u16>(&listed(&"€".repeat(86), "/b"), false).is_some());
        let longest = entry_name::<u8>(&listed(&"x".repeat(256), &"p".repeat(260)), true).unwrap();
        assert_eq!((longest.dwFlags, from_array(&longest.szEntryName).len()), (1, 256));
        assert_eq!(from_array(&longest.szPhonebookPath).len(), 260);
        let far = entry_name::<u8>(&listed("x", &"p".repeat(261)), false).unwrap();
        assert_eq!(from_array(&far.szPhonebookPath), "", "cut, it would be another file");
        let path = std::ffi::OsStr::from_bytes(b"/b\xff").into();
        let odd = Listed { path, ..listed("x", "") };
        assert_eq!(from_array(&entry_name::<u8>(&odd, false).unwrap().szPhonebookPath), "", "no UTF-8");
    }

    /// A text with its NUL, of either world.
    fn text<C: Char>(text: &str) -> Vec<C> {
        C::encode(text).into_iter().chain([C::default()]).collect()
    }

    #[test]
    fn a_name_that_no_structure_of_the_program_holds_is_not_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pbk");
        std::fs::write(&path, "[a]\nType=1\n").unwrap();
        let (narrow, wide) = (text::<u8>(path.to_str().unwrap()), text::<u16>(path.to_str().unwrap()));
        // 258 bytes, 129 units
        let name = "ж".repeat(129);
        let (name8, name16) = (text::<u8>(&name), text::<u16>(&name));
        let a = text::<u8>("a");
        // SAFETY: texts with their NUL, and a structure with its dwSize.
        unsafe {
            assert_eq!(RasValidateEntryNameA(narrow.as_ptr(), name8.as_ptr()), 123);
            assert_eq!(RasValidateEntryNameW(wide.as_ptr(), name16.as_ptr()), 0);
            assert_eq!(RasRenameEntryA(narrow.as_ptr(), a.as_ptr(), name8.as_ptr()), 123);
            // what is no text would be every other name that is none
            for bad in [&b"\xff\0"[..], b"x\xe2\x82\0"] {
                assert_eq!(RasValidateEntryNameA(narrow.as_ptr(), bad.as_ptr()), 123);
                assert_eq!(RasRenameEntryA(narrow.as_ptr(), a.as_ptr(), bad.as_ptr()), 123);
            }
            assert_eq!(RasValidateEntryNameW(wide.as_ptr(), [0xD83D, 0x78, 0].as_ptr()), 123);
            let mut entry = crate::abi::entry::Entry::<u8>::empty();
            (entry.szDeviceType, entry.szDeviceName) = (array("modem"), array("OpenRAS tcp"));
            (entry.szLocalPhoneNumber, entry.dwFramingProtocol, entry.dwType) = (array("1"), 1, 1);
            for (name, result) in [(&name8[..], 123), (b"\xff\0", 123), (b"A\0", 0), (b"b\0", 0)] {
                let set = super::super::entries::RasSetEntryPropertiesA;
                let (entry, size) = ((&raw const entry).cast(), entry.dwSize);
                assert_eq!(
                    set(narrow.as_ptr(), name.as_ptr(), entry, size, std::ptr::null(), 0),
                    result,
                    "{name:?}"
                );
            }
            let a = text::<u16>("a");
            assert_eq!(RasRenameEntryW(wide.as_ptr(), a.as_ptr(), name16.as_ptr()), 0);
            // an entry that has such a name keeps it, and can be found by it
            let set = super::super::entries::RasSetEntryPropertiesA;
            let (entry, size) = ((&raw const entry).cast(), entry.dwSize);
            assert_eq!(set(narrow.as_ptr(), name8.as_ptr(), entry, size, std::ptr::null(), 0), 0);
        }
    }
}
