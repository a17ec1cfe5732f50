//! LoadLibrary and its family. A library's DllMain is called after it is mapped and before it is unmapped; its handle is
//! a number of ours, the same at every load.

mod loader;
mod name;

use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::ptr::null_mut;

pub(crate) use loader::{thread_begins, thread_ends};
use openras_engine::RasError;

use super::error::{PROC_NOT_FOUND, call};
use super::units::from_any;
use super::{Bool, FALSE, Handle, TRUE};
use crate::guard::INVALID_PARAMETER;
use crate::text::Char;

/// DONT_RESOLVE_DLL_REFERENCES: DllMain is not called.
const QUIETLY: u32 = 1;
/// The flags that map a file as data.
const AS_DATA: u32 = 0x02 | 0x20 | 0x40;

/// Loads a library by Windows' name or a path.
///
/// # Errors
/// 126 not found, 193 not a library, 127 needs something that is missing, 1114 its DllMain refused.
pub(crate) fn load(name: &str, call_entry: bool) -> Result<Handle, RasError> {
    loader::load(&name::candidates(name), call_entry)
}

/// A library's own function.
pub(crate) fn function(library: Handle, name: &CStr) -> Option<*mut c_void> {
    loader::function(library, name).ok()
}

/// The library of this function is never unmapped.
pub(crate) fn pin(function: *mut c_void) {
    loader::pin(function);
}

/// Gives a load back: DllMain is told, and the library unmapped with the last one.
pub(crate) fn unload(library: Handle) {
    // what is not loaded needs no unloading
    let _ = loader::free(library);
}

unsafe fn load_text<C: Char>(text: *const C, file: Handle, flags: u32) -> Handle {
    call(0, || {
        // SAFETY: as the caller's.
        let name = unsafe { from_any(text) }.ok_or(INVALID_PARAMETER)?;
        if file != 0 || flags & AS_DATA != 0 || name.is_empty() {
            return Err(INVALID_PARAMETER);
        }
        load(&name, flags & QUIETLY == 0)
    })
}

unsafe fn find_text<C: Char>(text: *const C) -> Handle {
    call(0, || {
        // SAFETY: as the caller's.
        match unsafe { from_any(text) } {
            None => loader::find(&[name::Candidate::Program]),
            Some(name) => loader::find(&name::candidates(&name)),
        }
    })
}

/// Loads a library: `X:\dir\NAME.DLL` in any case is `libname.so`, RASMAN.DLL and RASAPI32.DLL are this one; a path
/// that exists is taken as it is.
///
/// # Safety
/// `name` is NULL or ends with a NUL. The library's own code runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryA(name: *const u8) -> Handle {
    // SAFETY: as the caller's.
    unsafe { load_text(name, 0, 0) }
}

/// As [`LoadLibraryA`].
///
/// # Safety
/// As [`LoadLibraryA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryW(name: *const u16) -> Handle {
    // SAFETY: as the caller's.
    unsafe { load_text(name, 0, 0) }
}

/// As [`LoadLibraryA`]. Of the flags 1 leaves DllMain uncalled, those for data are refused with 87, the rest say where
/// Windows would search.
///
/// # Safety
/// As [`LoadLibraryA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryExA(name: *const u8, file: Handle, flags: u32) -> Handle {
    // SAFETY: as the caller's.
    unsafe { load_text(name, file, flags) }
}

/// As [`LoadLibraryExA`].
///
/// # Safety
/// As [`LoadLibraryA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryExW(name: *const u16, file: Handle, flags: u32) -> Handle {
    // SAFETY: as the caller's.
    unsafe { load_text(name, file, flags) }
}

/// Gives a library back: the last that does so calls its DllMain and unmaps it.
#[unsafe(no_mangle)]
pub extern "C" fn FreeLibrary(library: Handle) -> Bool {
    call(FALSE, || loader::free(library).map(|()| TRUE))
}

/// The handle of a library that is loaded, without keeping it; NULL means the program.
///
/// # Safety
/// `name` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleA(name: *const u8) -> Handle {
    // SAFETY: as the caller's.
    unsafe { find_text(name) }
}

/// As [`GetModuleHandleA`].
///
/// # Safety
/// As [`GetModuleHandleA`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleW(name: *const u16) -> Handle {
    // SAFETY: as the caller's.
    unsafe { find_text(name) }
}

/// A library's own function of a name; NULL and 127 where it has none. There are no ordinals.
///
/// # Safety
/// `name` is an ordinal (below 65536) or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcAddress(library: Handle, name: *const c_char) -> *mut c_void {
    call(null_mut(), || {
        if name.addr() < 0x1_0000 {
            return Err(PROC_NOT_FOUND);
        }
        // SAFETY: no ordinal, so the caller vouches for the NUL.
        loader::function(library, unsafe { CStr::from_ptr(name) })
    })
}

/// No more DLL_THREAD_ATTACH and DETACH for this library.
#[unsafe(no_mangle)]
pub extern "C" fn DisableThreadLibraryCalls(library: Handle) -> Bool {
    call(FALSE, || loader::without_threads(library).map(|()| TRUE))
}
