//! The audit record (defence rule 20): `audit.jsonl` in the state folder, one JSON object a line, only ever added to.
//!
//! Every attempt, every change by an administrator and every opt-out in force stands there, and never a secret. Each
//! record holds the SHA-256 of the hash before it and of itself, so that one that is changed, taken out or put in
//! between breaks the chain; `docs/security.md` says what that proves and what it does not. The lines are plain
//! ASCII: what came from outside is spelt as `\u….` and cannot steer the terminal of whoever reads it (rule 15).
//!
//! Several processes may add to it: `openras user` does beside the service. A record is with the system when it is
//! added; on the disk it is within [`COMMIT`], which no call waits for.

mod chain;
mod file;
mod reader;
mod record;
mod syslog;
#[cfg(test)]
mod tests;
mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::host::unix_seconds;
use crate::users::{Folder, StoreError};

pub use reader::Lines;
pub use record::{Outcome, Record, What};
pub use verify::verify;

use file::{Kept, Log};

/// How long a record may be with the system before it is on the disk.
pub const COMMIT: Duration = Duration::from_millis(100);
/// While nothing can be written, how often it is tried.
const RETRY: u64 = 1;
/// A file of this length is put away under a number, in bytes.
const ROTATE: u64 = 64 * 1024 * 1024;

/// The open record.
#[derive(Debug)]
pub struct Audit {
    log: Mutex<Log>,
    folder: PathBuf,
    syslog: Option<syslog::Syslog>,
    /// The number of the newest record, for those who follow.
    newest: watch::Sender<u64>,
    /// Something is with the system and not yet on the disk.
    dirty: Arc<Notify>,
    failing: AtomicBool,
    /// What was written could not be brought to the disk. That is no lasting place, whatever can be written.
    unsynced: AtomicBool,
    counts: Counts,
}

/// What became of the records of this process.
#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    lost: AtomicU64,
    /// Lost since the last that was written.
    gap: AtomicU64,
    /// When writing was tried last, in seconds since 1970.
    tried: AtomicU64,
}

/// How the record is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Each record also goes to the system's log.
    pub syslog: bool,
}

impl Audit {
    /// Opens the record in the state folder; makes it (mode 0600, owned as the folder is) if it is not there. What a
    /// crash left of a last record is closed, and a `recovered` record says how many bytes that were.
    ///
    /// # Errors
    /// The folder or file cannot be used, others may read it, or no whole record can be found at its end.
    pub fn open(state: &Path, options: Options) -> Result<Self, StoreError> {
        let folder = Folder::open(state)?;
        let log = Log::open(&folder, ROTATE)?;
        let newest = watch::Sender::new(log.number());
        Ok(Self {
            log: Mutex::new(log),
            folder: folder.path().into(),
            syslog: options.syslog.then(syslog::Syslog::new),
            newest,
            dirty: Arc::default(),
            failing: AtomicBool::new(false),
            unsynced: AtomicBool::new(false),
            counts: Counts::default(),
        })
    }

