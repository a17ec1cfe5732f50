//! Phone books as files: where they are, reading them, and changing them so that nobody's change is lost.

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use openras_engine::RasError;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::secrets::{Key, Secrets};
use crate::{BookError, Entry, Pbk, Section, file, pbk};

/// Names a user's own phone book instead of the usual one.
pub const USER_BOOK: &str = "OPENRAS_PHONEBOOK";
/// Names the phone book of all users instead of [`ALL_USERS_PATH`].
pub const ALL_USERS_BOOK: &str = "OPENRAS_ALL_USERS_PHONEBOOK";
/// The phone book of all users.
pub const ALL_USERS_PATH: &str = "/etc/openras/rasphone.pbk";

/// Whose a phone book is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The user's own (REN_User).
    User,
    /// For all users (REN_AllUsers).
    AllUsers,
    /// A file that was named.
    Named,
}

/// One phone-book file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    path: PathBuf,
    owner: Owner,
}

/// An entry's name and where it is (RASENTRYNAME).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Whose file it is.
    pub owner: Owner,
}

/// An entry that was found by its name.
#[derive(Clone, Debug)]
pub struct Found {
    /// The book it is in.
    pub book: Book,
    /// Its name as the book spells it.
    pub name: String,
    /// What it says.
    pub entry: Entry,
}

/// Where this user's phone books are.
#[derive(Clone, Debug)]
pub struct Books {
    user: Book,
    all_users: Book,
}

impl Books {
    /// `OPENRAS_PHONEBOOK`, else `$XDG_CONFIG_HOME/openras/rasphone.pbk`, else `~/.config/openras/rasphone.pbk`; and
    /// `/etc/openras/rasphone.pbk`.
    ///
    /// # Errors
    /// 621: there is neither a setting nor a home folder.
    pub fn of_environment() -> Result<Self, BookError> {
        let variable =
            |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
        let config =
            absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        let user = variable(USER_BOOK).or_else(|| config.map(|folder| folder.join("openras/rasphone.pbk")));
        let user = user.ok_or_else(|| {
            let remedy = format!("Set HOME, or name a file in {USER_BOOK}.");
            BookError::new(
                RasError::CANNOT_OPEN_PHONEBOOK,
                "no place for the user's phone book is known",
                remedy,
            )
        })?;
        Ok(Self::new(user, variable(ALL_USERS_BOOK).unwrap_or_else(|| ALL_USERS_PATH.into())))
    }

    /// Books at these places.
    pub fn new(user: impl Into<PathBuf>, all_users: impl Into<PathBuf>) -> Self {
        Self {
            user: Book { path: user.into(), owner: Owner::User },
            all_users: Book { path: all_users.into(), owner: Owner::AllUsers },
        }
    }

    /// The user's own book: where entries without a place go.
    pub fn user(&self) -> &Book {
        &self.user
    }

    /// The book of all users.
    pub fn all_users(&self) -> &Book {
        &self.all_users
    }

    /// The books a call means: the one that is named (lpszPhonebook), else the user's and that of all users.
    pub fn select(&self, named: Option<&Path>) -> Vec<Book> {
        match named {
            Some(path) => vec![Book::at(path)],
            None => vec![self.user.clone(), self.all_users.clone()],
        }
    }

    /// Every entry of these books, in their order (RasEnumEntries). A usual book that does not exist is empty.
    ///
    /// # Errors
    /// 621, 622, 625: a book that exists cannot be read, or the named one does not exist.
    pub fn list(&self, named: Option<&Path>) -> Result<Vec<Listed>, BookError> {
        let mut all = Vec::new();
        for book in self.select(named) {
            let text = book.read_for_search()?;
            all.extend(text.names().map(|name| Listed { name, path: book.path.clone(), owner: book.owner }));
        }
        Ok(all)
    }

    /// An entry by its name: in the named book, else in the user's, else in that of all users.
    ///
    /// # Errors
    /// 623: it is in none; 621, 622, 625 as [`Self::list`].
    pub fn find(&self, named: Option<&Path>, name: &str) -> Result<Found, BookError> {
        let mut missing = None;
        for book in self.select(named) {
            match book.read_for_search()?.entry(name) {
                Ok(section) => {
                    return Ok(Found { name: section.name(), entry: Entry::read(section), book });
                }
                Err(error) => missing = Some(error),
            }
        }
        Err(missing.unwrap_or_else(|| {
            BookError::new(RasError::CANNOT_FIND_PHONEBOOK_ENTRY, "there is no phone book", "Add an entry.")
        }))
    }

