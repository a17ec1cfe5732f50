//! What can be waited for. As in Windows a wait is satisfied at the moment of the signal, by the signalling thread: two
//! SetEvent in a row release two waiters even if neither has run yet, and SetEvent followed by ResetEvent releases
//! everyone who waited.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{read, write};

/// Held while states change: waits for several objects see all of them at one moment. Nothing foreign runs under it.
static DISPATCH: Mutex<()> = Mutex::new(());

/// Something signalled or not.
#[derive(Debug)]
pub(crate) struct Object {
    /// Whether a satisfied wait takes the signal with it.
    auto: bool,
    state: Mutex<State>,
    descriptor: OnceLock<OwnedFd>,
}

#[derive(Debug)]
struct State {
    signalled: bool,
    waiters: Vec<Arc<Waiter>>,
}

/// A thread that waits.
#[derive(Debug)]
struct Waiter {
    objects: Vec<Arc<Object>>,
    all: bool,
    satisfied: Mutex<Option<usize>>,
    wake: Condvar,
}

impl Object {
    /// `auto`: a satisfied wait resets it.
    pub(crate) fn new(auto: bool, signalled: bool) -> Self {
        Self {
            auto,
            state: Mutex::new(State { signalled, waiters: Vec::new() }),
            descriptor: OnceLock::new(),
        }
    }

    /// Signals: everyone who waits is released, or one of them where the object resets itself.
    pub(crate) fn signal(&self) {
        let _order = lock(&DISPATCH);
        lock(&self.state).signalled = true;
        // the longest wait first
        let waiters = lock(&self.state).waiters.clone();
        for waiter in waiters {
            if !lock(&self.state).signalled {
                break;
            }
            if let Some(index) = take(&waiter.objects, waiter.all) {
                waiter.leave();
                *lock(&waiter.satisfied) = Some(index);
                waiter.wake.notify_one();
            }
        }
        self.mirror();
    }

    /// Takes the signal away.
    pub(crate) fn reset(&self) {
        let _order = lock(&DISPATCH);
        lock(&self.state).signalled = false;
        self.mirror();
    }

    /// Whether it is signalled now.
    pub(crate) fn is_signalled(&self) -> bool {
        lock(&self.state).signalled
    }

    /// A descriptor that is readable while the object is signalled, for `poll`; it must not be read. It lives as long
    /// as the object.
    ///
    /// # Errors
    /// No descriptor is free.
    pub(crate) fn descriptor(&self) -> rustix::io::Result<RawFd> {
        let _order = lock(&DISPATCH);
        if self.descriptor.get().is_none() {
            let made = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            let _ = self.descriptor.set(made);
        }
        self.mirror();
        self.descriptor.get().map(AsRawFd::as_raw_fd).ok_or(rustix::io::Errno::MFILE)
    }

    /// Makes the descriptor, if there is one, say what the state says.
    fn mirror(&self) {
        let Some(descriptor) = self.descriptor.get() else { return };
        // the counter is 0 or small, so neither blocks; an empty counter that is read is EAGAIN
        let _ = if lock(&self.state).signalled {
            write(descriptor, &1_u64.to_ne_bytes())
        } else {
            read(descriptor, &mut [0_u8; 8][..])
        };
    }
}

impl Waiter {
    /// Takes this waiter off its objects' lists.
    fn leave(&self) {
        for object in &self.objects {
            lock(&object.state).waiters.retain(|other| !std::ptr::eq(&raw const **other, self));
        }
    }
}

/// Waits until one of the objects, or all of them at one moment, are signalled, and takes the signal of those that reset
/// themselves. Gives the index of the object (0 for all); `None` when the time ran out. No `limit` waits for ever.
pub(crate) fn wait(objects: &[Arc<Object>], all: bool, limit: Option<Duration>) -> Option<usize> {
    let order = lock(&DISPATCH);
    if let Some(index) = take(objects, all) {
        return Some(index);
    }
    // a limit beyond what the clock takes is none
    let end = match limit {
        Some(Duration::ZERO) => return None,
        Some(limit) => Instant::now().checked_add(limit),
        None => None,
    };
    let waiter = Arc::new(Waiter {
        objects: objects.to_vec(),
        all,
        satisfied: Mutex::new(None),
        wake: Condvar::new(),
    });
    for object in objects {
        lock(&object.state).waiters.push(waiter.clone());
    }
    drop(order);
    if let Some(index) = sleep(&waiter, end) {
        return Some(index);
    }
    let _order = lock(&DISPATCH);
    waiter.leave();
    // satisfied between the end of the time and this lock: then the signal is taken already and must be given
    *lock(&waiter.satisfied)
}

fn sleep(waiter: &Waiter, end: Option<Instant>) -> Option<usize> {
    let mut satisfied = lock(&waiter.satisfied);
    while satisfied.is_none() {
        satisfied = match end.map(|end| end.saturating_duration_since(Instant::now())) {
            None => waiter.wake.wait(satisfied).unwrap_or_else(PoisonError::into_inner),
            Some(Duration::ZERO) => break,
            Some(left) => waiter.wake.wait_timeout(satisfied, left).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
    *satisfied
}

/// Whether a wait for these is satisfied now; takes the signals if so. The caller holds [`DISPATCH`].
fn take(objects: &[Arc<Object>], all: bool) -> Option<usize> {
    let consume = |object: &Object| {
        if object.auto {
            lock(&object.state).signalled = false;
            object.mirror();
        }
    };
    if all {
        if !objects.iter().all(|object| object.is_signalled()) {
            return None;
        }
        objects.iter().for_each(|object| consume(object));
        return Some(0);
    }
    let index = objects.iter().position(|object| object.is_signalled())?;
    objects.get(index).into_iter().for_each(|object| consume(object));
    Some(index)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
