//! Which line of a configuration file a key stands in: for what is said about a file that has no mistakes.

use std::collections::HashMap;
use std::ops::Range;

use super::check::Place;

/// The lines of a file's keys.
pub(crate) struct Lines {
    of: HashMap<Place, usize>,
    /// Lines that begin a table, as they stand there.
    headers: Vec<(usize, String)>,
}

impl Lines {
    pub(super) fn new(text: &str, places: HashMap<Place, Range<usize>>) -> Self {
        let line = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        let headers = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with('['));
        Self {
            of: places.into_iter().map(|(place, span)| (place, line(span.start))).collect(),
            headers: headers.map(|(n, line)| (n + 1, line.trim().to_owned())).collect(),
        }
    }

    /// Of a key of a port, else of the port's own header.
    pub(crate) fn port(&self, port: usize, key: &'static str) -> usize {
        let found = [key, "line", ""].iter().find_map(|key| self.of.get(&Place::Port(port, key)));
        found.copied().unwrap_or(0)
    }

    /// Of the key that a sentence about a port names, as `(insecure = true)`.
    pub(crate) fn named(&self, port: usize, sentence: &str) -> usize {
        let named = self.of.iter().filter_map(|(place, line)| match place {
            Place::Port(n, key) if *n == port && !key.is_empty() => {
                sentence.contains(&format!("({key} = ")).then_some(*line)
            }
            _ => None,
        });
        named.min().unwrap_or_else(|| self.port(port, ""))
    }

    /// Of a user of a group.
    pub(crate) fn member(&self, group: &str, n: usize) -> usize {
        self.of.get(&Place::Group(group.into(), "users", Some(n))).copied().unwrap_or(0)
    }

    /// Of a key outside the tables.
    pub(crate) fn top(&self, key: &'static str) -> usize {
        self.of.get(&Place::Top(key)).copied().unwrap_or(0)
    }

    /// Of a module's table.
    pub(crate) fn module(&self, name: &str) -> usize {
        self.table("module", name)
    }

    /// Of the table of a service of the login prompt.
    pub(crate) fn service(&self, name: &str) -> usize {
        self.table("service", name)
    }

    fn table(&self, kind: &str, name: &str) -> usize {
        let headers = [format!("[{kind}.{name}]"), format!("[{kind}.{name:?}]")];
        let found = self.headers.iter().find(|(_, header)| headers.iter().any(|one| header.starts_with(one)));
        found.map_or(0, |(line, _)| *line)
    }
}
