//! One copy of the library in a process. Links to one file are one copy to the loader; a second file is not, and would
//! share neither events nor handles with the first.
//!
//! Copies find each other while they are loaded, when the loader runs one constructor at a time, and are linked in a
//! ring. The first call only walks the ring: it asks the loader nothing, which may be waiting for a constructor of the
//! program's that waits for this very call.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use libc::{Dl_info, RTLD_LAZY, RTLD_NOLOAD, dl_iterate_phdr, dl_phdr_info, dladdr, dlclose, dlopen, dlsym};

const UNUSED: u32 = 0;
const CLAIMED: u32 = 1;
const IN_USE: u32 = 2;

/// What copies know of each other. Its layout is the same in all of them.
#[allow(unreachable_pub, reason = "other copies reach it")]
#[repr(C)]
pub struct Mark {
    /// Whether it is in use.
    state: AtomicU32,
    /// The next of the ring; NULL for a copy that is alone.
    next: AtomicPtr<Mark>,
    /// The name of its file, which the loader keeps; NULL where it was not to be learned.
    file: AtomicPtr<c_char>,
}

/// This copy. Exported, so that copies find each other.
#[allow(unreachable_pub, reason = "other copies reach it")]
#[unsafe(no_mangle)]
pub static openras_copy_in_use: Mark = Mark {
    state: AtomicU32::new(UNUSED),
    next: AtomicPtr::new(null_mut()),
    file: AtomicPtr::new(null_mut()),
};

/// Run by the loader before anything of this copy is called. Nothing in it panics: that would end the program.
#[used]
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = {
    extern "C" fn loaded_now() {
        join();
    }
    loaded_now
};

/// Links this copy into the ring of those that are loaded.
fn join() {
    let own = &raw const openras_copy_in_use;
    openras_copy_in_use.file.store(file_of(own), Ordering::SeqCst);
    // of those that a program is linked against, another may have been first and have found this one
    if !openras_copy_in_use.next.load(Ordering::SeqCst).is_null() {
        return;
    }
    let before = loaded().iter().find_map(|name| mark_of(name).filter(|other| *other != own));
    if let Some(other) = before {
        // SAFETY: another copy's mark is the same kind of static as ours, and no copy is ever unmapped.
        let before = unsafe { &*other };
        let next = before.next.load(Ordering::SeqCst);
        let next = if next.is_null() { other.cast_mut() } else { next };
        openras_copy_in_use.next.store(next, Ordering::SeqCst);
        before.next.store(own.cast_mut(), Ordering::SeqCst);
    }
}

/// The name of the file a copy was loaded from.
fn file_of(copy: *const Mark) -> *mut c_char {
    let mut info =
        Dl_info { dli_fname: null(), dli_fbase: null_mut(), dli_sname: null(), dli_saddr: null_mut() };
    // SAFETY: an address, and a place for the answer.
    let known = unsafe { dladdr(copy.cast(), &raw mut info) } != 0;
    if known { info.dli_fname.cast_mut() } else { null_mut() }
}

/// Takes this copy into use, unless another is.
///
/// # Errors
/// Why this copy refuses to work; said once on standard error.
pub(crate) fn only_one() -> Result<(), String> {
    let own = &raw const openras_copy_in_use;
    openras_copy_in_use.state.store(CLAIMED, Ordering::SeqCst);
    let mut at = openras_copy_in_use.next.load(Ordering::SeqCst).cast_const();
    while !at.is_null() && at != own {
        // SAFETY: only copies are in the ring, and no copy is ever unmapped.
        let other = unsafe { &*at };
        // of two that claim at once the higher gives way, and the lower waits until it has
        while other.state.load(Ordering::SeqCst) == CLAIMED && own < at {
            std::thread::yield_now();
        }
        if other.state.load(Ordering::SeqCst) != UNUSED {
            openras_copy_in_use.state.store(UNUSED, Ordering::SeqCst);
            let file = other.file.load(Ordering::SeqCst);
            let name = if file.is_null() {
                "another file".into()
            } else {
                // SAFETY: the loader's names end with NUL and live as long as the object.
                unsafe { CStr::from_ptr(file) }.to_string_lossy()
            };
            let why = format!("another copy of it is in use in this process: {name}. Load one file only.");
            return Err(say_once(&why));
        }
        at = other.next.load(Ordering::SeqCst).cast_const();
    }
    openras_copy_in_use.state.store(IN_USE, Ordering::SeqCst);
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
fn mark_of(name: &CStr) -> Option<*const Mark> {
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
