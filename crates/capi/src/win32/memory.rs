//! The heap, which is C's: valgrind and AddressSanitizer see every block.

use std::os::raw::c_void;
use std::ptr::null_mut;

use super::error::set;
use super::{Bool, FALSE, Handle, TRUE};
use crate::guard::{INVALID_HANDLE, INVALID_PARAMETER, NO_MEMORY};

/// The one heap's handle: of no kind that has others.
const HEAP: Handle = 0x7000_0004;
const HEAP_ZERO_MEMORY: u32 = 8;
const LMEM_ZEROINIT: u32 = 0x40;

/// A block of at least one byte, aligned for everything.
fn allocate(zeroed: bool, bytes: usize) -> *mut c_void {
    // nobody has as much; AddressSanitizer and valgrind take the question for an error
    if bytes > isize::MAX.unsigned_abs() {
        return null_mut();
    }
    // SAFETY: both take any size and give NULL where there is no room.
    unsafe { if zeroed { libc::calloc(bytes.max(1), 1) } else { libc::malloc(bytes.max(1)) } }
}

/// The process's heap.
#[unsafe(no_mangle)]
pub extern "C" fn GetProcessHeap() -> Handle {
    HEAP
}

/// A block of the heap, zeroed by flag 8. NULL where there is none; as in Windows, without a last error.
#[unsafe(no_mangle)]
pub extern "C" fn HeapAlloc(heap: Handle, flags: u32, bytes: usize) -> *mut c_void {
    if heap == HEAP { allocate(flags & HEAP_ZERO_MEMORY != 0, bytes) } else { null_mut() }
}

/// Gives a block back; NULL is one.
///
/// # Safety
/// `block` is NULL or came from [`HeapAlloc`] and was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn HeapFree(heap: Handle, _flags: u32, block: *mut c_void) -> Bool {
    if heap != HEAP {
        set(INVALID_HANDLE);
        return FALSE;
    }
    // SAFETY: the caller vouches for the block.
    unsafe { libc::free(block) };
    TRUE
}

/// Options of the heap. The two there are ask for what C's heap does anyway.
#[unsafe(no_mangle)]
pub extern "C" fn HeapSetInformation(heap: Handle, class: u32, _data: *const c_void, _length: usize) -> Bool {
    const COMPATIBILITY: u32 = 0;
    const TERMINATION_ON_CORRUPTION: u32 = 1;
    // the second is for all heaps and takes NULL
    let known = heap == HEAP && class == COMPATIBILITY
        || matches!(heap, HEAP | 0) && class == TERMINATION_ON_CORRUPTION;
    if known {
        return TRUE;
    }
    set(INVALID_PARAMETER);
    FALSE
}

/// A block of local memory, always fixed: its handle is its address.
#[unsafe(no_mangle)]
pub extern "C" fn LocalAlloc(flags: u32, bytes: usize) -> *mut c_void {
    let block = allocate(flags & LMEM_ZEROINIT != 0, bytes);
    if block.is_null() {
        set(NO_MEMORY);
    }
    block
}

/// Gives a block back: always NULL, the sign of success.
///
/// # Safety
/// `block` is NULL or came from [`LocalAlloc`] and was not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LocalFree(block: *mut c_void) -> *mut c_void {
    // SAFETY: the caller vouches for the block.
    unsafe { libc::free(block) };
    null_mut()
}
