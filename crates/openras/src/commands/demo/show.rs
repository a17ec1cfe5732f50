//! What the demo shows: a timeline of each call from both ends, then a table.

use std::time::{Duration, Instant};

use openras_api::types::event::{Event, Told};
use openras_engine::escape;
use serde_json::{Value, json};

use crate::render::{self, Paint};
use crate::{answers, json, out};

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
            json::line(&json!({ "event": "row", "row": row.letter, "title": row.title }));
        } else {
            out::line(format_args!("\n{}", self.paint.strong(&format!("({}) {}", row.letter, row.title))));
        }
    }

    /// A call begins within the row.
    pub(super) fn call(&self, text: &str) {
        if self.json {
            json::line(&json!({ "event": "call", "text": text }));
        } else {
            out::line(self.paint.faint(&format!("           ---- {text}")));
        }
    }

    /// What the dialler sees.
    pub(super) fn dial(&self, now: Duration, event: &Event) {
        if self.json {
            if self.packets || !matches!(event, Event::Packet(_)) {
                self.tell("dial", now, json!(event));
            }
            return;
        }
        match event {
            Event::Terminal { data } => {
                let bytes = answers::terminal_bytes(data).unwrap_or_default();
                self.line(now, "dial", &format!("on the terminal: {}", escape::bytes(&bytes)));
            }
            // the last state has said the number
            Event::Ended(end) if end.error.is_some() => {
                self.line(now, "dial", &format!("why: {}", render::safe(&end.why)));
            }
            Event::Ended(_) => {}
            event => self.lines(now, "dial", event),
        }
    }

    /// What the port says.
    pub(super) fn port(&self, now: Duration, told: &Told) {
        if self.json {
            if self.packets || !matches!(told.event, Event::Packet(_)) {
                self.tell("port", now, json!(told));
            }
            return;
        }
        // the step before it has said how it ended
        if !matches!(told.event, Event::Ended(_)) {
            self.lines(now, "port", &told.event);
        }
    }

    /// Something done over the link.
    pub(super) fn traffic(&self, begun: Instant, text: &str) {
        if self.json {
            self.tell("dial", begun.elapsed(), json!({ "event": "traffic", "text": text }));
        } else {
            self.line(begun.elapsed(), "dial", text);
        }
    }

    fn tell(&self, end: &str, now: Duration, mut event: Value) {
        if let Some(members) = event.as_object_mut() {
            members.insert("end".into(), json!(end));
            // both ends by the clock of the demo's own call
            members.insert("t".into(), json!(json::seconds(now)));
        }
        json::line(&event);
    }

    fn lines(&self, now: Duration, end: &str, event: &Event) {
        render::event(self.paint, event, self.packets).iter().for_each(|text| self.line(now, end, text));
    }

    fn line(&self, since: Duration, end: &str, text: &str) {
        out::line(render::timed(self.paint, since, &format!("{end}  {text}")));
    }

    pub(super) fn result(&mut self, row: Row, result: RowResult) {
        let seconds = self.row_begun.elapsed().as_secs_f64();
        if self.json {
            let (word, text) = result.words();
            json::line(
                &json!({ "event": "result", "row": row.letter, "result": word, "text": text, "seconds": seconds }),
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
            json::line(
                &json!({ "event": "done", "rows": self.done.len(), "failed": failed, "seconds": total }),
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