    /// Credentials of this user's entries: the file `credentials` beside the user's book.
    pub fn secrets(&self) -> Secrets {
        Secrets::at(self.user.path.with_file_name("credentials"))
    }
}

impl Book {
    /// A file that is named.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), owner: Owner::Named }
    }

    /// Its path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Reads it.
    ///
    /// # Errors
    /// 621: it cannot be opened; 622, 625: [`Pbk::parse`].
    pub fn read(&self) -> Result<Pbk, BookError> {
        let contents = file::read(&self.path, pbk::LARGEST).map_err(|error| self.cannot_open(&error))?;
        Pbk::parse(&contents.bytes).map_err(|error| error.in_file(&self.path))
    }

    /// Reads it; where there is none yet, it is empty.
    ///
    /// # Errors
    /// As [`Self::read`], but for a missing file.
    pub fn read_or_empty(&self) -> Result<Pbk, BookError> {
        match file::read(&self.path, pbk::LARGEST) {
            Ok(contents) => Pbk::parse(&contents.bytes).map_err(|error| error.in_file(&self.path)),
            Err(error) if missing(&error) => Ok(Pbk::new()),
            Err(error) => Err(self.cannot_open(&error)),
        }
    }

    /// Reads it, lets `change` change it, and puts the result in its place, while no one else does; nothing is written
    /// if `change` fails or changes nothing. A book that does not exist is made (mode 0600; that of all users 0644).
    /// `change` must not edit the same book: it would wait for itself and get 622.
    ///
    /// # Errors
    /// 622: another program has been changing it for 10 s; 5, 624: it cannot be written; 621, 622, 625 as
    /// [`Self::read`]; what `change` gives.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Pbk) -> Result<T, BookError>) -> Result<T, BookError> {
        let path = file::resolve(&self.path).map_err(|error| self.cannot_open(&error))?;
        let lock = file::lock(&path, file::PATIENCE).map_err(|error| self.cannot_write(&error))?;
        let before = match file::read(&path, pbk::LARGEST) {
            Ok(contents) => Some(contents),
            Err(error) if missing(&error) => None,
            Err(error) => return Err(self.cannot_open(&error)),
        };
        let old = before.as_ref().map(|contents| contents.bytes.as_slice()).unwrap_or_default();
        let mut book = Pbk::parse(old).map_err(|error| error.in_file(&self.path))?;
        let given = change(&mut book).map_err(|error| error.in_file(&self.path))?;
        let new = book.to_bytes();
        if new != old {
            // what we could not read again we do not write
            Pbk::parse(&new).map_err(|error| error.in_file(&self.path))?;
            let mode = if self.owner == Owner::AllUsers { 0o644 } else { 0o600 };
            lock.replace(&new, before.as_ref(), mode).map_err(|error| self.cannot_write(&error))?;
        }
        Ok(given)
    }

    /// Creates the entry or changes it to this (RasSetEntryProperties); keys that are not understood stay.
    ///
    /// # Errors
    /// 123: a new name that [`crate::validate`] refuses; as [`Self::edit`].
    pub fn put(&self, name: &str, entry: &Entry) -> Result<(), BookError> {
        self.edit(|book| {
            if book.find(name).is_none() {
                crate::validate(name)?;
                book.add(name)?;
            }
            entry.write(book.entry_mut(name)?)
        })
    }

    /// Gives an entry another name (RasRenameEntry). Its credentials stay with it.
    ///
    /// # Errors
    /// 623, 123, 183; as [`Self::edit`].
    pub fn rename(&self, old: &str, new: &str) -> Result<(), BookError> {
        self.edit(|book| book.rename(old, new))
    }

    /// Removes an entry (RasDeleteEntry) and the credentials saved for it, unless another entry uses them too.
    ///
    /// # Errors
    /// 623; as [`Self::edit`]; what [`Secrets::forget`] gives, after the entry is gone.
    pub fn remove(&self, name: &str, secrets: &Secrets) -> Result<(), BookError> {
        let gone = self.edit(|book| {
            let uid = Entry::read(&book.remove(name)?).dial_params_uid;
            let shared = book.sections().iter().any(|other| Entry::read(other).dial_params_uid == uid);
            Ok(uid.filter(|_| !shared))
        })?;
        match gone {
            Some(uid) => secrets.forget(&self.key(uid)?),
            None => Ok(()),
        }
    }

    /// Under what the credentials of an entry are saved; `None` if none ever were.
    ///
    /// # Errors
    /// 623; as [`Self::read`].
    pub fn secrets_key(&self, name: &str) -> Result<Option<Key>, BookError> {
        let uid =
            Entry::read(self.read()?.entry(name).map_err(|error| error.in_file(&self.path))?).dial_params_uid;
        uid.map(|uid| self.key(uid)).transpose()
    }

    /// As [`Self::secrets_key`], after giving the entry a DialParamsUID where it has none.
    ///
    /// # Errors
    /// 623; as [`Self::edit`]: a user cannot mark an entry of the book of all users.
    pub fn ensure_uid(&self, name: &str) -> Result<Key, BookError> {
        if let Some(key) = self.secrets_key(name)? {
            return Ok(key);
        }
        let uid = self.edit(|book| {
            let used: Vec<_> =
                book.sections().iter().filter_map(|other| Entry::read(other).dial_params_uid).collect();
            let section = book.entry_mut(name)?;
            // another program may have been faster
            if let Some(uid) = Entry::read(section).dial_params_uid {
                return Ok(uid);
            }
            let uid = fresh_uid(&used)?;
            section.set("DialParamsUID", &uid.to_string())?;
            Ok(uid)
        })?;
        self.key(uid)
    }

    /// The key of a number in this book: the file belongs to it, or a foreign book could ask for our passwords by a number.
    fn key(&self, uid: u32) -> Result<Key, BookError> {
        let book = file::resolve(&self.path).map_err(|error| self.cannot_open(&error))?;
        Ok(Key { book, uid })
    }

    /// For searches: a usual book may be missing, a named one may not.
    fn read_for_search(&self) -> Result<Pbk, BookError> {
        match self.owner {
            Owner::Named => self.read(),
            Owner::User | Owner::AllUsers => self.read_or_empty(),
        }
    }

    fn cannot_open(&self, error: &io::Error) -> BookError {
        let what = format!("the phone book cannot be opened: {error}");
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "Check the path, or add an entry to make the file.",
            io::ErrorKind::PermissionDenied => "Check the rights of the file and of its folders.",
            _ => "Check that it is a text file that may be read.",
        };
        BookError::new(RasError::CANNOT_OPEN_PHONEBOOK, what, remedy).in_file(&self.path)
    }

    fn cannot_write(&self, error: &io::Error) -> BookError {
        let (code, remedy) = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                (RasError::ACCESS_DENIED, "Ask its owner, or use your own phone book.")
            }
            io::ErrorKind::TimedOut => {
                (RasError::CANNOT_LOAD_PHONEBOOK, "Try again when the other program is done.")
            }
            _ => (
                RasError::CANNOT_WRITE_PHONEBOOK,
                "Check the rights of its folder and the free space of the disk.",
            ),
        };
        BookError::new(code, format!("the phone book cannot be written: {error}"), remedy).in_file(&self.path)
    }
}

/// A section that is not in a book yet, with a name alone.
///
/// # Errors
/// 123: the name.
pub fn new_section(name: &str) -> Result<Section, BookError> {
    crate::validate(name)?;
    let mut book = Pbk::new();
    book.add(name)?;
    book.remove(name)
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A number nobody can guess and no entry has.
fn fresh_uid(used: &[u32]) -> Result<u32, BookError> {
    loop {
        let mut bytes = [0; 4];
        getrandom(&mut bytes, GetRandomFlags::empty()).map_err(|error| {
            let what = format!("the system gives no random numbers: {error}");
            BookError::new(RasError::CANNOT_WRITE_PHONEBOOK, what, "Try again.")
        })?;
        // Windows writes it signed
        let uid = u32::from_ne_bytes(bytes) >> 1;
        if uid != 0 && !used.contains(&uid) {
            return Ok(uid);
        }
    }
}
