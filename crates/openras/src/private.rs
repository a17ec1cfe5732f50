//! The walls of a service's process: nothing inherited stays open, no core, and the start of a private service
//! (docs/decisions/0014).

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use rustix::fs::Mode;

use crate::cli::PrivateService;
use crate::{exit, logging, out};

/// A crash writes no memory to a disk, and no process of the same user reads ours: there are secrets in it (defence
/// rule 14).
pub(crate) fn leave_no_core() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let no_core = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if let Err(error) = no_core.and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable)) {
        out::note(format_args!("openras: a crash may leave secrets in a core file: {error}"));
    }
}

/// A service keeps none of the files that whoever started it happened to have open: a pipe of a client held open would
/// keep that client's reader waiting for ever. To be called before anything is opened.
pub(crate) fn close_inherited() {
    let Ok(folder) = std::fs::read_dir("/proc/self/fd") else {
        out::note("openras: /proc is not there; files of whoever started this stay open");
        return;
    };
    // the folder's own descriptor is among them, and gone with the list
    let open: Vec<i32> = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for number in open.into_iter().filter(|number| *number > 2) {
        let _ = nix::unistd::close(number);
    }
}

/// `openras private-service`: starts the service in the background and is gone. Whoever waits looks at the socket.
///
/// # Errors
/// There is no log to write, or the program cannot be started.
pub(crate) fn start(args: &PrivateService) -> Result<u8> {
    let log = log_file()?;
    let program = std::env::current_exe().context("the program's own file cannot be found")?;
    let stderr = logging::open(&log).with_context(|| format!("cannot write the log {}", log.display()))?;
    // no signal that the client's terminal sends its group may reach the service, from its first moment on
    let _ = rustix::process::setsid();
    let mut command = Command::new(&program);
    command.args(["serve", "--idle", &args.idle.to_string(), "--private"]).arg(&args.socket);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    Ok(exit::OK)
}

/// The first steps of a private service, while it has one thread: a session of its own, no folder in use, files
/// for its user only.
pub(crate) fn settle() {
    // fails only where it leads a session or a group already
    let _ = rustix::process::setsid();
    let _ = rustix::process::umask(Mode::from_raw_mode(0o077));
    if let Err(error) = rustix::process::chdir("/") {
        out::note(format_args!("openras: the folder this was started in stays in use: {error}"));
    }
}

/// The log of the private service; its folder is made with mode 0700.
pub(crate) fn log_file() -> Result<PathBuf> {
    let log = openras_api::find::private_log()?;
    if let Some(folder) = log.parent() {
        own_folder(folder).with_context(|| format!("cannot use the folder {}", folder.display()))?;
    }
    Ok(log)
}

fn own_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let about = folder.symlink_metadata()?;
    let ours = std::os::unix::fs::MetadataExt::uid(&about) == rustix::process::geteuid().as_raw();
    if !about.is_dir() || !ours {
        return Err(std::io::Error::other("it is not a folder of yours"));
    }
    if about.permissions().mode() & 0o022 != 0 {
        return Err(std::io::Error::other("others may write there; run: chmod go-w on it"));
    }
    Ok(())
}
