//! One call through the C interface, made of bytes: which function, its structure, its texts. What the caller promises is kept
//! (there are as many bytes as dwSize says), all else is anything.
//!
//! Used by libFuzzer with AddressSanitizer, which sees a byte too far, and by the suite on the corpus.

use std::ffi::c_void;
use std::sync::OnceLock;

use openras_capi as _;

/// The largest dwSize that is worth having the bytes for: no structure is that long.
const LARGEST: usize = 8192;
/// The largest number a RAS function returns, and one of HRESULT's kind.
const LAST_RAS: u32 = 1000;

type Out = *mut c_void;
type Text = *const c_void;
type Count = *mut u32;

unsafe extern "C" {
    fn RasEnumEntriesA(_: Text, book: Text, list: Out, bytes: Count, count: Count) -> u32;
    fn RasEnumEntriesW(_: Text, book: Text, list: Out, bytes: Count, count: Count) -> u32;
    fn RasEnumDevicesA(list: Out, bytes: Count, count: Count) -> u32;
    fn RasEnumDevicesW(list: Out, bytes: Count, count: Count) -> u32;
    fn RasEnumConnectionsA(list: Out, bytes: Count, count: Count) -> u32;
    fn RasGetEntryPropertiesA(
        book: Text,
        entry: Text,
        to: Out,
        bytes: Count,
        device: Out,
        more: Count,
    ) -> u32;
    fn RasGetEntryPropertiesW(
        book: Text,
        entry: Text,
        to: Out,
        bytes: Count,
        device: Out,
        more: Count,
    ) -> u32;
    fn RasSetEntryPropertiesA(book: Text, entry: Text, from: Out, bytes: u32, device: Out, more: u32) -> u32;
    fn RasSetEntryPropertiesW(book: Text, entry: Text, from: Out, bytes: u32, device: Out, more: u32) -> u32;
    fn RasGetEntryDialParamsA(book: Text, params: Out, password: *mut i32) -> u32;
    fn RasGetEntryDialParamsW(book: Text, params: Out, password: *mut i32) -> u32;
    fn RasSetEntryDialParamsA(book: Text, params: Out, remove: i32) -> u32;
    fn RasSetEntryDialParamsW(book: Text, params: Out, remove: i32) -> u32;
    fn RasGetCredentialsA(book: Text, entry: Text, to: Out) -> u32;
    fn RasSetCredentialsA(book: Text, entry: Text, from: Out, clear: i32) -> u32;
    fn RasSetCredentialsW(book: Text, entry: Text, from: Out, clear: i32) -> u32;
    fn RasGetSubEntryPropertiesA(
        book: Text,
        entry: Text,
        n: u32,
        to: Out,
        bytes: Count,
        device: Out,
        more: Count,
    ) -> u32;
    fn RasSetSubEntryPropertiesA(
        book: Text,
        entry: Text,
        n: u32,
        from: Out,
        bytes: u32,
        device: Out,
        more: u32,
    ) -> u32;
    fn RasValidateEntryNameA(book: Text, entry: Text) -> u32;
    fn RasValidateEntryNameW(book: Text, entry: Text) -> u32;
    fn RasRenameEntryA(book: Text, from: Text, to: Text) -> u32;
    fn RasDeleteEntryA(book: Text, entry: Text) -> u32;
    fn RasDialA(
        extensions: Out,
        book: Text,
        params: Out,
        kind: u32,
        notifier: Text,
        handle: *mut usize,
    ) -> u32;
    fn RasDialW(
        extensions: Out,
        book: Text,
        params: Out,
        kind: u32,
        notifier: Text,
        handle: *mut usize,
    ) -> u32;
    fn RasGetConnectStatusA(handle: usize, status: Out) -> u32;
    fn RasGetProjectionInfoA(handle: usize, what: u32, to: Out, bytes: Count) -> u32;
    fn RasGetErrorStringA(number: u32, text: Out, characters: u32) -> u32;
    fn RasGetErrorStringW(number: u32, text: Out, characters: u32) -> u32;
    fn RasGetCountryInfoA(to: Out, bytes: Count) -> u32;
}

/// A folder for the books; no program that could be started is found.
fn home() {
    static HOME: OnceLock<tempfile::TempDir> = OnceLock::new();
    HOME.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "PATH"]
        {
            // SAFETY: before any thread of the library's.
            unsafe { std::env::set_var(name, folder.path()) };
        }
        folder
    });
}

