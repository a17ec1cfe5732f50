//! What a security module calls: exported by RASMAN.DLL, but for Complete, whose address Begin gets.

use std::ffi::c_void;

use openras_engine::RasError;

use super::dialog::{self, BUFFER_INVALID, DISCONNECTED, INVALID_PORT, PENDING, TOO_SMALL, Verdict};
use super::{lines, server};
use crate::guard::{Dword, INVALID_PARAMETER, guard, guard_or};
use crate::text;

/// ERROR_INVALID_DATA.
const INVALID_DATA: Dword = 13;

/// SECURITY_MESSAGE.
#[repr(C)]
pub struct SecurityMessage {
    msg_id: Dword,
    port: *mut c_void,
    error: Dword,
    user_name: [u8; 257],
    domain: [u8; 16],
}

/// RAS_SECURITY_INFO.
#[repr(C)]
pub struct SecurityInfo {
    last_error: Dword,
    bytes_received: Dword,
    device_name: [u8; 129],
}

const _: () =
    assert!(size_of::<SecurityMessage>() == if cfg!(target_pointer_width = "64") { 296 } else { 288 });
const _: () = assert!(size_of::<SecurityInfo>() == 140);

/// PENDING is what success is called here.
fn pending(result: Dword) -> Dword {
    if result == 0 { PENDING.0 } else { result }
}

/// Sends bytes of the send buffer to the caller. 600 (PENDING): they are on their way, and the buffer is free again.
/// 601 no such dialog, 610 not in the send buffer or too long, 619 the line is gone.
///
/// # Safety
/// `buffer` is an address; it is read only where it lies in the dialog's own send buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSecurityDialogSend(port: *mut c_void, buffer: *mut u8, length: u16) -> Dword {
    pending(guard(|| {
        let dialog = dialog::of(port as usize)?;
        dialog.check_line()?;
        let length = usize::from(length);
        if length == 0 {
            return Ok(());
        }
        let room = dialog.send.room_at(buffer).ok_or(BUFFER_INVALID)?;
        if length > room {
            return Err(BUFFER_INVALID);
        }
        // SAFETY: the range lies in the dialog's send buffer, as was just looked up; the module does not write there
        // while it calls.
        let bytes = unsafe { std::slice::from_raw_parts(buffer.cast_const(), length) };
        lines::send(&dialog.name, bytes);
        Ok(())
    }))
}

/// Waits for bytes of the caller: as many as `*length` says, into the receive buffer; `event` is signalled when they have
/// come, the time in seconds is out (0 = none), or the line is gone. 600 (PENDING): it waits. 601, 603 (`*length` is 0),
/// 610, 616 (one waits already), 619, 6 (no event of ours). With 601 and 619 `*length` is 0 and `event` signalled, for
/// modules that wait for it without a look at the result.
///
/// # Safety
/// `length` is writable until the event is signalled; `buffer` is an address, written only where it lies in the dialog's
/// own receive buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSecurityDialogReceive(
    port: *mut c_void,
    buffer: *mut u8,
    length: *mut u16,
    timeout: Dword,
    event: *mut c_void,
) -> Dword {
    pending(guard(|| {
        // SAFETY: as the caller's.
        let result = unsafe { receive(port as usize, buffer, length, timeout, event as usize) };
        if let Err(INVALID_PORT | DISCONNECTED) = result
            && !length.is_null()
        {
            // SAFETY: not NULL, and the module's to give.
            unsafe { length.write_unaligned(0) };
            if let Ok(Some(event)) = dialog::event_of(event as usize) {
                event.signal();
            }
        }
        result
    }))
}

/// # Safety
/// As [`RasSecurityDialogReceive`].
unsafe fn receive(
    port: usize,
    buffer: *mut u8,
    length: *mut u16,
    timeout: Dword,
    event: usize,
) -> Result<(), RasError> {
    let dialog = dialog::of(port)?;
    if length.is_null() {
        return Err(INVALID_PARAMETER);
    }
    let room = dialog.receive.room_at(buffer).ok_or(BUFFER_INVALID)?;
    // SAFETY: not NULL, and the module's to give.
    let wanted = usize::from(unsafe { length.read_unaligned() });
    if wanted == 0 {
        return Err(TOO_SMALL);
    }
    let event = dialog::event_of(event)?;
    dialog.wait_for(buffer as usize, wanted.min(room), length as usize, timeout, event)
}

/// How the last Receive stands, and the name of the device. 601, 87.
///
/// # Safety
/// `info` is NULL or writable as a RAS_SECURITY_INFO.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasSecurityDialogGetInfo(port: *mut c_void, info: *mut SecurityInfo) -> Dword {
    guard(|| {
        if info.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let dialog = dialog::of(port as usize)?;
        let (last_error, bytes_received) = dialog.info()?;
        let device_name = text::array(dialog.device());
        // SAFETY: not NULL, so the module vouches for it.
        unsafe { info.write_unaligned(SecurityInfo { last_error, bytes_received, device_name }) };
        Ok(())
    })
}

/// The end of a dialog: the module's verdict. Returns at once; End is called by another thread afterwards.
///
/// # Safety
/// `message` is NULL or readable as a SECURITY_MESSAGE.
pub unsafe extern "C" fn complete(message: *mut SecurityMessage) {
    guard_or((), || {
        if message.is_null() {
            return lines::log(&None, "RasSecurityDialogComplete was called with NULL, which is ignored");
        }
        // SAFETY: not NULL, so the module vouches for it.
        let message = unsafe { message.read_unaligned() };
        let port = message.port as usize;
        match dialog::of(port) {
            Ok(dialog) => server::completed(port, &dialog, verdict(&message)),
            Err(_) => lines::log(
                &None,
                "RasSecurityDialogComplete named no dialog of this process, or one that is over",
            ),
        }
    });
}

/// The verdict in a message. Names are UTF-8; what is not becomes U+FFFD, and a name with a control character in it is
/// none: such a caller does not come in.
fn verdict(message: &SecurityMessage) -> Verdict {
    let user = text::from_array(message.user_name.get(..256).unwrap_or_default());
    let domain = text::from_array(message.domain.get(..15).unwrap_or_default());
    let named = !user.chars().chain(domain.chars()).any(char::is_control);
    match message.msg_id {
        1 | 2 if !named => Verdict::Error(INVALID_DATA, "a name in Complete has a control character in it"),
        1 => Verdict::Success(user, domain),
        2 => Verdict::Failure(user, domain),
        3 => Verdict::Error(message.error, ""),
        _ => Verdict::Error(INVALID_PARAMETER.0, "dwMsgId in Complete is none of 1, 2, 3"),
    }
}
