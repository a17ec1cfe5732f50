//! An entry of the phone book, looked up for a dial: its line, who dials, which methods, which script.

use std::path::{Path, PathBuf};

use openras_api::types::connection::{Dial, Terminal};
use openras_engine::{RasError, escape};
use openras_phonebook::entry::flags::{RASEO_TERMINAL_AFTER_DIAL, RASEO_TERMINAL_BEFORE_DIAL};
use openras_phonebook::{BookError, Books, Entry, Saved, is_placeholder};
use openras_ppp::Secret;

use crate::script::EntryScript;

/// ERROR_DEVICE_DOES_NOT_EXIST.
const NO_DEVICE: RasError = RasError(608);

/// What a dial of an entry brings with it, by the rules of RASDIALPARAMS.
#[derive(Clone, Debug, Default)]
pub struct EntryCall {
    /// The entry's name, whatever its case.
    pub name: String,
    /// The book it is in; `None` looks into the user's, then into that of all users.
    pub phonebook: Option<PathBuf>,
    /// szPhoneNumber: instead of the entry's where it is not empty.
    pub number: String,
    /// szUserName. Empty together with an empty password means the saved ones.
    pub user: String,
    /// szPassword; sixteen asterisks are the saved one.
    pub password: Secret,
    /// szDomain; `*` is the saved one.
    pub domain: String,
    /// szCallbackNumber; `None` is the saved one.
    pub callback: Option<String>,
}

/// An entry that can be dialled.
#[derive(Clone, Debug)]
pub struct EntryDial {
    /// What the service is asked for. Pauses are the caller's to add.
    pub dial: Dial,
    /// Whether there is a password, brought or saved; it may be empty.
    pub has_password: bool,
    /// What the entry says.
    pub entry: Entry,
    /// Its name as the book spells it.
    pub name: String,
    /// The book it is in.
    pub phonebook: PathBuf,
}

impl EntryCall {
    /// Looks the entry up.
    ///
    /// # Errors
    /// 623: there is none of this name; 608: it says no line that is known here; 621, 622, 625: a book cannot be read;
    /// 5, 13: the saved credentials cannot.
    pub fn find(&self) -> Result<EntryDial, BookError> {
        self.find_in(&Books::of_environment()?)
    }

    /// As [`Self::find`], with these books as the usual ones.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_in(&self, books: &Books) -> Result<EntryDial, BookError> {
        let found = books.find(self.phonebook.as_deref(), &self.name)?;
        let entry = found.entry;
        let key = found.book.secrets_key(&found.name)?;
        // what is saved is looked for only where it is wanted: who brings their own needs no file of ours
        let saved = match key {
            Some(key) if self.wants_saved() => books.secrets().get(&key)?,
            _ => Saved::default(),
        };
        let Some(target) = entry.target(0, &self.number) else {
            return Err(no_line(&found.name).in_file(found.book.path()));
        };
        let mut dial = Dial::new(crate::absolute(&target.line));
        if !target.modem.is_empty() {
            (dial.modem, dial.number) = (Some(target.modem), target.number);
        }
        dial.name.clone_from(&found.name);
        dial.phonebook = absolute(found.book.path()).to_string_lossy().into_owned();
        dial.own_number = Some(entry.own_number.clone()).filter(|number| !number.is_empty());
        dial.callback_line =
            Some(crate::absolute(&entry.callback_line)).filter(|_| !entry.callback_line.is_empty());
        dial.callback_number = self.callback.clone().or(saved.callback.clone()).unwrap_or_default();
        let has_password = saved.password.is_some() || self.brings_password();
        self.credentials(&mut dial, saved);
        dial.auth = entry.methods().iter().map(|method| method.word().to_owned()).collect();
        dial.terminal = terminal(&entry);
        dial.idle_seconds =
            Some(entry.idle_disconnect_seconds).filter(|seconds| !matches!(*seconds, 0 | u32::MAX));
        Ok(EntryDial { dial, has_password, entry, name: found.name, phonebook: absolute(found.book.path()) })
    }

    fn wants_saved(&self) -> bool {
        (self.user.is_empty() && self.password.is_empty())
            || is_placeholder(self.password.expose())
            || self.domain == "*"
            || self.callback.is_none()
    }

    fn brings_password(&self) -> bool {
        !self.password.is_empty() && !is_placeholder(self.password.expose())
    }

    /// Empty name and password mean the saved ones, sixteen asterisks the saved password, a domain of `*` the saved domain.
    fn credentials(&self, dial: &mut Dial, saved: Saved) {
        let nothing = self.user.is_empty() && self.password.is_empty();
        dial.user = if nothing { saved.user.unwrap_or_default() } else { self.user.clone() };
        dial.password = if nothing || is_placeholder(self.password.expose()) {
            saved.password.unwrap_or_default()
        } else {
            self.password.clone()
        }
        .into();
        dial.domain = if self.domain == "*" || nothing && self.domain.is_empty() {
            saved.domain.unwrap_or_default()
        } else {
            self.domain.clone()
        };
    }
}

impl EntryDial {
    /// The entry's script, if it names one; it then answers the terminal behind the dial. Run it with
    /// [`EntryScript::run`] when the dial pauses in Interactive, for which pauses must be on.
    ///
    /// # Errors
    /// 752: it cannot be read, or its language is broken; the line is in the error.
    pub fn script(&mut self) -> Result<Option<EntryScript>, BookError> {
        let script = EntryScript::of(self)?;
        if script.is_some() {
            // whatever else the entry says of a terminal
            self.dial.terminal = Terminal::AfterDial;
        }
        Ok(script)
    }
}

