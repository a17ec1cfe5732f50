//! Which libraries are loaded, how often, and the calls of their DllMain. No lock is held during such a call; another
//! thread that wants the same library meanwhile waits for its end, as in Windows.

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use libc::{Dl_info, RTLD_LOCAL, RTLD_NOLOAD, RTLD_NOW, dlclose, dlerror, dlopen, dlsym};
use openras_engine::RasError;

use super::name::Candidate;
use crate::guard::{INVALID_HANDLE, NO_MEMORY};
use crate::handles::Handles;
use crate::win32::clock::debug;
use crate::win32::error::{BAD_EXE_FORMAT, DLL_INIT_FAILED, MOD_NOT_FOUND, PROC_NOT_FOUND};
use crate::win32::{Bool, Handle};

/// DllMain.
type Entry = unsafe extern "C" fn(Handle, u32, *mut c_void) -> Bool;

const PROCESS_DETACH: u32 = 0;
const PROCESS_ATTACH: u32 = 1;
const THREAD_ATTACH: u32 = 2;
const THREAD_DETACH: u32 = 3;

/// The loader's handle of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mapped(usize);

impl Mapped {
    fn pointer(self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Ready,
    /// This thread is in DllMain, at the first load or the last free.
    Changing(ThreadId),
}

#[derive(Clone, Copy, Debug)]
struct Library {
    handle: Handle,
    mapped: Mapped,
    loads: u32,
    phase: Phase,
    entry: Option<Entry>,
    threads: bool,
    /// This library or the program: never unmapped, and there is no DllMain to tell.
    pinned: bool,
    /// It was found before it was loaded, and stays mapped for its handle's sake.
    kept: bool,
}

static NUMBERS: Handles<()> = Handles::new(5);
static LIBRARIES: Mutex<Vec<Library>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();

unsafe extern "C" {
    fn dlinfo(object: *mut c_void, request: c_int, to: *mut c_void) -> c_int;
    fn dladdr1(address: *const c_void, info: *mut Dl_info, extra: *mut *mut c_void, flags: c_int) -> c_int;
}

fn libraries() -> MutexGuard<'static, Vec<Library>> {
    LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Loads the first candidate that is there.
pub(super) fn load(candidates: &[Candidate], call_entry: bool) -> Result<Handle, RasError> {
    let (mapped, pinned) = open(candidates, 0)?;
    // not under our lock: the system's loader has one of its own, which it holds while a library's constructors run, and
    // they may come here
    let entry = if call_entry && !pinned { entry_of(mapped) } else { None };
    let me = std::thread::current().id();
    let mut list = libraries();
    loop {
        match list.iter_mut().find(|library| library.mapped == mapped) {
            None => list = add(list, mapped, pinned, false)?,
            Some(library) if library.phase == Phase::Ready || library.phase == Phase::Changing(me) => {
                library.loads = library.loads.saturating_add(1);
                if library.loads > 1 || library.pinned {
                    let handle = library.handle;
                    drop(list);
                    close(mapped);
                    return Ok(handle);
                }
                library.entry = entry;
                library.phase = entry.map_or(Phase::Ready, |_| Phase::Changing(me));
                let library = *library;
                drop(list);
                return first(library);
            }
            Some(_) => list = CHANGED.wait(list).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// Adds a library that nobody has loaded yet.
fn add(
    mut list: MutexGuard<'static, Vec<Library>>,
    mapped: Mapped,
    pinned: bool,
    kept: bool,
) -> Result<MutexGuard<'static, Vec<Library>>, RasError> {
    let Some(handle) = NUMBERS.insert(Arc::new(())) else {
        drop(list);
        close(mapped);
        return Err(NO_MEMORY);
    };
    let (phase, entry) = (Phase::Ready, None);
    list.push(Library { handle, mapped, loads: 0, phase, entry, threads: true, pinned, kept });
    Ok(list)
}

/// The first load of a library: tells it.
fn first(library: Library) -> Result<Handle, RasError> {
    let Library { handle, mapped, entry: Some(entry), .. } = library else { return Ok(library.handle) };
    // SAFETY: the library's DllMain, called as Windows calls it, under no lock.
    if unsafe { entry(handle, PROCESS_ATTACH, null_mut()) } != 0 {
        settle(handle);
        return Ok(handle);
    }
    // SAFETY: as above; Windows tells a library that refused.
    unsafe { entry(handle, PROCESS_DETACH, null_mut()) };
    forget(handle, mapped);
    Err(DLL_INIT_FAILED)
}

/// Gives a library back.
pub(super) fn free(handle: Handle) -> Result<(), RasError> {
    if handle == 0 {
        return Err(INVALID_HANDLE);
    }
    let mut list = libraries();
    let library = loop {
        let library = list.iter_mut().find(|library| library.handle == handle).ok_or(MOD_NOT_FOUND)?;
        if library.loads > 1 {
            library.loads -= 1;
            return Ok(());
        }
        // not loaded, only found: what the program brought
        if library.pinned || library.loads == 0 {
            return Ok(());
        }
        match library.phase {
            Phase::Ready => {
                library.phase = Phase::Changing(std::thread::current().id());
                break *library;
            }
            // its own DllMain gives the last load away
            Phase::Changing(by) if by == std::thread::current().id() => return Err(DLL_INIT_FAILED),
            Phase::Changing(_) => list = CHANGED.wait(list).unwrap_or_else(PoisonError::into_inner),
        }
    };
    drop(list);
    if let Some(entry) = library.entry {
        // SAFETY: the library's DllMain, called as Windows calls it, under no lock.
        unsafe { entry(handle, PROCESS_DETACH, null_mut()) };
    }
    forget(handle, library.mapped);
    Ok(())
}

fn settle(handle: Handle) {
    libraries()
        .iter_mut()
        .filter(|library| library.handle == handle)
        .for_each(|library| library.phase = Phase::Ready);
    CHANGED.notify_all();
}

/// After the last free: what the program brought is still there.
fn forget(handle: Handle, mapped: Mapped) {
    let mut list = libraries();
    if let Some(library) = list.iter_mut().find(|library| library.handle == handle && library.kept) {
        *library = Library { loads: 0, phase: Phase::Ready, entry: None, threads: true, ..*library };
    } else {
        list.retain(|library| library.handle != handle);
        NUMBERS.remove(handle);
    }
    drop(list);
    CHANGED.notify_all();
    close(mapped);
}

/// The handle of what is loaded already.
pub(super) fn find(candidates: &[Candidate]) -> Result<Handle, RasError> {
    let (mapped, pinned) = open(candidates, RTLD_NOLOAD)?;
    // one lock from the look to the entry: a library has one handle, whoever asks at the same moment
    let mut list = libraries();
    let handle_in =
        |list: &[Library]| list.iter().find(|library| library.mapped == mapped).map(|library| library.handle);
    if let Some(handle) = handle_in(&list) {
        drop(list);
        close(mapped);
        return Ok(handle);
    }
    // the program brought it, or another thread is about to load it and will find it here
    list = add(list, mapped, pinned, true)?;
    handle_in(&list).ok_or(MOD_NOT_FOUND)
}

/// A library's own function: what a library it needs has does not count, as in Windows.
pub(super) fn function(handle: Handle, name: &CStr) -> Result<*mut c_void, RasError> {
    let (mapped, loaded) = {
        let mut list = libraries();
        let library = list.iter_mut().find(|library| library.handle == handle).ok_or(INVALID_HANDLE)?;
        let loaded = library.loads > 0;
        // stays mapped meanwhile, whatever another thread frees; what was only found does in any case
        library.loads = library.loads.saturating_add(u32::from(loaded));
        (library.mapped, loaded)
    };
    let found = own_symbol(mapped, name);
    if loaded {
        // can only say that it is gone, which it is not
        let _ = free(handle);
    }
    found.ok_or(PROC_NOT_FOUND)
}

/// No calls of DllMain for threads.
pub(super) fn without_threads(handle: Handle) -> Result<(), RasError> {
    let mut list = libraries();
    let library = list.iter_mut().find(|library| library.handle == handle).ok_or(INVALID_HANDLE)?;
    library.threads = false;
    Ok(())
}

/// Tells the libraries that a thread begins.
pub(crate) fn thread_begins() {
    tell_threads(THREAD_ATTACH);
}

/// Tells the libraries that a thread ends.
pub(crate) fn thread_ends() {
    tell_threads(THREAD_DETACH);
}

fn tell_threads(what: u32) {
    let mut wanted = Vec::new();
    for library in libraries().iter_mut().filter(|library| library.phase == Phase::Ready && library.threads) {
        if let Some(entry) = library.entry {
            // stays mapped during the call
            library.loads = library.loads.saturating_add(1);
            wanted.push((library.handle, entry));
        }
    }
    if what == THREAD_DETACH {
        wanted.reverse();
    }
    for (handle, entry) in wanted {
        // SAFETY: the library's DllMain, called as Windows calls it, under no lock.
        unsafe { entry(handle, what, null_mut()) };
        // can only say that it is gone, which it is not
        let _ = free(handle);
    }
}

/// Opens the first candidate that is there, and says whether it is for ever. The reasons of all failures go to
/// whoever debugs; the number is the first that says more than "not found".
fn open(candidates: &[Candidate], only_loaded: c_int) -> Result<(Mapped, bool), RasError> {
    let mut failed = MOD_NOT_FOUND;
    for candidate in candidates {
        let path = match candidate {
            Candidate::Ours => our_path(),
            Candidate::Program => None,
            Candidate::File(name) => match CString::new(name.as_str()) {
                Ok(name) => Some(name),
                Err(_) => continue,
            },
        };
        let name = path.as_ref().map_or(std::ptr::null(), |path| path.as_ptr());
        // SAFETY: NULL or a name with its NUL; the library's constructors run, as the caller wants.
        let object = unsafe { dlopen(name, RTLD_NOW | RTLD_LOCAL | only_loaded) };
        if !object.is_null() {
            return Ok((Mapped(object.expose_provenance()), !matches!(candidate, Candidate::File(_))));
        }
        let why = reason();
        debug(&format!("LoadLibrary: {why}"));
        if failed == MOD_NOT_FOUND {
            failed = number_of(&why);
            crate::calls::reason::set(why.as_str());
        }
    }
    Err(failed)
}

/// Windows' number for the loader's sentence.
fn number_of(why: &str) -> RasError {
    let format =
        ["invalid ELF header", "file too short", "wrong ELF class", "cannot open shared object file: Is a"];
    if why.contains("undefined symbol") {
        PROC_NOT_FOUND
    } else if format.iter().any(|known| why.contains(known)) {
        BAD_EXE_FORMAT
    } else {
        MOD_NOT_FOUND
    }
}

/// The loader's sentence. In English, whatever language the program has chosen: [`number_of`] reads it.
fn reason() -> String {
    // SAFETY: C's own locale for this thread alone until the one it had is put back; `dlerror` gives NULL or this
    // thread's text, which is copied at once.
    unsafe {
        let plain = libc::newlocale(libc::LC_ALL_MASK, c"C".as_ptr(), null_mut());
        let before = if plain.is_null() { plain } else { libc::uselocale(plain) };
        let text = dlerror();
        let text =
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() };
        if !plain.is_null() {
            libc::uselocale(before);
            libc::freelocale(plain);
        }
        text
    }
}

fn close(mapped: Mapped) {
    // SAFETY: a reference that `open` took and nobody else gives back.
    unsafe { dlclose(mapped.pointer()) };
}

/// What has this address is never unmapped, however often it is freed.
pub(super) fn pin(address: *mut c_void) {
    let mut info = std::mem::MaybeUninit::<Dl_info>::zeroed();
    // SAFETY: any address may be asked about; there is room for the answer, which zeroes fill as well. The reference is
    // never given back.
    unsafe {
        if libc::dladdr(address, info.as_mut_ptr()) != 0 {
            dlopen(info.assume_init().dli_fname, RTLD_NOW | RTLD_NOLOAD | libc::RTLD_NODELETE);
        }
    }
}

/// The file this code is in; `None` where it is part of the program.
fn our_path() -> Option<CString> {
    static MARK: c_char = 0;
    let mut info = std::mem::MaybeUninit::<Dl_info>::zeroed();
    // SAFETY: an address of ours, and room for the answer, which zeroes fill as well.
    unsafe {
        if libc::dladdr((&raw const MARK).cast(), info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = info.assume_init().dli_fname;
        let object = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
        if object.is_null() {
            return None;
        }
        dlclose(object);
        Some(CStr::from_ptr(name).to_owned())
    }
}

fn entry_of(mapped: Mapped) -> Option<Entry> {
    // the second is C++'s, of a DllMain whose first parameter is a HANDLE
    let address = own_symbol(mapped, c"DllMain").or_else(|| own_symbol(mapped, c"_Z7DllMainPvjS_"))?;
    // SAFETY: a function of this name has this type.
    Some(unsafe { std::mem::transmute::<*mut c_void, Entry>(address) })
}

/// A symbol that the object itself has, not one it needs.
fn own_symbol(mapped: Mapped, name: &CStr) -> Option<*mut c_void> {
    const RTLD_DI_LINKMAP: c_int = 2;
    const RTLD_DL_LINKMAP: c_int = 2;
    let mut own = null_mut::<c_void>();
    let mut owner = null_mut::<c_void>();
    let mut info = std::mem::MaybeUninit::<Dl_info>::zeroed();
    // SAFETY: an object that is open, a name with its NUL, and room for each answer.
    unsafe {
        let address = dlsym(mapped.pointer(), name.as_ptr());
        let known = !address.is_null()
            && dlinfo(mapped.pointer(), RTLD_DI_LINKMAP, (&raw mut own).cast()) == 0
            && dladdr1(address, info.as_mut_ptr(), &raw mut owner, RTLD_DL_LINKMAP) != 0;
        (known && own == owner).then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_has_one_handle_whoever_asks_at_the_same_moment() {
        let files = ["libc.so.6", "libm.so.6", "libgcc_s.so.1"].map(|name| Candidate::File(name.to_owned()));
        for wanted in files.into_iter().chain([Candidate::Program]) {
            let start = std::sync::Barrier::new(16);
            let ask = || {
                start.wait();
                find(std::slice::from_ref(&wanted)).unwrap()
            };
            let handles: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(handles.iter().all(|handle| *handle == handles[0]), "{wanted:?}: {handles:?}");
        }
    }
}
