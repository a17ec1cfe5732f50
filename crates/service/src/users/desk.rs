//! Quick questions to the store, asked from async code: one thread at a time takes them in turn.
//!
//! The store answers one at a time anyway, so a thread for each question would only have them wake and wait for each
//! other. Nothing here is held while nobody asks. What takes long without the store, as Argon2, has no place here.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::Users;

type Question = Box<dyn FnOnce(&Users) + Send>;

/// Questions that wait; each belongs to a call or a client, which are limited.
#[derive(Default)]
pub(super) struct Desk(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Question>,
    /// A thread takes them, or will.
    attended: bool,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("waiting", &self.queue().waiting.len()).finish_non_exhaustive()
    }
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody must come and take it.
    fn put(&self, question: Question) -> bool {
        let mut queue = self.queue();
        queue.waiting.push_back(question);
        !std::mem::replace(&mut queue.attended, true)
    }

    fn next(&self) -> Option<Question> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front();
        queue.attended = next.is_some();
        next
    }
}

/// Whoever takes the questions. One who never came to it, as in a runtime that ends, leaves nobody waiting.
struct Clerk {
    users: Arc<Users>,
    /// The queue was empty; another may have come since.
    done: bool,
}

impl Clerk {
    fn attend(mut self) {
        while let Some(question) = self.users.desk.next() {
            // one that panics takes its own answer along and no other
            drop(catch_unwind(AssertUnwindSafe(|| question(&self.users))));
        }
        self.done = true;
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        if !self.done {
            let mut queue = self.users.desk.queue();
            queue.attended = false;
            let unasked = std::mem::take(&mut queue.waiting);
            drop(queue);
            drop(unasked);
        }
    }
}

impl Users {
    /// Asks the store without holding up the async thread. `None`: the question panicked, or the runtime ends.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let (to, answer) = oneshot::channel();
        let asked = move |users: &Self| {
            // whoever asked may have gone
            let _ = to.send(question(users));
        };
        if self.desk.put(Box::new(asked)) {
            let clerk = Clerk { users: self.clone(), done: false };
            drop(tokio::task::spawn_blocking(move || clerk.attend()));
        }
        answer.await.ok()
    }
}