fn terminal(entry: &Entry) -> Terminal {
    if entry.has_option(RASEO_TERMINAL_BEFORE_DIAL) {
        Terminal::BeforeDial
    } else if entry.has_option(RASEO_TERMINAL_AFTER_DIAL) {
        Terminal::AfterDial
    } else {
        Terminal::Auto
    }
}

/// A path that means the same in every folder; as it was given where none is known.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn no_line(name: &str) -> BookError {
    let what = format!(
        "the entry \"{}\" says neither a line (tcp:HOST:PORT …) nor a device that is known here",
        escape::short(name, 60)
    );
    let remedy = "Give it one: openras phonebook set ENTRY --line LINE.";
    BookError::new(NO_DEVICE, what, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openras_phonebook::secrets::{PLACEHOLDER, RASCM_DOMAIN, RASCM_PASSWORD, RASCM_USER_NAME};

    struct Lab {
        folder: tempfile::TempDir,
        books: Books,
    }

    fn lab(change: impl FnOnce(&mut Entry)) -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let books = Books::new(folder.path().join("rasphone.pbk"), folder.path().join("all.pbk"));
        let mut entry = Entry::for_line("tcp:127.0.0.1:7001");
        change(&mut entry);
        books.user().put("Home", &entry).unwrap();
        let key = books.user().ensure_uid("Home").unwrap();
        let saved = Saved {
            user: Some("alice".into()),
            password: Some(Secret::from("s ecret")),
            domain: Some("CORP".into()),
            ..Saved::default()
        };
        books.secrets().set(&key, RASCM_USER_NAME | RASCM_PASSWORD | RASCM_DOMAIN, &saved).unwrap();
        Lab { folder, books }
    }

    fn home() -> EntryCall {
        EntryCall { name: "HOME".into(), ..EntryCall::default() }
    }

    fn login(dial: &Dial) -> (&str, &[u8], &str) {
        (&dial.user, dial.password.0.expose(), &dial.domain)
    }

    #[test]
    fn credentials_are_the_saved_ones_unless_others_are_brought() {
        let lab = lab(|_| {});
        let find = |call: EntryCall| call.find_in(&lab.books).unwrap().dial;
        assert_eq!(login(&find(home())), ("alice", &b"s ecret"[..], "CORP"));
        let call = EntryCall { user: "bob".into(), password: "pw".into(), ..home() };
        assert_eq!(login(&find(call.clone())), ("bob", &b"pw"[..], ""));
        assert_eq!(
            login(&find(EntryCall { domain: "*".into(), ..call.clone() })),
            ("bob", &b"pw"[..], "CORP")
        );
        let call = EntryCall { password: PLACEHOLDER.into(), ..call };
        assert_eq!(login(&find(call)), ("bob", &b"s ecret"[..], ""));
    }

    #[test]
    fn a_dial_names_its_entry_book_line_and_methods() {
        let lab = lab(|entry| {
            entry.set_methods(&[openras_ppp::AuthMethod::Pap]);
            entry.own_number = "200".into();
            entry.callback_line = "listen:tcp:127.0.0.1:7002".into();
            entry.set_option(RASEO_TERMINAL_BEFORE_DIAL, true);
        });
        let found = home().find_in(&lab.books).unwrap();
        assert_eq!((found.dial.name.as_str(), found.dial.line.as_str()), ("Home", "tcp:127.0.0.1:7001"));
        assert_eq!(found.dial.phonebook, lab.folder.path().join("rasphone.pbk").to_string_lossy());
        assert_eq!(found.dial.callback_line.as_deref(), Some("listen:tcp:127.0.0.1:7002"));
        assert_eq!((found.dial.auth, found.dial.own_number), (vec!["pap".to_owned()], Some("200".into())));
        assert_eq!(found.dial.terminal, Terminal::BeforeDial);
        let other = EntryCall { number: "exchange:5".into(), ..home() };
        assert_eq!(other.find_in(&lab.books).unwrap().dial.line, "exchange:5");
    }

    #[test]
    fn an_entry_without_a_line_of_ours_is_608_and_a_missing_one_623() {
        let lab = lab(|entry| {
            entry.links[0].device_name = "Standard Modem".into();
            entry.links[0].port = "COM1".into();
            entry.links[0].numbers[0].number = "5551234".into();
        });
        assert_eq!(home().find_in(&lab.books).unwrap_err().code, NO_DEVICE);
        let missing = EntryCall { name: "x".into(), ..home() };
        assert_eq!(missing.find_in(&lab.books).unwrap_err().code, RasError(623));
    }

    #[test]
    fn a_script_takes_the_terminal_behind_the_dial_and_a_broken_one_is_752_with_its_line() {
        let lab = lab(|entry| {
            entry.script = "login.scp".into();
            entry.set_option(RASEO_TERMINAL_BEFORE_DIAL, true);
        });
        let script = lab.folder.path().join("login.scp");
        let read = || home().find_in(&lab.books).unwrap().script().map(|script| script.is_some());
        assert_eq!(read().unwrap_err().code, RasError(752));
        std::fs::write(&script, "proc main\n  waitfro \"x\"\nendproc\n").unwrap();
        let error = read().unwrap_err();
        assert!(error.code == RasError(752) && error.to_string().contains("line 2"), "{error}");
        std::fs::write(&script, "proc main\n  waitfor \"x\"\nendproc\n").unwrap();
        let mut found = home().find_in(&lab.books).unwrap();
        assert!(found.script().unwrap().is_some());
        assert_eq!(found.dial.terminal, Terminal::AfterDial);
    }
}
