//! RasAdmin: administration of the server on this machine (rassapi.h), over its API. Whoever calls needs the rights that
//! the service's socket asks for; without a service all give 711.

#![allow(non_snake_case, unreachable_pub, reason = "exports have their Windows names, and C reaches them")]

mod buffers;
mod ports;
mod server;
mod users;

use std::future::Future;

use openras_api::{Client, Problem};
use openras_engine::RasError;

use crate::calls::refused;
use crate::runtime;
use crate::text::from_pointer;

/// ERROR_BAD_NETPATH.
const NOT_THIS_MACHINE: RasError = RasError(53);
/// NERR_UserNotFound.
const NO_USER: RasError = RasError(2221);

/// Asks the service of this machine. One is not started for it: what nobody runs has neither ports nor users.
fn ask<T, F>(question: impl FnOnce(Client) -> F) -> Result<T, RasError>
where
    F: Future<Output = Result<T, Problem>>,
{
    ask_for(question)?.map_err(refused)
}

/// As [`ask`], with the service's own answer.
fn ask_for<T, F>(question: impl FnOnce(Client) -> F) -> Result<Result<T, Problem>, RasError>
where
    F: Future<Output = Result<T, Problem>>,
{
    runtime::wait(async { question(openras_api::start::connect(None).await?).await })
}

/// A server's name: NULL, "" or one of this machine.
///
/// # Errors
/// 53: another machine, or one that cannot be told from it.
///
/// # Safety
/// `name` is NULL or a text with its NUL.
unsafe fn is_local(name: *const u16) -> Result<(), RasError> {
    // SAFETY: as the caller promised us.
    let name = unsafe { from_pointer(name) }.unwrap_or_default();
    let asked = name.trim_start_matches('\\');
    let own = server::host();
    let names = ["", ".", "localhost", own.as_str(), server::short(&own)];
    if names.iter().any(|name| name.eq_ignore_ascii_case(asked)) {
        return Ok(());
    }
    crate::calls::reason::set(format!(
        "Only the server on this machine can be administered here; \"{}\" is another.",
        openras_engine::escape::line(asked)
    ));
    Err(NOT_THIS_MACHINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str) -> Result<(), RasError> {
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        // SAFETY: a text with its NUL.
        unsafe { is_local(name.as_ptr()) }
    }

    #[test]
    fn names_of_this_machine() {
        let own = server::host();
        for name in ["", "\\\\", "LocalHost", "\\\\.", &own, &format!("\\\\{}", own.to_uppercase())] {
            assert_eq!(asked(name), Ok(()), "{name}");
        }
        assert_eq!(asked("\\\\elsewhere"), Err(RasError(53)));
        assert!(crate::calls::reason::last().contains("elsewhere"));
        // SAFETY: NULL is this machine.
        assert_eq!(unsafe { is_local(std::ptr::null()) }, Ok(()));
    }
}
