//! The process of a security module: `openras-module-host [OPTIONS] LIBOPENRAS MODULE`. Loads libopenras.so with its
//! symbols for all, as a module expects RASMAN.DLL to be there, and leaves the rest to it. The service starts it
//! behind its wall; nobody needs to start it by hand, but for `--check`.

use std::ffi::{CStr, CString, OsStr, OsString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// Exit code: called wrongly, or the library cannot be loaded.
const UNUSABLE: u8 = 3;
const USAGE: &str = "usage: openras-module-host [--check] [--buffer=BYTES] [--delayed-end=SECONDS] [--grace=SECONDS] \
                     LIBOPENRAS MODULE";

/// As libopenras.so has it.
#[repr(C)]
#[derive(Default)]
struct Options {
    check: c_int,
    buffer: u32,
    delayed_end: u32,
    grace: u32,
}

fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut options = Options::default();
    while words.first().is_some_and(|word| word.as_encoded_bytes().starts_with(b"--")) {
        if options.take(&words.remove(0)).is_none() {
            return failed(USAGE);
        }
    }
    let Ok([library, module]) = <[OsString; 2]>::try_from(words) else { return failed(USAGE) };
    let (Ok(library), Ok(module)) = (CString::new(library.into_vec()), CString::new(module.into_vec()))
    else {
        return failed("a path has a zero byte in it");
    };
    // SAFETY: a text with its NUL; the library is ours.
    let object = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if object.is_null() {
        return failed(&format!("{} cannot be loaded: {}", library.to_string_lossy(), reason()));
    }
    // SAFETY: an object that is open, and a text with its NUL.
    let host = unsafe { libc::dlsym(object, c"openras_module_host".as_ptr()) };
    if host.is_null() {
        return failed(&format!("{} is not libopenras.so: {}", library.to_string_lossy(), reason()));
    }
    // SAFETY: this is the type the library exports it with.
    let host = unsafe {
        std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*const c_char, *const Options) -> c_int>(host)
    };
    // SAFETY: a text with its NUL, and options as the library knows them.
    let code = unsafe { host(module.as_ptr(), &raw const options) };
    ExitCode::from(u8::try_from(code).unwrap_or(UNUSABLE))
}

impl Options {
    /// Takes one word of the command line; `None` where it is no option.
    fn take(&mut self, word: &OsStr) -> Option<()> {
        let word = word.to_str()?;
        if word == "--check" {
            self.check = 1;
            return Some(());
        }
        let (name, value) = word.split_once('=')?;
        let value = value.parse().ok()?;
        match name {
            "--buffer" => self.buffer = value,
            "--delayed-end" => self.delayed_end = value,
            "--grace" => self.grace = value,
            _ => return None,
        }
        Some(())
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("openras-module-host: {why}");
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
