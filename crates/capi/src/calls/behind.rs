//! What RasGet…Properties and RasSet…Properties have beside their structure: numbers in a list behind it, and the settings
//! of a device, which only its driver understands.

use openras_engine::RasError;
use openras_phonebook::Number;

use super::hidden::MOST_DEVICE;
use super::reason;
use crate::abi::caller::{Versioned, read, size, whole, write};
use crate::guard::INVALID_PARAMETER;
use crate::text::Char;

/// More than a line of a book has; what a program read there it may give back.
const LONGEST_NUMBER: usize = 16 << 10;
/// More numbers than anybody tries.
const MOST_NUMBERS: usize = 1000;

/// Where a RasGet…Properties function is to put what it found.
pub(super) struct Room<T> {
    /// The structure, or NULL.
    pub(super) to: *mut T,
    /// In: its bytes, with those for the list. Out: how many it takes.
    pub(super) bytes: *mut u32,
    /// The device's settings, or NULL.
    pub(super) device: *mut u8,
    /// In: its bytes. Out: how many it takes.
    pub(super) device_bytes: *mut u32,
}

/// What was found.
pub(super) struct Found<T> {
    /// The structure; `offset` of its list goes into it.
    pub(super) value: T,
    /// The list, as the caller's characters; empty for none.
    pub(super) list: Vec<u8>,
    /// The settings of the device.
    pub(super) device: Vec<u8>,
}

impl<T: Versioned> Room<T> {
    /// Looks at the arguments, then gives what `found` finds; it gets the offset where the list will be.
    ///
    /// # Errors
    /// 87 for a NULL where none may be, 632 for a dwSize there never was, what `found` gives, 603 with the needs if there
    /// is too little room; then nothing else is written.
    ///
    /// # Safety
    /// Each pointer is NULL or points to what it is said to; a structure has at least its dwSize.
    pub(super) unsafe fn fill(
        self,
        found: impl FnOnce(u32) -> Result<Found<T>, RasError>,
    ) -> Result<(), RasError> {
        if self.bytes.is_null() || (self.device_bytes.is_null() && !self.device.is_null()) {
            return Err(INVALID_PARAMETER);
        }
        let stride = if self.to.is_null() {
            whole::<T>()
        } else {
            // SAFETY: not NULL, and it has a dwSize by the caller's promise.
            unsafe { size(self.to) }?
        };
        let found = found(stride)?;
        let too_small = |_| RasError::BUFFER_TOO_SMALL;
        let need = stride.saturating_add(u32::try_from(found.list.len()).map_err(too_small)?);
        // SAFETY: not NULL, so that the caller vouches for it.
        let room = unsafe { self.bytes.read_unaligned() };
        // SAFETY: as before.
        unsafe { self.bytes.write_unaligned(need) };
        // SAFETY: NULL or as the caller promised us.
        let device_fits = unsafe { self.tell_device(found.device.len()) }?;
        if self.to.is_null() || room < need || !device_fits {
            return Err(RasError::BUFFER_TOO_SMALL);
        }
        // SAFETY: `room` bytes are there by the caller's promise, thus the structure and the list behind it.
        unsafe {
            write(self.to, &found.value)?;
            let list = self.to.cast::<u8>().add(stride as usize);
            std::ptr::copy_nonoverlapping(found.list.as_ptr(), list, found.list.len());
        }
        if !self.device.is_null() {
            // SAFETY: it has room for as much, as was just looked at.
            unsafe { std::ptr::copy_nonoverlapping(found.device.as_ptr(), self.device, found.device.len()) };
        }
        Ok(())
    }

    /// Tells the need for the device's settings; whether they fit, or are not wanted.
    ///
    /// # Safety
    /// As [`Self::fill`].
    unsafe fn tell_device(&self, need: usize) -> Result<bool, RasError> {
        if self.device_bytes.is_null() {
            return Ok(true);
        }
        let need = u32::try_from(need).map_err(|_| RasError::BUFFER_TOO_SMALL)?;
        // SAFETY: not NULL, so that the caller vouches for it.
        let room = unsafe { self.device_bytes.read_unaligned() };
        // SAFETY: as before.
        unsafe { self.device_bytes.write_unaligned(need) };
        Ok(self.device.is_null() || room >= need)
    }
}

/// The alternate numbers that a list can hold and [`numbers`] takes back: text without a NUL, not too long, not too many.
pub(super) fn shown(numbers: &[Number]) -> impl Iterator<Item = &String> {
    let fits = |text: &&String| !text.is_empty() && !text.contains('\0') && text.len() <= LONGEST_NUMBER;
    numbers.iter().skip(1).map(|number| &number.number).filter(fits).take(MOST_NUMBERS)
}

