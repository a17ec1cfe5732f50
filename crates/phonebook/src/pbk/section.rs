//! One entry of a phone book as text: its groups, and keys read and set in them.

use std::borrow::Cow;
use std::ops::Range;

use openras_engine::{RasError, escape};

use super::LONGEST_LINE;
use super::line::{Ending, Line};
use crate::BookError;

/// What a group of keys is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// Keys of the whole entry: what stands before the first other group.
    Entry,
    /// `NETCOMPONENTS=`
    Components,
    /// `MEDIA=`: the port of a link.
    Media,
    /// `DEVICE=`: what dials on the port before it.
    Device,
}

/// Where a group stands in its entry; changes that add or remove lines end its truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is.
    pub kind: GroupKind,
    /// The value of the line that begins it, such as `modem`; empty for [`GroupKind::Entry`].
    pub value: String,
    lines: Range<usize>,
}

/// An entry: its line `[name]` and what follows until the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    header: Line,
    lines: Vec<Line>,
}

impl Section {
    pub(super) fn new(header: Line) -> Self {
        Self { header, lines: Vec::new() }
    }

    pub(super) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    pub(super) fn lines_mut(&mut self) -> &mut Vec<Line> {
        &mut self.lines
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.header).chain(&self.lines)
    }

    pub(super) fn end_header(&mut self, ending: Ending) {
        self.header.end_with(ending);
    }

    pub(super) fn set_name(&mut self, name: &str) {
        self.header = Line::new(format!("[{name}]").as_bytes(), self.header.ending());
    }

    /// The entry's name.
    pub fn name(&self) -> String {
        self.header.section_name().map(Cow::into_owned).unwrap_or_default()
    }

    /// The entry alone, as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.all().for_each(|line| line.emit(&mut out));
        out
    }

    /// Whether there is no key in it.
    pub fn is_bare(&self) -> bool {
        self.lines.iter().all(|line| line.pair().is_none())
    }

    /// The entry's own group, without looking at what follows it: there may be very many numbers.
    fn own(&self) -> Group {
        let end = self.lines.iter().position(|line| start_of_group(line).is_some());
        Group { kind: GroupKind::Entry, value: String::new(), lines: 0..end.unwrap_or(self.lines.len()) }
    }

    /// The groups in their order; the first is always the entry's own, even if it has no line.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups = vec![self.own()];
        for (at, line) in self.lines.iter().enumerate() {
            let Some((kind, value)) = start_of_group(line) else { continue };
            if let Some(last) = groups.last_mut() {
                last.lines.end = at;
            }
            let value = super::line::decode(value).trim().to_owned();
            groups.push(Group { kind, value, lines: at..self.lines.len() });
        }
        groups
    }

    /// The value of a key of the whole entry; the first of several.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get_in(&self.own(), key, 0)
    }

    /// Sets a key of the whole entry: its first line, else a new one at the end of the group.
    ///
    /// # Errors
    /// 87: key or value does not fit into a line.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), BookError> {
        self.set_in(&self.own(), key, 0, value)
    }

    /// Removes every line of a key of the whole entry; whether there was one.
    pub fn unset(&mut self, key: &str) -> bool {
        let lines = self.own().lines;
        let before = self.lines.len();
        let mut at = 0..;
        self.lines.retain(|line| !(at.next().is_some_and(|at| lines.contains(&at)) && line.has_key(key)));
        self.lines.len() != before
    }

    /// The value of the `nth` line (from 0) of a key in a group.
    pub fn get_in(&self, group: &Group, key: &str, nth: usize) -> Option<Cow<'_, str>> {
        self.key_lines(group, key).nth(nth).and_then(|at| self.lines.get(at)).and_then(Line::value)
    }

    /// How many lines of this key a group has.
    pub fn count_in(&self, group: &Group, key: &str) -> usize {
        self.key_lines(group, key).count()
    }

    /// Sets the `nth` line of a key in a group; where there are fewer, adds one at the end of the group.
    ///
    /// # Errors
    /// 87: key or value does not fit into a line.
    pub fn set_in(&mut self, group: &Group, key: &str, nth: usize, value: &str) -> Result<(), BookError> {
        check_line(key, value)?;
        let known = self.key_lines(group, key).nth(nth);
        if let Some(at) = known {
            if let Some(line) = self.lines.get_mut(at) {
                line.set_value(value);
            }
            return Ok(());
        }
        let end = self.end_of(group);
        self.insert(end, &[format!("{key}={value}")]);
        Ok(())
    }

    /// Adds a group at the end of the entry: `lines[0]` is its `MEDIA=…` or `DEVICE=…`.
    ///
    /// # Errors
    /// 87: a line is none.
    pub fn add_group(&mut self, lines: &[(&str, &str)]) -> Result<(), BookError> {
        lines.iter().try_for_each(|(key, value)| check_line(key, value))?;
        let used = self.lines.iter().rposition(|line| !line.is_blank()).map_or(0, |at| at + 1);
        let mut texts = vec![String::new()];
        texts.extend(lines.iter().map(|(key, value)| format!("{key}={value}")));
        self.insert(used, &texts);
        Ok(())
    }

    /// Changes the value of the line that begins a group.
    ///
    /// # Errors
    /// 87: the value does not fit into a line.
    pub fn set_start(&mut self, group: &Group, value: &str) -> Result<(), BookError> {
        check_line("DEVICE", value)?;
        if group.kind != GroupKind::Entry
            && let Some(line) = self.lines.get_mut(group.lines.start)
        {
            line.set_value(value);
        }
        Ok(())
    }

    /// Adds an empty device group behind a media group.
    ///
    /// # Errors
    /// 87: the type does not fit into a line.
    pub fn add_device(&mut self, media: &Group, kind: &str) -> Result<(), BookError> {
        check_line("DEVICE", kind)?;
        let end = self.end_of(media);
        self.insert(end, &[String::new(), format!("DEVICE={kind}")]);
        Ok(())
    }

    /// Removes a group, and for a [`GroupKind::Media`] also the device groups that belong to it.
    pub fn remove_group(&mut self, group: &Group) {
        let groups = self.groups();
        let after = groups.iter().filter(|other| other.lines.start > group.lines.start);
        let mut of_it =
            after.take_while(|other| group.kind == GroupKind::Media && other.kind == GroupKind::Device);
        let end = of_it.by_ref().last().map_or(group.lines.end, |last| last.lines.end);
        self.lines.drain(group.lines.start.min(self.lines.len())..end.min(self.lines.len()));
    }

    /// Removes the numbers of a device group from its `nth` on: the line of each, and those of `rest` right behind it. In
    /// one pass: one after the other takes a time that grows with the square of their number.
    pub(crate) fn remove_records(&mut self, group: &Group, first: &str, rest: &[&str], nth: usize) {
        let Some(start) = self.key_lines(group, first).nth(nth) else { return };
        let (mut at, mut of_one) = (0.., false);
        self.lines.retain(|line| {
            let inside = at.next().is_some_and(|at| at >= start && at < group.lines.end);
            of_one = inside && (line.has_key(first) || of_one && rest.iter().any(|key| line.has_key(key)));
            !of_one
        });
    }

    /// All records of a group in one pass: the values of `first`, and of each of `keys` between it and the next. Asking for
    /// one after the other takes a time that grows with the square of their number.
    pub(crate) fn records<const N: usize>(
        &self,
        group: &Group,
        first: &str,
        keys: [&str; N],
    ) -> Vec<(String, [String; N])> {
        let mut records: Vec<(String, [Option<String>; N])> = Vec::new();
        for line in self.group_lines(group) {
            let value = || line.value().unwrap_or_default().into_owned();
            if line.has_key(first) {
                records.push((value(), [const { None }; N]));
            } else if let Some((_, values)) = records.last_mut() {
                // of several lines the first counts
                let slot = keys.iter().zip(values).find(|(key, _)| line.has_key(key));
                if let Some((_, slot)) = slot {
                    slot.get_or_insert_with(value);
                }
            }
        }
        let filled = |values: [Option<String>; N]| values.map(Option::unwrap_or_default);
        records.into_iter().map(|(first, values)| (first, filled(values))).collect()
    }

    /// Sets a key between the `nth` and the next line of `first`; adds it after that line where it is missing.
    pub(crate) fn set_record(
        &mut self,
        group: &Group,
        (first, nth): (&str, usize),
        key: &str,
        value: &str,
    ) -> Result<(), BookError> {
        check_line(key, value)?;
        let start = self.key_lines(group, first).nth(nth);
        if let Some(line) = self.record_line(group, first, nth, key).and_then(|at| self.lines.get_mut(at)) {
            line.set_value(value);
        } else if let Some(start) = start {
            self.insert(start + 1, &[format!("{key}={value}")]);
        }
        Ok(())
    }

    /// Adds lines before the `nth + 1`st record would begin: after the last line of the last record.
    pub(crate) fn add_record(
        &mut self,
        group: &Group,
        first: &str,
        rest: &[&str],
        lines: &[(&str, String)],
    ) -> Result<(), BookError> {
        lines.iter().try_for_each(|(key, value)| check_line(key, value))?;
        let at = match self.key_lines(group, first).last() {
            Some(start) => {
                let after = self.lines.iter().skip(start + 1).take(group.lines.end.saturating_sub(start + 1));
                start + 1 + after.take_while(|line| rest.iter().any(|key| line.has_key(key))).count()
            }
            None => group.lines.start + 1,
        };
        let texts: Vec<String> = lines.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.insert(at, &texts);
        Ok(())
    }

    fn record_line(&self, group: &Group, first: &str, nth: usize, key: &str) -> Option<usize> {
        let mut starts = self.key_lines(group, first).skip(nth);
        let start = starts.next()?;
        let end = starts.next().unwrap_or(group.lines.end);
        self.key_lines(group, key).find(|at| (start..end).contains(at))
    }

    /// The lines of a group, without the one that begins it.
    fn group_lines(&self, group: &Group) -> impl Iterator<Item = &Line> {
        let start = group.lines.start + usize::from(group.kind != GroupKind::Entry);
        self.lines.iter().take(group.lines.end).skip(start)
    }

    /// Indices of the lines of a key in a group, without the line that begins it.
    fn key_lines<'a>(&'a self, group: &Group, key: &'a str) -> impl Iterator<Item = usize> + 'a {
        let skip = usize::from(group.kind != GroupKind::Entry);
        let range = (group.lines.start + skip).min(group.lines.end)..group.lines.end;
        let lines = self.lines.iter().enumerate().take(range.end).skip(range.start);
        lines.filter(move |(_, line)| line.has_key(key)).map(|(at, _)| at)
    }

    /// After the last line of a group that is not blank.
    fn end_of(&self, group: &Group) -> usize {
        let end = group.lines.end.min(self.lines.len());
        let lines = self.lines.get(..end).unwrap_or_default();
        lines
            .iter()
            .rposition(|line| !line.is_blank())
            .map_or(group.lines.start, |at| at + 1)
            .max(group.lines.start)
    }

    fn insert(&mut self, at: usize, texts: &[String]) {
        let ending = match self.header.ending() {
            Ending::None => Ending::CrLf,
            known => known,
        };
        self.header.end_with(ending);
        let at = at.min(self.lines.len());
        // a last line without an end keeps that unless something follows it now
        if let Some(before) = at.checked_sub(1).and_then(|before| self.lines.get_mut(before)) {
            before.end_with(ending);
        }
        self.lines.splice(at..at, texts.iter().map(|text| Line::new(text.as_bytes(), ending)));
    }
}

