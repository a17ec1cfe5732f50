//! The few registry calls that RAS sources make. Keys are a user's own, in one file: `openras/registry.json` in the folder
//! for configuration.

mod store;

use std::sync::Arc;

use openras_engine::RasError;
use store::{Data, Store};

use super::error::{self, ACCESS_DENIED, FILE_NOT_FOUND, MORE_DATA};
use super::units::from_any;
use super::{Handle, give};
use crate::guard::{INVALID_HANDLE, INVALID_PARAMETER, NO_MEMORY};
use crate::handles::Handles;
use crate::text::Char;

/// ERROR_BAD_PATHNAME.
const BAD_PATHNAME: RasError = RasError(161);
const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_MULTI_SZ: u32 = 7;
const REG_CREATED_NEW_KEY: u32 = 1;
const REG_OPENED_EXISTING_KEY: u32 = 2;
/// Most units of a key's name and of a value's, as in Windows.
const LONGEST_KEY: usize = 255;
const LONGEST_VALUE: usize = 16383;
/// Most bytes of one value.
const LARGEST: usize = 64 * 1024;

/// The rights that ask for reading, and for writing: of the key, generic, the most there is.
const MAY_READ: u32 = 0x0000_0001 | 0x8000_0000 | 0x1000_0000 | 0x0200_0000;
const MAY_WRITE: u32 = 0x0000_0002 | 0x4000_0000 | 0x1000_0000 | 0x0200_0000;

/// An open key.
#[derive(Clone, Debug)]
struct Key {
    path: String,
    read: bool,
    write: bool,
}

static KEYS: Handles<Key> = Handles::new(6);

fn root(key: Handle) -> Option<&'static str> {
    // HKEY is a LONG made a pointer: with or without its sign
    match key as u64 {
        0x8000_0000 | 0xFFFF_FFFF_8000_0000 => Some("HKEY_CLASSES_ROOT"),
        0x8000_0001 | 0xFFFF_FFFF_8000_0001 => Some("HKEY_CURRENT_USER"),
        0x8000_0002 | 0xFFFF_FFFF_8000_0002 => Some("HKEY_LOCAL_MACHINE"),
        0x8000_0003 | 0xFFFF_FFFF_8000_0003 => Some("HKEY_USERS"),
        _ => None,
    }
}

fn key_of(key: Handle) -> Result<Key, RasError> {
    match root(key) {
        Some(path) => Ok(Key { path: path.to_owned(), read: true, write: true }),
        None => KEYS.get(key).map(|key| (*key).clone()).ok_or(INVALID_HANDLE),
    }
}

fn below(key: &Key, name: &str) -> Result<String, RasError> {
    let name = name.strip_suffix('\\').unwrap_or(name);
    if name.is_empty() {
        return Ok(key.path.clone());
    }
    for part in name.split('\\') {
        if part.is_empty() {
            return Err(BAD_PATHNAME);
        }
        if part.encode_utf16().count() > LONGEST_KEY {
            return Err(INVALID_PARAMETER);
        }
    }
    Ok(format!("{}\\{name}", key.path))
}

fn keep(path: String, rights: u32) -> Result<Handle, RasError> {
    let key = Key { path, read: rights & MAY_READ != 0, write: rights & MAY_WRITE != 0 };
    KEYS.insert(Arc::new(key)).ok_or(NO_MEMORY)
}

/// Errors of the registry are results, not last errors; and a call of it is none of RAS, whose reason stays.
fn status(body: impl FnOnce() -> Result<(), RasError>) -> i32 {
    error::status(body).cast_signed()
}

unsafe fn open<C: Char>(key: Handle, name: *const C, rights: u32, opened: *mut Handle) -> i32 {
    status(|| {
        if opened.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: as the caller's.
        let name = unsafe { from_any(name) }.unwrap_or_default();
        let path = below(&key_of(key)?, &name)?;
        let path = Store::read()?.key(&path).ok_or(FILE_NOT_FOUND)?;
        let handle = keep(path, rights)?;
        // SAFETY: not NULL; the caller vouches for it.
        unsafe { give(opened, handle) };
        Ok(())
    })
}

