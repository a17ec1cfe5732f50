//! Tables and paragraphs that fit a terminal of 80 columns.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::out;
use crate::render::{self, Paint};

/// What a terminal shows at least.
const WIDTH: usize = 80;
/// A cell that is not the last one of its row is cut to this.
const CELL: usize = 24;
/// Between two columns.
const GAP: usize = 2;

/// Rows of the same columns. Cells are text the service gave: they are made safe, and cut to fit.
pub(crate) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&'static str; N]) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| render::safe(&cell)));
    }

    pub(crate) fn print(&self, paint: Paint) {
        let (head, rows) = self.lines();
        out::line(paint.faint(&head));
        rows.iter().for_each(out::line);
    }

    /// The head and the rows, each of at most [`WIDTH`] columns.
    fn lines(&self) -> (String, Vec<String>) {
        let mut widths = self.head.map(str::len);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count()).min(CELL);
            }
        }
        let head = self.head.map(str::to_string);
        (line(&head, &widths), self.rows.iter().map(|row| line(row, &widths)).collect())
    }
}

/// Cells side by side; the last one takes what is left.
fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let mut out = String::new();
    let mut used = 0;
    for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if i + 1 == N {
            out += &cut(cell, WIDTH.saturating_sub(used));
        } else {
            let cell = cut(cell, *width);
            out += &format!("{cell:<width$}{:GAP$}", "");
            used += width + GAP;
        }
    }
    out.trim_end().to_string()
}

/// Safe text, cut to so many columns.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_string();
    }
    let mut cut: String = text.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Safe text as lines of at most so many columns, broken between words.
pub(crate) fn wrapped(text: &str, max: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = word.to_string(),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= max => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A length of time as `0:07`, `12:34`, `1:02:03`, `3d 04:05`.
pub(crate) fn ago(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{:02}", seconds % 60),
        (0, _) => format!("{hours}:{:02}:{:02}", minutes % 60, seconds % 60),
        _ => format!("{days}d {:02}:{:02}", hours % 24, minutes % 60),
    }
}

/// Seconds since 1970 as `2026-11-21 15:06:45Z`.
pub(crate) fn utc(seconds: u64) -> String {
    // days since 0000-03-01, so that a leap day ends its year; 400 years have 146097 days
    let days = seconds / 86400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let second = seconds % 86400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_80_columns_whatever_its_cells_hold() {
        let mut table = Table::new(["call", "name", "where"]);
        table.row(["c1".into(), "al\u{1b}[2Jice".into(), "tcp:127.0.0.1:7001".into()]);
        table.row(["c17".into(), "x".repeat(300), "y".repeat(300)]);
        let (head, rows) = table.lines();
        assert_eq!(head, format!("call  {:24}  where", "name"));
        assert!(rows.iter().all(|row| row.chars().count() <= WIDTH), "{rows:?}");
        assert!(rows[0].contains("al\\u{1b}[2Jice") && rows[1].ends_with('…'), "{rows:?}");
    }

    #[test]
    fn words_are_not_broken_unless_they_must_be() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("", 7), [""]);
    }

    #[test]
    fn a_time_is_a_date() {
        let table = [
            (0, "1970-01-01 00:00:00Z"),
            (951_827_696, "2000-02-29 12:34:56Z"),
            (1_767_225_599, "2025-12-31 23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ];
        for (seconds, text) in table {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn times_are_short() {
        let table = [(7, "0:07"), (754, "12:34"), (3723, "1:02:03"), (273_900, "3d 04:05")];
        for (seconds, text) in table {
            assert_eq!(ago(seconds), text);
        }
    }
}
