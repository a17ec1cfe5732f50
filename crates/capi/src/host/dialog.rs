//! One dialog: the call's handle, its two buffers, the Receive that waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_engine::RasError;

use super::lines::{self, Name};
use crate::handles::Handles;
use crate::win32::event::{self, Event};

/// Size of each buffer, in bytes (reference point 2).
pub(super) const BUFFER: usize = 4096;
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

/// A dialog.
pub(super) struct Dialog {
    pub(super) name: Name,
    device: String,
    /// Memory of the module's too: from Begin until Complete it is written by both, each in its turn.
    pub(super) send: Buffer,
    pub(super) receive: Buffer,
    inner: Mutex<Inner>,
}

/// A buffer that the module is given the address of. It is freed with the dialog.
pub(super) struct Buffer {
    start: *mut u8,
    size: usize,
}

// SAFETY: it is an address; who may write there at what time is the contract of the RasSecurityDialog functions.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

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
    Error(u32),
}

impl Buffer {
    fn new(size: usize) -> Self {
        let memory: Box<[u8]> = vec![0; size].into_boxed_slice();
        Self { start: Box::into_raw(memory).cast(), size }
    }

    pub(super) fn address(&self) -> *mut u8 {
        self.start
    }

    /// How many bytes from this address on lie in the buffer.
    pub(super) fn room_at(&self, address: *const u8) -> Option<usize> {
        let offset = (address as usize).checked_sub(self.start as usize)?;
        self.size.checked_sub(offset).filter(|room| *room > 0)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::ptr::slice_from_raw_parts_mut(self.start, self.size);
        // SAFETY: made by `into_raw` of a box of this size, and dropped once.
        drop(unsafe { Box::from_raw(memory) });
    }
}

impl Dialog {
    /// A new one with its HPORT.
    pub(super) fn begin(name: Name, device: String) -> Option<(usize, Arc<Self>)> {
        let dialog = Arc::new(Self {
            name: name.clone(),
            device,
            send: Buffer::new(BUFFER),
            receive: Buffer::new(BUFFER),
            inner: Mutex::default(),
        });
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
        let inner = self.inner();
        match (inner.completed, inner.disconnected) {
            (true, _) => Err(INVALID_PORT),
            (false, true) => Err(DISCONNECTED),
            (false, false) => Ok(()),
        }
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
        self.check_line()?;
        {
            let mut inner = self.inner();
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

    /// A Receive comes to its end: the data, then the length, then the info, then the event (point 14).
    pub(super) fn received(&self, result: Result<&[u8], RasError>) {
        let mut inner = self.inner();
        let Some(waits) = inner.waits.take() else { return };
        let bytes = result.unwrap_or_default();
        let bytes = bytes.get(..waits.most).unwrap_or(bytes);
        // SAFETY: Receive found `to` with room for `most` bytes in this dialog's buffer, which lives as long as the
        // dialog, and leaves it to us until the event.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), waits.to as *mut u8, bytes.len()) };
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        // SAFETY: the module gave this address for the length and keeps it until the event.
        unsafe { (waits.length as *mut u16).write_unaligned(length) };
        inner.last_error = result.err().map_or(0, |error| error.0);
        inner.bytes_received = u32::from(length);
        drop(inner);
        if let Some(event) = waits.event {
            event.signal();
        }
    }

    /// RAS_SECURITY_INFO: LastError and BytesReceived.
    pub(super) fn info(&self) -> (u32, u32) {
        let inner = self.inner();
        (inner.last_error, inner.bytes_received)
    }

    /// The line is gone: whoever waits is woken. Whether End must be called for it.
    pub(super) fn disconnect(&self) -> bool {
        self.inner().disconnected = true;
        self.received(Err(DISCONNECTED));
        let inner = self.inner();
        inner.begun && inner.ended.is_none()
    }

    /// Complete was called. What to do now: `None` for a second one, and while Begin has not returned.
    pub(super) fn complete(&self, verdict: Verdict) -> Option<Verdict> {
        let mut inner = self.inner();
        if inner.completed {
            drop(inner);
            lines::log(&self.name, "RasSecurityDialogComplete was called again; the first call counts");
            return None;
        }
        inner.completed = true;
        if inner.begun {
            return Some(verdict);
        }
        inner.early = Some(verdict);
        None
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

    /// Forgets it: its handle is 601 from now on.
    pub(super) fn forget(port: usize) {
        if let Some(dialog) = PORTS.remove(port) {
            dialog.inner().completed = true;
            names().remove(&dialog.name);
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
