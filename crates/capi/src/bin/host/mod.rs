//! What the programs that host a library of somebody else's have in common: libopenras.so is loaded with its symbols for all,
//! as such a library expects RASMAN.DLL to be there, and one function of it does the rest.

use std::ffi::{CStr, CString, OsString, c_void};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// Exit code: called wrongly, or the library cannot be loaded.
const UNUSABLE: u8 = 3;

/// The two paths that end a command line: libopenras.so, and the library to host.
///
/// # Errors
/// A sentence: they are not two, which is `usage`, or no paths.
pub(crate) fn paths(words: Vec<OsString>, usage: &str) -> Result<(CString, CString), String> {
    let Ok([library, hosted]) = <[OsString; 2]>::try_from(words) else { return Err(usage.to_owned()) };
    match (CString::new(library.into_vec()), CString::new(hosted.into_vec())) {
        (Ok(library), Ok(hosted)) => Ok((library, hosted)),
        _ => Err("a path has a zero byte in it".to_owned()),
    }
}

/// Loads libopenras.so, and finds the function in it.
///
/// # Errors
/// A sentence with what the loader says.
pub(crate) fn function(library: &CStr, name: &CStr) -> Result<*mut c_void, String> {
    let shown = library.to_string_lossy();
    // SAFETY: a text with its NUL; the library is ours.
    let object = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if object.is_null() {
        return Err(format!("{shown} is not libopenras.so, for it cannot be loaded: {}", reason()));
    }
    // SAFETY: an object that is open, and a text with its NUL.
    let function = unsafe { libc::dlsym(object, name.as_ptr()) };
    if function.is_null() {
        return Err(format!("{shown} is not libopenras.so: {}", reason()));
    }
    Ok(function)
}

/// The exit code: the function's, or that of a failure, which is said.
pub(crate) fn ended(program: &str, result: Result<i32, String>) -> ExitCode {
    ExitCode::from(match result {
        Ok(code) => u8::try_from(code).unwrap_or(UNUSABLE),
        Err(why) => {
            eprintln!("{program}: {why}");
            UNUSABLE
        }
    })
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
