//! What RasAdmin functions allocate, until RasAdminFreeBuffer. An address that is none of ours is refused, not freed.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

use openras_engine::RasError;

use crate::abi::admin::{Parameters, Port0};
use crate::guard::{Dword, INVALID_PARAMETER, guard};

/// A buffer of a caller's.
pub(super) enum Buffer {
    /// RasAdminPortEnum.
    Ports(Box<[Port0]>),
    /// RasAdminPortGetInfo: parameters, and the texts they point to.
    Parameters(Box<[Parameters]>, #[expect(dead_code, reason = "held for who points to it")] Vec<Box<[u8]>>),
}

static BUFFERS: Mutex<BTreeMap<usize, Buffer>> = Mutex::new(BTreeMap::new());

/// Keeps a buffer that is not empty, and gives its address.
pub(super) fn keep(buffer: Buffer) -> usize {
    // a box's contents stay where they are
    let address = match &buffer {
        Buffer::Ports(ports) => ports.as_ptr().addr(),
        Buffer::Parameters(parameters, _) => parameters.as_ptr().addr(),
    };
    buffers().insert(address, buffer);
    address
}

/// RasAdminFreeBuffer: gives back what PortEnum or PortGetInfo allocated. 87 for another address, and for one that was
/// given back already.
#[unsafe(no_mangle)]
pub extern "C" fn RasAdminFreeBuffer(buffer: *mut c_void) -> Dword {
    guard(|| {
        let found = buffers().remove(&(buffer as usize));
        found.map(drop).ok_or(INVALID_PARAMETER)
    })
}

fn buffers() -> MutexGuard<'static, BTreeMap<usize, Buffer>> {
    BUFFERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The errors of a function that could give nothing.
pub(super) fn address_or(
    error: RasError,
    buffer: Option<Buffer>,
    into: impl FnOnce(usize),
) -> Result<(), RasError> {
    into(keep(buffer.ok_or(error)?));
    Ok(())
}
