//! Credentials of entries: one file of mode 0600 beside the user's book, never in a book (defence rules 13 and 14).

mod records;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use openras_engine::RasError;
use openras_ppp::Secret;

use crate::{BookError, file};
use records::Records;

/// RASCM_UserName: the user name.
pub const RASCM_USER_NAME: u32 = 1;
/// RASCM_Password: the password.
pub const RASCM_PASSWORD: u32 = 2;
/// RASCM_Domain: the domain.
pub const RASCM_DOMAIN: u32 = 4;
/// RASCM_DefaultCreds: those of all users; not kept here.
pub const RASCM_DEFAULT_CREDS: u32 = 8;

/// What RAS functions give instead of a password, and take for "the saved one".
pub const PLACEHOLDER: &str = "****************";
/// What RAS functions take for "the saved domain".
pub const SAVED_DOMAIN: &str = "*";

/// The largest file, in bytes.
pub const LARGEST: usize = 1 << 20;
/// The longest data of an authentication method, in bytes.
pub const LONGEST_DATA: usize = 16 << 10;

/// Whether a password is [`PLACEHOLDER`], and so none.
pub fn is_placeholder(password: &[u8]) -> bool {
    password == PLACEHOLDER.as_bytes()
}

/// Whose credentials: an entry's DialParamsUID, and the book it is in. The number alone would let any book that knows it
/// send our password elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The book's file, links followed.
    pub book: PathBuf,
    /// DialParamsUID.
    pub uid: u32,
}

/// What is saved for an entry; `None` is nothing, which differs from an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// szUserName.
    pub user: Option<String>,
    /// szPassword; may be empty.
    pub password: Option<Secret>,
    /// szDomain.
    pub domain: Option<String>,
    /// szCallbackNumber of RasSetEntryDialParams.
    pub callback: Option<String>,
}

impl Saved {
    /// Which of the RASCM_ bits there is something for.
    pub fn mask(&self) -> u32 {
        let bit = |there: bool, bit: u32| if there { bit } else { 0 };
        bit(self.user.is_some(), RASCM_USER_NAME)
            | bit(self.password.is_some(), RASCM_PASSWORD)
            | bit(self.domain.is_some(), RASCM_DOMAIN)
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The file.
#[derive(Clone, Debug)]
pub struct Secrets {
    path: PathBuf,
}

impl Secrets {
    /// The file at this path; it need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is saved for an entry; nothing where there is no file.
    ///
    /// # Errors
    /// 5: others can read the file, or it is another user's; 13: it holds something that is not ours.
    pub fn get(&self, key: &Key) -> Result<Saved, BookError> {
        Ok(self.read(&self.path)?.0.get(key))
    }

    /// Saves those members that `mask` (RASCM_ bits) names (RasSetCredentials). A password of [`PLACEHOLDER`] and a domain
    /// of [`SAVED_DOMAIN`] change nothing; a member that is `None` is saved as empty.
    ///
    /// # Errors
    /// 5: RASCM_DefaultCreds, or as [`Self::get`]; 87: other bits; 624: the file cannot be written.
    pub fn set(&self, key: &Key, mask: u32, new: &Saved) -> Result<(), BookError> {
        check_mask(mask)?;
        self.edit(key, |saved| {
            let text = |text: &Option<String>| Some(text.clone().unwrap_or_default());
            if mask & RASCM_USER_NAME != 0 {
                saved.user = text(&new.user);
            }
            if mask & RASCM_DOMAIN != 0 && new.domain.as_deref() != Some(SAVED_DOMAIN) {
                saved.domain = text(&new.domain);
            }
            let password = new.password.clone().unwrap_or_default();
            if mask & RASCM_PASSWORD != 0 && !is_placeholder(password.expose()) {
                saved.password = Some(password);
            }
        })
    }

    /// Forgets those members that `mask` names (RasSetCredentials with fClearCredentials).
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn clear(&self, key: &Key, mask: u32) -> Result<(), BookError> {
        check_mask(mask)?;
        self.edit(key, |saved| {
            if mask & RASCM_USER_NAME != 0 {
                saved.user = None;
            }
            if mask & RASCM_PASSWORD != 0 {
                saved.password = None;
            }
            if mask & RASCM_DOMAIN != 0 {
                saved.domain = None;
            }
        })
    }

    /// RasSetEntryDialParams: an empty user, domain or callback number changes nothing; neither does a domain of
    /// [`SAVED_DOMAIN`], nor the password when the user is empty or it is [`PLACEHOLDER`]; an empty one is saved as such; `remove` forgets it, whatever it is.
    ///
    /// # Errors
    /// As [`Self::get`]; 624: the file cannot be written.
    pub fn set_dial_params(&self, key: &Key, params: &Saved, remove: bool) -> Result<(), BookError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        self.edit(key, |saved| {
            let user = given(&params.user);
            let password = params.password.clone().unwrap_or_default();
            if remove {
                saved.password = None;
            } else if user.is_some() && !is_placeholder(password.expose()) {
                saved.password = Some(password);
            }
            saved.user = user.or(saved.user.take());
            let domain = given(&params.domain).filter(|domain| domain != SAVED_DOMAIN);
            saved.domain = domain.or(saved.domain.take());
            saved.callback = given(&params.callback).or(saved.callback.take());
        })
    }

    /// What an authentication method keeps for an entry (RasGetEapUserData); empty for nothing.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn data(&self, key: &Key) -> Result<Secret, BookError> {
        Ok(self.read(&self.path)?.0.data(key))
    }

