//! `rasphone.pbk` as text: read and written without losing a byte (ras-phonebook.md §1).
//!
//! A line that is not understood is kept as it is. What changes is the line of the key that was set and nothing else.

mod line;
mod section;
#[cfg(test)]
mod tests;

use openras_engine::{RasError, escape};

pub use section::{Group, GroupKind, Section};

use crate::name::{same_name, taken};
use crate::{BookError, validate_rename};
use line::{Ending, Line};

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 4 << 20;
/// The longest line, in bytes without its end.
pub const LONGEST_LINE: usize = 16 << 10;
/// The most lines.
pub const MOST_LINES: usize = 200_000;
/// The most entries.
pub const MOST_ENTRIES: usize = 4096;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A phone book as text: what stands before the first entry, then entries in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pbk {
    bom: bool,
    ending: Ending,
    preamble: Vec<Line>,
    sections: Vec<Section>,
}

impl Default for Pbk {
    fn default() -> Self {
        Self::new()
    }
}

impl Pbk {
    /// An empty book; its lines will end in CR LF, as Windows writes them.
    pub fn new() -> Self {
        Self { bom: false, ending: Ending::CrLf, preamble: Vec::new(), sections: Vec::new() }
    }

    /// Reads a book. Nothing is refused but what is too large, or is UTF-16.
    ///
    /// # Errors
    /// 622 above the limits of this module, 625 for UTF-16; with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, BookError> {
        check_whole(bytes)?;
        let bom = bytes.starts_with(BOM);
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let mut book = Self { bom, ..Self::new() };
        for (number, line) in (1..).zip(line::split(bytes)) {
            if number > MOST_LINES {
                return Err(too_large("more than 200,000 lines").at_line(number));
            }
            if line.text().len() > LONGEST_LINE {
                return Err(too_large("a line is longer than 16 KiB").at_line(number));
            }
            if number == 1 && line.ending() == Ending::Lf {
                book.ending = Ending::Lf;
            }
            if line.section_name().is_some() {
                if book.sections.len() == MOST_ENTRIES {
                    return Err(too_large("more than 4096 entries").at_line(number));
                }
                book.sections.push(Section::new(line));
            } else if let Some(section) = book.sections.last_mut() {
                section.push(line);
            } else {
                book.preamble.push(line);
            }
        }
        Ok(book)
    }

    /// The book as a file; what was not changed is byte for byte what was read.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = if self.bom { BOM.to_vec() } else { Vec::new() };
        let lines = self.preamble.iter().chain(self.sections.iter().flat_map(Section::all));
        lines.for_each(|line| line.emit(&mut out));
        out
    }

    /// Names of the entries, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.sections.iter().map(Section::name)
    }

    /// All entries, in the order of the file.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The entry of this name: exactly it, else without regard to case; the first of several.
    pub fn find(&self, name: &str) -> Option<&Section> {
        self.position(name).and_then(|at| self.sections.get(at))
    }

    /// As [`Self::find`].
    ///
    /// # Errors
    /// 623: there is none.
    pub fn entry(&self, name: &str) -> Result<&Section, BookError> {
        self.find(name).ok_or_else(|| missing(name))
    }

    /// As [`Self::entry`], to be changed.
    ///
    /// # Errors
    /// 623: there is none.
    pub fn entry_mut(&mut self, name: &str) -> Result<&mut Section, BookError> {
        let at = self.position(name);
        at.and_then(|at| self.sections.get_mut(at)).ok_or_else(|| missing(name))
    }

    /// A new entry at the end, without a key.
    ///
    /// # Errors
    /// 123, 183: the name ([`crate::validate`] is the caller's, for rules differ); 622: the book is full.
    pub fn add(&mut self, name: &str) -> Result<&mut Section, BookError> {
        self.may_be_named(name, None)?;
        if self.sections.len() >= MOST_ENTRIES {
            return Err(too_large("more than 4096 entries"));
        }
        self.end_last_line();
        let header = Line::new(format!("[{name}]").as_bytes(), self.ending);
        self.sections.push(Section::new(header));
        self.sections.last_mut().ok_or_else(|| missing(name))
    }

    /// A copy of an entry of any book at the end of this one, under this name.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn import(&mut self, section: &Section, name: &str) -> Result<&mut Section, BookError> {
        let ending = self.ending;
        let added = self.add(name)?;
        section.lines().for_each(|line| added.push(line.ended(ending)));
        Ok(added)
    }

    /// Gives an entry another name; the rest of it stays.
    ///
    /// # Errors
    /// 623, 123, 183.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), BookError> {
        let at = self.position(old).ok_or_else(|| missing(old))?;
        self.may_be_named(new, Some(at))?;
        if let Some(section) = self.sections.get_mut(at) {
            section.set_name(new);
        }
        Ok(())
    }

    /// Removes an entry with all its lines, and gives it.
    ///
    /// # Errors
    /// 623: there is none.
    pub fn remove(&mut self, name: &str) -> Result<Section, BookError> {
        let at = self.position(name).ok_or_else(|| missing(name))?;
        Ok(self.sections.remove(at))
    }

    fn position(&self, name: &str) -> Option<usize> {
        let exact = self.sections.iter().position(|section| section.name() == name);
        exact.or_else(|| self.sections.iter().position(|section| same_name(&section.name(), name)))
    }

    fn may_be_named(&self, name: &str, except: Option<usize>) -> Result<(), BookError> {
        validate_rename(name)?;
        let others = self.sections.iter().enumerate().filter(|(at, _)| Some(*at) != except);
        match others.into_iter().any(|(_, section)| same_name(&section.name(), name)) {
            true => Err(taken(name)),
            false => Ok(()),
        }
    }

    /// A blank line before a new entry, and an end for a last line that has none.
    fn end_last_line(&mut self) {
        let ending = self.ending;
        let lines = self.sections.last_mut().map_or(&mut self.preamble, Section::lines_mut);
        if let Some(last) = lines.last_mut() {
            last.end_with(ending);
        }
        let blank = lines.last().is_some_and(Line::is_blank);
        if let Some(section) = self.sections.last_mut() {
            section.end_header(ending);
            if !blank {
                section.push(Line::new(b"", ending));
            }
        }
    }
}

fn check_whole(bytes: &[u8]) -> Result<(), BookError> {
    if bytes.len() > LARGEST {
        return Err(too_large("more than 4 MiB"));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let remedy = "Save it as UTF-8 and try again.";
        return Err(BookError::new(RasError::CORRUPT_PHONEBOOK, "the file is UTF-16", remedy).at_line(1));
    }
    Ok(())
}

fn too_large(what: &str) -> BookError {
    let remedy = "Divide it into several phone books, or check that it is one.";
    BookError::new(RasError::CANNOT_LOAD_PHONEBOOK, format!("too large for a phone book: {what}"), remedy)
}

fn missing(name: &str) -> BookError {
    let what = format!("there is no entry \"{}\"", escape::short(name, 60));
    BookError::new(
        RasError::CANNOT_FIND_PHONEBOOK_ENTRY,
        what,
        "Check the name; openras phonebook list shows all.",
    )
}
