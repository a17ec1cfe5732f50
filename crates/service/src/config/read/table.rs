//! A TOML table from which keys are taken; what is left over is unknown.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Reader;
use super::value::{Value, Wrong, shown};
use crate::config::check::Place;

/// One table of the file.
pub(super) struct Table<'i> {
    /// How it is called in a problem.
    what: &'static str,
    /// Where the table itself begins.
    span: Range<usize>,
    left: Vec<(Spanned<DeString<'i>>, Spanned<DeValue<'i>>)>,
    place: Box<dyn Fn(&'static str) -> Place>,
    known: Vec<&'static str>,
}

impl<'i> Table<'i> {
    pub(super) fn new(
        tree: Spanned<DeTable<'i>>,
        what: &'static str,
        place: impl Fn(&'static str) -> Place + 'static,
    ) -> Self {
        let span = tree.span();
        Self {
            what,
            span,
            left: tree.into_inner().into_iter().collect(),
            place: Box::new(place),
            known: Vec::new(),
        }
    }

    fn take(&mut self, reader: &mut Reader<'i>, key: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.known.push(key);
        let at = self.left.iter().position(|(name, _)| name.get_ref() == key)?;
        let (_, value) = self.left.swap_remove(at);
        reader.spans.insert((self.place)(key), value.span());
        Some(value)
    }

    fn refuse(&self, reader: &mut Reader<'i>, key: &'static str, value: &Spanned<DeValue<'i>>, wrong: Wrong) {
        reader.broken.insert((self.place)(key));
        reader.problem(
            &value.span(),
            format!("{key} = {} {}", shown(value.get_ref()), wrong.what),
            wrong.remedy,
        );
    }

    /// Where a key's value stands, or the table where it is missing.
    pub(super) fn span_of(&self, reader: &Reader<'i>, key: &'static str) -> Range<usize> {
        reader.spans.get(&(self.place)(key)).cloned().unwrap_or_else(|| self.span.clone())
    }

    /// A value, if the key is there and fits.
    pub(super) fn read<T: Value>(&mut self, reader: &mut Reader<'i>, key: &'static str) -> Option<T> {
        let value = self.take(reader, key)?;
        T::read(value.get_ref()).map_err(|wrong| self.refuse(reader, key, &value, wrong)).ok()
    }

    /// Whether the key is there, taken or not.
    pub(super) fn has(&self, reader: &Reader<'i>, key: &'static str) -> bool {
        reader.spans.contains_key(&(self.place)(key))
    }

    /// A value whose key must be there.
    pub(super) fn require<T: Value>(
        &mut self,
        reader: &mut Reader<'i>,
        key: &'static str,
        remedy: &str,
    ) -> Option<T> {
        if !self.left.iter().any(|(name, _)| name.get_ref() == key) {
            self.known.push(key);
            reader.broken.insert((self.place)(key));
            reader.problem(&self.span, format!("{} has no {key}", self.what), remedy);
            return None;
        }
        self.read(reader, key)
    }

    /// A list, each element of which is read on its own.
    pub(super) fn list<T: Value>(&mut self, reader: &mut Reader<'i>, key: &'static str) -> Option<Vec<T>> {
        let value = self.take(reader, key)?;
        let place = (self.place)(key);
        let Some(elements) = value.get_ref().as_array() else {
            self.refuse(
                reader,
                key,
                &value,
                Wrong::new("is not a list", format!("Write {key} = [\u{2026}]")),
            );
            return None;
        };
        let mut list = Vec::new();
        for (n, element) in elements.iter().enumerate() {
            if let Some(place) = place.element(n) {
                reader.spans.insert(place, element.span());
            }
            match T::read(element.get_ref()) {
                Ok(read) => list.push(read),
                Err(wrong) => self.refuse(reader, key, element, wrong),
            }
        }
        (list.len() == elements.len()).then_some(list)
    }

    /// A list whose key must be there.
    pub(super) fn require_list<T: Value>(
        &mut self,
        reader: &mut Reader<'i>,
        key: &'static str,
        remedy: &str,
    ) -> Option<Vec<T>> {
        if !self.left.iter().any(|(name, _)| name.get_ref() == key) {
            self.known.push(key);
            reader.problem(&self.span, format!("{} has no {key}", self.what), remedy);
            return None;
        }
        self.list(reader, key)
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&mut self, reader: &mut Reader<'i>, key: &'static str) -> Vec<Spanned<DeTable<'i>>> {
        let Some(value) = self.take(reader, key) else { return Vec::new() };
        let remedy = format!("Write each as a table [[{key}]]");
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            reader.problem(&span, format!("{key} is not a list of tables"), remedy);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in array {
            let span = element.span();
            match element.into_inner() {
                DeValue::Table(table) => tables.push(Spanned::new(span, table)),
                other => reader.problem(&span, format!("{key} holds {}", shown(&other)), remedy.clone()),
            }
        }
        tables
    }

    /// The tables of `[key.NAME]`, with their names.
    pub(super) fn named_tables(
        &mut self,
        reader: &mut Reader<'i>,
        key: &'static str,
    ) -> Vec<(Spanned<String>, Spanned<DeValue<'i>>)> {
        let Some(value) = self.take(reader, key) else { return Vec::new() };
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            reader.problem(&span, format!("{key} is not a table"), format!("Write [{key}.NAME]"));
            return Vec::new();
        };
        let owned = |name: Spanned<DeString<'_>>| Spanned::new(name.span(), name.into_inner().into_owned());
        table.into_iter().map(|(name, value)| (owned(name), value)).collect()
    }

    /// Everything not taken is unknown.
    pub(super) fn finish(self, reader: &mut Reader<'i>) {
        for (name, _) in &self.left {
            let given = name.get_ref().as_ref();
            let near = self.known.iter().map(|k| (distance(given, k), *k)).min().filter(|(d, _)| *d <= 2);
            let remedy = match near {
                Some((_, key)) => format!("Did you mean {key}?"),
                None => format!("The keys here are {}", self.known.join(", ")),
            };
            reader.problem(&name.span(), format!("{given:?} is no key of {}", self.what), remedy);
        }
    }
}

/// Edits between two words (Levenshtein); words of more than 40 characters are far from everything.
fn distance(a: &str, b: &str) -> usize {
    if a.chars().count() > 40 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.chars().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&row, j) + usize::from(x != y);
            next.push(replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
