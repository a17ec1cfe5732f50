//! Running a module for one call, so that whatever it does ends its own call only.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::server::DialogOutput;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::dialog::{CallInfo, DialogEnds, dialog};
use crate::jail::Wall;

/// A boxed future, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a module may go on after its call has ended before its future is dropped, unless it says otherwise.
const GRACE: Duration = Duration::from_secs(5);
/// A dialog without a limit of its own; the engine's runs anyway.
const FAR: Duration = Duration::from_secs(86_400);

/// A security module: decides, in a conversation, whether a call goes on.
///
/// One object serves all calls, many at the same time. It must not block the thread: blocking work belongs
/// into `tokio::task::spawn_blocking`.
pub trait Module: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// One conversation. It is over when the dialog is completed or dropped; dropping it is an error verdict,
    /// and so is a panic. When the call ends first the dialog's methods say so, and the future is dropped
    /// five seconds later.
    fn run(&self, dialog: crate::Dialog) -> BoxFuture<'_, ()>;

    /// How long it may go on after its call has ended.
    fn grace(&self) -> Duration {
        GRACE
    }

    /// How it stands, where it has processes.
    fn condition(&self) -> Option<Condition> {
        None
    }
}

/// How a program module stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What stands around its processes.
    pub wall: Wall,
    /// Processes that wait for a call; with `isolation = "shared"`, 1 while the process runs.
    pub waiting: usize,
    /// Processes started so far.
    pub started: u64,
    /// Of these, processes that did not start, or ended before a call came, or under all of their dialogs.
    pub failed: u64,
    /// Verdicts, and other lines of a shared process, that belonged to no dialog.
    pub refused: u64,
}

/// Starts `module` for one call on the current tokio runtime and gives the service's ends of its dialog.
pub fn start(module: Arc<dyn Module>, info: CallInfo) -> DialogEnds {
    start_watched(module, info).0
}

/// As [`start`], and with it what ends as soon as the module has nothing left to do for this call: later than its
/// verdict, and later than the call.
pub fn start_watched(module: Arc<dyn Module>, info: CallInfo) -> (DialogEnds, JoinHandle<()>) {
    let limit = Instant::now() + info.limit.unwrap_or(FAR);
    let (handle, DialogEnds { commands, events: to_module }) = dialog(info.clone());
    let (events, from_service) = mpsc::channel(to_module.max_capacity());
    let watch = Watch { name: module.name().to_owned(), info, limit, grace: module.grace() };
    let task = tokio::spawn(async move { module.run(handle).await });
    let watched = tokio::spawn(supervise(watch, task, from_service, to_module));
    (DialogEnds { commands, events }, watched)
}

struct Watch {
    name: String,
    info: CallInfo,
    limit: Instant,
    grace: Duration,
}

async fn supervise(
    watch: Watch,
    mut task: JoinHandle<()>,
    mut from_service: mpsc::Receiver<DialogOutput>,
    to_module: mpsc::Sender<DialogOutput>,
) {
    loop {
        tokio::select! {
            done = &mut task => return watch.report(&done),
            event = from_service.recv() => match event {
                None | Some(DialogOutput::End) => break,
                // A module so far behind does not listen; its call is over.
                Some(event) => if to_module.try_send(event).is_err() { break },
            },
            () = sleep_until(watch.limit) => {
                tracing::warn!(module = watch.name, call = watch.info.call, "the dialog took longer than it may");
                break;
            }
        }
    }
    drop(to_module);
    match timeout(watch.grace, &mut task).await {
        Ok(done) => watch.report(&done),
        Err(_) => task.abort(),
    }
}

impl Watch {
    /// The panic's own text is not logged: it may hold what a person typed.
    fn report(&self, done: &Result<(), tokio::task::JoinError>) {
        if done.as_ref().is_err_and(tokio::task::JoinError::is_panic) {
            tracing::error!(
                module = self.name,
                call = self.info.call,
                "the module panicked; its call is refused"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use openras_engine::server::{DialogCommand, DialogVerdict};

    use super::*;
    use crate::Dialog;

    enum Bad {
        Panics,
        Returns,
        Listens,
        IgnoresTheEnd,
        TakesItsTime,
    }

    impl Module for Bad {
        fn name(&self) -> &str {
            "bad"
        }

        fn run(&self, mut dialog: Dialog) -> BoxFuture<'_, ()> {
            Box::pin(async move {
                match self {
                    Self::Panics => panic!("a module's mistake"),
                    Self::Returns => (),
                    Self::Listens => {
                        let heard = dialog.receive(1, None, true).await;
                        assert_eq!(heard, Err(crate::Interrupted::Ended));
                        dialog.complete(DialogVerdict::Error { code: 7, text: "heard the end".into() });
                    }
                    Self::IgnoresTheEnd | Self::TakesItsTime => std::future::pending().await,
                }
            })
        }

        fn grace(&self) -> Duration {
            if matches!(self, Self::TakesItsTime) { 4 * GRACE } else { GRACE }
        }
    }

    async fn verdict(ends: &mut DialogEnds) -> DialogVerdict {
        loop {
            if let DialogCommand::Complete(verdict) =
                ends.commands.recv().await.expect("a verdict always comes")
            {
                return verdict;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_module_that_panics_or_returns_refuses_its_call() {
        for module in [Bad::Panics, Bad::Returns] {
            let mut ends = start(Arc::new(module), CallInfo::default());
            assert!(matches!(verdict(&mut ends).await, DialogVerdict::Error { code: 1067, .. }));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_module_hears_the_end_of_its_call() {
        let mut ends = start(Arc::new(Bad::Listens), CallInfo::default());
        ends.events.send(DialogOutput::End).await.unwrap();
        assert!(matches!(verdict(&mut ends).await, DialogVerdict::Error { code: 7, .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_module_that_ignores_the_end_is_dropped_after_the_grace() {
        for (module, grace) in [(Bad::IgnoresTheEnd, GRACE), (Bad::TakesItsTime, 4 * GRACE)] {
            let begin = Instant::now();
            let (mut ends, done) = start_watched(Arc::new(module), CallInfo::default());
            ends.events.send(DialogOutput::End).await.unwrap();
            let given = timeout(8 * GRACE, verdict(&mut ends)).await.expect("dropped");
            assert!(matches!(given, DialogVerdict::Error { code: 1067, .. }));
            assert_eq!(
                begin.elapsed().as_secs(),
                grace.as_secs(),
                "a limit `grace` of more than {GRACE:?} counts"
            );
            done.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_dialogs_own_limit_ends_it_without_the_engine() {
        let info = CallInfo { limit: Some(Duration::from_secs(60)), ..CallInfo::default() };
        let mut ends = start(Arc::new(Bad::Listens), info);
        let begin = Instant::now();
        assert!(matches!(verdict(&mut ends).await, DialogVerdict::Error { code: 7, .. }));
        assert_eq!(begin.elapsed().as_secs(), 60);
    }
}
