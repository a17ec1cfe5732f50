//! What a program wants of RasDial, found out: the entry, the line, who dials.

use std::path::{Path, PathBuf};

use openras_api::types::connection::{Connection, Dial, Terminal};
use openras_client::{EntryCall, EntryDial};
use openras_engine::RasError;
use openras_phonebook::entry::flags::RASEO_CUSTOM_SCRIPT;
use openras_phonebook::entry::is_line;
use openras_phonebook::{BookError, Books, Entry, is_placeholder};
use openras_ppp::Secret;
use zeroize::Zeroize;

use super::connection::About;
use super::reason;
use super::script::Answering;
use crate::abi::dial::{DialExtensions, DialParams};
use crate::script_host::Custom;
use crate::text::{Char, from_array};

/// RDEOPT_PausedStates.
pub(super) const PAUSED_STATES: u32 = 0x2;
/// RDEOPT_UseCustomScripting.
const USE_CUSTOM_SCRIPTING: u32 = 0x2000;

/// RASDIALPARAMS as text.
pub(super) struct Params {
    pub(super) entry: String,
    pub(super) number: String,
    pub(super) callback: String,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) domain: String,
    pub(super) callback_id: usize,
}

impl Params {
    /// Reads them, and wipes the copy of the password on the way.
    pub(super) fn of<C: Char>(mut params: DialParams<C>) -> Self {
        let end = params.szPassword.iter().position(|unit| *unit == C::default());
        let password = params.szPassword.get(..end.unwrap_or(params.szPassword.len())).unwrap_or_default();
        let password = C::secret(password);
        params.szPassword.zeroize();
        Self {
            entry: from_array(&params.szEntryName),
            number: from_array(&params.szPhoneNumber),
            callback: from_array(&params.szCallbackNumber),
            user: from_array(&params.szUserName),
            password,
            domain: from_array(&params.szDomain),
            callback_id: params.dwCallbackId.get(),
        }
    }

    /// The password, unless it is the sixteen asterisks that stand for the saved one.
    pub(super) fn own_password(&self) -> Option<Secret> {
        (!is_placeholder(self.password.expose())).then(|| self.password.clone())
    }
}

/// A dial that can begin.
pub(super) struct Wish {
    pub(super) dial: Dial,
    pub(super) about: About,
    /// What answers the terminal instead of the program.
    pub(super) script: Option<Answering>,
}

/// Looks everything up.
///
/// # Errors
/// 621–625 of the phone book, 608 where nothing is known to dial over, 752 of a script.
pub(super) fn find(
    params: &Params,
    phonebook: Option<PathBuf>,
    extensions: Option<&DialExtensions>,
) -> Result<Wish, RasError> {
    let options = extensions.map_or(0, |extensions| extensions.dwfOptions);
    let mut wish =
        if params.entry.is_empty() { without_entry(params)? } else { of_entry(params, phonebook, options)? };
    let dial = &mut wish.dial;
    dial.callback_number.clone_from(&params.callback);
    dial.pauses = options & PAUSED_STATES != 0 || wish.script.is_some();
    Ok(wish)
}

/// No entry: the number on the first line that takes numbers, or a LINE.
fn without_entry(params: &Params) -> Result<Wish, RasError> {
    let number = params.number.trim();
    if number.is_empty() {
        reason::set("Neither szEntryName nor szPhoneNumber says whom to call.");
        return Err(RasError::INVALID_PARAMETER);
    }
    let line = if is_line(number) { number.to_owned() } else { format!("exchange:{number}") };
    let mut dial = Dial::new(&line);
    dial.user.clone_from(&params.user);
    dial.domain = if params.domain == "*" { String::new() } else { params.domain.clone() };
    dial.password = params.own_password().unwrap_or_default().into();
    dial.name = format!(".{number}");
    let about = About { entry: dial.name.clone(), number: number.into(), ..device(&line, "", "") };
    Ok(Wish { dial, about, script: None })
}

fn of_entry(params: &Params, phonebook: Option<PathBuf>, options: u32) -> Result<Wish, RasError> {
    let call = EntryCall {
        name: params.entry.clone(),
        phonebook,
        number: params.number.clone(),
        user: params.user.clone(),
        password: params.password.clone(),
        domain: params.domain.clone(),
        callback: Some(params.callback.clone()),
    };
    let mut found = call.find().map_err(book)?;
    let script = if is_custom(&found.entry, options) {
        // PPP uses what the library leaves in RASDIALPARAMS, so that it must not begin before
        found.dial.terminal = Terminal::Script;
        Some(Answering::Custom(Custom::of(&found, &params.number, params.callback_id)?))
    } else {
        found.script().map_err(book)?.map(Answering::Script)
    };
    let EntryDial { dial, entry, name, phonebook, .. } = found;
    let device = entry.links.first().map_or(("", ""), |link| (&link.device_type, &link.device_name));
    let about = About {
        entry: name,
        phonebook: phonebook.to_string_lossy().into_owned(),
        number: [&params.number, &dial.number, &dial.line]
            .into_iter()
            .find(|one| !one.is_empty())
            .cloned()
            .unwrap_or_default(),
        ..self::device(&dial.line, device.0, device.1)
    };
    Ok(Wish { dial, about, script })
}

/// Whether the program's own scripting is to answer.
pub(super) fn is_custom(entry: &Entry, options: u32) -> bool {
    options & USE_CUSTOM_SCRIPTING != 0 && entry.has_option(RASEO_CUSTOM_SCRIPT)
}

/// What lists show of a connection that another program dialled: the device of its entry, where that can be read.
pub(super) fn listed(one: &Connection) -> About {
    let found = Books::of_environment().ok().filter(|_| !one.phonebook.is_empty());
    let found = found.and_then(|books| books.find(Some(Path::new(&one.phonebook)), &one.name).ok());
    let link = found.and_then(|found| found.entry.links.into_iter().next()).unwrap_or_default();
    About {
        entry: one.name.clone(),
        phonebook: one.phonebook.clone(),
        number: one.line.clone(),
        ..device(&one.line, &link.device_type, &link.device_name)
    }
}

fn device(line: &str, device_type: &str, device_name: &str) -> About {
    let usual = if line.starts_with("exchange:") { "modem" } else { "null" };
    let or = |text: &str, usual: &str| if text.is_empty() { usual.to_owned() } else { text.to_owned() };
    About { device_type: or(device_type, usual), device_name: or(device_name, line), ..About::default() }
}

/// A phone book's error: its number, and its sentences for whoever asks.
pub(crate) fn book(error: BookError) -> RasError {
    let code = error.code;
    reason::set(error.to_string());
    code
}
