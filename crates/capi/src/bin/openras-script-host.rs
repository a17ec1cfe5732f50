//! The process of a custom script: `openras-script-host LIBOPENRAS LIBRARY`. Loads libopenras.so with its symbols for all,
//! and leaves the rest to it. RasDial starts it; nobody needs to start it by hand.

mod host;

use std::ffi::{c_char, c_int, c_void};
use std::process::ExitCode;

fn main() -> ExitCode {
    host::ended("openras-script-host", run())
}

fn run() -> Result<c_int, String> {
    let words = std::env::args_os().skip(1).collect();
    let (library, script) = host::paths(words, "usage: openras-script-host LIBOPENRAS LIBRARY")?;
    let function = host::function(&library, c"openras_script_host")?;
    // SAFETY: this is the type the library exports it with.
    let function =
        unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*const c_char) -> c_int>(function) };
    // SAFETY: a text with its NUL.
    Ok(unsafe { function(script.as_ptr()) })
}