unsafe fn create<C: Char>(
    key: Handle,
    name: *const C,
    rights: u32,
    opened: *mut Handle,
    what: *mut u32,
) -> i32 {
    status(|| {
        if opened.is_null() || name.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: as the caller's.
        let name = unsafe { from_any(name) }.unwrap_or_default();
        let parent = key_of(key)?;
        let path = below(&parent, &name)?;
        let (path, new) = match Store::read()?.key(&path) {
            Some(path) => (path, false),
            None => (Store::change(|store| store.create(&path))?, true),
        };
        let handle = keep(path, rights)?;
        // SAFETY: NULL or writable.
        unsafe {
            give(opened, handle);
            give(what, if new { REG_CREATED_NEW_KEY } else { REG_OPENED_EXISTING_KEY });
        }
        Ok(())
    })
}

/// A text of the registry, as this library itself looks it up: `None` where it is not there or is none.
///
/// # Errors
/// As of the calls: 5, 1009, 1016.
pub(crate) fn text(key: &str, name: &str) -> Result<Option<String>, RasError> {
    Ok(match Store::read()?.value(key, name) {
        Some((REG_SZ | REG_EXPAND_SZ, Data::Text(text))) => Some(text),
        _ => None,
    })
}

fn is_text(kind: u32) -> bool {
    matches!(kind, REG_SZ | REG_EXPAND_SZ | REG_MULTI_SZ)
}

