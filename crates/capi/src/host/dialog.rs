//! One dialog: the call's handle, its two buffers, the Receive that waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_engine::RasError;

use super::buffer::Buffer;
use super::lines::{self, Name};
use crate::handles::Handles;
use crate::win32::event::{self, Event};

/// ERROR_INVALID_PORT_HANDLE, ERROR_BUFFER_TOO_SMALL, ERROR_BUFFER_INVALID, ERROR_ASYNC_REQUEST_PENDING,
/// ERROR_PORT_DISCONNECTED, ERROR_REQUEST_TIMEOUT.
pub(super) const INVALID_PORT: RasError = RasError(601);
pub(super) const TOO_SMALL: RasError = RasError(603);
pub(super) const BUFFER_INVALID: RasError = RasError(610);
pub(super) const REQUEST_PENDING: RasError = RasError(616);
pub(super) const DISCONNECTED: RasError = RasError(619);
pub(super) const TIMED_OUT: RasError = RasError(638);
/// PENDING: the good answer of Send and Receive.
pub(super) const PENDING: RasError = RasError(600);

/// All dialogs of this process, by their HPORT.
pub(super) static PORTS: Handles<Dialog> = Handles::new(4);
/// The same by the service's name for them.
static NAMES: Mutex<BTreeMap<Name, usize>> = Mutex::new(BTreeMap::new());

/// Dialogs that are over, the last of them: a module that wipes its buffers after Complete, as it must not, still finds
/// them there, as it did in the server it was written for.
static OVER: Mutex<VecDeque<Arc<Dialog>>> = Mutex::new(VecDeque::new());
/// How many are kept.
const KEPT: usize = 64;

/// A dialog.
pub(super) struct Dialog {
    pub(super) name: Name,
    device: String,
    /// Memory of the module's too: from Begin until Complete it is written by both, each in its turn.
    pub(super) send: Buffer,
    pub(super) receive: Buffer,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    waits: Option<Waits>,
    /// RAS_SECURITY_INFO.
    last_error: u32,
    bytes_received: u32,
    /// The line is gone.
    disconnected: bool,
    /// Complete was called; what it said while Begin had not returned.
    completed: bool,
    early: Option<Verdict>,
    /// Begin has returned NO_ERROR.
    begun: bool,
    /// End was called, and what it returned.
    ended: Option<u32>,
}

/// A Receive that waits.
struct Waits {
    to: usize,
    most: usize,
    length: usize,
    event: Option<Arc<Event>>,
}

/// What Complete said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Success(String, String),
    Failure(String, String),
    Error(u32, &'static str),
}

impl Inner {
    /// Whether the module may still use the line.
    fn line(&self) -> Result<(), RasError> {
        match (self.completed, self.disconnected) {
            (true, _) => Err(INVALID_PORT),
            (false, true) => Err(DISCONNECTED),
            (false, false) => Ok(()),
        }
    }

    /// A Receive comes to its end: the data, then the length, then the info; the event that is returned comes last
    /// (point 14).
    fn received(&mut self, result: Result<&[u8], RasError>) -> Option<Arc<Event>> {
        let waits = self.waits.take()?;
        let bytes = result.unwrap_or_default();
        let bytes = bytes.get(..waits.most).unwrap_or(bytes);
        // SAFETY: Receive found `to` with room for `most` bytes in this dialog's buffer, which lives as long as the
        // dialog, and leaves it to us until the event.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), waits.to as *mut u8, bytes.len()) };
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        // SAFETY: the module gave this address for the length and keeps it until the event.
        unsafe { (waits.length as *mut u16).write_unaligned(length) };
        self.last_error = result.err().map_or(0, |error| error.0);
        self.bytes_received = u32::from(length);
        waits.event
    }
}

fn signal(event: Option<Arc<Event>>) {
    if let Some(event) = event {
        event.signal();
    }
}

impl Dialog {
    /// A new one with its HPORT; `None` where no memory or no handle is left.
    pub(super) fn begin(name: Name, device: String, size: usize) -> Option<(usize, Arc<Self>)> {
        let (send, receive) = (Buffer::new(size)?, Buffer::new(size)?);
        let dialog = Arc::new(Self { name: name.clone(), device, send, receive, inner: Mutex::default() });
        let port = PORTS.insert(dialog.clone())?;
        names().insert(name, port);
        Some((port, dialog))
    }

    /// The dialog the service calls so.
    pub(super) fn named(name: &Name) -> Option<(usize, Arc<Self>)> {
        let port = *names().get(name)?;
        Some((port, PORTS.get(port)?))
    }

