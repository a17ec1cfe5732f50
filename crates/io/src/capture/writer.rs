//! The thread that writes a capture, so that no disk and no reader of a pipe ever holds a call.
//!
//! A call puts frames into a queue of at most [`QUEUED`] and [`QUEUED_BYTES`]; what does not fit is left out and
//! counted. Each capture has a thread of its own: one pipe that nobody reads stops only itself. There are at most
//! [`CAPTURES`] at a time.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::watch;

use super::pcapng::{self, Frame, Summary};

/// Frames that may wait for the file.
const QUEUED: usize = 1024;
/// Octets of frames that may wait for the file.
const QUEUED_BYTES: usize = 1024 * 1024;
/// Captures at a time in one process.
pub(super) const CAPTURES: usize = 256;
/// A pipe or socket that says it can be written takes this much without a wait (PIPE_BUF).
const PIECE: usize = 4096;
/// How long the reader of a pipe or socket has to take the rest after the call's end.
const REST: Duration = Duration::from_secs(2);
/// How often a writer that waits for a reader looks whether the call is over.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// Stack of the thread; it holds nothing big.
const STACK: usize = 256 * 1024;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// What queue and thread both know.
#[derive(Default)]
struct Both {
    /// Octets that wait.
    waiting: AtomicUsize,
    /// The call is over.
    over: AtomicBool,
}

/// The call's end of the queue. Dropped, the file is completed.
pub(super) struct Queue {
    frames: Option<SyncSender<Frame>>,
    both: Arc<Both>,
    /// Frames left out since the last that fitted.
    dropped: u64,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// Too many captures, or no thread.
    pub(super) fn start(file: File, comment: &str) -> io::Result<(Self, watch::Receiver<Summary>)> {
        let (frames, queue) = sync_channel(QUEUED);
        let both = Arc::new(Both::default());
        let (told, went) = watch::channel(Summary::default());
        let place = Place::take()?;
        let head = pcapng::head(comment);
        let writer = Writer { file: Sink::new(file, both.clone()), both: both.clone(), told };
        std::thread::Builder::new().name("capture".into()).stack_size(STACK).spawn(move || {
            let _place = place;
            writer.run(&head, &queue);
        })?;
        Ok((Self { frames: Some(frames), both, dropped: 0 }, went))
    }

    /// Adds a frame if there is room, and never waits.
    pub(super) fn add(&mut self, sent: bool, packet: Vec<u8>) {
        let Some(frames) = &self.frames else { return };
        let length = packet.len();
        let waiting = self.both.waiting.fetch_add(length, Ordering::AcqRel);
        let frame = Frame { sent, at: SystemTime::now(), packet, dropped: self.dropped };
        if waiting + length <= QUEUED_BYTES && frames.try_send(frame).is_ok() {
            self.dropped = 0;
        } else {
            self.both.waiting.fetch_sub(length, Ordering::AcqRel);
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
impl Queue {
    /// Waits until the thread has taken all there is.
    pub(super) fn until_empty(&self) {
        while self.both.waiting.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.both.over.store(true, Ordering::Release);
        // what was left out at the very end is told by a frame without octets
        if let Some(frames) = self.frames.take()
            && self.dropped > 0
        {
            let last =
                Frame { sent: false, at: SystemTime::now(), packet: Vec::new(), dropped: self.dropped };
            let _ = frames.try_send(last);
        }
    }
}

/// One of [`CAPTURES`].
struct Place;

impl Place {
    fn take() -> io::Result<Self> {
        let place = Self;
        if RUNNING.fetch_add(1, Ordering::AcqRel) >= CAPTURES {
            return Err(io::Error::other(format!("{CAPTURES} captures are being written already")));
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The thread's side.
struct Writer {
    file: Sink,
    both: Arc<Both>,
    told: watch::Sender<Summary>,
}

impl Writer {
    fn run(mut self, head: &[u8], queue: &Receiver<Frame>) {
        let mut went = Summary::default();
        let begun = SystemTime::now();
        let written = self.write(head, queue, &mut went, begun);
        if let Err(error) = written {
            tracing::warn!(%error, "the capture cannot be written any more; its call goes on");
        }
        tracing::debug!(frames = went.frames, dropped = went.dropped, "a capture has ended");
        // its end is what a waiter waits for
        let _ = self.told.send(went);
    }

    fn write(
        &mut self,
        head: &[u8],
        queue: &Receiver<Frame>,
        went: &mut Summary,
        begun: SystemTime,
    ) -> io::Result<()> {
        self.file.add(head)?;
        loop {
            let frame = match queue.try_recv() {
                Ok(frame) => frame,
                Err(TryRecvError::Disconnected) => break,
                // a reader sees all that has happened as soon as nothing more does
                Err(TryRecvError::Empty) => {
                    self.file.flush()?;
                    match queue.recv() {
                        Ok(frame) => frame,
                        Err(_) => break,
                    }
                }
            };
            self.both.waiting.fetch_sub(frame.packet.len(), Ordering::AcqRel);
            went.dropped += frame.dropped;
            if !frame.packet.is_empty() {
                self.file.add(&pcapng::packet(&frame))?;
                went.frames += 1;
            }
        }
        self.file.add(&pcapng::tail(begun, SystemTime::now(), *went))?;
        self.file.flush()
    }
}

/// A file, written in large pieces; or a pipe, socket or device, written only when it says that it can be.
struct Sink {
    file: File,
    /// A regular file: nobody has to read for a write to go on.
    plain: bool,
    buffer: Vec<u8>,
    both: Arc<Both>,
    /// When the patience with a reader ends, once the call is over.
    until: Option<Instant>,
}

impl Sink {
    fn new(file: File, both: Arc<Both>) -> Self {
        let plain = file.metadata().is_ok_and(|about| about.is_file());
        Self { file, plain, buffer: Vec::new(), both, until: None }
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < 16 * PIECE { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.buffer);
        if self.plain {
            return self.file.write_all(&bytes);
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            self.wait()?;
            let piece = rest.get(..PIECE).unwrap_or(rest);
            match self.file.write(piece) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Until a piece can be written. While the call runs there is no hurry: frames that find no room are counted.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            let mut fds = [PollFd::new(&self.file, PollFlags::OUT)];
            match poll(&mut fds, Some(&LOOK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                // an error of the other end shows in the write
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            if self.both.over.load(Ordering::Acquire) {
                let until = *self.until.get_or_insert_with(|| Instant::now() + REST);
                if until <= Instant::now() {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads it"));
                }
            }
        }
    }
}
