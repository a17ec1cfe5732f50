//! The line of a script: what has come in, and the Receive that waits for it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openras_engine::RasError;

use crate::win32::event::Event;

/// ERROR_ASYNC_REQUEST_PENDING, ERROR_PORT_DISCONNECTED, ERROR_REQUEST_TIMEOUT, PENDING.
const REQUEST_PENDING: RasError = RasError(616);
const DISCONNECTED: RasError = RasError(619);
const TIMED_OUT: RasError = RasError(638);
const PENDING: RasError = RasError(600);
/// ERROR_INVALID_PARAMETER: nothing was asked for.
const NOTHING_ASKED: RasError = RasError(87);
/// How much is kept for the script before the other end is made to wait, in bytes.
const MOST_KEPT: usize = 64 * 1024;
/// No deadline.
pub(super) const FOR_EVER: u32 = u32::MAX;

/// The line.
pub(super) struct Line {
    stream: UnixStream,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    came: VecDeque<u8>,
    gone: bool,
    waits: Option<Waits>,
    /// How the last Receive ended, until it is retrieved: how much may be taken.
    ended: Option<Result<usize, RasError>>,
}

struct Waits {
    most: usize,
    until: Option<Instant>,
    event: Option<Arc<Event>>,
}

impl State {
    /// Ends the Receive that waits if it can end. Gives the event to signal.
    fn settle(&mut self, now: Instant) -> Option<Arc<Event>> {
        let waits = self.waits.as_ref()?;
        let ended = match (self.came.is_empty(), self.gone) {
            (false, _) => Ok(waits.most),
            (true, true) => Err(DISCONNECTED),
            (true, false) if waits.until.is_some_and(|until| until <= now) => Err(TIMED_OUT),
            (true, false) => return None,
        };
        self.ended = Some(ended);
        self.waits.take()?.event
    }
}