/// Makes the call.
pub fn run(data: &[u8]) {
    home();
    let [function, switches, name, rest @ ..] = data else { return };
    let (texts, block) = rest.split_at(rest.len().min(usize::from(*name)));
    let mut block = block.to_vec();
    // a structure has its dwSize, whatever it says
    block.resize(block.len().max(size_of::<u32>()), 0);
    let size = block.first_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    if size <= LARGEST && size > block.len() {
        block.resize(size, 0);
    }
    // exactly so long, for AddressSanitizer
    let block = &mut *block.into_boxed_slice();
    let number = call(*function, *switches, texts, block);
    assert!(number <= LAST_RAS || number == 1168 || number == 1784 || number == 1816, "{function}: {number}");
}

fn call(function: u8, switches: u8, texts: &[u8], block: &mut [u8]) -> u32 {
    let is = |bit: u32| switches >> bit & 1 != 0;
    let name = [texts, &[0, 0, 0, 0]].concat();
    // aligned for either width
    let wide: Vec<u16> =
        name.chunks(2).map(|two| u16::from_le_bytes([two[0], two.get(1).copied().unwrap_or(0)])).collect();
    let text = if is(0) { wide.as_ptr().cast() } else { name.as_ptr().cast() };
    let length = block.len() as u32;
    let to: Out = if is(1) { std::ptr::null_mut() } else { block.as_mut_ptr().cast() };
    let (mut bytes, mut count, mut flag, mut handle) = (length, 0u32, 0i32, usize::from(is(2)));
    let none = std::ptr::null();
    let (no_out, no_count) = (std::ptr::null_mut(), std::ptr::null_mut());
    let n = u32::from(switches >> 5);
    // SAFETY: every pointer is NULL or has what the function asks for; dwSize says no more than there is, or what nobody takes.
    unsafe {
        match (function % 20, is(0)) {
            (0, false) => RasEnumEntriesA(none, none, to, &mut bytes, &mut count),
            (0, true) => RasEnumEntriesW(none, none, to, &mut bytes, &mut count),
            (1, false) => RasEnumDevicesA(to, &mut bytes, &mut count),
            (1, true) => RasEnumDevicesW(to, &mut bytes, &mut count),
            (2, _) => RasEnumConnectionsA(to, &mut bytes, &mut count),
            (3, false) => RasGetEntryPropertiesA(none, text, to, &mut bytes, no_out, no_count),
            (3, true) => RasGetEntryPropertiesW(none, text, to, &mut bytes, no_out, no_count),
            (4 | 5, false) => RasSetEntryPropertiesA(none, text, to, length, no_out, 0),
            (4 | 5, true) => RasSetEntryPropertiesW(none, text, to, length, no_out, 0),
            (6, false) => RasGetEntryDialParamsA(none, to, &mut flag),
            (6, true) => RasGetEntryDialParamsW(none, to, &mut flag),
            (7, false) => RasSetEntryDialParamsA(none, to, n as i32 & 1),
            (7, true) => RasSetEntryDialParamsW(none, to, n as i32 & 1),
            (8, _) if !is(0) => RasGetCredentialsA(none, text, to),
            (8 | 9, false) => RasSetCredentialsA(none, text, to, n as i32 & 1),
            (8 | 9, true) => RasSetCredentialsW(none, text, to, n as i32 & 1),
            (10, false) => RasGetSubEntryPropertiesA(none, text, n, to, &mut bytes, no_out, no_count),
            (11, false) => RasSetSubEntryPropertiesA(none, text, n, to, length, no_out, 0),
            (12, false) => RasValidateEntryNameA(none, text),
            (10..=12, true) => RasValidateEntryNameW(none, text),
            (13, false) => RasRenameEntryA(none, text, c"renamed".as_ptr().cast()),
            (13, true) => RasDialW(no_out, none, to, n, none, &mut handle),
            (14, false) => RasDeleteEntryA(none, text),
            (14 | 15, true) => RasDialW(to, text, to, n, none, &mut handle),
            (15, false) => RasDialA(no_out, none, to, n, none, &mut handle),
            (16, _) => RasGetConnectStatusA(handle, to),
            (17, _) => RasGetProjectionInfoA(handle, 0x8021, to, &mut bytes),
            (18, false) => RasGetErrorStringA(600 + n, to, length),
            (18, true) => RasGetErrorStringW(600 + n, to, length / 2),
            _ => RasGetCountryInfoA(to, &mut bytes),
        }
    }
}