unsafe fn query<C: Char>(key: Handle, name: *const C, kind: *mut u32, data: *mut u8, size: *mut u32) -> i32 {
    status(|| {
        if size.is_null() && !data.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let key = key_of(key)?;
        if !key.read {
            return Err(ACCESS_DENIED);
        }
        // SAFETY: as the caller's.
        let name = unsafe { from_any(name) }.unwrap_or_default();
        let (found, value) = Store::read()?.value(&key.path, &name).ok_or(FILE_NOT_FOUND)?;
        let bytes = match value {
            Data::Text(text) => to_bytes(&C::encode(&text)),
            Data::Bytes(bytes) => bytes,
        };
        // SAFETY: each is NULL or writable, `data` for as many bytes as `size` says.
        unsafe {
            give(kind, found);
            let room = if size.is_null() { 0 } else { size.read_unaligned() as usize };
            give(size, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            if data.is_null() {
                return Ok(());
            }
            if room < bytes.len() {
                return Err(MORE_DATA);
            }
            bytes.iter().enumerate().for_each(|(at, byte)| data.add(at).write(*byte));
        }
        Ok(())
    })
}

fn to_bytes<C: Char>(units: &[C]) -> Vec<u8> {
    // SAFETY: a unit is one or two bytes without padding.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast::<u8>(), size_of_val(units)) }.to_vec()
}

unsafe fn set<C: Char>(key: Handle, name: *const C, kind: u32, data: *const u8, size: u32) -> i32 {
    status(|| {
        let size = size as usize;
        if data.is_null() && size > 0 || size > LARGEST {
            return Err(INVALID_PARAMETER);
        }
        let key = key_of(key)?;
        if !key.write {
            return Err(ACCESS_DENIED);
        }
        // SAFETY: as the caller's.
        let name = unsafe { from_any(name) }.unwrap_or_default();
        if name.encode_utf16().count() > LONGEST_VALUE {
            return Err(INVALID_PARAMETER);
        }
        let data = if is_text(kind) {
            let units = size / size_of::<C>();
            // SAFETY: as many bytes as the caller says.
            let units: Vec<C> =
                (0..units).map(|at| unsafe { data.cast::<C>().add(at).read_unaligned() }).collect();
            let mut text = C::decode(&units);
            // a NUL that was not counted belongs to the text; Windows adds it as well
            if !text.ends_with('\0') {
                text.push('\0');
            }
            Data::Text(text)
        } else {
            // SAFETY: as many bytes as the caller says.
            Data::Bytes((0..size).map(|at| unsafe { data.add(at).read() }).collect())
        };
        Store::change(|store| store.set(&key.path, &name, kind, data))
    })
}

unsafe fn delete<C: Char>(key: Handle, name: *const C) -> i32 {
    status(|| {
        let key = key_of(key)?;
        if !key.write {
            return Err(ACCESS_DENIED);
        }
        // SAFETY: as the caller's.
        let name = unsafe { from_any(name) }.unwrap_or_default();
        Store::change(|store| store.delete(&key.path, &name))
    })
}

/// Closes a key. The roots stay open.
#[unsafe(no_mangle)]
pub extern "C" fn RegCloseKey(key: Handle) -> i32 {
    status(|| match root(key) {
        Some(_) => Ok(()),
        None => KEYS.remove(key).map(|_| ()).ok_or(INVALID_HANDLE),
    })
}

/// The exports of one character type.
macro_rules! registry {
    ($unit:ty, $open:ident, $create:ident, $query:ident, $set:ident, $delete:ident) => {
        /// Opens a key that is there: 0, 2, 6, 87, 161, 1009, 1016.
        ///
        /// # Safety
        /// `name` is NULL or ends with a NUL, `opened` is NULL or writable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $open(
            key: Handle,
            name: *const $unit,
            _options: u32,
            rights: u32,
            opened: *mut Handle,
        ) -> i32 {
            // SAFETY: as the caller's.
            unsafe { open(key, name, rights, opened) }
        }

        /// Opens a key, making it and those above it where they are not there.
        ///
        /// # Safety
        /// `name` is NULL or ends with a NUL, `opened` and `what` are NULL or writable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $create(
            key: Handle,
            name: *const $unit,
            _reserved: u32,
            _class: *mut $unit,
            _options: u32,
            rights: u32,
            _security: *const std::os::raw::c_void,
            opened: *mut Handle,
            what: *mut u32,
        ) -> i32 {
            // SAFETY: as the caller's.
            unsafe { create(key, name, rights, opened, what) }
        }

        /// Reads a value: 0, 234 where there is too little room (`size` says how much it needs), 2, 5, 6, 87.
        ///
        /// # Safety
        /// `name` is NULL or ends with a NUL; the rest is NULL or writable, `data` for `size` bytes.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $query(
            key: Handle,
            name: *const $unit,
            _reserved: *mut u32,
            kind: *mut u32,
            data: *mut u8,
            size: *mut u32,
        ) -> i32 {
            // SAFETY: as the caller's.
            unsafe { query(key, name, kind, data, size) }
        }

        /// Writes a value.
        ///
        /// # Safety
        /// `name` is NULL or ends with a NUL, `data` is NULL or has `size` bytes.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $set(
            key: Handle,
            name: *const $unit,
            _reserved: u32,
            kind: u32,
            data: *const u8,
            size: u32,
        ) -> i32 {
            // SAFETY: as the caller's.
            unsafe { set(key, name, kind, data, size) }
        }

        /// Deletes a value.
        ///
        /// # Safety
        /// `name` is NULL or ends with a NUL.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $delete(key: Handle, name: *const $unit) -> i32 {
            // SAFETY: as the caller's.
            unsafe { delete(key, name) }
        }
    };
}

registry!(u8, RegOpenKeyExA, RegCreateKeyExA, RegQueryValueExA, RegSetValueExA, RegDeleteValueA);
registry!(u16, RegOpenKeyExW, RegCreateKeyExW, RegQueryValueExW, RegSetValueExW, RegDeleteValueW);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::reason;

    #[test]
    fn why_a_ras_call_failed_is_remembered_over_calls_of_the_registry() {
        reason::set("the line is busy");
        assert_eq!(RegCloseKey(0), 6);
        assert_eq!(RegCloseKey(0x8000_0001), 0);
        assert_eq!(reason::last(), "the line is busy");
    }
}
