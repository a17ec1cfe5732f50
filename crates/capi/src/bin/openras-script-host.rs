//! The process of a custom script: `openras-script-host LIBOPENRAS LIBRARY`. Loads libopenras.so with its symbols for all,
//! and leaves the rest to it. RasDial starts it; nobody needs to start it by hand.

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// Exit code: called wrongly, or the library cannot be loaded.
const UNUSABLE: u8 = 3;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let Ok([library, script]) = <[OsString; 2]>::try_from(words) else {
        return failed("usage: openras-script-host LIBOPENRAS LIBRARY");
    };
    let (Ok(library), Ok(script)) = (CString::new(library.into_vec()), CString::new(script.into_vec()))
    else {
        return failed("a path has a zero byte in it");
    };
    // SAFETY: a text with its NUL; the library is ours.
    let object = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    // SAFETY: NULL is a handle that finds nothing of ours; a text with its NUL.
    let host = unsafe { libc::dlsym(object, c"openras_script_host".as_ptr()) };
    if object.is_null() || host.is_null() {
        return failed(&format!("{} is not libopenras.so: {}", library.to_string_lossy(), reason()));
    }
    // SAFETY: this is the type the library exports it with.
    let host =
        unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*const c_char) -> c_int>(host) };
    // SAFETY: a text with its NUL.
    let code = unsafe { host(script.as_ptr()) };
    ExitCode::from(u8::try_from(code).unwrap_or(UNUSABLE))
}

fn failed(why: &str) -> ExitCode {
    eprintln!("openras-script-host: {why}");
    ExitCode::from(UNUSABLE)
}

/// What the loader says.
fn reason() -> String {
    // SAFETY: gives NULL or this thread's text, which is copied at once.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            "it lacks a symbol".into()
        } else {
            CStr::from_ptr(text).to_string_lossy().into_owned()
        }
    }
}
