//! Processes started ahead, so that a call does not wait for one to start.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Fault;
use super::launch::{Launch, Started};

/// How often a waiting process is looked at.
const LOOK: Duration = Duration::from_secs(3600);
/// A process that lived this long was in order.
const IN_ORDER: Duration = Duration::from_secs(60);

/// One second, and twice as long each time, to a minute.
#[derive(Debug, Default)]
pub(super) struct BackOff(u32);

impl BackOff {
    /// How long to wait after one more failure.
    pub(super) fn failed(&mut self) -> Duration {
        let wait = Duration::from_secs(1 << self.0.min(6)).min(Duration::from_secs(60));
        self.0 = self.0.saturating_add(1);
        wait
    }

    /// Whether this is the first failure in a row.
    pub(super) fn is_first(&self) -> bool {
        self.0 == 0
    }

    /// It works again.
    pub(super) fn forget(&mut self) {
        self.0 = 0;
    }
}

/// Where to send a process that is wanted.
type Wanted = oneshot::Sender<Started>;

/// Processes that wait for their `begin`.
pub(super) struct Pool {
    shared: Arc<Shared>,
    /// Keeps the pool full; ends with the pool, and what waits with it.
    filler: Mutex<Option<tokio::task::AbortHandle>>,
}

struct Shared {
    name: String,
    launch: Arc<dyn Launch>,
    size: usize,
    /// One for each waiting process, the oldest first.
    waiting: Mutex<VecDeque<oneshot::Sender<Wanted>>>,
    taken: Notify,
    started: AtomicU64,
    failed: AtomicU64,
}

impl Pool {
    /// Begins to fill at once where there is a runtime, else with the first call.
    pub(super) fn new(name: &str, launch: Arc<dyn Launch>, size: usize) -> Self {
        let shared = Shared {
            name: name.to_owned(),
            launch,
            size,
            waiting: Mutex::default(),
            taken: Notify::new(),
            started: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        let pool = Self { shared: Arc::new(shared), filler: Mutex::new(None) };
        pool.fill();
        pool
    }

    fn fill(&self) {
        let mut filler = self.filler.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.shared.size > 0 && filler.as_ref().is_none_or(tokio::task::AbortHandle::is_finished) {
            *filler = Some(runtime.spawn(fill(self.shared.clone())).abort_handle());
        }
    }

    /// A waiting process, or one that is started now.
    pub(super) async fn take(&self) -> Result<Started, Fault> {
        self.fill();
        while let Some(waiting) = self.shared.next() {
            let (wanted, given) = oneshot::channel();
            // one that has died in the meantime is not there to hear this
            if waiting.send(wanted).is_ok()
                && let Ok(started) = given.await
            {
                return Ok(started);
            }
        }
        self.shared.start().await
    }

    /// Processes waiting now, started in all, and of these failed before a call came.
    pub(super) fn counts(&self) -> (usize, u64, u64) {
        let waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waiting.iter().filter(|one| !one.is_closed()).count();
        (waiting, self.shared.started.load(Ordering::Relaxed), self.shared.failed.load(Ordering::Relaxed))
    }

    pub(super) fn launch(&self) -> &dyn Launch {
        &*self.shared.launch
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(filler) = self.filler.lock().unwrap_or_else(PoisonError::into_inner).take() {
            filler.abort();
        }
    }
}

impl Shared {
    fn next(&self) -> Option<oneshot::Sender<Wanted>> {
        let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        self.taken.notify_one();
        next
    }

    fn has_room(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.is_closed());
        waiting.len() < self.size
    }

    async fn start(&self) -> Result<Started, Fault> {
        self.started.fetch_add(1, Ordering::Relaxed);
        let started = self.launch.start().await;
        if started.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        started
    }
}

