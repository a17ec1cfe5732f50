//! What the demo shows: a timeline of each call from both ends, then a table.

use std::time::{Duration, Instant};

use openras_engine::client::dial::{DialEvent, Notice};
use openras_service::events::CallEvent;
use serde_json::{Value, json};

use crate::json;
use crate::out;
use crate::render::{self, Paint};

/// One row of the table.
pub(super) struct Row {
    /// Its letter.
    pub(super) letter: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
}

/// How a row went.
pub(super) enum RowResult {
    /// As it must; with what was seen.
    Ok(String),
    /// Not as it must.
    Failed(String),
    /// Could not be tried.
    Skipped(String),
}

/// Standard output, for people or for programs.
pub(super) struct Show {
    json: bool,
    packets: bool,
    paint: Paint,
    begun: Instant,
    row_begun: Instant,
    done: Vec<(Row, RowResult, f64)>,
}

impl Show {
    pub(super) fn new(json: bool, packets: bool) -> Self {
        let now = Instant::now();
        Self { json, packets, paint: Paint::for_stdout(), begun: now, row_begun: now, done: Vec::new() }
    }

    pub(super) fn welcome(&self) {
        if !self.json {
            out::line(
                "One process, real parts: a service with four ports, a telephone exchange, and the callers.\n\
                 Each line: seconds, which end, what it says.",
            );
        }
    }

    pub(super) fn row(&mut self, row: &Row) {
        self.row_begun = Instant::now();
        if self.json {
            out::line(json!({ "event": "row", "row": row.letter, "title": row.title }));
        } else {
            out::line(format_args!("\n{}", self.paint.strong(&format!("({}) {}", row.letter, row.title))));
        }
    }

    /// A call begins within the row.
    pub(super) fn call(&self, text: &str) {
        if self.json {
            out::line(json!({ "event": "call", "text": text }));
        } else {
            out::line(self.paint.faint(&format!("           ---- {text}")));
        }
    }

    /// What the dialler sees.
    pub(super) fn dial(&self, begun: Instant, notice: &Notice) {
        if matches!(notice, Notice::Event(DialEvent::Packet(_))) && !self.packets {
            return;
        }
        let now = begun.elapsed();
        if self.json {
            return self.tell("dial", json::notice(now, notice));
        }
        let text = match notice {
            Notice::State { state, error, .. } => render::state(self.paint, *state, *error),
            Notice::Event(DialEvent::Packet(packet)) => render::packet(self.paint, packet),
            Notice::Event(event) => {
                let text = render::event(event).unwrap_or_default();
                return text.lines().for_each(|text| self.line(now, "dial", text));
            }
            Notice::Ended(end) if end.error.is_some() => format!("why: {}", end.why),
            Notice::Terminal(bytes) => format!("on the terminal: {}", openras_engine::escape::bytes(bytes)),
            Notice::Reply(_) | Notice::Ended(_) => return,
        };
        self.line(now, "dial", &text);
    }

    /// What the port says.
    pub(super) fn port(&self, begun: Instant, event: &CallEvent) {
        if event.kind == "packet" && !self.packets {
            return;
        }
        let now = event.at.saturating_duration_since(begun);
        if self.json {
            let mut told = json!({
                "event": event.kind,
                "port": event.port,
                "call": event.call,
                "text": event.text,
                "error": event.error.map(|e| e.0),
            });
            json::stamp(&mut told, now);
            return self.tell("port", told);
        }
        self.line(now, "port", &event.text);
    }

    /// Something done over the link.
    pub(super) fn traffic(&self, begun: Instant, text: &str) {
        if self.json {
            self.tell("dial", json!({ "event": "traffic", "text": text }));
        } else {
            self.line(begun.elapsed(), "dial", text);
        }
    }

    fn tell(&self, end: &str, mut event: Value) {
        if let Some(members) = event.as_object_mut() {
            members.insert("end".into(), json!(end));
        }
        out::line(event);
    }

    fn line(&self, since: Duration, end: &str, text: &str) {
        out::line(render::timed(self.paint, since, &format!("{end}  {text}")));
    }

    pub(super) fn result(&mut self, row: Row, result: RowResult) {
        let seconds = self.row_begun.elapsed().as_secs_f64();
        if self.json {
            let (word, text) = result.words();
            out::line(
                json!({ "event": "result", "row": row.letter, "result": word, "text": text, "seconds": seconds }),
            );
        }
        self.done.push((row, result, seconds));
    }

    /// Prints the table and gives the number of rows that did not go as they must.
    pub(super) fn table(&self, strict: bool) -> usize {
        let bad = |result: &RowResult| match result {
            RowResult::Ok(_) => false,
            RowResult::Failed(_) => true,
            RowResult::Skipped(_) => strict,
        };
        let failed = self.done.iter().filter(|(_, result, _)| bad(result)).count();
        let total = self.begun.elapsed().as_secs_f64();
        if self.json {
            out::line(
                json!({ "event": "done", "rows": self.done.len(), "failed": failed, "seconds": total }),
            );
            return failed;
        }
        out::line("");
        for (row, result, seconds) in &self.done {
            let (word, text) = result.words();
            let word = format!("{word:<7}");
            let word = match result {
                RowResult::Ok(_) => self.paint.good(&word),
                RowResult::Failed(_) => self.paint.bad(&word),
                RowResult::Skipped(_) => self.paint.asks(&word),
            };
            out::line(format_args!("  ({}) {word} {seconds:6.1} s  {}", row.letter, row.title));
            out::line(self.paint.faint(&format!("{:24}{text}", "")));
        }
        let verdict = match failed {
            0 => self.paint.good("all as they must"),
            n => self.paint.bad(&format!("{n} not as they must")),
        };
        out::line(format_args!("\n{} kinds of call in {total:.1} s: {verdict}", self.done.len()));
        failed
    }
}

impl RowResult {
    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Ok(text) => ("ok", text),
            Self::Failed(text) => ("FAILED", text),
            Self::Skipped(text) => ("skipped", text),
        }
    }
}
