//! The process between the service and a program: what runs as `PROGRAM program-keeper …`.
//!
//! To leave its session is every process's right, and with that it leaves what a terminal's hang-up reaches. So each program
//! has a process of ours above it, which the kernel gives whatever loses its parent down there (a subreaper). It ends all
//! of them when the caller or the service has gone, by `kill -9` of the service too, and when the program itself has ended.
//!
//! Two stages, of one thread each and so without `unsafe`: `keep` stays, `inside` makes the terminal its own, gives up every right
//! that is not the program's user's, and becomes the program.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{
    Gid, Pid, Uid, getgroups, getpid, getppid, getresgid, getresuid, setgroups, setresgid, setresuid,
};
use rustix::thread::{CapabilitySet, CapabilitySets};
use tokio::signal::unix::{SignalKind, signal};

use super::kin;

/// Whether this process's `main` has called [`main_if_asked`].
static ASKED: AtomicBool = AtomicBool::new(false);
/// The first argument that makes a program a keeper.
pub(super) const ARGUMENT: &str = "program-keeper";
/// In place of a user: the one that runs the service.
pub(super) const SAME_USER: &str = "-";
/// What it says when the program runs, and nothing else is to be said.
pub(super) const READY: u8 = b'.';
/// Its status where something of the program could not be ended.
pub(super) const LEFT_BEHIND: i32 = 75;
/// Its status where it could not begin.
const BROKEN: i32 = 70;
/// As in a shell: there is no such program, or it cannot be run.
const NOT_RUN: i32 = 127;
/// How long a program may take to end when its caller has gone.
const GRACE: Duration = Duration::from_secs(2);
/// How long ending by force may take: what the kernel holds longer is told of and left.
const LONGEST: Duration = Duration::from_secs(10);
/// No keeper that has been left lives longer.
pub(super) const LAST: Duration = GRACE.saturating_add(LONGEST).saturating_add(GRACE);
/// How often it is looked whether those have gone who were killed.
const PAUSE: Duration = Duration::from_millis(5);

/// Must be among the first things in `main`, before any thread exists: where this process was started as a program's keeper it
/// becomes one and never returns, else nothing happens.
pub fn main_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != ARGUMENT) {
        ASKED.store(true, Ordering::Relaxed);
        return;
    }
    let stage = arguments.next();
    let rest: Vec<OsString> = arguments.collect();
    let done = match stage.as_deref().and_then(OsStr::to_str) {
        Some("keep") => keep(&rest),
        Some("inside") => inside(&rest),
        _ => Err(io::Error::other("no such stage")),
    };
    exit(done.unwrap_or_else(|error| {
        say(&error);
        BROKEN
    }));
}

/// Whether the running program becomes a keeper when it is started as one. Any other must not be started so: it would take
/// the words for its own and do who knows what.
pub(super) fn is_own() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// To the caller's terminal, which shows it; nobody is left to hear where that is gone.
fn say(what: &dyn Display) {
    let _ = writeln!(io::stderr(), "{what}");
}

/// Stage 1. Standard input and error are the terminal, standard output leads to the service.
fn keep(arguments: &[OsString]) -> io::Result<i32> {
    close_inherited();
    rustix::process::setsid()?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    if !rustix::process::geteuid().is_root() {
        // the program is of the same user, and is to find nothing here either
        give_up_capabilities()?;
    }
    own_signals()?;
    let signals = hold_signals()?;
    let terminal = io::stdin().as_fd().try_clone_to_owned()?;
    let mut command = Command::new("/proc/self/exe");
    command.args([ARGUMENT, "inside"]).arg(getpid().to_string()).args(arguments);
    command.stdin(Stdio::inherit()).stdout(Stdio::from(terminal)).stderr(Stdio::inherit());
    let child = command.spawn()?;
    let program = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    drop(command);
    // from here on nothing ends this process before all that it keeps
    let watched = let_go_of_terminal().and_then(|()| watch(program, &signals));
    if !end_all() {
        return Ok(LEFT_BEHIND);
    }
    watched.map(|()| 0)
}

