//! wsprintf, StringCchPrintf, `_snprintf` and the printf functions, with lists of arguments and with `...`.

use std::arch::naked_asm;
use std::os::raw::c_void;

use super::format::{Arguments, Rules, Sink, format};
use super::safe::{self, HResult, STRSAFE_E_INVALID_PARAMETER};
use super::units::{Unit, put, take};
use crate::guard::guard_or;
use crate::text::Char;

/// The room that wsprintf's callers have to give, in characters with the NUL.
const WSPRINTF: usize = 1024;
/// The most that a printf writes at once, in characters.
const PRINTF: usize = 16 * 1024 * 1024;

/// A C list of arguments. As a parameter it is an address on these machines.
type List = *mut c_void;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("lists of arguments are known for x86-64 and AArch64 only");

unsafe extern "C" {
    fn openras_next_int(list: List) -> u32;
    fn openras_next_long(list: List) -> u64;
    fn openras_next_double(list: List) -> f64;
    fn openras_next_long_double(list: List) -> f64;
    fn openras_next_pointer(list: List) -> *mut c_void;
    #[link_name = "stdout"]
    static STDOUT: *mut libc::FILE;
}

/// The arguments of a C caller.
struct Given(List);

impl Arguments for Given {
    fn int(&mut self) -> u32 {
        // SAFETY: the caller of the export vouches for the list.
        unsafe { openras_next_int(self.0) }
    }

    fn long(&mut self) -> u64 {
        // SAFETY: as above.
        unsafe { openras_next_long(self.0) }
    }

    fn double(&mut self) -> f64 {
        // SAFETY: as above.
        unsafe { openras_next_double(self.0) }
    }

    fn long_double(&mut self) -> f64 {
        // SAFETY: as above.
        unsafe { openras_next_long_double(self.0) }
    }

    fn pointer(&mut self) -> usize {
        // SAFETY: as above.
        unsafe { openras_next_pointer(self.0) }.expose_provenance()
    }
}

/// Formats for at most `room` characters; `None` for a NULL.
unsafe fn formatted<C: Unit>(rules: Rules, text: *const C, list: List, room: usize) -> Option<Sink<C>> {
    if text.is_null() || list.is_null() {
        return None;
    }
    let mut sink = Sink::new(room);
    // SAFETY: not NULL; the caller vouches for the format's end and the arguments it asks for.
    unsafe { format(rules, &take(text, usize::MAX), &mut Given(list), &mut sink) };
    Some(sink)
}

unsafe fn wsprintf<C: Unit>(to: *mut C, text: *const C, list: List) -> i32 {
    guard_or(0, || {
        if to.is_null() {
            return 0;
        }
        // SAFETY: as the caller's.
        let Some(sink) = (unsafe { formatted(Rules::User, text, list, WSPRINTF - 1) }) else { return 0 };
        // SAFETY: not NULL, and the caller gives the room that is documented.
        unsafe { put(to, &sink.units) };
        i32::try_from(sink.units.len()).unwrap_or_default()
    })
}

unsafe fn cch<C: Unit>(to: *mut C, room: usize, text: *const C, list: List) -> HResult {
    guard_or(STRSAFE_E_INVALID_PARAMETER, || {
        if !safe::is_room(to, room) {
            return STRSAFE_E_INVALID_PARAMETER;
        }
        // SAFETY: as the caller's.
        let sink = unsafe { formatted(Rules::C, text, list, room - 1) };
        let Some(sink) = sink else {
            // SAFETY: there is room for a NUL.
            unsafe { put(to, &[]) };
            return STRSAFE_E_INVALID_PARAMETER;
        };
        // SAFETY: one less than there is room for.
        unsafe { put(to, &sink.units) };
        if sink.full { safe::STRSAFE_E_INSUFFICIENT_BUFFER } else { safe::S_OK }
    })
}

/// `_vsnprintf`: a NUL only where there is room for it, -1 where the text does not fit; NULL and no room ask how long it
/// would be. `always`: the text ends with a NUL in any case, and must.
unsafe fn counted<C: Unit>(to: *mut C, room: usize, text: *const C, list: List, always: bool) -> i32 {
    guard_or(-1, || {
        if to.is_null() && room > 0 || always && room == 0 || room > safe::STRSAFE_MAX_CCH {
            return -1;
        }
        let most = match () {
            () if to.is_null() => PRINTF,
            () if always => room - 1,
            () => room,
        };
        // SAFETY: as the caller's.
        let Some(sink) = (unsafe { formatted(Rules::C, text, list, most) }) else { return -1 };
        let stored = if to.is_null() { &[] } else { sink.units.as_slice() };
        for (at, unit) in stored.iter().enumerate() {
            // SAFETY: not NULL, and at most `most`.
            unsafe { to.add(at).write_unaligned(*unit) };
        }
        if sink.units.len() < room {
            // SAFETY: within the room.
            unsafe { to.add(sink.units.len()).write_unaligned(C::default()) };
        }
        if sink.full { -1 } else { i32::try_from(sink.units.len()).unwrap_or(-1) }
    })
}

