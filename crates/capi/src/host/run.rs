//! The process: loads the module, reads the service's lines to their end.

use std::ffi::{CStr, c_char, c_int};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use openras_engine::RasError;
use zeroize::Zeroize;

use super::dialog::{Dialog, TIMED_OUT};
use super::lines::{self, Heard};
use super::server::{self, Begin, End, Module};
use crate::guard::guard_or;
use crate::win32::module;

/// Longest line the service writes, in bytes: 65,535 of a caller in base64 and room around them.
const LINE: u64 = 128 * 1024;
/// How long threads of the module may take to end before the process does.
const THREADS: Duration = Duration::from_secs(1);
/// How often they are looked at: nobody tells when one is gone.
const LOOK: Duration = Duration::from_millis(1);
/// Exit code: the module cannot be used.
const UNUSABLE: c_int = 3;

/// The module.
static LIBRARY: AtomicUsize = AtomicUsize::new(0);
/// Threads there were before the first dialog; 0 where nobody can tell.
static OURS: AtomicUsize = AtomicUsize::new(0);
/// The library has threads of its own, which DllMain or a constructor started: its code must stay.
static STAYS: AtomicBool = AtomicBool::new(false);

/// How a host runs, from the command line of `openras-module-host`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OpenrasHostOptions {
    /// Not 0: only looks whether the module can be loaded.
    check: c_int,
    /// Bytes of each buffer, 1024 to 65535; 0 is 4096.
    buffer: u32,
    /// Seconds that an End may be put off before the log says so; 0 is 60.
    delayed_end: u32,
    /// Seconds for what is put off when the service has gone; 0 is 10.
    grace: u32,
}

/// `openras-module-host`: runs the security module at `path` on standard input and output, or only looks whether it could.
/// 0, or 3 with the reason on standard error.
///
/// # Safety
/// `path` is a text with its NUL, `options` NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openras_module_host(
    path: *const c_char,
    options: *const OpenrasHostOptions,
) -> c_int {
    guard_or(UNUSABLE, || {
        if path.is_null() || options.is_null() {
            return UNUSABLE;
        }
        // SAFETY: not NULL, so the caller vouches for them.
        let (path, options) =
            unsafe { (CStr::from_ptr(path).to_string_lossy().into_owned(), options.read()) };
        match host(&path, options) {
            Ok(()) => 0,
            Err(why) => {
                crate::copies::say(&format!("{path} cannot be a security module: {why}"));
                UNUSABLE
            }
        }
    })
}

fn host(path: &str, options: OpenrasHostOptions) -> Result<(), String> {
    let (input, output) = streams().map_err(|error| format!("its streams cannot be set up ({error})"))?;
    crate::guard::usable().map_err(|error| format!("libopenras.so does not work here ({error})"))?;
    let before = threads();
    let module = load(path)?;
    STAYS.store(threads() > before, Ordering::SeqCst);
    if options.check != 0 {
        return Ok(());
    }
    let seconds = |given: u32, else_: u32| Duration::from_secs(if given == 0 { else_ } else { given }.into());
    let buffer = if options.buffer == 0 { 4096 } else { options.buffer.clamp(1024, 65_535) };
    lines::write_to(output);
    server::start(module, usize::try_from(buffer).unwrap_or(4096), seconds(options.delayed_end, 60))
        .map_err(|error| format!("no thread can be started ({error})"))?;
    read(BufReader::new(input));
    server::stop();
    // the server's thread ends the process as soon as nothing is left to do; a module that does not come back from
    // Begin or End, or forgets its Complete, must not keep it
    std::thread::sleep(seconds(options.grace, 10));
    exit()
}

/// Ends the process without running what threads of the module may still need.
fn exit() -> ! {
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
        .map_err(|error| format!("it cannot be loaded ({}): {}", error.0, crate::calls::reason::last()))?;
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
        // what was typed does not stay
        line.as_mut_slice().zeroize();
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
        Heard::Begin { device } => server::begin(name, device),
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

/// Threads of this process; `None` without /proc.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// Before the first Begin: which threads are ours, or the library's own for good.
pub(super) fn count_threads() {
    let _ = OURS.compare_exchange(0, threads().unwrap_or(0), Ordering::SeqCst, Ordering::SeqCst);
}

/// All dialogs are over. Threads of the module that have called Complete go on to their end; then the library is told, and
/// unmapped, and the process ends. A thread that stays keeps the library mapped: one of a dialog, then nothing is told
/// either; one of DllMain's, whose code must not go from under it before the process ends it, as on Windows.
pub(super) fn leave() -> ! {
    let (ours, since) = (OURS.load(Ordering::SeqCst), Instant::now());
    let gone = || ours > 0 && threads().is_some_and(|now| now <= ours);
    while !gone() && ours > 0 && since.elapsed() < THREADS {
        std::thread::sleep(LOOK);
    }
    if ours == 0 || gone() {
        let library = LIBRARY.load(Ordering::SeqCst);
        if STAYS.load(Ordering::SeqCst) {
            let begin = module::function(library, c"RasSecurityDialogBegin");
            begin.into_iter().for_each(module::pin);
        }
        module::unload(library);
    }
    exit()
}