impl Line {
    /// The line at the end of this stream; its threads end with it.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn start(stream: UnixStream) -> std::io::Result<Arc<Self>> {
        let reader = stream.try_clone()?;
        let line = Arc::new(Self { stream, state: Mutex::default(), changed: Condvar::new() });
        for (name, work) in [("openras-line", 0), ("openras-timer", 1)] {
            let (line, reader) = (line.clone(), reader.try_clone()?);
            let thread = std::thread::Builder::new().name(name.into());
            thread.spawn(move || if work == 0 { line.read(reader) } else { line.time() })?;
        }
        Ok(line)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and signals a Receive that has ended by it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (given, event) = {
            let mut state = self.state();
            let given = change(&mut state);
            (given, state.settle(Instant::now()))
        };
        self.changed.notify_all();
        if let Some(event) = event {
            event.signal();
        }
        given
    }

    fn read(&self, mut stream: UnixStream) {
        let mut bytes = [0; 4096];
        loop {
            match stream.read(&mut bytes) {
                Ok(count @ 1..) => self.change(|state| state.came.extend(bytes.iter().take(count))),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return self.change(|state| state.gone = true),
            }
            let mut state = self.state();
            while state.came.len() >= MOST_KEPT {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Ends Receives whose time is over.
    fn time(&self) {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let event = state.settle(now);
            if let Some(event) = event {
                drop(state);
                event.signal();
                state = self.state();
                continue;
            }
            let until = state.waits.as_ref().and_then(|waits| waits.until);
            state = match until {
                Some(until) => {
                    let left = until.saturating_duration_since(now);
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// RasSendBuffer.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), RasError> {
        if self.state().gone {
            return Err(DISCONNECTED);
        }
        (&self.stream).write_all(bytes).map_err(|_| DISCONNECTED)
    }

    /// RasReceiveBuffer: `event` is signalled when something has come, the time is over, or the line is gone.
    pub(super) fn receive(
        &self,
        most: usize,
        milliseconds: u32,
        event: Option<Arc<Event>>,
    ) -> Result<(), RasError> {
        self.change(|state| {
            if state.waits.is_some() {
                return Err(REQUEST_PENDING);
            }
            if let Some(event) = &event {
                event.reset();
            }
            let after = Duration::from_millis(milliseconds.into());
            let until = (milliseconds != FOR_EVER).then(|| Instant::now() + after);
            state.ended = None;
            state.waits = Some(Waits { most, until, event });
            Ok(())
        })
    }

    /// RasRetrieveBuffer: what the last Receive brought; `room` is how much fits.
    pub(super) fn retrieve(&self, room: usize) -> Result<Vec<u8>, RasError> {
        self.change(|state| match state.ended.take() {
            None if state.waits.is_some() => Err(PENDING),
            None => Err(NOTHING_ASKED),
            Some(Err(error)) => Err(error),
            Some(Ok(most)) => {
                let count = state.came.len().min(most).min(room);
                Ok(state.came.drain(..count).collect())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> (Arc<Line>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Line::start(ours).unwrap(), theirs)
    }

    /// Waits on the line's own bell: no event of a program is needed to see that a Receive has ended.
    fn ended(line: &Line) {
        let mut state = line.state();
        while state.ended.is_none() {
            state = line.changed.wait_timeout(state, Duration::from_millis(20)).unwrap().0;
        }
    }

    #[test]
    fn what_came_is_given_in_parts_and_nothing_is_lost() {
        let (line, mut far) = line();
        assert_eq!(line.retrieve(10), Err(NOTHING_ASKED));
        line.receive(3, FOR_EVER, None).unwrap();
        assert_eq!(line.receive(3, FOR_EVER, None), Err(REQUEST_PENDING));
        assert_eq!(line.retrieve(10), Err(PENDING));
        far.write_all(b"abcdefg").unwrap();
        ended(&line);
        let mut all = line.retrieve(10).unwrap();
        assert!((1..=3).contains(&all.len()), "no more than was asked for");
        while all.len() < 7 {
            line.receive(100, FOR_EVER, None).unwrap();
            ended(&line);
            all.extend(line.retrieve(2).unwrap());
        }
        assert_eq!(all, b"abcdefg");
    }

    #[test]
    fn time_and_the_end_of_the_line_signal_the_event() {
        let (line, mut far) = line();
        let event = Arc::new(Event::new(false, true));
        line.receive(1, 20, Some(event.clone())).unwrap();
        ended(&line);
        assert_eq!(line.retrieve(1), Err(TIMED_OUT));
        // the event comes last
        while !event.is_signalled() {
            std::thread::yield_now();
        }
        line.receive(1, 0, None).unwrap();
        assert_eq!(line.retrieve(1), Err(TIMED_OUT), "no time at all is over at once");
        line.receive(1, FOR_EVER, Some(event.clone())).unwrap();
        line.send(b"x").unwrap();
        far.read_exact(&mut [0]).unwrap();
        far.write_all(b"y").unwrap();
        drop(far);
        // what came before the end is given before it
        ended(&line);
        assert_eq!(line.retrieve(1), Ok(b"y".to_vec()));
        line.receive(1, FOR_EVER, Some(event.clone())).unwrap();
        ended(&line);
        assert_eq!(line.retrieve(1), Err(DISCONNECTED));
        assert_eq!(line.send(b"x"), Err(DISCONNECTED));
    }

    #[test]
    fn an_other_end_that_never_stops_is_made_to_wait() {
        let (line, mut far) = line();
        far.set_nonblocking(true).unwrap();
        let mut sent = 0;
        let until = Instant::now() + Duration::from_secs(5);
        let chunk = [7; 4096];
        // the socket takes something too; then nothing more
        while Instant::now() < until {
            match far.write(&chunk) {
                Ok(count) => sent += count,
                Err(_) if line.state().came.len() >= MOST_KEPT => break,
                Err(_) => std::thread::yield_now(),
            }
        }
        assert!(line.state().came.len() < MOST_KEPT + 4096 && sent > MOST_KEPT, "{sent}");
    }
}
