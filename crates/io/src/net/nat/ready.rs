//! Which sockets have something to say. Each has a waker of its own that puts its key into one list, so that a wake-up
//! costs the same however many flows there are.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use openras_nat::{FlowId, QuestionId};

/// What a wake-up is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A flow's socket.
    Flow(FlowId),
    /// A question to the resolver.
    Question(QuestionId),
    /// The listener with this index.
    Forward(usize),
}

/// The keys of one session that have been rung, each once, and the task to be woken for them.
#[derive(Debug, Default)]
pub(super) struct Ready(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    keys: VecDeque<Key>,
    task: Option<Waker>,
}

impl Ready {
    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, key: Key) {
        let task = {
            let mut list = self.list();
            list.keys.push_back(key);
            list.task.take()
        };
        task.into_iter().for_each(Waker::wake);
    }

    /// Wakes the task without a key.
    pub(super) fn wake(&self) {
        let task = self.list().task.take();
        task.into_iter().for_each(Waker::wake);
    }

    /// Takes everything that has been rung.
    pub(super) fn drain(&self, keys: &mut Vec<Key>) {
        let mut list = self.list();
        keys.extend(list.keys.drain(..));
        if list.keys.capacity() > 256 {
            list.keys = VecDeque::new();
        }
    }

    /// The task to be woken at the next ring; false if a key is there already.
    pub(super) fn register(&self, waker: &Waker) -> bool {
        let mut list = self.list();
        if !list.keys.is_empty() {
            return false;
        }
        if !list.task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            list.task = Some(waker.clone());
        }
        true
    }
}

/// One socket's waker.
#[derive(Debug)]
pub(super) struct Bell {
    button: Arc<Button>,
    waker: Waker,
}

#[derive(Debug)]
struct Button {
    key: Key,
    /// It is in the list.
    rung: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Button {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.ready.push(self.key);
        }
    }
}

impl Bell {
    pub(super) fn new(key: Key, ready: &Arc<Ready>) -> Self {
        let button = Arc::new(Button { key, rung: AtomicBool::new(false), ready: ready.clone() });
        Self { waker: Waker::from(button.clone()), button }
    }

    /// Puts the key into the list.
    pub(super) fn ring(&self) {
        self.button.wake_by_ref();
    }

    /// The key has been taken out: what happens from now on rings again. Gives the waker for the sockets.
    pub(super) fn answer(&self) -> &Waker {
        self.button.rung.store(false, Ordering::Release);
        &self.waker
    }
}
