//! The terminal of a held dial: what the other end says before PPP, kept for a person, and what the person types.

use std::sync::Arc;
use std::time::Duration;

use openras_api::types::event::Told;
use openras_engine::RasError;
use tokio::time::timeout;

use super::held::{Held, Now};

/// Bytes typed that may wait for the dial.
const TYPED: usize = 16 * 1024;
/// How long a terminal that somebody has is waited for. A script that leaves it to the person has closed its stream, which
/// the service may come to only after the person's own.
const GIVEN_UP: Duration = Duration::from_secs(5);

impl Held {
    /// Takes the terminal of the Interactive pause; where somebody has it, as soon as it is given up.
    ///
    /// # Errors
    /// 756 where the dial is not in that pause, or somebody keeps the terminal.
    pub(crate) async fn attach(self: &Arc<Self>) -> Result<Terminal, RasError> {
        let taken = async {
            loop {
                let news = self.inner.terminal.notified();
                {
                    let mut now = self.inner.lock();
                    if !now.is_interactive() {
                        return Err(RasError::DIAL_ALREADY_IN_PROGRESS);
                    }
                    if !std::mem::replace(&mut now.attached, true) {
                        return Ok(Terminal(self.clone()));
                    }
                }
                news.await;
            }
        };
        timeout(GIVEN_UP, taken).await.unwrap_or(Err(RasError::DIAL_ALREADY_IN_PROGRESS))
    }

    /// Bytes of the other end for a person.
    pub(super) fn show(&self, bytes: Vec<u8>) {
        // the number keeps its place among the other events
        let told = self.story.unkept(super::told::terminal(&[]));
        {
            let mut now = self.inner.lock();
            if now.hung_up() {
                return;
            }
            now.shown_size += bytes.len();
            now.shown.push_back((told, bytes));
        }
        self.inner.terminal.notify_waiters();
        self.story.wake();
    }

    pub(super) fn take_shown(&self, now: &mut Now) -> Option<(Told, Vec<u8>)> {
        let shown = now.shown.pop_front()?;
        let was_stuffed = now.is_stuffed();
        now.shown_size = now.shown_size.saturating_sub(shown.1.len());
        if was_stuffed && !now.is_stuffed() {
            self.inner.wake.notify_one();
        }
        Some(shown)
    }
}

/// The terminal of an Interactive pause, taken by a client.
pub(crate) struct Terminal(Arc<Held>);

impl Terminal {
    /// The next bytes of the other end; `None` when the pause is over and all were taken.
    pub(crate) async fn read(&self) -> Option<Vec<u8>> {
        self.when(|held, now| match held.take_shown(now) {
            Some((_, bytes)) => Some(Some(bytes)),
            None if !now.is_interactive() => Some(None),
            None => None,
        })
        .await
    }

    /// Bytes a person typed; `false` when the pause is over.
    pub(crate) async fn write(&self, bytes: &[u8]) -> bool {
        let room = self.when(|_, now| match now.is_interactive() {
            true if now.typed.len() < TYPED => Some(true),
            true => None,
            false => Some(false),
        });
        if !room.await {
            return false;
        }
        self.0.inner.lock().typed.extend_from_slice(bytes);
        self.0.inner.wake.notify_one();
        true
    }

    async fn when<T>(&self, mut ready: impl FnMut(&Held, &mut Now) -> Option<T>) -> T {
        loop {
            let news = self.0.inner.terminal.notified();
            let found = ready(&self.0, &mut self.0.inner.lock());
            match found {
                Some(found) => return found,
                None => news.await,
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.0.inner.lock().attached = false;
        self.0.inner.terminal.notify_waiters();
        self.0.story.wake();
    }
}
