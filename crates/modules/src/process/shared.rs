//! One process for many dialogs (`isolation = "shared"`).
//!
//! One task owns the process and gives each line to the dialog it names. A dialog is one line away from all others
//! and no more: it has its own queue, its own meter and its own verdict; what comes for a dialog that is over, or for
//! none, is counted and goes nowhere.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::channel::{Heard, Incoming, Outgoing};
use super::launch::{Launch, Process, Started, Writer};
use super::lines::{Line, Lines};
use super::pool::BackOff;
use super::{EXIT, Fault, Limits, log_stderr};
use crate::protocol::{self, FromProgram};
use crate::redact::{Everyone, Redactor};

/// Lines for the process that may wait in all, beside those that wait with each dialog.
const TO_PROCESS: usize = 64;
/// Lines for one dialog that may wait, beside those that its meter lets pass at once.
const TO_DIALOG: usize = 56;
/// And at the most; bytes are bounded besides.
const TO_DIALOG_MOST: usize = 16_384;
/// Dialogs that may ask to begin before any is begun.
const JOINING: usize = 64;
/// Lines for no dialog that a process may write for each that a dialog may, before it is ended as a flood.
const STRAY: u32 = 50;
/// Dialogs that may say at the same time that the process is stuck; one is enough.
const STUCK: usize = 4;
/// A process that lived this long was in order.
const IN_ORDER: Duration = Duration::from_secs(60);

/// What the dialogs of one module share.
pub(super) struct Mux {
    joining: mpsc::Sender<Join>,
    stuck: mpsc::Sender<(u64, Fault)>,
    counts: Arc<Counts>,
    launch: Arc<dyn Launch>,
    owner: tokio::task::AbortHandle,
}

/// What happened so far.
#[derive(Default)]
pub(super) struct Counts {
    /// Verdicts and other lines for no dialog.
    refused: AtomicU64,
    started: AtomicU64,
    failed: AtomicU64,
    /// 1 while the process runs.
    running: AtomicUsize,
}

impl Counts {
    /// Running, started, failed, refused.
    pub(super) fn read(&self) -> (usize, u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (self.running.load(Ordering::Relaxed), read(&self.started), read(&self.failed), read(&self.refused))
    }
}

struct Join {
    joined: oneshot::Sender<Share>,
}

/// One dialog's place.
pub(super) struct Share {
    pub incoming: Incoming,
    pub outgoing: Outgoing,
    /// What is typed unseen in any dialog is taken out of what the process itself writes.
    pub redactor: Arc<Redactor>,
    /// Dropped last: then the place is given up.
    pub leave: Leave,
}

/// Gives a place up.
pub(super) struct Leave {
    dialog: u64,
    left: mpsc::UnboundedSender<u64>,
    everyone: Arc<Everyone>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.everyone.leave(self.dialog);
        // an owner that is gone has forgotten all dialogs anyway
        let _ = self.left.send(self.dialog);
    }
}

/// One dialog, as the owner sees it.
struct Seat {
    lines: mpsc::Sender<Result<Heard, Fault>>,
    bytes_left: usize,
}

impl Mux {
    /// Starts the process, on the current runtime.
    pub(super) fn new(name: &str, launch: Arc<dyn Launch>, limits: &Limits, any: bool) -> Self {
        let (joining, joins) = mpsc::channel(JOINING);
        let (left, leaving) = mpsc::unbounded_channel();
        let (stuck, is_stuck) = mpsc::channel(STUCK);
        let counts = Arc::new(Counts::default());
        let owner = Owner {
            name: name.to_owned(),
            launch: launch.clone(),
            limits: limits.clone(),
            any,
            joins,
            left,
            leaving,
            is_stuck,
            seats: HashMap::new(),
            next: 0,
            served: false,
            counts: counts.clone(),
            everyone: Arc::default(),
        };
        let owner = tokio::spawn(owner.run()).abort_handle();
        Self { joining, stuck, counts, launch, owner }
    }

    /// A dialog of it says that the process does nothing any more, for anybody: it is ended, and started again.
    pub(super) fn is_stuck(&self, leave: &Leave, fault: &Fault) {
        // a full queue says the same already
        let _ = self.stuck.try_send((leave.dialog, fault.clone()));
    }