    /// Adds one record.
    ///
    /// # Errors
    /// It could not be written, as on a full disk. The record is lost and counted; the next one that can be written
    /// is preceded by one that says how many were.
    pub fn record(&self, record: &Record<'_>) -> io::Result<()> {
        let now = unix_seconds();
        let mut log = self.log();
        let gap = self.counts.gap.load(Ordering::Relaxed);
        let written = self.resume(&mut log, gap, now).and_then(|()| self.add(&mut log, record, now));
        drop(log);
        self.counts.tried.store(now, Ordering::Relaxed);
        match written {
            Ok(()) => {
                self.counts.written.fetch_add(1, Ordering::Relaxed);
                self.failing.store(false, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                self.counts.lost.fetch_add(1, Ordering::Relaxed);
                self.counts.gap.fetch_add(1, Ordering::Relaxed);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "the audit record cannot be written; free some space on its disk");
                }
                Err(error)
            }
        }
    }

    /// Says how many records are missing before the next one.
    fn resume(&self, log: &mut Log, gap: u64, now: u64) -> io::Result<()> {
        if gap == 0 {
            return Ok(());
        }
        self.add(log, &Record { lost: Some(gap), ..Record::new(What::Resumed) }, now)?;
        self.counts.gap.fetch_sub(gap, Ordering::Relaxed);
        tracing::warn!(lost = gap, "the audit record can be written again");
        Ok(())
    }

    fn add(&self, log: &mut Log, record: &Record<'_>, now: u64) -> io::Result<()> {
        let Kept { number, line } = log.add(record, now)?;
        if let Some(syslog) = &self.syslog {
            syslog.send(line, now);
        }
        self.newest.send_replace(number);
        self.dirty.notify_one();
        Ok(())
    }

    /// Adds a change by an administrator and waits until it is on the disk.
    ///
    /// # Errors
    /// It could not be written.
    pub fn admin(&self, uid: u32, what: &str, target: &str, before: &str, after: &str) -> io::Result<()> {
        self.record(&Record {
            uid: Some(uid),
            change: Some(what),
            target: Some(target),
            before: (!before.is_empty()).then_some(before),
            after: (!after.is_empty()).then_some(after),
            ..Record::new(What::Changed)
        })?;
        self.sync()
    }

    /// Brings what was added to the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> io::Result<()> {
        // nobody who adds waits for the disk
        let file = self.log().handle();
        file.sync_data()
    }

    /// Whether records can be written, as far as is known; while they could not, that is tried now and then.
    pub fn is_writable(&self) -> bool {
        if self.unsynced.load(Ordering::Relaxed) {
            return false;
        }
        if !self.failing.load(Ordering::Relaxed) {
            return true;
        }
        let now = unix_seconds();
        if now.abs_diff(self.counts.tried.swap(now, Ordering::Relaxed)) < RETRY {
            return false;
        }
        let gap = self.counts.gap.load(Ordering::Relaxed);
        let good = self.resume(&mut self.log(), gap, now).is_ok();
        self.failing.store(!good, Ordering::Relaxed);
        good
    }

    /// Whether the last record could not be written, or not be brought to the disk.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed) || self.unsynced.load(Ordering::Relaxed)
    }

    /// Records written and records lost by this process.
    pub fn counts(&self) -> (u64, u64) {
        (self.counts.written.load(Ordering::Relaxed), self.counts.lost.load(Ordering::Relaxed))
    }

    /// The records behind number `after`, also those that were put away; with `follow` also those to come.
    pub fn lines(&self, after: u64, follow: bool) -> Lines {
        Lines::new(self.folder.clone(), after, follow.then(|| self.newest.subscribe()))
    }

    /// Checks the whole chain. Blocks for as long as reading it takes.
    pub fn verify(&self) -> openras_api::types::audit::Verified {
        verify(&self.folder)
    }

    /// Brings records to the disk in groups, until cancelled; then the last.
    pub(crate) async fn keep_synced(self: Arc<Self>, cancel: CancellationToken) {
        loop {
            tokio::select! {
                () = self.dirty.notified() => {}
                () = cancel.cancelled() => break,
            }
            tokio::select! {
                () = tokio::time::sleep(COMMIT) => {}
                () = cancel.cancelled() => break,
            }
            self.sync_aside().await;
        }
    }

    /// As [`Self::sync`], from async code; a failure is said, and lasts until it is tried again with success.
    pub(crate) async fn sync_aside(self: &Arc<Self>) {
        let audit = self.clone();
        match tokio::task::spawn_blocking(move || audit.sync()).await {
            Ok(Ok(())) => {
                if self.unsynced.swap(false, Ordering::Relaxed) {
                    tracing::warn!("the audit record can be brought to the disk again");
                }
            }
            Ok(Err(error)) => {
                if !self.unsynced.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "the audit record cannot be brought to the disk");
                }
                self.dirty.notify_one();
            }
            // the runtime is ending
            Err(_) => {}
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
