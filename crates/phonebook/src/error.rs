//! What can go wrong with a phone book: number, place, cause and remedy in one value.

use std::fmt;
use std::path::PathBuf;

use openras_engine::{RasError, escape};

/// A phone book, an entry or the saved credentials cannot be used. Shows as a sentence with the file and the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookError {
    /// What RAS functions return: 621 (cannot be opened), 622 (too large, or held by another), 623 (no such entry),
    /// 624 (cannot be written), 625 (content), 123, 183 (names), 5 (rights), 87.
    pub code: RasError,
    /// The file, where one is concerned.
    pub path: Option<PathBuf>,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// What is wrong and why; escaped, without a full stop.
    pub what: String,
    /// What to try, as a sentence.
    pub remedy: String,
}

impl BookError {
    /// An error without a place. `what` is text of ours; escape what came from outside.
    pub fn new(code: RasError, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, path: None, line: None, what: what.into(), remedy: remedy.into() }
    }

    /// The same error in this file, unless it names one.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.path.get_or_insert_with(|| path.into());
        self
    }

    /// The same error at this line, from 1.
    #[must_use]
    pub fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}", escape::line(&path.to_string_lossy()))?;
            match self.line {
                Some(line) => write!(f, ", line {line}: ")?,
                None => write!(f, ": ")?,
            }
        } else if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{} ({}). {}", self.what, self.code, self.remedy)
    }
}

impl std::error::Error for BookError {}
