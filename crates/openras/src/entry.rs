//! Entries of the phone book as `dial` and `rasdial` take them.

use openras_api::Problem;
use openras_client::{EntryCall, EntryDial};
use openras_engine::RasError;
use openras_phonebook::BookError;
use openras_ppp::Secret;

use crate::exit;

/// Who dials an entry, as far as it was said.
#[derive(Debug, Default)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) domain: String,
}

/// An entry with what is saved for it; what was said goes before. Another user's password is not the saved one.
pub(crate) fn find(call: EntryCall, login: Login) -> Result<EntryDial, BookError> {
    let mut found = call.find()?;
    if !login.user.is_empty() && login.user != found.dial.user {
        found.dial.user = login.user;
        found.dial.password = Secret::default().into();
        found.has_password = false;
        if login.domain != "*" {
            found.dial.domain = String::new();
        }
    }
    if let Some(password) = login.password {
        found.dial.password = password.into();
        found.has_password = true;
    }
    if !login.domain.is_empty() && login.domain != "*" {
        found.dial.domain = login.domain;
    }
    Ok(found)
}

/// A phone book's error as the service would tell it.
pub(crate) fn told(error: &BookError) -> Problem {
    let place = match (&error.path, error.line) {
        (Some(path), Some(line)) => format!("{}, line {line}: ", path.display()),
        (Some(path), None) => format!("{}: ", path.display()),
        (None, _) => String::new(),
    };
    let mut message = format!("{place}{}.", error.what);
    if place.is_empty()
        && let Some(first) = message.get_mut(..1)
    {
        first.make_ascii_uppercase();
    }
    Problem::new(error.code, message).remedy(error.remedy.clone())
}

/// The exit code of a dial that a phone book refused: the file, or what the entry says.
pub(crate) fn exit_code(error: &BookError) -> u8 {
    match error.code {
        // 608: no line of ours
        RasError(608) => exit::LINE,
        _ => exit::CONFIGURATION,
    }
}
