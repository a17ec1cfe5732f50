//! The process: loads the module, reads the service's lines to their end.

use std::ffi::{CStr, c_char, c_int};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::dialog::{Dialog, TIMED_OUT};
use super::lines::{self, Heard};
use super::server::{self, Begin, End, Module};
use crate::guard::guard_or;
use crate::win32::module;
use openras_engine::RasError;

/// Longest line the service writes, in bytes: 65,535 of a caller in base64 and room around them.
const LINE: u64 = 128 * 1024;
/// How long a module that put off its End may take when the service has gone.
const PATIENCE: Duration = Duration::from_secs(1);
/// Exit codes: the module cannot be used.
const UNUSABLE: c_int = 3;

/// The module.
static LIBRARY: AtomicUsize = AtomicUsize::new(0);
/// The process serves one dialog only, and ends behind it.
static ONE_DIALOG: AtomicBool = AtomicBool::new(true);

/// `openras module-host`: runs the security module at `path` on standard input and output, or with `check` not 0 only
/// looks whether it could. 0, or 3 with the reason on standard error.
///
/// # Safety
/// `path` is a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openras_module_host(path: *const c_char, check: c_int) -> c_int {
    guard_or(UNUSABLE, || {
        if path.is_null() {
            return UNUSABLE;
        }
        // SAFETY: not NULL, so the caller vouches for it.
        let path = unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned();
        match host(&path, check != 0) {
            Ok(()) => 0,
            Err(why) => {
                crate::copies::say(&format!("{path} cannot be a security module: {why}"));
                UNUSABLE
            }
        }
    })
}

fn host(path: &str, check: bool) -> Result<(), String> {
    let service = streams().map_err(|error| format!("its streams cannot be set up ({error})"))?;
    let module = load(path)?;
    if check {
        return Ok(());
    }
    let (input, output) = service;
    lines::write_to(output);
    server::start(module).map_err(|error| format!("no thread can be started ({error})"))?;
    read(BufReader::new(input));
    server::stop();
    // the server's thread ends the process; a module that never comes back from End must not keep it
    std::thread::sleep(PATIENCE);
    leave()
}

/// Ends the process without running what the module's own threads may still need.
fn leave() -> ! {
    // SAFETY: nothing of ours waits to be written.
    unsafe { libc::_exit(0) }
}

/// The service's streams, out of the module's reach: what it prints goes to the log, what it reads is empty.
fn streams() -> std::io::Result<(File, File)> {
    let (input, output) =
        (std::io::stdin().as_fd().try_clone_to_owned()?, std::io::stdout().as_fd().try_clone_to_owned()?);
    let null = OwnedFd::from(File::open("/dev/null")?);
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(std::io::stderr())?;
    Ok((input.into(), output.into()))
}

fn load(path: &str) -> Result<Module, String> {
    let library = module::load(path, true)
        .map_err(|error| format!("it cannot be loaded ({error}) {}", crate::calls::reason::last()))?;
    LIBRARY.store(library, Ordering::SeqCst);
    let symbol = |name: &CStr| {
        module::function(library, name)
            .ok_or_else(|| format!("it does not export {}", name.to_string_lossy()))
    };
    let (begin, end) = (symbol(c"RasSecurityDialogBegin")?, symbol(c"RasSecurityDialogEnd")?);
    // SAFETY: the names are the contract; what a module exports under them has these types.
    unsafe {
        Ok(Module {
            begin: std::mem::transmute::<*mut std::ffi::c_void, Begin>(begin),
            end: std::mem::transmute::<*mut std::ffi::c_void, End>(end),
        })
    }
}

fn read(mut from: BufReader<File>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => hear(&line),
        }
    }
}

fn hear(line: &[u8]) {
    let Some((name, heard)) = lines::read(line) else { return };
    match heard {
        Heard::Begin { device } => {
            if name.is_some() {
                ONE_DIALOG.store(false, Ordering::SeqCst);
            }
            server::begin(name, device);
        }
        Heard::End => server::end(&name),
        Heard::Received(bytes) => received(&name, Ok(&bytes)),
        Heard::Timeout => received(&name, Err(TIMED_OUT)),
        Heard::Refused(error) => received(&name, Err(RasError(error))),
    }
}

fn received(name: &lines::Name, result: Result<&[u8], RasError>) {
    if let Some((_, dialog)) = Dialog::named(name) {
        dialog.received(result);
    }
}

/// A dialog has nothing left: its process neither, where it serves one.
pub(super) fn dialog_over() {
    if ONE_DIALOG.load(Ordering::SeqCst) {
        stopped();
    }
}

/// Nothing is left to do.
pub(super) fn stopped() -> ! {
    module::unload(LIBRARY.load(Ordering::SeqCst));
    leave()
}
