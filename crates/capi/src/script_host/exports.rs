//! The functions a script library is given: buffers, the line, its settings.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use openras_engine::RasError;

use super::line::Line;
use crate::abi::caller;
use crate::abi::script::CommSettings;
use crate::guard::{Dword, INVALID_PARAMETER, NO_MEMORY, guard};
use crate::host::buffer::Buffer;
use crate::win32::event;

/// The handle a library knows the line by.
pub(super) const PORT: usize = 0x5250;
/// The size of a buffer, in bytes.
const SIZE: u32 = 4096;
/// The most buffers a library has at once.
const MOST: usize = 64;
/// ERROR_INVALID_PORT_HANDLE, ERROR_BUFFER_TOO_SMALL, ERROR_BUFFER_INVALID.
const INVALID_PORT: RasError = RasError(601);
const TOO_SMALL: RasError = RasError(603);
const BUFFER_INVALID: RasError = RasError(610);
/// MARKPARITY and SPACEPARITY stand behind none, odd and even; two stop bits behind one and a half.
const LAST_PARITY: u8 = 4;
const LAST_STOP: u8 = 2;

/// The line of this process, from before the library is called.
pub(super) static LINE: OnceLock<Arc<Line>> = OnceLock::new();
static BUFFERS: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());

fn buffers() -> MutexGuard<'static, Vec<Buffer>> {
    BUFFERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The line, if this is its handle.
fn line(port: usize) -> Result<Arc<Line>, RasError> {
    LINE.get().filter(|_| port == PORT).cloned().ok_or(INVALID_PORT)
}

/// How many bytes there are at this address of one of the library's buffers.
fn room(address: *const u8) -> Result<usize, RasError> {
    if address.is_null() {
        return Err(INVALID_PARAMETER);
    }
    buffers().iter().find_map(|buffer| buffer.room_at(address)).ok_or(BUFFER_INVALID)
}

/// RasGetBuffer.
///
/// # Safety
/// Both are NULL or writable.
pub(super) unsafe extern "C" fn get_buffer(buffer: *mut *mut u8, size: *mut Dword) -> Dword {
    guard(|| {
        if buffer.is_null() || size.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let mut all = buffers();
        if all.len() >= MOST {
            return Err(NO_MEMORY);
        }
        let fresh = Buffer::new(SIZE as usize).ok_or(NO_MEMORY)?;
        // SAFETY: not NULL, so that the library vouches for both.
        unsafe {
            buffer.write_unaligned(fresh.address());
            size.write_unaligned(SIZE);
        }
        all.push(fresh);
        Ok(())
    })
}

/// RasFreeBuffer.
pub(super) extern "C" fn free_buffer(buffer: *mut u8) -> Dword {
    guard(|| {
        if buffer.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let mut all = buffers();
        let at = all.iter().position(|one| one.address() == buffer).ok_or(BUFFER_INVALID)?;
        all.swap_remove(at);
        Ok(())
    })
}

/// RasSendBuffer: 0 when the line has it.
pub(super) extern "C" fn send_buffer(port: usize, buffer: *mut u8, size: Dword) -> Dword {
    guard(|| {
        let room = room(buffer)?;
        let line = line(port)?;
        let size = usize::try_from(size).ok().filter(|size| *size <= room).ok_or(TOO_SMALL)?;
        // SAFETY: `size` bytes from there on are in a buffer of this process; the library gave them to us for this call.
        let bytes = unsafe { std::slice::from_raw_parts(buffer, size) }.to_vec();
        line.send(&bytes)
    })
}

/// RasReceiveBuffer: asks for at most `*size` bytes (0: what fits) within `timeout` milliseconds (0xFFFFFFFF: for ever);
/// the event is signalled then.
///
/// # Safety
/// `size` is NULL or readable.
pub(super) unsafe extern "C" fn receive_buffer(
    port: usize,
    buffer: *mut u8,
    size: *mut Dword,
    timeout: Dword,
    event: usize,
) -> Dword {
    guard(|| {
        if size.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let room = room(buffer)?;
        let line = line(port)?;
        // SAFETY: not NULL, so that the library vouches for it.
        let wanted = usize::try_from(unsafe { size.read_unaligned() }).unwrap_or(usize::MAX);
        if wanted > room {
            return Err(TOO_SMALL);
        }
        let event = if event == 0 { None } else { Some(event::hold(event)?) };
        line.receive(if wanted == 0 { room } else { wanted }, timeout, event)
    })
}

/// RasRetrieveBuffer: what came, or why nothing did: 638 in time, 619 the line is gone, 600 it still waits.
///
/// # Safety
/// `size` is NULL or writable.
pub(super) unsafe extern "C" fn retrieve_buffer(port: usize, buffer: *mut u8, size: *mut Dword) -> Dword {
    guard(|| {
        if size.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL, so that the library vouches for it.
        unsafe { size.write_unaligned(0) };
        let room = room(buffer)?;
        let bytes = line(port)?.retrieve(room)?;
        // SAFETY: no more than fit into a buffer of this process, which the library gave to us for this call.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
        // SAFETY: as above.
        unsafe { size.write_unaligned(u32::try_from(bytes.len()).unwrap_or(u32::MAX)) };
        Ok(())
    })
}

/// RasSetCommSettings: what a serial port has and our lines have not; looked at, and without effect.
///
/// # Safety
/// `settings` is NULL or has as many bytes as its dwSize says.
pub(super) unsafe extern "C" fn set_comm_settings(
    port: usize,
    settings: *const CommSettings,
    _reserved: *const c_void,
) -> Dword {
    guard(|| {
        // SAFETY: as the library promised.
        let settings = unsafe { caller::read(settings) }?;
        line(port)?;
        let known = settings.bParity <= LAST_PARITY
            && settings.bStop <= LAST_STOP
            && (5..=8).contains(&settings.bByteSize);
        if known { Ok(()) } else { Err(INVALID_PARAMETER) }
    })
}
