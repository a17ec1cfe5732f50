//! The process of a script library, as its program sees it: found, started, and ended with this value.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Names the program instead of where it is looked for; not heeded in a program with more rights than its user.
const SETTING: &str = "OPENRAS_SCRIPT_HOST";
const NAME: &str = "openras-script-host";
/// Where it may be, seen from the library's folder: as installed, and as cargo leaves it.
const FOLDERS: [&str; 7] =
    ["../libexec/openras", "../../libexec/openras", "openras", "../libexec", "../bin", ".", ".."];

/// A running process. Dropped, it is ended.
pub(super) struct Helper {
    child: Option<Child>,
    /// Ours even where somebody else has waited for it: its number may be another's by then.
    handle: Option<OwnedFd>,
}

/// Its streams: the line, and what is told about it.
pub(super) struct Streams {
    pub(super) line: UnixStream,
    pub(super) control: UnixStream,
}

impl Helper {
    /// Starts it for this script library.
    ///
    /// # Errors
    /// A sentence: the program is not there, or cannot be started.
    pub(super) fn start(library: &str) -> Result<(Self, Streams), String> {
        let own = own_file().ok_or("the file of libopenras.so is not known")?;
        let program = program(&own)?;
        let failed = |error: std::io::Error| format!("{} cannot be started: {error}", program.display());
        let (line, its_line) = UnixStream::pair().map_err(failed)?;
        let (control, its_control) = UnixStream::pair().map_err(failed)?;
        let mut command = Command::new(&program);
        command.arg(&own).arg(library);
        command.stdin(Stdio::from(OwnedFd::from(its_line))).stdout(Stdio::from(OwnedFd::from(its_control)));
        let child = command.spawn().map_err(failed)?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let handle = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok((Self { child: Some(child), handle }, Streams { line, control }))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // one that has ended already needs no end
        match &self.handle {
            Some(handle) => drop(pidfd_send_signal(handle, Signal::KILL)),
            None => drop(child.kill()),
        }
        // a program that waits for all its children may be first
        let thread = std::thread::Builder::new().name("openras-reaper".into());
        drop(thread.spawn(move || drop(child.wait())));
    }
}

/// The program: as it is named, or near the library.
fn program(own: &Path) -> Result<PathBuf, String> {
    // SAFETY: asks for a number of this process.
    let trusted = unsafe { libc::getauxval(libc::AT_SECURE) } == 0;
    if let Some(named) = std::env::var_os(SETTING).filter(|named| trusted && !named.is_empty()) {
        return Ok(named.into());
    }
    let folder = own.parent().unwrap_or(Path::new("/"));
    let mut places = FOLDERS.iter().map(|place| folder.join(place).join(NAME));
    places.find(|place| place.is_file()).ok_or_else(|| {
        format!("{NAME} is not near {}; install it, or name it in {SETTING}", folder.display())
    })
}

/// The file this library was loaded from, links followed.
fn own_file() -> Option<PathBuf> {
    let mut info = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    // SAFETY: an address of this library, and room for the answer.
    let found = unsafe { libc::dladdr((own_file as *const ()).cast(), &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's own text, which lives as long as the object.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())).canonicalize().ok()
}
