//! Which phone book and which entry a call means.

use std::path::{Path, PathBuf};

use openras_engine::RasError;
use openras_phonebook::book::Found;
use openras_phonebook::{Book, BookError, Books, Section};

use super::wish::book as failed;
use crate::guard::INVALID_PARAMETER;
use crate::text::{Char, from_pointer};

/// RAS_MaxEntryName.
const LONGEST: usize = 256;

/// lpszPhonebook: NULL and "" mean the usual books.
///
/// # Safety
/// `phonebook` is NULL or a text with its NUL.
pub(super) unsafe fn path<C: Char>(phonebook: *const C) -> Option<PathBuf> {
    // SAFETY: as the caller promised us.
    unsafe { from_pointer(phonebook) }.filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// lpszEntry.
///
/// # Errors
/// 87 for NULL.
///
/// # Safety
/// `entry` is NULL or a text with its NUL.
pub(super) unsafe fn name<C: Char>(entry: *const C) -> Result<String, RasError> {
    // SAFETY: as the caller promised us.
    unsafe { from_pointer(entry) }.ok_or(INVALID_PARAMETER)
}

/// This user's books.
///
/// # Errors
/// 621: there is no place for them.
pub(super) fn usual() -> Result<Books, RasError> {
    Books::of_environment().map_err(failed)
}

/// An entry, and the books it was looked for in.
///
/// # Errors
/// 623, also for an empty name; 621, 622, 625 of a book.
pub(super) fn find(named: Option<&Path>, name: &str) -> Result<(Books, Found), RasError> {
    let books = usual()?;
    if name.is_empty() {
        // a section without a name can stand in a file; for RAS it is no entry
        let what = "an entry without a name was asked for";
        let error = BookError::new(RasError::CANNOT_FIND_PHONEBOOK_ENTRY, what, "Name one.");
        return Err(failed(error));
    }
    let found = books.find(named, name).map_err(failed)?;
    Ok((books, found))
}

/// An entry as text, in the book it was found in.
///
/// # Errors
/// As [`find`].
pub(super) fn section(named: Option<&Path>, name: &str) -> Result<Section, RasError> {
    let (_, found) = find(named, name)?;
    let book = found.book.read().map_err(failed)?;
    book.entry(&found.name).cloned().map_err(failed)
}

/// Where an entry is, or where a new one goes: the book that is named, else the user's.
///
/// # Errors
/// 621 where the folder of a named book does not exist; else as [`find`], but for 623.
pub(super) fn home_of(named: Option<&Path>, name: &str) -> Result<Book, RasError> {
    if let Some(path) = named {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            let what = "the folder of the phone book does not exist";
            let error = BookError::new(RasError::CANNOT_OPEN_PHONEBOOK, what, "Make it, or check the path.");
            return Err(failed(error.in_file(path)));
        }
        return Ok(Book::at(path));
    }
    match find(None, name) {
        Ok((_, found)) => Ok(found.book),
        Err(RasError::CANNOT_FIND_PHONEBOOK_ENTRY) => Ok(usual()?.user().clone()),
        Err(error) => Err(error),
    }
}

/// Whether a program may give an entry this name: it fits the `szEntryName` of the program's own structures, which could
/// neither list nor dial it else, and it is text. What is none was read with marks of replacement; any other such name
/// would find the entry.
///
/// # Errors
/// 123.
pub(super) fn may_be_given<C: Char>(name: &str) -> Result<(), BookError> {
    let (what, remedy) = if C::encode(name).len() > LONGEST {
        ("the name takes more than 256 characters of the program's", "Shorten it, or use the wide functions.")
    } else if name.contains(char::REPLACEMENT_CHARACTER) {
        ("the name is no text: neither UTF-8 nor UTF-16", "Give it in the encoding of the function.")
    } else {
        return Ok(());
    };
    Err(BookError::new(RasError::INVALID_NAME, what, remedy))
}

/// 183: an entry has the name that another was to get.
pub(super) fn taken(found: &Found) -> BookError {
    let what = format!("there is an entry \"{}\"", openras_engine::escape::short(&found.name, 60));
    let error = BookError::new(RasError::ALREADY_EXISTS, what, "Choose another name.");
    error.in_file(found.book.path())
}

/// 87 with a reason, from inside an edit of a book.
pub(super) fn wrong(what: impl Into<String>, remedy: &str) -> BookError {
    BookError::new(RasError::INVALID_PARAMETER, what, remedy)
}