/// Keeps `size` processes waiting, one start at a time.
async fn fill(shared: Arc<Shared>) {
    let mut keepers = JoinSet::new();
    let mut back_off = BackOff::default();
    loop {
        // first, or where a start takes longer than they live there is always room, and never a rest
        while let Some(kept) = keepers.try_join_next() {
            hear(&shared, &mut back_off, kept.ok()).await;
        }
        if !shared.has_room() {
            tokio::select! {
                () = shared.taken.notified() => (),
                Some(kept) = keepers.join_next() => hear(&shared, &mut back_off, kept.ok()).await,
            }
            continue;
        }
        match shared.start().await {
            Ok(started) => {
                let (offer, asked) = oneshot::channel();
                shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(offer);
                keepers.spawn(keep(started, asked));
            }
            Err(fault) => trouble(&shared, &mut back_off, &fault.to_string()).await,
        }
    }
}

/// What became of a process that waited.
async fn hear(shared: &Shared, back_off: &mut BackOff, kept: Option<Kept>) {
    match kept {
        Some(Kept::Died { how, after }) => {
            shared.failed.fetch_add(1, Ordering::Relaxed);
            if after >= IN_ORDER {
                back_off.forget();
            }
            trouble(shared, back_off, &format!("it ended before its call came ({how})")).await;
        }
        Some(Kept::Taken) => back_off.forget(),
        None => (),
    }
}

/// Said once, until it works again; then waited.
async fn trouble(shared: &Shared, back_off: &mut BackOff, why: &str) {
    if back_off.is_first() {
        tracing::error!(
            module = shared.name,
            "no process can be kept ready: {why}; it is tried again, ever more seldom"
        );
    }
    sleep(back_off.failed()).await;
}

enum Kept {
    Taken,
    Died { how: String, after: Duration },
}

/// Holds one process until it is wanted or dies.
async fn keep(started: Started, asked: oneshot::Receiver<Wanted>) -> Kept {
    let since = Instant::now();
    tokio::select! {
        biased;
        how = death(&started) => Kept::Died { how, after: since.elapsed() },
        wanted = asked => {
            if let Ok(wanted) = wanted {
                // whoever wanted it may be gone; then it is killed by being dropped
                let _ = wanted.send(started);
            }
            Kept::Taken
        }
    }
}

async fn death(started: &Started) -> String {
    loop {
        if let Some(how) = started.process.ended(LOOK).await {
            return how;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::launch::{Pipes, Process};
    use super::super::lines::Lines;
    use super::*;
    use crate::host::BoxFuture;
    use crate::jail::Wall;

    /// Takes two seconds to start, and ends as soon as it is looked at.
    struct Dies;

    impl Process for Dies {
        fn ended(&self, _: Duration) -> BoxFuture<'_, Option<String>> {
            Box::pin(std::future::ready(Some("status 4".into())))
        }

        fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    impl Launch for Dies {
        fn start(&self) -> BoxFuture<'_, Result<Started, Fault>> {
            Box::pin(async {
                sleep(Duration::from_secs(2)).await;
                let pipes = Pipes {
                    stdin: Box::new(tokio::io::sink()),
                    stdout: Lines::new(Box::new(tokio::io::empty()), 1),
                    stderr: Box::new(tokio::io::empty()),
                };
                Ok(Started { process: Box::new(Dies), pipes })
            })
        }

        fn wall(&self) -> Wall {
            Wall::None
        }
    }

    #[tokio::test(start_paused = true)]
    async fn programs_that_die_faster_than_they_start_are_started_ever_more_seldom() {
        let pool = Pool::new("x", Arc::new(Dies), 2);
        sleep(Duration::from_secs(600)).await;
        let (waiting, started, failed) = pool.counts();
        // rests of 1, 2, 4 … 60 s, with two seconds of starting between them; at once there would be 300
        assert!((10..=20).contains(&started), "{started}");
        assert!(waiting == 0 && (started - 2..=started).contains(&failed), "{waiting} {started} {failed}");
    }
}
