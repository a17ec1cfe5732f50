//! The two buffers of a dialog, which the module is given the addresses of. Behind each lies a page that nobody may touch,
//! so that a module that writes past the end ends its own process there and then.

use std::ptr::null_mut;

use zeroize::Zeroize;

/// Beginnings are aligned for what a module may lay over them.
const ALIGNED: usize = 16;

/// A buffer. It is freed with its dialog.
pub(crate) struct Buffer {
    start: *mut u8,
    size: usize,
    /// What was mapped: address and length.
    mapped: (usize, usize),
}

// SAFETY: it is an address; who may write there at what time is the contract of the RasSecurityDialog functions.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer of zeroes; `None` where no memory is left.
    pub(crate) fn new(size: usize) -> Option<Self> {
        // SAFETY: asks the system for a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        let room = size.next_multiple_of(ALIGNED);
        let whole = room.next_multiple_of(page);
        let length = whole.checked_add(page)?;
        let (read_write, private) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, where the kernel likes.
        let map = unsafe { libc::mmap(null_mut(), length, read_write, private, -1, 0) };
        if map == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: the last page of what was just mapped, and the place in front of it that leaves `room` bytes.
        let (guarded, start) = unsafe {
            let guard = map.cast::<u8>().add(whole);
            (libc::mprotect(guard.cast(), page, libc::PROT_NONE), guard.sub(room))
        };
        let buffer = Self { start, size, mapped: (map.expose_provenance(), length) };
        (guarded == 0).then_some(buffer)
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> *mut u8 {
        self.start
    }

    /// Makes it zeroes again, once its dialog is over.
    pub(super) fn wipe(&self) {
        // SAFETY: mapped as long as this value, and not the module's any more.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.size) }.zeroize();
    }

    /// How many bytes from this address on lie in the buffer.
    pub(crate) fn room_at(&self, address: *const u8) -> Option<usize> {
        let offset = address.addr().checked_sub(self.start.addr())?;
        self.size.checked_sub(offset).filter(|room| *room > 0)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let (address, length) = self.mapped;
        // SAFETY: what `new` mapped, once; the dialog is over, and with it the module's right to touch it.
        unsafe { libc::munmap(std::ptr::with_exposed_provenance_mut(address), length) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_it_has_room() {
        let buffer = Buffer::new(1030).unwrap();
        let start = buffer.address();
        assert!(start.addr().is_multiple_of(ALIGNED));
        assert_eq!(buffer.room_at(start), Some(1030));
        assert_eq!(buffer.room_at(start.wrapping_add(1029)), Some(1));
        for outside in
            [start.wrapping_add(1030), start.wrapping_sub(1), null_mut(), start.wrapping_add(usize::MAX / 2)]
        {
            assert_eq!(buffer.room_at(outside), None);
        }
        // SAFETY: the last byte of a buffer that nobody else has.
        unsafe { start.add(1029).write(7) };
        buffer.wipe();
        // SAFETY: as above.
        assert_eq!(unsafe { start.add(1029).read() }, 0);
    }
}
