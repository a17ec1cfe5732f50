//! What is wrong with a configuration file, and where.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One thing to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 where the file could not be read at all.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, with the value that stands there.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

impl Problem {
    /// A problem at a byte of the text.
    pub(super) fn at(text: &str, span: &Range<usize>, what: String, remedy: String) -> Self {
        let before = text.get(..span.start.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Self { line, column, what, remedy }
    }
}

/// Everything that is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file's name.
    pub file: String,
    /// At least one, in the order of their lines.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(file: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| (p.line, p.column));
        Self { file: file.into(), problems }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, p) in self.problems.iter().enumerate() {
            let newline = if n == 0 { "" } else { "\n" };
            let file = self.file.escape_debug();
            // a file that cannot be read has no lines
            let place = if p.line == 0 { String::new() } else { format!(":{}:{}", p.line, p.column) };
            write!(f, "{newline}{file}{place}: {}. {}", p.what, p.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// The text of a file of at most 1 MiB.
pub(super) fn read_file(file: &Path) -> Result<String, ConfigError> {
    const MOST: u64 = 1 << 20;
    let fail = |what: String, remedy: &str| {
        let problem = Problem { line: 0, column: 0, what, remedy: remedy.into() };
        ConfigError::new(&file.display().to_string(), vec![problem])
    };
    let unreadable =
        |e: std::io::Error| fail(format!("it cannot be read ({e})"), "Give another file with --config");
    let open = std::fs::File::open(file).map_err(unreadable)?;
    let about = open.metadata().map_err(unreadable)?;
    // it names programs that the service runs
    if about.is_file() && about.mode() & 0o002 != 0 {
        let what = format!("every user of this host may write to it (mode {:o})", about.mode() & 0o777);
        return Err(fail(what, "Take that away: chmod o-w, and look at what it says"));
    }
    let mut bytes = Vec::new();
    open.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(fail("it is larger than 1 MiB".into(), "Give a configuration file"));
    }
    String::from_utf8(bytes).map_err(|_| fail("it is not UTF-8 text".into(), "Save it as UTF-8"))
}
