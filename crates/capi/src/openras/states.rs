//! States that wait for a program with an event loop of its own.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use openras_engine::{ConnState, RasError};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use crate::guard::NO_MEMORY;

/// So many states wait; what comes then drops the oldest.
const MOST: usize = 64;
/// ERROR_TOO_MANY_OPEN_FILES.
const TOO_MANY_FILES: RasError = RasError(4);

/// A state as its reader gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) state: ConnState,
    pub(crate) error: Option<RasError>,
    /// Counts the states of the connection, so that none waits twice.
    pub(crate) number: u64,
}

/// The queue of a connection; closed until somebody wants it.
#[derive(Default)]
pub(crate) struct States(Mutex<Option<Queue>>);

struct Queue {
    waiting: VecDeque<Waiting>,
    missed: u32,
    /// The number of the newest that ever waited.
    newest: Option<u64>,
    /// Readable while a state waits.
    bell: OwnedFd,
}

impl States {
    /// Opens the queue, if it is not, with the state the connection has now. Gives whether it was closed.
    ///
    /// # Errors
    /// 4, 8: no descriptor.
    pub(crate) fn open(&self, present: impl FnOnce() -> Option<Waiting>) -> Result<bool, RasError> {
        let mut queue = self.lock();
        if queue.is_some() {
            return Ok(false);
        }
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(no_file)?;
        let mut opened = Queue { waiting: VecDeque::new(), missed: 0, newest: None, bell };
        // what changes meanwhile waits for the lock, and its number tells whether it is this one
        if let Some(present) = present() {
            opened.put(present);
        }
        *queue = Some(opened);
        Ok(true)
    }

    /// A state, for a queue that is open.
    pub(crate) fn put(&self, state: Waiting) {
        if let Some(queue) = self.lock().as_mut() {
            queue.put(state);
        }
    }

    /// A state that was told before, for a queue that is open.
    pub(crate) fn repeat(&self, state: ConnState) {
        if let Some(queue) = self.lock().as_mut() {
            queue.push(Waiting { state, error: None, number: 0 });
        }
    }

    /// The oldest, and how many were dropped before it.
    pub(crate) fn take(&self) -> Option<(Waiting, u32)> {
        self.lock().as_mut()?.take()
    }

    /// A new descriptor that is readable while a state waits; `None` where the queue is closed.
    ///
    /// # Errors
    /// 4, 8: no descriptor.
    pub(crate) fn descriptor(&self) -> Result<Option<OwnedFd>, RasError> {
        let queue = self.lock();
        let Some(queue) = queue.as_ref() else { return Ok(None) };
        rustix::io::fcntl_dupfd_cloexec(queue.bell.as_fd(), 0).map(Some).map_err(no_file)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn put(&mut self, state: Waiting) {
        if self.newest.is_some_and(|newest| newest >= state.number) {
            return;
        }
        self.newest = Some(state.number);
        self.push(state);
    }

    fn push(&mut self, state: Waiting) {
        if self.waiting.len() >= MOST {
            self.waiting.pop_front();
            self.missed = self.missed.saturating_add(1);
        }
        self.waiting.push_back(state);
        // it counts up to 2^64, and is read before that
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    fn take(&mut self) -> Option<(Waiting, u32)> {
        let state = self.waiting.pop_front()?;
        if self.waiting.is_empty() {
            // a program that read the descriptor itself has silenced it already
            let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        }
        Some((state, std::mem::take(&mut self.missed)))
    }
}

fn no_file(error: Errno) -> RasError {
    if error == Errno::NOMEM { NO_MEMORY } else { TOO_MANY_FILES }
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    fn state(number: u64) -> Waiting {
        Waiting { state: ConnState(u32::try_from(number).unwrap()), error: None, number }
    }

    fn rings(bell: &OwnedFd) -> bool {
        poll(&mut [PollFd::new(bell, PollFlags::IN)], Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }

    #[test]
    fn the_descriptor_is_readable_exactly_while_a_state_waits() {
        let states = States::default();
        states.put(state(1));
        assert!(states.take().is_none() && states.descriptor().unwrap().is_none(), "nobody asked");
        assert!(states.open(|| Some(state(2))).unwrap());
        assert!(!states.open(|| Some(state(9))).unwrap(), "once");
        let (one, two) = (states.descriptor().unwrap().unwrap(), states.descriptor().unwrap().unwrap());
        assert!(rings(&one) && rings(&two));
        states.put(state(2));
        states.put(state(3));
        assert_eq!(states.take(), Some((state(2), 0)), "the present one once");
        assert!(rings(&one));
        assert_eq!(states.take(), Some((state(3), 0)));
        assert!(!rings(&one) && !rings(&two) && states.take().is_none());
        states.repeat(ConnState(3));
        assert!(rings(&one) && states.take().is_some_and(|(again, _)| again.state == ConnState(3)));
        states.put(state(4));
        assert_eq!(states.take(), Some((state(4), 0)), "a repeated one hides none");
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let states = States::default();
        assert!(states.open(|| None).unwrap());
        (1..=70).for_each(|number| states.put(state(number)));
        assert_eq!(states.take(), Some((state(7), 6)));
        assert_eq!(states.take(), Some((state(8), 0)));
        assert_eq!(std::iter::from_fn(|| states.take()).count(), 62);
    }
}