    /// A place for one dialog, as soon as the process runs.
    pub(super) async fn join(&self) -> Result<Share, Fault> {
        let (joined, share) = oneshot::channel();
        let gone = |_| Fault::Exited(None);
        self.joining.send(Join { joined }).await.map_err(|_| Fault::Exited(None))?;
        share.await.map_err(gone)
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn launch(&self) -> &dyn Launch {
        &*self.launch
    }
}

impl Drop for Mux {
    fn drop(&mut self) {
        self.owner.abort();
    }
}

struct Owner {
    name: String,
    launch: Arc<dyn Launch>,
    limits: Limits,
    any: bool,
    joins: mpsc::Receiver<Join>,
    left: mpsc::UnboundedSender<u64>,
    leaving: mpsc::UnboundedReceiver<u64>,
    is_stuck: mpsc::Receiver<(u64, Fault)>,
    seats: HashMap<String, Seat>,
    next: u64,
    /// The process has said something for a dialog.
    served: bool,
    counts: Arc<Counts>,
    everyone: Arc<Everyone>,
}

/// The process, while it runs.
struct Life {
    process: Box<dyn Process>,
    stdout: Lines<super::launch::Reader>,
    to_process: mpsc::Sender<protocol::Line>,
    /// Allowance for lines that belong to no dialog.
    stray: super::meter::Meter,
    said: bool,
    /// When a library's Begin returned last.
    begun: Instant,
}

impl Owner {
    /// Starts the process again whenever it ends, for as long as anybody may join.
    async fn run(mut self) {
        let mut back_off = BackOff::default();
        while !self.joins.is_closed() {
            let since = Instant::now();
            self.counts.started.fetch_add(1, Ordering::Relaxed);
            let fault = match self.launch.start().await {
                Ok(started) => self.live(started).await,
                Err(fault) => fault,
            };
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
            self.counts.running.store(0, Ordering::Relaxed);
            // what a caller's bytes can do must not close the port to others for long (defence rule 12); his own address
            // is closed to him for a while
            if since.elapsed() >= IN_ORDER || std::mem::take(&mut self.served) {
                back_off.forget();
            }
            if back_off.is_first() {
                tracing::error!(
                    module = self.name,
                    dialogs = self.seats.len(),
                    "the process of all dialogs failed: {fault}; it is started again after a second, and ever more \
                     seldom where it fails before it has served a call"
                );
            }
            for (_, seat) in self.seats.drain() {
                // a dialog so far behind sees its queue end, which says the same
                let _ = seat.lines.try_send(Err(fault.clone()));
            }
            self.rest(back_off.failed(), &fault).await;
        }
    }

    /// Until the next start dialogs wait, no longer than for their `begin`.
    async fn rest(&mut self, time: Duration, fault: &Fault) {
        let until = Instant::now() + time;
        sleep_until(until).await;
        while self.leaving.try_recv().is_ok() {}
        tracing::debug!(module = self.name, "starting again after: {fault}");
    }

    async fn live(&mut self, started: Started) -> Fault {
        let Started { process, pipes } = started;
        self.counts.running.store(1, Ordering::Relaxed);
        let (to_process, lines) = mpsc::channel(TO_PROCESS);
        let mut helpers = tokio::task::JoinSet::new();
        helpers.spawn(write(pipes.stdin, lines));
        let everyone = self.everyone.clone();
        let clean = move |text: &str| everyone.clean(text);
        helpers.spawn(log_stderr(pipes.stderr, self.name.clone(), String::new(), clean, true));
        let limits = Limits {
            messages_per_second: self.limits.messages_per_second.saturating_mul(STRAY),
            bytes: usize::MAX,
            ..self.limits.clone()
        };
        let begun = Instant::now();
        let stray = super::meter::Meter::new(&limits, begun);
        let mut life = Life { process, stdout: pipes.stdout, to_process, stray, said: false, begun };
        let fault = self.serve(&mut life).await;
        let fault = match fault {
            Fault::Exited(_) => Fault::Exited(life.process.ended(self.limits.grace.max(EXIT)).await),
            other => other,
        };
        life.process.end().await;
        fault
    }