    /// The friendly name of the device on the port.
    pub(super) fn device(&self) -> &str {
        &self.device
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether Send may write.
    pub(super) fn check_line(&self) -> Result<(), RasError> {
        self.inner().line()
    }

    /// A Receive begins: `to` and `length` are the module's until its event is signalled.
    pub(super) fn wait_for(
        &self,
        to: usize,
        most: usize,
        length: usize,
        seconds: u32,
        event: Option<Arc<Event>>,
    ) -> Result<(), RasError> {
        {
            let mut inner = self.inner();
            // with the lock that `disconnect` takes: one that waits is always woken
            inner.line()?;
            if inner.waits.is_some() {
                return Err(REQUEST_PENDING);
            }
            if let Some(event) = &event {
                event.reset();
            }
            (inner.last_error, inner.bytes_received) = (PENDING.0, 0);
            inner.waits = Some(Waits { to, most, length, event });
        }
        lines::receive(&self.name, most, seconds);
        Ok(())
    }

    /// What the service says to a Receive.
    pub(super) fn received(&self, result: Result<&[u8], RasError>) {
        let event = self.inner().received(result);
        signal(event);
    }

    /// RAS_SECURITY_INFO: LastError and BytesReceived. 601 after Complete.
    pub(super) fn info(&self) -> Result<(u32, u32), RasError> {
        let inner = self.inner();
        if inner.completed { Err(INVALID_PORT) } else { Ok((inner.last_error, inner.bytes_received)) }
    }

    /// The line is gone: whoever waits is woken. Whether End must be called for it.
    pub(super) fn disconnect(&self) -> bool {
        let (event, end) = {
            let mut inner = self.inner();
            inner.disconnected = true;
            (inner.received(Err(DISCONNECTED)), inner.begun && inner.ended.is_none())
        };
        signal(event);
        end
    }

    /// Complete was called. What to do now: `None` for a second one, and while Begin has not returned. A Receive that
    /// still waits ends here, for nothing of the module's is touched afterwards.
    pub(super) fn complete(&self, verdict: Verdict) -> Option<Verdict> {
        let (event, now) = {
            let mut inner = self.inner();
            if inner.completed {
                drop(inner);
                lines::log(&self.name, "RasSecurityDialogComplete was called again; the first call counts");
                return None;
            }
            inner.completed = true;
            let event = inner.received(Err(DISCONNECTED));
            let now = if inner.begun { Some(verdict) } else { inner.early.replace(verdict).and(None) };
            (event, now)
        };
        signal(event);
        now
    }

    /// Begin has returned NO_ERROR. Gives a verdict that was faster than that, and whether the line is gone already.
    pub(super) fn begun(&self) -> (Option<Verdict>, bool) {
        let mut inner = self.inner();
        inner.begun = true;
        (inner.early.take(), inner.disconnected)
    }

    /// Takes the right to call End: once.
    pub(super) fn takes_end(&self) -> bool {
        let mut inner = self.inner();
        inner.ended.replace(0).is_none()
    }

    /// Whether all is over: End has returned, and Complete was called or will not be.
    pub(super) fn is_over_after(&self, end: u32) -> bool {
        let mut inner = self.inner();
        inner.ended = Some(end);
        inner.completed || end != 0
    }

    /// Whether End has been called; a Complete after it is the last thing that was waited for.
    pub(super) fn has_ended(&self) -> bool {
        self.inner().ended.is_some()
    }

    /// Forgets it: its handle is 601 from now on. What was typed and said is wiped.
    pub(super) fn forget(port: usize) {
        let Some(dialog) = PORTS.remove(port) else { return };
        dialog.inner().completed = true;
        names().remove(&dialog.name);
        dialog.send.wipe();
        dialog.receive.wipe();
        let mut over = OVER.lock().unwrap_or_else(PoisonError::into_inner);
        over.push_back(dialog);
        if over.len() > KEPT {
            over.pop_front();
        }
    }
}

fn names() -> MutexGuard<'static, BTreeMap<Name, usize>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The dialog of an HPORT.
///
/// # Errors
/// 601.
pub(super) fn of(port: usize) -> Result<Arc<Dialog>, RasError> {
    PORTS.get(port).ok_or(INVALID_PORT)
}

/// The module's event; NULL is no event.
///
/// # Errors
/// 6: it is none of ours.
pub(super) fn event_of(handle: usize) -> Result<Option<Arc<Event>>, RasError> {
    if handle == 0 { Ok(None) } else { event::hold(handle).map(Some) }
}
