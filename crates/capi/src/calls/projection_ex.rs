//! RasGetProjectionInfoEx: all that was agreed, in one structure.

use openras_api::types::event::Projection;
use openras_engine::RasError;

use super::connection;
use super::dial::refused;
use super::projection::{authentication, settled};
use crate::abi::projection_ex::{KIND_PPP, ProjectionInfo};
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::runtime;

/// ERROR_PROTOCOL_NOT_CONFIGURED, ERROR_PPP_CP_REJECTED.
const NOT_CONFIGURED: u32 = 731;
const FAILED: u32 = 733;
/// RASAPIVERSION: 500, 501, 600 and 601 are 1 to 4; the layout is one for all.
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=4;
/// sizeof(RAS_PROJECTION_INFO).
const NEED: u32 = 108;

const _: () = assert!(size_of::<ProjectionInfo>() == NEED as usize);

/// RasGetProjectionInfoEx: addresses, identifiers and authentication of a PPP connection. 730 before they are settled, 603
/// with the need in `bytes`, 6, 87 for NULL and for a `version` that is none.
///
/// # Safety
/// `bytes` is NULL or writable; `info` is NULL or has `*bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetProjectionInfoEx(
    handle: usize,
    info: *mut std::ffi::c_void,
    bytes: *mut Dword,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(handle, info.cast(), bytes) })
}

unsafe fn get(handle: usize, info: *mut ProjectionInfo, bytes: *mut Dword) -> Result<(), RasError> {
    if bytes.is_null() {
        return Err(INVALID_PARAMETER);
    }
    // SAFETY: not NULL, so the caller vouches for it.
    let room = unsafe { bytes.read_unaligned() };
    // the version first, as dwSize elsewhere; where there is no room for it, only the need is asked
    let mut version = *VERSIONS.start();
    if !info.is_null() && room >= 4 {
        // SAFETY: not NULL, and it has four bytes, with which `version` is there.
        version = unsafe { info.cast::<u32>().read_unaligned() };
        if !VERSIONS.contains(&version) {
            super::reason::set("The version of RAS_PROJECTION_INFO is RASAPIVERSION_500, 501, 600 or 601.");
            return Err(INVALID_PARAMETER);
        }
    }
    let connection = connection::running(handle)?;
    if info.is_null() || room < NEED {
        // SAFETY: as above.
        unsafe { bytes.write_unaligned(NEED) };
        return Err(RasError::BUFFER_TOO_SMALL);
    }
    let agreed = runtime::wait(connection.client.projection(connection.id))?.map_err(refused)?;
    let told = told(version, &settled(agreed)?);
    // SAFETY: `NEED` bytes are there, as the caller promised us.
    unsafe { info.write_unaligned(told) };
    // SAFETY: as above.
    unsafe { bytes.write_unaligned(NEED) };
    Ok(())
}

fn told(version: u32, agreed: &Projection) -> ProjectionInfo {
    let missing = |protocol| if agreed.failed.contains_key(protocol) { FAILED } else { NOT_CONFIGURED };
    let mut told =
        ProjectionInfo { version, kind: KIND_PPP, dwCcpError: NOT_CONFIGURED, ..ProjectionInfo::default() };
    match &agreed.ipv4 {
        Some(ip) => {
            told.ipv4Address = ip.local.octets();
            told.ipv4ServerAddress = ip.remote.octets();
        }
        None => told.dwIPv4NegotiationError = missing("ipcp"),
    }
    match &agreed.ipv6 {
        Some(ip) => {
            told.bInterfaceIdentifier = identifier(ip.local);
            told.bServerInterfaceIdentifier = identifier(ip.remote);
        }
        None => told.dwIPv6NegotiationError = missing("ipv6cp"),
    }
    (told.dwAuthenticationProtocol, told.dwAuthenticationData) = authentication(agreed);
    told
}

fn identifier(address: std::net::Ipv6Addr) -> [u8; 8] {
    let [.., a, b, c, d, e, f, g, h] = address.octets();
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use openras_api::types::event::Ipv6;

    use super::*;

    #[test]
    fn what_failed_and_what_was_never_wanted_have_their_numbers() {
        let ipv6 = Ipv6 { local: "fe80::1:2".parse().unwrap(), remote: "fe80::a:b:c:d".parse().unwrap() };
        let agreed = Projection {
            authentication: Some("mschapv2".into()),
            ipv6: Some(ipv6),
            failed: [("ipcp".to_owned(), "no address".to_owned())].into(),
            ..Projection::default()
        };
        let told = told(4, &agreed);
        assert_eq!((told.version, told.kind), (4, 1));
        assert_eq!(
            (told.dwIPv4NegotiationError, told.dwIPv6NegotiationError, told.dwCcpError),
            (733, 0, 731)
        );
        assert_eq!(told.bInterfaceIdentifier, [0, 0, 0, 0, 0, 1, 0, 2]);
        assert_eq!(told.bServerInterfaceIdentifier, [0, 10, 0, 11, 0, 12, 0, 13]);
        assert_eq!((told.dwAuthenticationProtocol, told.dwAuthenticationData), (0xC223, 0x81));
    }
}