/// The terminal is the program's: it ends with the last of those that have it.
fn let_go_of_terminal() -> io::Result<()> {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    let mut service = io::stdout();
    // a caller who is gone already is found by whoever watches
    let _ = service.write_all(&[READY]).and_then(|()| service.flush());
    Ok(())
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

/// What was ignored when the service was started (`nohup`, a shell's `&`) is neither to be lost on this process nor to make the
/// program deaf to its terminal's keys. What is caught here is as usual again in what it starts.
fn own_signals() -> io::Result<()> {
    let usual = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGALRM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGCHLD,
        Signal::SIGCONT,
        Signal::SIGTSTP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGWINCH,
    ];
    // std has no other way to end the ignoring of a signal, and what is unsafe is not for this file
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    for one in usual {
        drop(signal(SignalKind::from_raw(one as i32))?);
    }
    Ok(())
}

fn hold_signals() -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        set.add(signal);
    }
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// Waits for the program's end, and when the caller has gone before that, no longer than its grace.
fn watch(program: Pid, signals: &SignalFd) -> io::Result<()> {
    let stdout = io::stdout();
    let mut until = None::<Instant>;
    loop {
        if !lives(program)? {
            return Ok(());
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let patience = match left {
            Some(Duration::ZERO) => return Ok(()),
            Some(left) => PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX),
            None => PollTimeout::NONE,
        };
        let mut wanted = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        if until.is_none() {
            wanted.push(PollFd::new(stdout.as_fd(), PollFlags::empty()));
        }
        let _ = poll(&mut wanted, patience);
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        let mut left = wanted.get(1).and_then(PollFd::revents).is_some_and(|heard| heard.intersects(gone));
        while let Ok(Some(signal)) = signals.read_signal() {
            left |= i32::try_from(signal.ssi_signo) != Ok(Signal::SIGCHLD as i32);
        }
        if left && until.is_none() {
            until = Some(Instant::now() + GRACE);
            kin::hang_up();
        }
    }
}

/// Collects whatever has ended; whether the program has not.
fn lives(program: Pid) -> io::Result<bool> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..)) if pid == program => {
                return Ok(false);
            }
            Ok(WaitStatus::StillAlive) => return Ok(true),
            Err(Errno::ECHILD) => return Ok(false),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Ends everything below by force; whether all of it has gone.
fn end_all() -> bool {
    let until = Instant::now() + LONGEST;
    loop {
        kin::kill();
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => break,
                Err(Errno::ECHILD) => return true,
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Stage 2: `KEEPER USER GROUP PROGRAM ARGUMENT…`. Comes back only where the program cannot be run.
fn inside(arguments: &[OsString]) -> io::Result<i32> {
    let [keeper, user, group, program, arguments @ ..] = arguments else {
        return Err(io::Error::other("arguments are missing"));
    };
    // what another has blocked or left behind is no matter of the program's
    SigSet::all().thread_unblock()?;
    rustix::process::setsid()?;
    rustix::process::ioctl_tiocsctty(io::stdin())?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    if user == SAME_USER {
        // what it starts stays where the keeper, who has no other rights, can end it
        rustix::thread::set_no_new_privs(true)?;
    } else {
        become_user(user, group)?;
    }
    give_up_capabilities()?;
    // should the keeper be killed, the program at least goes with it; one that has gone already is found
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if keeper.to_str() != Some(getppid().to_string().as_str()) {
        return Err(io::Error::other("the keeper has gone"));
    }
    let home = std::env::var_os("HOME").unwrap_or_default();
    if std::env::set_current_dir(Path::new(&home)).is_err() {
        std::env::set_current_dir("/")?;
    }
    let error = Command::new(program).args(arguments).exec();
    say(&format_args!("{}: {error}", Path::new(program).display()));
    Ok(NOT_RUN)
}

/// For good, and with one group.
fn become_user(user: &OsString, group: &OsString) -> io::Result<()> {
    // the highest number is no user: setresuid(2) takes it for "as before"
    let number = |text: &OsString| text.to_str()?.parse::<u32>().ok().filter(|number| *number != u32::MAX);
    let (Some(uid), Some(gid)) = (number(user), number(group)) else {
        return Err(io::Error::other("the user is no number"));
    };
    if uid == 0 {
        return Err(io::Error::other("a caller's program is never run as root"));
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    setgroups(&[gid])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    let (users, groups) = (getresuid()?, getresgid()?);
    let users = [users.real, users.effective, users.saved];
    let groups = [groups.real, groups.effective, groups.saved];
    if users != [uid; 3] || groups != [gid; 3] || getgroups()? != [gid] {
        return Err(io::Error::other("the program could not be given its user"));
    }
    Ok(())
}

/// What a service without root may have been given to pass on (systemd's AmbientCapabilities, for network devices) is not a
/// program's.
fn give_up_capabilities() -> io::Result<()> {
    rustix::thread::clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, none)?)
}
