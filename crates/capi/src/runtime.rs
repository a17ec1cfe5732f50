//! The library's own runtime: one thread, started by the first call that needs the service, on which every connection's
//! events are read. C callers wait outside of it.

use std::future::Future;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::OnceLock;

use libc::{SIG_BLOCK, SIG_SETMASK, SIGPIPE, sigset_t};
use openras_engine::RasError;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::guard::CANNOT_INITIALIZE;

/// The runtime.
///
/// # Errors
/// 711: no thread could be started.
pub(crate) fn handle() -> Result<Handle, RasError> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut own = Builder::new_multi_thread();
        own.worker_threads(1).thread_name("openras").on_thread_start(|| {
            block(&pipe_signal());
        });
        own.enable_all().build().ok()
    });
    made.as_ref().map(|runtime| runtime.handle().clone()).ok_or(CANNOT_INITIALIZE)
}

/// Runs a future to its end while the C caller waits.
///
/// # Errors
/// 711: no thread could be started.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> Result<T, RasError> {
    let handle = handle()?;
    let _unharmed = Unharmed::begin();
    Ok(handle.block_on(future))
}

/// While it lives SIGPIPE does not reach this thread. The service may close a connection just when something is written to
/// it, and a C program, which does not ignore the signal as Rust's do, would end of it.
struct Unharmed {
    before: sigset_t,
    /// The program's own, which stays.
    pending: bool,
}

impl Unharmed {
    fn begin() -> Self {
        let pending = is_pending();
        Self { before: block(&pipe_signal()), pending }
    }
}

impl Drop for Unharmed {
    fn drop(&mut self) {
        if !self.pending && is_pending() {
            let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: a set and a time of ours, and nobody who wants to know more.
            unsafe { libc::sigtimedwait(&pipe_signal(), null_mut(), &raw const now) };
        }
        // SAFETY: the mask that this thread had.
        unsafe { libc::pthread_sigmask(SIG_SETMASK, &raw const self.before, null_mut()) };
    }
}

/// SIGPIPE alone.
fn pipe_signal() -> sigset_t {
    let mut set = MaybeUninit::<sigset_t>::zeroed();
    // SAFETY: `sigemptyset` fills the set, and the signal is one.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), SIGPIPE);
        set.assume_init()
    }
}

/// Blocks signals for this thread; gives its mask of before.
fn block(signals: &sigset_t) -> sigset_t {
    let mut before = MaybeUninit::<sigset_t>::zeroed();
    // SAFETY: a set, and room for one that zeros fill as well.
    unsafe {
        libc::pthread_sigmask(SIG_BLOCK, signals, before.as_mut_ptr());
        before.assume_init()
    }
}

/// Whether SIGPIPE waits for this thread or the process.
fn is_pending() -> bool {
    let mut set = MaybeUninit::<sigset_t>::zeroed();
    // SAFETY: room for a set that zeros fill as well; the signal is one.
    unsafe { libc::sigpending(set.as_mut_ptr()) == 0 && libc::sigismember(set.as_ptr(), SIGPIPE) == 1 }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn is_blocked() -> bool {
        let mut set = MaybeUninit::<sigset_t>::zeroed();
        // SAFETY: asks only, and has room for the answer.
        unsafe {
            libc::pthread_sigmask(SIG_BLOCK, std::ptr::null(), set.as_mut_ptr());
            libc::sigismember(set.as_ptr(), SIGPIPE) == 1
        }
    }

    /// Writes to a connection that the other side has closed; whether the signal could have ended a program.
    fn write_to_nobody() -> bool {
        let (mut one, other) = UnixStream::pair().unwrap();
        drop(other);
        // SAFETY: a descriptor that is open, and a byte.
        let written = unsafe { libc::write(one.as_raw_fd(), [0_u8].as_ptr().cast(), 1) };
        assert!(written == -1 && one.write(&[0]).is_err());
        !is_blocked()
    }

    #[test]
    fn a_connection_that_the_service_closes_does_not_end_a_c_program() {
        let before = is_blocked();
        assert_eq!(wait(async { write_to_nobody() }), Ok(false), "a caller's thread");
        assert!(is_blocked() == before && !is_pending(), "the thread is as it was");
        let own = handle().unwrap().spawn(async { write_to_nobody() });
        assert!(!wait(own).unwrap().unwrap(), "the library's thread");
    }
}
