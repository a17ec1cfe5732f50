//! The process: loads the script library, calls it once, tells what came of it.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr::null_mut;
use std::time::Duration;

use openras_ppp::Secret;
use zeroize::Zeroize;

use super::exports::{self, LINE, PORT};
use super::fields;
use super::line::Line;
use crate::abi::basic::Pointer;
use crate::abi::caller::Versioned;
use crate::abi::dial::DialParams;
use crate::abi::script::CustomScriptExtensions;
use crate::guard::{Dword, guard_or};
use crate::text::{Char, to_array};
use crate::win32::module;

/// Exit code: it was not started by libopenras.so.
const UNUSABLE: c_int = 3;
/// ERROR_CANNOT_DO_CUSTOMDIAL.
const NO_LIBRARY: Dword = 755;
/// How long a library may take to end when its program has gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// RasCustomScriptExecute.
type Execute = unsafe extern "C" fn(
    port: usize,
    phonebook: *const u16,
    entry: *const u16,
    get_buffer: unsafe extern "C" fn(*mut *mut u8, *mut Dword) -> Dword,
    free_buffer: extern "C" fn(*mut u8) -> Dword,
    send_buffer: extern "C" fn(usize, *mut u8, Dword) -> Dword,
    receive_buffer: unsafe extern "C" fn(usize, *mut u8, *mut Dword, Dword, usize) -> Dword,
    retrieve_buffer: unsafe extern "C" fn(usize, *mut u8, *mut Dword) -> Dword,
    window: *mut c_void,
    params: *mut DialParams<u16>,
    reserved: *mut CustomScriptExtensions,
) -> Dword;

/// What the library is called with, and what it may change.
struct Call {
    phonebook: Vec<u16>,
    entry: Vec<u16>,
    params: Box<DialParams<u16>>,
}

/// `openras-script-host`: calls the script library at `path` with what comes on standard input and output. 0, or 3 where
/// nobody is there.
///
/// # Safety
/// `path` is a text with its NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openras_script_host(path: *const c_char) -> c_int {
    guard_or(UNUSABLE, || {
        if path.is_null() {
            return UNUSABLE;
        }
        // SAFETY: not NULL, so the caller vouches for it.
        let path = unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned();
        match host(&path) {
            // what the library's own threads may still need is not taken away
            // SAFETY: nothing of ours waits to be written.
            Ok(()) => unsafe { libc::_exit(0) },
            Err(error) => {
                crate::copies::say(&format!("openras-script-host serves libopenras.so alone: {error}"));
                UNUSABLE
            }
        }
    })
}

fn host(path: &str) -> std::io::Result<()> {
    let (line, mut control) = streams()?;
    let call = Call::of(&fields::read(&mut control)?).ok_or_else(fields::wrong)?;
    watch(control.try_clone()?)?;
    // a line there is already means that this was called twice
    let _ = LINE.set(Line::start(line)?);
    let mut call = call;
    let (code, reason, library) = match load(path) {
        Ok((library, execute)) => (call.run(execute), String::new(), Some(library)),
        Err(why) => (NO_LIBRARY, why, None),
    };
    call.tell(&mut control, code, &reason)?;
    if let Some(library) = library {
        module::unload(library);
    }
    // what the library printed
    // SAFETY: NULL means every stream.
    unsafe { libc::fflush(null_mut()) };
    Ok(())
}

/// Standard input is the line and standard output the control stream; both go out of the library's reach: what it prints
/// goes to standard error, what it reads is empty.
fn streams() -> std::io::Result<(UnixStream, UnixStream)> {
    let line = std::io::stdin().as_fd().try_clone_to_owned()?;
    let control = std::io::stdout().as_fd().try_clone_to_owned()?;
    let null = OwnedFd::from(File::open("/dev/null")?);
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(std::io::stderr())?;
    Ok((line.into(), control.into()))
}

/// When the program has gone nobody waits for the library any more; one that hangs must not stay.
fn watch(mut control: UnixStream) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("openras-watch".into());
    thread.spawn(move || {
        while matches!(control.read(&mut [0; 64]), Ok(1..)) {}
        std::thread::sleep(PATIENCE);
        // SAFETY: ends this process and nothing else.
        unsafe { libc::_exit(1) };
    })?;
    Ok(())
}

fn load(path: &str) -> Result<(usize, Execute), String> {
    let library = module::load(path, true)
        .map_err(|error| format!("it cannot be loaded ({error}) {}", crate::calls::reason::last()))?;
    let symbol = module::function(library, c"RasCustomScriptExecute")
        .ok_or_else(|| "it does not export RasCustomScriptExecute".to_owned())?;
    // SAFETY: the name is the contract; what a library exports under it has this type.
    Ok((library, unsafe { std::mem::transmute::<*mut c_void, Execute>(symbol) }))
}

impl Call {
    /// Phone book, entry, user, password, domain, number, callback number, dwCallbackId.
    fn of(fields: &[fields::Bytes]) -> Option<Self> {
        let [phonebook, entry, user, password, domain, number, callback, id] = fields else { return None };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ended = |bytes: &[u8]| u16::encode(&format!("{}\0", text(bytes)));
        let mut params = Box::new(DialParams::<u16>::empty());
        to_array(&text(entry), &mut params.szEntryName);
        to_array(&text(number), &mut params.szPhoneNumber);
        to_array(&text(callback), &mut params.szCallbackNumber);
        to_array(&text(user), &mut params.szUserName);
        to_array(&text(domain), &mut params.szDomain);
        let mut clear = text(password);
        to_array(&clear, &mut params.szPassword);
        clear.zeroize();
        params.dwCallbackId = Pointer::new(usize::from_le_bytes(id.as_slice().try_into().ok()?));
        Some(Self { phonebook: ended(phonebook), entry: ended(entry), params })
    }

    fn run(&mut self, execute: Execute) -> Dword {
        let mut extensions = CustomScriptExtensions::empty();
        extensions.pfnRasSetCommSettings = Pointer::new(exports::set_comm_settings as *const () as usize);
        // SAFETY: the library's own function, with what its type says; all of it lives until it returns.
        unsafe {
            execute(
                PORT,
                self.phonebook.as_ptr(),
                self.entry.as_ptr(),
                exports::get_buffer,
                exports::free_buffer,
                exports::send_buffer,
                exports::receive_buffer,
                exports::retrieve_buffer,
                null_mut(),
                &raw mut *self.params,
                &raw mut extensions,
            )
        }
    }

    /// What it returned, why it was not called, and the credentials as it left them.
    fn tell(&mut self, control: &mut UnixStream, code: Dword, reason: &str) -> std::io::Result<()> {
        let text = |units: &[u16]| crate::text::from_array(units);
        let (user, domain) = (text(&self.params.szUserName), text(&self.params.szDomain));
        let units = &self.params.szPassword;
        let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
        let password: Secret = u16::secret(units.get(..end).unwrap_or_default());
        self.params.szPassword.zeroize();
        let code = code.to_le_bytes();
        fields::write(
            control,
            &[&code, reason.as_bytes(), user.as_bytes(), password.expose(), domain.as_bytes()],
        )
    }
}
