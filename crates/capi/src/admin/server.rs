//! The server itself: RasAdminServerGetInfo, RasAdminGetUserAccountServer, RasAdminGetErrorString.

use openras_engine::RasError;

use super::{ask, is_local};
use crate::abi::admin::Server0;
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::array;

/// RASADMIN_CURRENT.
const VERSION: Dword = 40;
/// UNCLEN + 1.
const SERVER_NAME: usize = 18;

/// RasAdminServerGetInfo: ports there are and those in use. 87, 53 another machine, 711, 5.
///
/// # Safety
/// `server` is NULL or a text with its NUL; `info` is NULL or has 8 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminServerGetInfo(server: *const u16, info: *mut std::ffi::c_void) -> Dword {
    guard(|| {
        if info.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: as the caller promised us.
        unsafe { is_local(server) }?;
        let found = ask(async |client| client.server().await)?;
        let number = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let told = Server0 {
            TotalPorts: number(found.ports),
            PortsInUse: number(found.ports_in_use),
            RasVersion: VERSION,
        };
        // SAFETY: not NULL, so the caller vouches for it.
        unsafe { info.cast::<Server0>().write_unaligned(told) };
        Ok(())
    })
}

/// RasAdminGetUserAccountServer: who holds the accounts, which is this machine: `\\` and its name. 87 for NULL and where
/// both names are, 53 for another machine's.
///
/// # Safety
/// The names are NULL or texts with their NUL; `account_server` is NULL or has room for 18 characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminGetUserAccountServer(
    domain: *const u16,
    server: *const u16,
    account_server: *mut u16,
) -> Dword {
    guard(|| {
        if account_server.is_null() || (domain.is_null() && server.is_null()) {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: as the caller promised us.
        unsafe { is_local(server) }?;
        let name: [u16; SERVER_NAME] = array(&format!("\\\\{}", short(&host()).to_uppercase()));
        // SAFETY: not NULL, so the caller vouches for 18 characters; they may lie anywhere.
        unsafe { account_server.cast::<[u16; SERVER_NAME]>().write_unaligned(name) };
        Ok(())
    })
}

/// RasAdminGetErrorString: as RasGetErrorStringW. 87, 122.
///
/// # Safety
/// `text` is NULL or has room for `characters`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminGetErrorString(error: u32, text: *mut u16, characters: Dword) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { crate::calls::errors::get(error, text, characters) })
}

/// The name of this machine.
pub(super) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".into() } else { name.into() }
}

/// The name as NetBIOS has it: without its domain, and of 15 characters at most.
pub(super) fn short(host: &str) -> &str {
    let name = host.split('.').next().unwrap_or_default();
    name.char_indices().nth(15).map_or(name, |(end, _)| name.get(..end).unwrap_or(name))
}

/// A number of the service that another means the same to callers of this interface.
pub(super) fn instead(error: RasError, pairs: &[(u32, RasError)]) -> RasError {
    pairs.iter().find(|(from, _)| *from == error.0).map_or(error, |(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_netbios_are_short() {
        assert_eq!(short("ras.example.com"), "ras");
        assert_eq!(short("a-name-that-is-much-too-long"), "a-name-that-is-");
        assert!(!host().is_empty() && !host().contains('\n'));
    }
}