    async fn serve(&mut self, life: &mut Life) -> Fault {
        loop {
            tokio::select! {
                biased;
                Some((dialog, fault)) = self.is_stuck.recv() => {
                    // one that had its share of an earlier process is told of that already; and a process whose Begins
                    // return is slow and not stuck, though this one's turn did not come in time
                    if self.seats.contains_key(&named(dialog)) && life.begun.elapsed() >= self.limits.begin {
                        return fault;
                    }
                }
                Some(dialog) = self.leaving.recv() => drop(self.seats.remove(&named(dialog))),
                join = self.joins.recv() => match join {
                    Some(join) => self.seat(join, &life.to_process),
                    None => return Fault::Exited(None),
                },
                line = life.stdout.next() => match line {
                    Ok(Some(line)) => {
                        if let Err(fault) = self.give(line, life) {
                            return fault;
                        }
                    }
                    Ok(None) => return Fault::Exited(None),
                    Err(error) => return Fault::Pipe(error.kind()),
                },
            }
        }
    }

    fn seat(&mut self, join: Join, to_process: &mpsc::Sender<protocol::Line>) {
        self.next += 1;
        let burst = 4 * usize::try_from(self.limits.messages_per_second).unwrap_or(TO_DIALOG_MOST);
        let (lines, share) = mpsc::channel(burst.saturating_add(TO_DIALOG).min(TO_DIALOG_MOST));
        let share = Share {
            incoming: Incoming::Share(share),
            outgoing: Outgoing::share(to_process.clone(), named(self.next)),
            redactor: self.everyone.join(self.next),
            leave: Leave { dialog: self.next, left: self.left.clone(), everyone: self.everyone.clone() },
        };
        self.seats.insert(named(self.next), Seat { lines, bytes_left: self.limits.bytes });
        // whoever does not want it any more has left with it
        let _ = join.joined.send(share);
    }

    /// Gives one line to its dialog. A dialog that does not take it in time, or had its share, is over.
    fn give(&mut self, line: Line, life: &mut Life) -> Result<(), Fault> {
        let (dialog, message) = protocol::parse_addressed(&line.bytes, self.any);
        if matches!(message, Ok(FromProgram::Begun)) {
            life.begun = Instant::now();
        }
        let bytes = line.bytes.len();
        let seat = dialog.as_ref().and_then(|dialog| self.seats.get_mut(dialog));
        let (Some(dialog), Some(seat)) = (&dialog, seat) else {
            return self.stray(&line, dialog.is_some(), message, life);
        };
        self.served = true;
        let left = seat.bytes_left.checked_sub(bytes + 1);
        seat.bytes_left = left.unwrap_or(0);
        let heard = match left {
            Some(_) => Ok(Heard { bytes, cut: line.cut, message }),
            None => Err(Fault::TooMuch),
        };
        if seat.lines.try_send(heard).is_err() || left.is_none() {
            // its queue ends here; a full one is a flood, as it holds more than its meter lets pass
            self.seats.remove(dialog);
        }
        Ok(())
    }

    fn stray(
        &mut self,
        line: &Line,
        addressed: bool,
        message: Result<FromProgram, protocol::Malformed>,
        life: &mut Life,
    ) -> Result<(), Fault> {
        life.stray.count(line.bytes.len(), Instant::now())?;
        if line.cut {
            return Err(Fault::LineTooLong);
        }
        let why = match message {
            Ok(FromProgram::Log(text)) if !addressed => {
                tracing::info!(module = self.name, "{}", self.everyone.clean(&text));
                return Ok(());
            }
            Ok(_) if addressed => "it is for a dialog that is over or never was",
            Ok(_) => "it names no \"dialog\"",
            Err(_) => "it is no message",
        };
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut life.said, true) {
            tracing::warn!(
                module = self.name,
                "a line of the process of all dialogs is not done: {why}; more of them are only counted"
            );
        }
        Ok(())
    }
}

fn named(dialog: u64) -> String {
    format!("d{dialog}")
}

/// Writes what the dialogs have for the process, each in its turn.
async fn write(mut stdin: Writer, mut lines: mpsc::Receiver<protocol::Line>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(&line).await.is_err() {
            return;
        }
    }
}
