//! RasDialDlg, RasEntryDlg and RasPhonebookDlg: dialogs for a screen that is not here. Each gives FALSE, and its
//! structure's dwError and the last error say why, as Windows does where a dialog cannot be shown.

use std::ffi::c_void;

use openras_engine::RasError;

use super::unsupported::{NOT_HERE, instead};
use crate::abi::caller::{self, Versioned};
use crate::abi::dialogs::{DialDlg, EntryDlg, PbDlg};
use crate::guard::{Dword, guard};
use crate::text::Char;
use crate::win32::error as last_error;

/// FALSE: cancelled, or dwError is not 0.
const FALSE: i32 = 0;

const DIAL: &str = "There are no windows here. RasDial with RDEOPT_PausedStates asks the program what this dialog asks \
                    the user; `openras dial ENTRY` asks in a terminal.";
const ENTRY: &str =
    "There are no windows here. RasSetEntryProperties and `openras phonebook` change entries.";
const BOOK: &str = "There are no windows here. RasEnumEntries and RasDial, or `openras phonebook` and `openras dial \
                    ENTRY`, list and dial entries.";

/// RasDialDlg. See [`RasDialDlgW`].
///
/// # Safety
/// As [`RasDialDlgW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDialDlgA(
    _phonebook: *const u8,
    _entry: *const u8,
    _number: *const u8,
    info: *mut c_void,
) -> i32 {
    // SAFETY: as the caller promised us.
    unsafe { refuse(info.cast(), DIAL, set_dial) }
}

/// RasDialDlg: FALSE, with 120 in dwError; 632 for a dwSize nobody knows.
///
/// # Safety
/// `info` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasDialDlgW(
    _phonebook: *const u16,
    _entry: *const u16,
    _number: *const u16,
    info: *mut c_void,
) -> i32 {
    // SAFETY: as the caller promised us.
    unsafe { refuse(info.cast(), DIAL, set_dial) }
}

/// RasEntryDlg. See [`RasEntryDlgW`].
///
/// # Safety
/// As [`RasEntryDlgW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEntryDlgA(_phonebook: *const u8, _entry: *const u8, info: *mut c_void) -> i32 {
    // SAFETY: as the caller promised us.
    unsafe { refuse(info.cast(), ENTRY, set_entry::<u8>) }
}

/// RasEntryDlg: FALSE, with 120 in dwError; 632 for a dwSize nobody knows.
///
/// # Safety
/// `info` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEntryDlgW(_phonebook: *const u16, _entry: *const u16, info: *mut c_void) -> i32 {
    // SAFETY: as the caller promised us.
    unsafe { refuse(info.cast(), ENTRY, set_entry::<u16>) }
}

/// RasPhonebookDlg. See [`RasPhonebookDlgW`].
///
/// # Safety
/// As [`RasPhonebookDlgW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasPhonebookDlgA(
    _phonebook: *const u8,
    _entry: *const u8,
    info: *mut c_void,
) -> i32 {
    // SAFETY: as the caller promised us.
    unsafe { refuse(info.cast(), BOOK, set_book) }
}

/// RasPhonebookDlg: FALSE, with 120 in dwError; 632 for a dwSize nobody knows. Its callback is never called.
///
/// # Safety
/// `info` is NULL or as long as its dwSize says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasPhonebookDlgW(
    _phonebook: *const u16,
    _entry: *const u16,
    info: *mut c_void,
) -> i32 {
    // SAFETY: as the caller promised us.
    unsafe { refuse(info.cast(), BOOK, set_book) }
}

fn set_dial(info: &mut DialDlg, error: Dword) {
    info.dwError = error;
}

fn set_entry<C: Char>(info: &mut EntryDlg<C>, error: Dword) {
    info.dwError = error;
}

fn set_book(info: &mut PbDlg, error: Dword) {
    info.dwError = error;
}

unsafe fn refuse<T: Versioned>(info: *mut T, why: &str, set: fn(&mut T, Dword)) -> i32 {
    let error = guard(|| {
        // SAFETY: NULL or it says its size, as the caller promised us. A size that is none leaves no place for dwError.
        let mut answer = unsafe { caller::read(info.cast_const()) }?;
        set(&mut answer, NOT_HERE.0);
        // SAFETY: as above.
        unsafe { caller::write(info, &answer) }?;
        instead(why)
    });
    last_error::set(RasError(error));
    FALSE
}