/// What a line begins, and its value, if it begins a group.
fn start_of_group(line: &Line) -> Option<(GroupKind, &[u8])> {
    let (key, value) = line.pair()?;
    let kind = match key {
        b"NETCOMPONENTS" => GroupKind::Components,
        b"MEDIA" => GroupKind::Media,
        b"DEVICE" => GroupKind::Device,
        _ => return None,
    };
    Some((kind, value))
}

/// A key and a value that make one line of that key, and no other.
fn check_line(key: &str, value: &str) -> Result<(), BookError> {
    let fail = |what: &str| {
        let what = format!("the value of {} {what}", escape::short(key, 60));
        Err(BookError::new(RasError::INVALID_PARAMETER, what, "Leave it out, or shorten it."))
    };
    let wrong = |c: char| matches!(c, '\r' | '\n' | '\0');
    if key.is_empty()
        || key.starts_with([';', '#', '['])
        || key.contains('=')
        || key.contains(wrong)
        || key.trim() != key
    {
        let what = format!("\"{}\" is no name of a key", escape::short(key, 60));
        return Err(BookError::new(RasError::INVALID_PARAMETER, what, "Use letters and digits."));
    }
    if value.contains(wrong) {
        return fail("holds a line end");
    }
    if key.len() + value.len() >= LONGEST_LINE {
        return fail("is longer than 16 KiB");
    }
    Ok(())
}
