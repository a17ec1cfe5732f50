//! Network addresses as text.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::raw::c_void;
use std::ptr::null;

use openras_engine::RasError;

use super::error::light;
use super::units::put;
use crate::guard::INVALID_PARAMETER;
use crate::text::Char;

/// WSAEAFNOSUPPORT.
const NO_SUCH_FAMILY: RasError = RasError(10047);
const AF_INET: i32 = 2;
/// AF_INET6 of Windows, and of Linux' own headers.
const AF_INET6: [i32; 2] = [23, libc::AF_INET6];

unsafe fn address(family: i32, address: *const c_void) -> Result<String, RasError> {
    let known = family == AF_INET || AF_INET6.contains(&family);
    if !known {
        return Err(NO_SUCH_FAMILY);
    }
    if address.is_null() {
        return Err(INVALID_PARAMETER);
    }
    if family == AF_INET {
        // SAFETY: not NULL; the caller vouches for an in_addr.
        return Ok(Ipv4Addr::from(unsafe { address.cast::<[u8; 4]>().read_unaligned() }).to_string());
    }
    // SAFETY: not NULL; the caller vouches for an in6_addr.
    Ok(Ipv6Addr::from(unsafe { address.cast::<[u8; 16]>().read_unaligned() }).to_string())
}

unsafe fn write<C: Char>(family: i32, from: *const c_void, to: *mut C, size: usize) -> *const C {
    light(null(), || {
        // SAFETY: as the caller's.
        let units = C::encode(&unsafe { address(family, from) }?);
        if to.is_null() || units.len() >= size {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL, and there is room for the NUL.
        unsafe { put(to, &units) };
        Ok(to.cast_const())
    })
}

/// An IPv4 or IPv6 address as text: `to`, or NULL and a last error (87 or 10047). `size` in characters, with the NUL.
///
/// # Safety
/// `from` is NULL or an address of the family, `to` NULL or writable for `size` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InetNtopW(
    family: i32,
    from: *const c_void,
    to: *mut u16,
    size: usize,
) -> *const u16 {
    // SAFETY: as the caller's.
    unsafe { write(family, from, to, size) }
}

/// As [`InetNtopW`]. C's own `inet_ntop` does not know Windows' number of IPv6.
///
/// # Safety
/// `from` is NULL or an address of the family, `to` NULL or writable for `size` characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InetNtopA(family: i32, from: *const c_void, to: *mut u8, size: usize) -> *const u8 {
    // SAFETY: as the caller's.
    unsafe { write(family, from, to, size) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::win32::error::GetLastError;

    #[test]
    fn both_families_and_every_bad_argument() {
        let mut text = [0_u16; 16];
        let four = [192_u8, 168, 7, 1];
        let six = Ipv6Addr::LOCALHOST.octets();
        // SAFETY: arrays of the sizes given.
        unsafe {
            let (four, six) = (four.as_ptr().cast(), six.as_ptr().cast());
            assert_eq!(InetNtopW(2, four, text.as_mut_ptr(), 12), text.as_ptr());
            assert_eq!(crate::text::from_array(&text), "192.168.7.1");
            assert!(InetNtopW(2, four, text.as_mut_ptr(), 11).is_null());
            assert_eq!(GetLastError(), 87);
            for family in [10, 23] {
                assert_eq!(InetNtopW(family, six, text.as_mut_ptr(), 16), text.as_ptr());
                assert_eq!(crate::text::from_array(&text), "::1");
            }
            assert!(InetNtopW(7, four, text.as_mut_ptr(), 16).is_null());
            assert_eq!(GetLastError(), 10047);
            assert!(InetNtopW(2, null(), text.as_mut_ptr(), 16).is_null());
            assert!(InetNtopA(2, four, std::ptr::null_mut(), 16).is_null());
        }
    }
}
