//! One copy of the library in a process. Links to one file are one copy to the loader; a second file is not, and would
//! share neither events nor handles with the first.

use std::ffi::{CStr, CString, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use libc::{RTLD_LAZY, RTLD_NOLOAD, dl_iterate_phdr, dl_phdr_info, dlclose, dlopen, dlsym};
const UNUSED: u32 = 0;
const CLAIMED: u32 = 1;
const IN_USE: u32 = 2;

/// Whether this copy is in use. Exported, so that copies find each other.
#[allow(unreachable_pub, reason = "other copies reach it")]
#[unsafe(no_mangle)]
pub static openras_copy_in_use: AtomicU32 = AtomicU32::new(UNUSED);

/// Takes this copy into use, unless another is.
///
/// # Errors
/// Why this copy refuses to work; said once on standard error.
pub(crate) fn only_one() -> Result<(), String> {
    let own = &raw const openras_copy_in_use;
    openras_copy_in_use.store(CLAIMED, Ordering::SeqCst);
    for name in loaded() {
        let Some(other) = mark_of(&name).filter(|other| *other != own) else { continue };
        // SAFETY: another copy's mark is the same kind of static as ours, and no copy is ever unmapped.
        let mark = unsafe { &*other };
        // of two that claim at once the higher gives way, and the lower waits until it has
        while mark.load(Ordering::SeqCst) == CLAIMED && own < other {
            std::thread::yield_now();
        }
        if mark.load(Ordering::SeqCst) != UNUSED {
            openras_copy_in_use.store(UNUSED, Ordering::SeqCst);
            let name = name.to_string_lossy();
            let why = format!("another copy of it is in use in this process: {name}. Load one file only.");
            return Err(say_once(&why));
        }
    }
    openras_copy_in_use.store(IN_USE, Ordering::SeqCst);
    Ok(())
}

/// Says on standard error why nothing works here; a program that sees only 711 could not know. Gives what it said.
pub(crate) fn say_once(why: &str) -> String {
    static SAID: AtomicBool = AtomicBool::new(false);
    let why = format!("libopenras.so refuses to work (711): {why}");
    if !SAID.swap(true, Ordering::SeqCst) {
        say(&why);
    }
    why
}

/// A line on standard error. Nobody may be left to read it. Not by Rust's own stream: a thread of the parent may have
/// held its lock when a child was forked.
pub(crate) fn say(text: &str) {
    let line = format!("{text}\n");
    let mut rest = line.as_bytes();
    while let Ok(written @ 1..) =
        rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stderr(), rest))
    {
        rest = rest.get(written..).unwrap_or_default();
    }
}

/// The names of all shared objects of this process.
fn loaded() -> Vec<CString> {
    extern "C" fn each(info: *mut dl_phdr_info, _size: usize, names: *mut c_void) -> c_int {
        // SAFETY: the loader hands over a valid entry, and our own vector as it was given.
        let (info, names) = unsafe { (&*info, &mut *names.cast::<Vec<CString>>()) };
        if !info.dlpi_name.is_null() {
            // SAFETY: the loader's names end with NUL and live as long as the object.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) };
            if !name.is_empty() {
                names.push(name.to_owned());
            }
        }
        0
    }
    let mut names: Vec<CString> = Vec::new();
    // SAFETY: `each` takes exactly what is handed over here and does not outlive the call.
    unsafe { dl_iterate_phdr(Some(each), (&raw mut names).cast()) };
    names
}

/// The mark in a loaded object, if it is a copy of this library.
fn mark_of(name: &CStr) -> Option<*const AtomicU32> {
    // SAFETY: NOLOAD gives only what is mapped already and runs no code; the reference is given back below.
    let object = unsafe { dlopen(name.as_ptr(), RTLD_LAZY | RTLD_NOLOAD) };
    if object.is_null() {
        return None;
    }
    // SAFETY: a handle that is open, and a name that ends with NUL.
    let mark = unsafe { dlsym(object, c"openras_copy_in_use".as_ptr()) };
    // SAFETY: the handle was opened above.
    unsafe { dlclose(object) };
    (!mark.is_null()).then_some(mark.cast_const().cast())
}
