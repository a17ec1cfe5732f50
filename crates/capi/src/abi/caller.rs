//! Structures of callers: read and written by the dwSize they say, whichever Windows they were made for.

use openras_engine::RasError;

use crate::guard::INVALID_PARAMETER;

/// A structure of the C side.
///
/// # Safety
/// All bytes of it are integers and arrays of integers, or padding: zeros are a value of it, and so is all else.
pub(crate) unsafe trait Plain: Copy {
    /// All zeros.
    fn zero() -> Self {
        // SAFETY: a value of it, by the promise of the trait.
        unsafe { std::mem::zeroed() }
    }
}

/// A structure that had other sizes in other versions of Windows and says by dwSize which one it is.
///
/// # Safety
/// Its first four bytes are dwSize.
pub(crate) unsafe trait Versioned: Plain {
    /// The sizes it ever had, in ascending order; the last is that of `Self`.
    const SIZES: &'static [usize];

    /// Nothing set but dwSize, the newest.
    fn empty() -> Self {
        let mut empty = Self::zero();
        // SAFETY: dwSize is what the structure begins with, by a promise of the trait.
        unsafe { (&raw mut empty).cast::<u32>().write_unaligned(whole::<Self>()) };
        empty
    }

    /// Whether a dwSize is one that this structure ever had.
    fn is_known(size: u32) -> bool {
        usize::try_from(size).is_ok_and(|size| Self::SIZES.contains(&size))
    }
}

/// The newest dwSize.
pub(crate) fn whole<T: Versioned>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(u32::MAX)
}

/// The dwSize that a caller's structure says.
///
/// # Errors
/// 87 for NULL, 632 for a size that the structure never had.
///
/// # Safety
/// `of` is NULL or points to at least the four bytes of dwSize.
pub(crate) unsafe fn size<T: Versioned>(of: *const T) -> Result<u32, RasError> {
    if of.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: not NULL, so that the caller vouches for its first four bytes; where they are aligned is the caller's
    // business.
    let size = unsafe { of.cast::<u32>().read_unaligned() };
    if T::is_known(size) { Ok(size) } else { Err(RasError::INVALID_SIZE) }
}

/// A caller's structure as the newest, with its own dwSize; members that it does not have are zero.
///
/// # Errors
/// 87 for NULL, 632 for a size that the structure never had.
///
/// # Safety
/// `from` is NULL or points to as many bytes as the dwSize there says.
pub(crate) unsafe fn read<T: Versioned>(from: *const T) -> Result<T, RasError> {
    // SAFETY: as the caller promised us.
    let size = unsafe { size(from) }?;
    let mut whole = T::empty();
    // SAFETY: `size` is one of `T`'s, thus not more than `whole` has; so many bytes the caller vouches for.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut whole).cast(), size as usize) };
    Ok(whole)
}

/// What [`read`] gave, but members that the caller's structure does not have are those of `below`.
pub(crate) fn over<T: Versioned>(given: &T, below: &T) -> T {
    let mut whole = *below;
    // SAFETY: dwSize is what the structure begins with, by a promise of the trait.
    let size = unsafe { std::ptr::from_ref(given).cast::<u32>().read_unaligned() };
    if T::is_known(size) {
        // SAFETY: a known size is not more than either has, and both are values of ours.
        unsafe { put((&raw mut whole).cast(), given, size) };
    }
    whole
}

/// Fills a caller's structure with as much of `value` as it has room for. Its dwSize stays.
///
/// # Errors
/// 87 for NULL, 632 for a size that the structure never had; then nothing is written.
///
/// # Safety
/// `to` is NULL or points to as many writable bytes as the dwSize there says.
pub(crate) unsafe fn write<T: Versioned>(to: *mut T, value: &T) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let size = unsafe { size(to) }?;
    // SAFETY: `to` has `size` bytes, which is one of the sizes of `T`.
    unsafe { put(to.cast(), value, size) };
    Ok(())
}

/// Writes the first `size` bytes of `value`, saying `size` in dwSize.
///
/// # Safety
/// `to` points to `size` writable bytes, and `size` is known of `T`.
pub(super) unsafe fn put<T: Versioned>(to: *mut u8, value: &T, size: u32) {
    // SAFETY: a known size is not more than `value` has, and `to` has as much by the caller's promise; ours is not
    // among what foreign code can point to.
    unsafe { std::ptr::copy_nonoverlapping(std::ptr::from_ref(value).cast::<u8>(), to, size as usize) };
    // SAFETY: every known size has room for dwSize, with which the structure begins.
    unsafe { to.cast::<u32>().write_unaligned(size) };
}