/// What a RasSet…Properties function is given.
pub(super) struct Given<T> {
    pub(super) properties: *const T,
    pub(super) bytes: u32,
    pub(super) device: *const u8,
    pub(super) device_bytes: u32,
}

/// The same as values: while a book is locked nothing of the caller's is looked at.
pub(super) struct Copied<T> {
    pub(super) properties: T,
    /// The numbers behind the structure; `None` where its offset says that there are none.
    pub(super) numbers: Option<Vec<String>>,
    /// The settings of the device, where any are given.
    pub(super) device: Option<Vec<u8>>,
}

impl<T: Versioned> Given<T> {
    /// Copies all of it; `offset` is where the structure says its list of numbers is.
    ///
    /// # Errors
    /// 87, 632, 610; 87 for a list or settings that are none.
    ///
    /// # Safety
    /// The structure is NULL or has its dwSize, and `bytes` bytes in all; `device` is NULL or has `device_bytes` bytes.
    pub(super) unsafe fn copy<C: Char>(self, offset: impl FnOnce(&T) -> u32) -> Result<Copied<T>, RasError> {
        // SAFETY: as the caller promised us.
        let size = unsafe { size(self.properties) }?;
        if self.bytes < size {
            reason::set(format!("The buffer has {} bytes, the structure in it {size}.", self.bytes));
            return Err(RasError::BUFFER_INVALID);
        }
        // SAFETY: `size` bytes are there, and by the caller's promise `bytes` in all.
        unsafe {
            let properties = read(self.properties)?;
            let numbers = numbers::<C>(self.properties.cast(), size, offset(&properties), self.bytes)?;
            let device = bytes(self.device, self.device_bytes, MOST_DEVICE)?;
            Ok(Copied { properties, numbers, device })
        }
    }
}

/// All numbers but the first as a list: each with its NUL, one more at the end. Empty where there is none.
pub(super) fn list<C: Char>(numbers: &[Number]) -> Vec<u8> {
    let mut units: Vec<C> = Vec::new();
    for number in shown(numbers) {
        units.extend(C::encode(number));
        units.push(C::default());
    }
    if !units.is_empty() {
        units.push(C::default());
    }
    C::bytes(&units)
}

/// The list behind a caller's structure; `None` for an offset of 0.
///
/// # Errors
/// 87: it does not begin behind the structure and inside the `total` bytes, or has too many or too long numbers.
///
/// # Safety
/// `from` has `total` bytes.
pub(super) unsafe fn numbers<C: Char>(
    from: *const u8,
    structure: u32,
    offset: u32,
    total: u32,
) -> Result<Option<Vec<String>>, RasError> {
    if offset == 0 {
        return Ok(None);
    }
    if offset < structure || offset > total {
        reason::set("dwAlternateOffset does not lead behind the structure and into the buffer.");
        return Err(INVALID_PARAMETER);
    }
    let count = (total - offset) as usize / size_of::<C>();
    // SAFETY: inside of `total`, as was looked at.
    let start = unsafe { from.add(offset as usize).cast::<C>() };
    let (mut numbers, mut one) = (Vec::new(), Vec::new());
    for at in 0..count {
        // SAFETY: the list has `count` characters inside of `total`; it may lie anywhere.
        let unit = unsafe { start.add(at).read_unaligned() };
        if unit != C::default() {
            one.push(unit);
        } else if one.is_empty() {
            break;
        } else {
            numbers.push(C::decode(&std::mem::take(&mut one)));
        }
        if one.len() > LONGEST_NUMBER || numbers.len() > MOST_NUMBERS {
            reason::set("An alternate number is longer than 16 KiB, or there are more than 1000.");
            return Err(INVALID_PARAMETER);
        }
    }
    // a list that the buffer ends
    if !one.is_empty() {
        numbers.push(C::decode(&one));
    }
    Ok(Some(numbers))
}

/// Bytes of a caller; `None` for NULL or none.
///
/// # Errors
/// 87: more than `most`.
///
/// # Safety
/// `from` is NULL or has `count` bytes.
pub(super) unsafe fn bytes(from: *const u8, count: u32, most: usize) -> Result<Option<Vec<u8>>, RasError> {
    if from.is_null() || count == 0 {
        return Ok(None);
    }
    let count = count as usize;
    if count > most {
        reason::set(format!("There are {count} bytes of data; at most {most} are kept."));
        return Err(INVALID_PARAMETER);
    }
    let mut copy = vec![0; count];
    // SAFETY: `count` bytes are there by the caller's promise, and in the copy.
    unsafe { std::ptr::copy_nonoverlapping(from, copy.as_mut_ptr(), count) };
    Ok(Some(copy))
}
