//! Users: RasAdminUserGetInfo and RasAdminUserSetInfo.

use std::ffi::c_void;

use openras_api::types::user::{User, UserRights};
use openras_engine::RasError;
use openras_engine::server::callback::normalise;

use super::server::instead;
use super::{NO_USER, ask_for, is_local};
use crate::abi::admin::User0;
use crate::calls::{reason, refused};
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::{array, from_array, from_pointer};

/// RASPRIV_*.
const NO_CALLBACK: u8 = 0x1;
const ADMIN_SET: u8 = 0x2;
const CALLER_SET: u8 = 0x4;
const DIAL_IN: u8 = 0x8;

/// ERROR_INVALID_DATA, ERROR_INVALID_CALLBACK_NUMBER.
const INVALID_DATA: RasError = RasError(13);
const INVALID_NUMBER: RasError = RasError(751);

/// RasAdminUserGetInfo: whether a user may dial in, and the callback. 87, 53, 2221 no such user, 5.
///
/// # Safety
/// The names are NULL or texts with their NUL; `info` is NULL or has 260 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminUserGetInfo(
    server: *const u16,
    user: *const u16,
    info: *mut c_void,
) -> Dword {
    guard(|| {
        // SAFETY: as the caller promised us.
        let name = unsafe { named(server, user, info) }?;
        let found = ask_for(async |client| client.user(&name).await)?.map_err(no_user)?;
        // SAFETY: not NULL, as was looked at, so the caller vouches for it.
        unsafe { info.cast::<User0>().write_unaligned(told(&found)) };
        Ok(())
    })
}

/// RasAdminUserSetInfo: sets the same. 13 where bfPrivilege has not exactly one callback bit or a bit nobody knows, 751 for a
/// number that cannot be called, 87, 53, 2221, 5.
///
/// # Safety
/// As [`RasAdminUserGetInfo`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminUserSetInfo(
    server: *const u16,
    user: *const u16,
    info: *const c_void,
) -> Dword {
    guard(|| {
        // SAFETY: as the caller promised us.
        let name = unsafe { named(server, user, info) }?;
        // SAFETY: not NULL, as was looked at, so the caller vouches for it.
        let rights = rights(&unsafe { info.cast::<User0>().read_unaligned() })?;
        ask_for(async |client| client.set_user(&name, &rights).await)?.map_err(no_user).map(drop)
    })
}

/// The name of the user whom the arguments are about.
unsafe fn named(server: *const u16, user: *const u16, info: *const c_void) -> Result<String, RasError> {
    // SAFETY: as the caller promised us.
    let name = unsafe { from_pointer(user) };
    let name = name.filter(|name| !name.is_empty() && !info.is_null()).ok_or(INVALID_PARAMETER)?;
    // SAFETY: as the caller promised us.
    unsafe { is_local(server) }?;
    Ok(name)
}

fn no_user(problem: openras_api::Problem) -> RasError {
    instead(refused(problem), &[(2, NO_USER)])
}

fn told(user: &User) -> User0 {
    let (callback, number) = match user.callback.as_str() {
        "none" => (NO_CALLBACK, ""),
        "caller" => (CALLER_SET, ""),
        number => (ADMIN_SET, number),
    };
    let dial_in = if user.no_dial_in { 0 } else { DIAL_IN };
    User0 { bfPrivilege: callback | dial_in, szPhoneNumber: array(number) }
}

fn rights(info: &User0) -> Result<UserRights, RasError> {
    let number = from_array(&info.szPhoneNumber);
    let callback = match info.bfPrivilege & !DIAL_IN {
        NO_CALLBACK => "none".to_owned(),
        ADMIN_SET => normalise(&number).ok_or_else(|| wrong_number("is none that can be called back"))?,
        // what the caller is to be offered has no place in our store, and losing it in silence would be worse
        CALLER_SET if !number.is_empty() => {
            return Err(wrong_number("cannot be kept: a caller who sets the number has no default here"));
        }
        CALLER_SET => "caller".to_owned(),
        _ => {
            reason::set(
                "bfPrivilege has exactly one of the three callback bits, and RASPRIV_DialinPrivilege or not.",
            );
            return Err(INVALID_DATA);
        }
    };
    Ok(UserRights {
        no_dial_in: Some(info.bfPrivilege & DIAL_IN == 0),
        callback: Some(callback),
        ..UserRights::default()
    })
}

fn wrong_number(why: &str) -> RasError {
    reason::set(format!("The number in szPhoneNumber {why}."));
    INVALID_NUMBER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(privilege: u8, number: &str) -> Result<UserRights, RasError> {
        rights(&User0 { bfPrivilege: privilege, szPhoneNumber: array(number) })
    }

    #[test]
    fn exactly_one_callback_bit_and_a_number_that_can_be_called() {
        for privilege in 0..=u8::MAX {
            let known = [1, 2, 4].contains(&(privilege & !8));
            let number = if privilege & 2 == 0 { "" } else { "+49 711 5551212" };
            let asked = asked(privilege, number);
            assert_eq!(asked.is_ok(), known, "{privilege:#x}");
            assert!(known || asked == Err(RasError(13)));
        }
        let preset = asked(2 | 8, "+49 711 5551212").unwrap();
        assert_eq!(preset.callback.as_deref(), Some("+497115551212"));
        assert_eq!((preset.no_dial_in, preset.callback_allow), (Some(false), None));
        for number in ["", "1;2", "example.com", &"1".repeat(129)] {
            assert_eq!(asked(2, number), Err(RasError(751)), "{number}");
        }
        assert_eq!(asked(4, "5551212"), Err(RasError(751)));
    }
}
