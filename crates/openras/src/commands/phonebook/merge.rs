//! `openras phonebook import` and `export`: entries between books, line for line, without what is saved for them.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use openras_engine::escape;
use openras_phonebook::pbk::LARGEST;
use openras_phonebook::{Book, BookError, Books, Entry, Key, Pbk, Section};

use super::{named, target};
use crate::cli::{BookExport, BookImport};
use crate::out;

/// Under which number credentials are saved: of no use in another book, and dangerous in ours.
const UID: &str = "DialParamsUID";

pub(super) fn import(books: &Books, args: &BookImport) -> Result<()> {
    let from = read(&args.file)?;
    let sections = chosen(&from, &args.entries).map_err(|error| error.in_file(&args.file))?;
    let book = target(books, &args.book);
    let mut told = Vec::new();
    let old = keys(&book, &sections, args)?;
    book.edit(|text| {
        told.clear();
        for section in &sections {
            told.push(merge(text, section, args)?);
        }
        Ok(())
    })?;
    for (name, (new, replaced)) in sections.iter().map(Section::name).zip(&told) {
        let (name, new) = (escape::line(&name), escape::line(new));
        match replaced {
            true => out::line(format_args!("{new}: replaced")),
            false if name == new => out::line(format_args!("{new}: new")),
            false => out::line(format_args!("{name}: new, as {new}")),
        }
    }
    forget_unused(books, &book, &old)
}

/// Puts one entry into the book. Gives its name there, and whether it took another's place.
fn merge(text: &mut Pbk, section: &Section, args: &BookImport) -> Result<(String, bool), BookError> {
    let name = section.name();
    if text.find(&name).is_none() {
        text.import(section, &name)?.unset(UID);
        return Ok((name, false));
    }
    if args.replace {
        let old = text.remove(&name)?;
        let added = text.import(section, &name)?;
        // to the same place the saved password may go on being sent, and nowhere else
        let same = Entry::read(&old).target(0, "") == Entry::read(section).target(0, "");
        match old.get(UID).filter(|_| same) {
            Some(uid) => added.set(UID, &uid)?,
            None => drop(added.unset(UID)),
        }
        return Ok((name, true));
    }
    if args.rename {
        let mut number = 2u32;
        let mut fresh = format!("{name} {number}");
        while text.find(&fresh).is_some() {
            number += 1;
            fresh = format!("{name} {number}");
        }
        text.import(section, &fresh)?.unset(UID);
        return Ok((fresh, false));
    }
    // 183, with our own remedy
    text.import(section, &name).map(|_| (name, false)).map_err(|error| BookError {
        remedy: "Use --replace or --rename, or name the entries to import.".into(),
        ..error
    })
}

/// Under what something may be saved for entries that are to be replaced.
fn keys(book: &Book, sections: &[Section], args: &BookImport) -> Result<Vec<Key>, BookError> {
    if !args.replace {
        return Ok(Vec::new());
    }
    let before = book.read_or_empty()?;
    let known = sections.iter().map(Section::name).filter(|name| before.find(name).is_some());
    let keys = known.map(|name| book.secrets_key(&name)).collect::<Result<Vec<_>, _>>()?;
    Ok(keys.into_iter().flatten().collect())
}

/// Forgets what no entry of the book has a use for any more.
fn forget_unused(books: &Books, book: &Book, keys: &[Key]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let text = book.read()?;
    let used: Vec<_> = text.sections().iter().filter_map(|one| Entry::read(one).dial_params_uid).collect();
    for key in keys.iter().filter(|key| !used.contains(&key.uid)) {
        books.secrets().forget(key)?;
    }
    Ok(())
}

pub(super) fn export(books: &Books, args: &BookExport) -> Result<()> {
    let mut copy = Pbk::new();
    if args.entries.is_empty() {
        // where both books have a name, the user's is the one that is dialled
        for book in books.select(named(books, &args.book)) {
            for section in book.read_or_empty()?.sections() {
                if copy.find(&section.name()).is_none() {
                    take(&mut copy, section)?;
                }
            }
        }
    }
    for name in &args.entries {
        let found = books.find(named(books, &args.book), name)?;
        take(&mut copy, found.book.read()?.entry(&found.name)?)?;
    }
    match &args.output {
        None => out::raw(&copy.to_bytes()),
        Some(path) => write(path, &copy.to_bytes())
            .with_context(|| format!("cannot write {}", escape::line(&path.to_string_lossy())))?,
    }
    Ok(())
}

fn take(copy: &mut Pbk, section: &Section) -> Result<(), BookError> {
    copy.import(section, &section.name())?.unset(UID);
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

fn read(path: &Path) -> Result<Pbk> {
    if path != Path::new("-") {
        return Ok(Book::at(path).read()?);
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    if bytes.is_empty() {
        bail!("standard input is empty");
    }
    Ok(Pbk::parse(&bytes).map_err(|error| error.in_file("standard input"))?)
}

/// The entries that were named, or all.
fn chosen(from: &Pbk, names: &[String]) -> Result<Vec<Section>, BookError> {
    if names.is_empty() {
        return Ok(from.sections().to_vec());
    }
    names.iter().map(|name| from.entry(name).cloned()).collect()
}
