//! Stage 1: outside the jail, and the service's hand on it.
//!
//! It keeps one end of the service's pipe. When the other end goes, by `kill -9` of the service too, the program
//! has its grace and then process 1 of the jail is killed, and the kernel ends all that is in there with it.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, geteuid};

use super::settings::{Kind, Settings};
use super::{ARGUMENT, Failed, Step, drop, sweep};

/// Exit codes of process 1 past this, and less than 65 past it, mean that the program was killed by a signal, as in
/// a shell.
pub(super) const SIGNALLED: i32 = 128;

/// How far a module stands behind the service where both want the processor.
const NICE: i32 = 5;

/// Becomes the supervisor of one jail; gives the program's status.
pub(super) fn run(settings: &Settings) -> Result<i32, Failed> {
    close_inherited();
    // a module that computes for ever takes the time that the service and its calls leave
    let _ = rustix::process::nice(NICE);
    let signals = block()?;
    if settings.kind == Kind::Namespaces {
        leave(settings)?;
    }
    let inside = start(settings)?;
    // the program's output ends when the program's end of it is closed, and this is not the program
    let null = null()?;
    nix::unistd::dup2_stdout(&null).step("letting the program's output go")?;
    nix::unistd::dup2_stderr(&null).step("letting the program's errors go")?;
    let ended = watch(inside, &signals, Duration::from_millis(settings.grace))?;
    sweep::after(settings, inside);
    Ok(end_as(ended))
}

pub(super) fn null() -> Result<File, Failed> {
    File::options().read(true).write(true).open("/dev/null").step("opening /dev/null")
}

/// Whatever the service has open stays with the service, marked close-on-exec or not.
fn close_inherited() {
    let listed = std::fs::read_dir("/proc/self/fd").map(|entries| {
        let names = entries.flatten().map(|entry| entry.file_name());
        names.filter_map(|name| name.to_str().and_then(|name| name.parse().ok())).collect::<BTreeSet<i32>>()
    });
    let open = listed.unwrap_or_else(|_| (3..4096).collect());
    for number in open.range(3..) {
        // the folder's own is in the list, and gone by now
        let _ = nix::unistd::close(*number);
    }
}

fn block() -> Result<SignalFd, Failed> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.add(Signal::SIGCHLD);
    set.thread_block().step("holding signals back")?;
    SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).step("waiting for signals")
}

/// Leaves the service's namespaces. Root needs no user namespace for that, and where it may not, nobody may.
fn leave(settings: &Settings) -> Result<(), Failed> {
    let mut flags = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    if !settings.network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    if settings.identity.is_some() {
        return unshare(flags).step("leaving the namespaces of the service as root");
    }
    let (uid, gid) = (geteuid(), nix::unistd::getegid());
    unshare(flags | CloneFlags::CLONE_NEWUSER).step("making a user namespace")?;
    drop::map((0, uid.as_raw()), (0, gid.as_raw()))
}

fn start(settings: &Settings) -> Result<Pid, Failed> {
    let text = serde_json::to_string(settings).map_err(|_| Failed::at("writing settings", Errno::EINVAL))?;
    let mut command = Command::new("/proc/self/exe");
    // how it can tell that this is still its parent
    let own = std::fs::read_link("/proc/self").step("finding the supervisor's number")?;
    command.args([ARGUMENT, "inside", &text]).arg(own).env_clear();
    command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let child = command.spawn().step("starting the inside of the jail")?;
    let number = i32::try_from(child.id()).unwrap_or(i32::MAX);
    // it is waited for by its number; dropping the handle does nothing
    Ok(Pid::from_raw(number))
}

/// Waits for the end of process 1; ends it when the service asks or goes away.
fn watch(inside: Pid, signals: &SignalFd, grace: Duration) -> Result<WaitStatus, Failed> {
    let stdin = std::io::stdin();
    // when it is killed, once its input has ended; then nothing but its end is waited for
    let (mut hung_up, mut deadline) = (false, None::<Instant>);
    loop {
        match waitpid(inside, Some(WaitPidFlag::WNOHANG)) {
            Ok(ended @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..))) => return Ok(ended),
            Ok(_) | Err(Errno::EINTR) => (),
            Err(errno) => return Err(Failed::at("waiting for the inside of the jail", errno)),
        }
        let mut patience = PollTimeout::NONE;
        if let Some(until) = deadline {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let _ = kill(inside, Signal::SIGKILL);
                deadline = None;
            } else {
                patience = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
            }
        }
        let mut wanted = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        if !hung_up {
            wanted.push(PollFd::new(stdin.as_fd(), PollFlags::empty()));
        }
        let _ = poll(&mut wanted, patience);
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        if wanted.get(1).and_then(PollFd::revents).is_some_and(|heard| heard.intersects(gone)) {
            (hung_up, deadline) = (true, Some(Instant::now() + grace));
        }
        while let Ok(Some(signal)) = signals.read_signal() {
            if i32::try_from(signal.ssi_signo) == Ok(Signal::SIGTERM as i32) {
                let _ = kill(inside, Signal::SIGKILL);
            }
        }
    }
}

/// Ends as the program did, so that whoever waits for this process hears the same.
fn end_as(ended: WaitStatus) -> i32 {
    let number = match ended {
        WaitStatus::Exited(_, status) if (1..65).contains(&(status - SIGNALLED)) => status - SIGNALLED,
        WaitStatus::Exited(_, status) => return status,
        WaitStatus::Signaled(_, signal, _) => signal as i32,
        _ => return SIGNALLED,
    };
    if let Ok(signal) = Signal::try_from(number) {
        let mut set = SigSet::empty();
        set.add(signal);
        let _ = set.thread_unblock();
        let _ = raise(signal);
    }
    SIGNALLED + number
}