    /// Keeps that (RasSetEapUserData), at most [`LONGEST_DATA`] bytes; empty forgets it.
    ///
    /// # Errors
    /// 87: longer; as [`Self::set_dial_params`].
    pub fn set_data(&self, key: &Key, data: Secret) -> Result<(), BookError> {
        if data.len() > LONGEST_DATA {
            let what = "the data of an authentication are longer than 16 KiB";
            return Err(self.error(RasError::INVALID_PARAMETER, what, "Keep them in a file of your own."));
        }
        self.rewrite(|records| records.put_data(key, data))
    }

    /// Forgets all that is saved for an entry.
    ///
    /// # Errors
    /// As [`Self::set_dial_params`].
    pub fn forget(&self, key: &Key) -> Result<(), BookError> {
        self.rewrite(|records| records.put(key, Saved::default()) | records.put_data(key, Secret::default()))
    }

    /// Changes what is saved for an entry as `change` does, while no one else does.
    ///
    /// # Errors
    /// As [`Self::set_dial_params`].
    pub fn change(&self, key: &Key, change: impl FnOnce(&mut Saved)) -> Result<(), BookError> {
        self.edit(key, change)
    }

    fn edit(&self, key: &Key, change: impl FnOnce(&mut Saved)) -> Result<(), BookError> {
        self.rewrite(|records| {
            let mut saved = records.get(key);
            change(&mut saved);
            records.put(key, saved)
        })
    }

    /// Lets `change` change the records while no one else does, and writes them if it says that it did.
    fn rewrite(&self, change: impl FnOnce(&mut Records) -> bool) -> Result<(), BookError> {
        let path = file::resolve(&self.path).map_err(|error| self.cannot_write(&error))?;
        let lock = file::lock(&path, file::PATIENCE).map_err(|error| self.cannot_write(&error))?;
        let (mut records, before) = self.read(&path)?;
        // nothing to forget makes no file
        if !change(&mut records) {
            return Ok(());
        }
        let bytes = records.to_bytes();
        if bytes.len() > LARGEST {
            return Err(self.error(
                RasError::CANNOT_WRITE_PHONEBOOK,
                "it would be larger than 1 MiB",
                "Forget some.",
            ));
        }
        lock.replace(&bytes, before.as_ref(), 0o600).map_err(|error| self.cannot_write(&error))
    }

    fn read(&self, path: &Path) -> Result<(Records, Option<file::Contents>), BookError> {
        let contents = match file::read(path, LARGEST) {
            Ok(contents) => contents,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok((Records::default(), None));
            }
            Err(error) => {
                let what = format!("the saved credentials cannot be read: {error}");
                return Err(self.error(RasError::ACCESS_DENIED, &what, "Check the file and its rights."));
            }
        };
        self.check_private(&contents)?;
        let records = Records::parse(&contents.bytes).map_err(|(line, what)| {
            let remedy = "Correct the line, or remove the file: entries then ask for their passwords again.";
            self.error(RasError::INVALID_DATA, what, remedy).at_line(line)
        })?;
        Ok((records, Some(contents)))
    }

    fn check_private(&self, contents: &file::Contents) -> Result<(), BookError> {
        let me = rustix::process::geteuid().as_raw();
        if contents.mode & 0o077 != 0 {
            let what =
                format!("the saved credentials can be read by others (mode {:03o})", contents.mode & 0o777);
            let name = openras_engine::escape::line(&self.path.to_string_lossy());
            let remedy =
                format!("Run chmod 600 {name}, and change the passwords in it if others may have seen them.");
            return Err(self.error(RasError::ACCESS_DENIED, &what, &remedy));
        }
        if contents.uid != me && me != 0 {
            let what = "the saved credentials are another user's";
            return Err(self.error(RasError::ACCESS_DENIED, what, "Use a file of your own."));
        }
        if contents.bytes.len() > LARGEST {
            let what = "the saved credentials are larger than 1 MiB";
            return Err(self.error(RasError::INVALID_DATA, what, "Check that it is the right file."));
        }
        Ok(())
    }

    fn cannot_write(&self, error: &io::Error) -> BookError {
        let what = format!("the credentials cannot be saved: {error}");
        let code = match error.kind() {
            io::ErrorKind::PermissionDenied => RasError::ACCESS_DENIED,
            _ => RasError::CANNOT_WRITE_PHONEBOOK,
        };
        self.error(code, &what, "Check the rights of the folder and the free space of the disk.")
    }

    fn error(&self, code: RasError, what: &str, remedy: &str) -> BookError {
        BookError::new(code, what, remedy).in_file(&self.path)
    }
}

/// Whether credentials with these RASCM_ bits are kept.
///
/// # Errors
/// 5: RASCM_DefaultCreds; 87: other bits than the user's, the password's and the domain's.
pub fn check_mask(mask: u32) -> Result<(), BookError> {
    if mask & RASCM_DEFAULT_CREDS != 0 {
        let what = "credentials for all users are not kept";
        return Err(BookError::new(RasError::ACCESS_DENIED, what, "Save them for each user."));
    }
    if mask & !(RASCM_USER_NAME | RASCM_PASSWORD | RASCM_DOMAIN) != 0 {
        let what = "only a user name, a password and a domain can be saved";
        return Err(BookError::new(
            RasError::INVALID_PARAMETER,
            what,
            "Use RASCM_UserName, _Password and _Domain.",
        ));
    }
    Ok(())
}
