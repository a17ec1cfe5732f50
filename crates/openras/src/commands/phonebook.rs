//! `openras phonebook`: entries of rasphone.pbk, and what is saved beside it.

mod change;
mod merge;
mod show;

use std::path::Path;

use anyhow::Result;
use openras_engine::RasError;
use openras_phonebook::{Book, BookError, Books};

use crate::cli::{Phonebook, WhichBook};
use crate::{exit, out};

/// Does what was asked. Gives the exit code.
pub(crate) fn run(command: Phonebook) -> Result<u8> {
    let books = Books::of_environment()?;
    let done = match command {
        Phonebook::List(args) => show::list(&books, &args),
        Phonebook::Show(args) => show::show(&books, &args),
        Phonebook::Add(args) => change::add(&books, args),
        Phonebook::Set(args) => change::set(&books, args),
        Phonebook::Remove(args) => change::remove(&books, &args),
        Phonebook::Import(args) => merge::import(&books, &args),
        Phonebook::Export(args) => merge::export(&books, &args),
    };
    done.map(|()| exit::OK).or_else(refused)
}

/// Says what a book refused; what the command could not do for other reasons is the caller's to say.
fn refused(error: anyhow::Error) -> Result<u8> {
    let error = error.downcast::<BookError>()?;
    out::note(format_args!("openras: {error}"));
    let absent = matches!(error.code, RasError::CANNOT_FIND_PHONEBOOK_ENTRY | RasError::ALREADY_EXISTS);
    Ok(if absent { exit::FAILED } else { exit::CONFIGURATION })
}

/// The file a search is limited to.
fn named<'a>(books: &'a Books, which: &'a WhichBook) -> Option<&'a Path> {
    match which.all_users {
        true => Some(books.all_users().path()),
        false => which.phonebook.as_deref(),
    }
}

/// The book that new entries go to.
fn target(books: &Books, which: &WhichBook) -> Book {
    match &which.phonebook {
        Some(path) => Book::at(path),
        None if which.all_users => books.all_users().clone(),
        None => books.user().clone(),
    }
}
