//! Clearing away what a module left, where no process namespace does it.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, Uid, setresuid};

use super::settings::{Kind, Settings};

/// Killed processes are gone at once; what is not is held by the kernel or waits for a broken init.
const LONGEST: Duration = Duration::from_secs(2);

/// Kills the program's group, and then, where its user is its alone, whatever that user still runs.
pub(super) fn after(settings: &Settings, inside: Pid) {
    if settings.kind != Kind::OwnUid {
        return;
    }
    let _ = killpg(inside, Signal::SIGKILL);
    let Some(identity) = settings.identity else { return };
    let Some(sweeper) = identity.sweeper else { return };
    // To the kernel the sender counts by effective user, and he who is hit by real and saved user: so we can
    // kill them, and they cannot kill us first.
    let (own, theirs) = (Uid::from_raw(sweeper), Uid::from_raw(identity.uid));
    if setresuid(own, theirs, own).is_err() {
        return;
    }
    let until = Instant::now() + LONGEST;
    let everybody = Pid::from_raw(-1);
    while kill(everybody, Signal::SIGKILL) != Err(Errno::ESRCH) && Instant::now() < until {
        let _ = waitpid(everybody, Some(WaitPidFlag::WNOHANG));
        std::thread::sleep(Duration::from_millis(2));
    }
}