unsafe fn printed<C: Unit>(file: *mut libc::FILE, text: *const C, list: List) -> i32 {
    guard_or(-1, || {
        if file.is_null() {
            return -1;
        }
        // SAFETY: as the caller's.
        let Some(sink) = (unsafe { formatted(Rules::C, text, list, PRINTF) }) else { return -1 };
        // SAFETY: the caller vouches for the file.
        if sink.full || !unsafe { write(file, &sink.units) } {
            return -1;
        }
        i32::try_from(sink.units.len()).unwrap_or(-1)
    })
}

/// Writes to a file of C's: bytes as they are, wide text as UTF-8.
///
/// # Safety
/// `file` is open.
pub(super) unsafe fn write<C: Char>(file: *mut libc::FILE, units: &[C]) -> bool {
    let bytes = if C::WIDE {
        C::decode(units).into_bytes()
    } else {
        // SAFETY: the other width is bytes.
        unsafe { std::slice::from_raw_parts(units.as_ptr().cast::<u8>(), units.len()) }.to_vec()
    };
    // SAFETY: the caller vouches for the file.
    unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), file) == bytes.len() }
}

/// Exports of one shape, for both widths.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident($($parameter:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// Texts are NULL or end with a NUL, room is what is said, `list` holds what the format asks for.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($parameter: $type),*) -> $result {
            // SAFETY: as the caller's.
            unsafe { $body }
        }
    )*};
}

lists! {
    /// Formats into 1024 characters; how many were stored, without the NUL.
    wvsprintfA(to: *mut u8, format: *const u8, list: List) -> i32 = wsprintf(to, format, list);
    /// As [`wvsprintfA`].
    wvsprintfW(to: *mut u16, format: *const u16, list: List) -> i32 = wsprintf(to, format, list);
    /// Formats into a buffer of `room` characters: 0, 0x8007007A where it was cut, 0x80070057.
    StringCchVPrintfA(to: *mut u8, room: usize, format: *const u8, list: List) -> HResult =
        cch(to, room, format, list);
    /// As [`StringCchVPrintfA`].
    StringCchVPrintfW(to: *mut u16, room: usize, format: *const u16, list: List) -> HResult =
        cch(to, room, format, list);
    /// As [`StringCchVPrintfA`], with the room in bytes.
    StringCbVPrintfA(to: *mut u8, bytes: usize, format: *const u8, list: List) -> HResult =
        cch(to, bytes, format, list);
    /// As [`StringCbVPrintfA`].
    StringCbVPrintfW(to: *mut u16, bytes: usize, format: *const u16, list: List) -> HResult =
        cch(to, bytes / 2, format, list);
    /// Formats into `room` characters: -1 where it was cut, and no NUL where there is no room for it. With NULL and 0 how
    /// many there would be.
    _vsnprintf(to: *mut u8, room: usize, format: *const u8, list: List) -> i32 =
        counted(to, room, format, list, false);
    /// As [`_vsnprintf`].
    _vsnwprintf(to: *mut u16, room: usize, format: *const u16, list: List) -> i32 =
        counted(to, room, format, list, false);
    /// As [`_vsnwprintf`], always with a NUL.
    openras_vswprintf(to: *mut u16, room: usize, format: *const u16, list: List) -> i32 =
        counted(to, room, format, list, true);
    /// printf with Windows' formats.
    openras_vprintf(format: *const u8, list: List) -> i32 = printed(STDOUT, format, list);
    /// wprintf: standard output gets UTF-8.
    openras_vwprintf(format: *const u16, list: List) -> i32 = printed(STDOUT, format, list);
    /// fprintf with Windows' formats.
    openras_vfprintf(file: *mut libc::FILE, format: *const u8, list: List) -> i32 = printed(file, format, list);
    /// fwprintf: the file gets UTF-8.
    openras_vfwprintf(file: *mut libc::FILE, format: *const u16, list: List) -> i32 = printed(file, format, list);
}

/// One jump, which leaves registers and stack as the caller filled them.
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    ($to:ident) => {
        naked_asm!("jmp {to}", to = sym $to)
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    ($to:ident) => {
        naked_asm!("b {to}", to = sym $to)
    };
}

/// Exports with `...`: `variadic.c` makes a list and calls the export above that takes one.
macro_rules! variadic {
    ($($name:ident => $to:ident;)*) => {$(
        unsafe extern "C" {
            fn $to();
        }

        /// The form with `...` of the export with a list; its parameters are C's.
        ///
        /// # Safety
        /// To be called from C, as its header declares it.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name() {
            jump!($to)
        }
    )*};
}

variadic! {
    wsprintfA => openras_list_wsprintfA;
    wsprintfW => openras_list_wsprintfW;
    StringCchPrintfA => openras_list_StringCchPrintfA;
    StringCchPrintfW => openras_list_StringCchPrintfW;
    StringCbPrintfA => openras_list_StringCbPrintfA;
    StringCbPrintfW => openras_list_StringCbPrintfW;
    _snprintf => openras_list_snprintf;
    _snwprintf => openras_list_snwprintf;
    openras_swprintf => openras_list_swprintf;
    openras_printf => openras_list_printf;
    openras_wprintf => openras_list_wprintf;
    openras_fprintf => openras_list_fprintf;
    openras_fwprintf => openras_list_fwprintf;
}
