//! The process of a security module: `openras-module-host [OPTIONS] LIBOPENRAS MODULE`. Loads libopenras.so with its
//! symbols for all, as a module expects RASMAN.DLL to be there, and leaves the rest to it. The service starts it
//! behind its wall; nobody needs to start it by hand, but for `--check`.

mod host;

use std::ffi::{OsStr, OsString, c_char, c_int, c_void};
use std::process::ExitCode;

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
    host::ended("openras-module-host", run())
}

fn run() -> Result<c_int, String> {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut options = Options::default();
    while words.first().is_some_and(|word| word.as_encoded_bytes().starts_with(b"--")) {
        options.take(&words.remove(0)).ok_or(USAGE)?;
    }
    let (library, module) = host::paths(words, USAGE)?;
    let function = host::function(&library, c"openras_module_host")?;
    // SAFETY: this is the type the library exports it with.
    let function = unsafe {
        std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*const c_char, *const Options) -> c_int>(
            function,
        )
    };
    // SAFETY: a text with its NUL, and options as the library knows them.
    Ok(unsafe { function(module.as_ptr(), &raw const options) })
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
