//! Arrays of callers: what all RasEnum functions do alike.

use openras_engine::RasError;

use super::caller::{Versioned, put, size, whole};
use crate::guard::INVALID_PARAMETER;

/// Where a RasEnum function is to put what it found.
#[derive(Clone, Copy)]
pub(crate) struct List<T> {
    /// The array, or NULL. Its first element says dwSize for all.
    pub(crate) array: *mut T,
    /// In: its bytes. Out: how many it takes.
    pub(crate) bytes: *mut u32,
    /// Out: how many there are.
    pub(crate) count: *mut u32,
}

impl<T: Versioned> List<T> {
    /// Fills the array from `found`, which is not called where the arguments are wrong. Elements are as long as the
    /// caller's dwSize says, and all say so.
    ///
    /// The order of checks is that of Windows (blackbox-facts): NULL, dwSize, no room at all (then the count stays as it
    /// was), too little room.
    ///
    /// # Errors
    /// 87 for a NULL; `unknown_size` for a dwSize there never was; 603 with the need in `bytes` if there is no room; what
    /// `found` gives.
    ///
    /// # Safety
    /// Each of the three is NULL or points to what it is said to; the array has `bytes` bytes, and at least a dwSize
    /// even where that is less.
    pub(crate) unsafe fn fill(
        self,
        unknown_size: RasError,
        found: impl FnOnce() -> Result<Vec<T>, RasError>,
    ) -> Result<(), RasError> {
        if self.bytes.is_null() || self.count.is_null() {
            return Err(INVALID_PARAMETER);
        }
        let stride = if self.array.is_null() {
            whole::<T>()
        } else {
            // SAFETY: not NULL, and it has a dwSize by the caller's promise.
            unsafe { size(self.array) }.map_err(|_| unknown_size)?
        };
        let found = found()?;
        // SAFETY: not NULL, so that the caller vouches for it.
        let room = unsafe { self.bytes.read_unaligned() };
        let count = u32::try_from(found.len()).map_err(|_| RasError::BUFFER_TOO_SMALL)?;
        let need = count.checked_mul(stride).ok_or(RasError::BUFFER_TOO_SMALL)?;
        // SAFETY: not NULL, so that the caller vouches for it.
        unsafe { self.bytes.write_unaligned(need) };
        if !self.array.is_null() && room == 0 && need > 0 {
            return Err(RasError::BUFFER_TOO_SMALL);
        }
        // SAFETY: not NULL, so that the caller vouches for it.
        unsafe { self.count.write_unaligned(count) };
        if need > room || (self.array.is_null() && need > 0) {
            return Err(RasError::BUFFER_TOO_SMALL);
        }
        for (index, element) in found.iter().enumerate() {
            // SAFETY: `need` bytes are in the array, of which this is the `index`th part; a stride is a known size.
            unsafe { put(self.array.cast::<u8>().add(index * stride as usize), element, stride) };
        }
        Ok(())
    }
}
