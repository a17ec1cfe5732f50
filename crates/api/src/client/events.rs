//! Streams of lines: events, the audit record.

use std::path::PathBuf;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use openras_engine::escape;
use serde::Deserialize;

use super::answer;
use crate::Problem;
use crate::types::event::{Event, Told};

/// Longest line of a stream, in bytes.
const LONGEST_LINE: usize = 256 * 1024;

/// A stream of events. Dropping it ends it: for the creator of a dial that is not yet connected, that ends the dial 2 s later.
#[derive(Debug)]
pub struct Events {
    lines: Lines,
}

impl Events {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines }
    }

    /// The next event; `None` once the service has ended the stream, or after an error. Nothing is lost if the future is
    /// dropped. Kinds of events that this version does not know are passed over.
    pub async fn next(&mut self) -> Option<Result<Told, Problem>> {
        loop {
            let line = match self.lines.next().await? {
                Ok(line) => line,
                Err(problem) => return Some(Err(problem)),
            };
            match serde_json::from_str::<Told>(&line) {
                Ok(told) => return Some(Ok(told)),
                Err(_) if of_later_version(&line) => {}
                Err(error) => {
                    let what =
                        format!("an event is not as expected ({})", escape::short(&error.to_string(), 200));
                    return Some(Err(self.lines.fail(&what)));
                }
            }
        }
    }
}

/// Whether a line is an event of a kind that came after this version.
fn of_later_version(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        event: String,
    }
    serde_json::from_str::<Kind>(line).is_ok_and(|kind| !Event::KINDS.contains(&kind.event.as_str()))
}

/// A stream of lines, each JSON.
#[derive(Debug)]
pub struct Lines {
    socket: PathBuf,
    /// `None` once it has ended.
    body: Option<Incoming>,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer.
    start: usize,
    /// Up to where no line end was found.
    looked: usize,
}

impl Lines {
    pub(super) fn new(socket: PathBuf, body: Incoming) -> Self {
        Self { socket, body: Some(body), buffer: Vec::new(), start: 0, looked: 0 }
    }

    /// The next line without its end; `None` once the service has ended the stream, or after an error. Nothing is lost if the
    /// future is dropped. Empty lines are passed over.
    pub async fn next(&mut self) -> Option<Result<String, Problem>> {
        loop {
            while let Some(line) = self.line() {
                let text = line.map(|line| String::from_utf8(line).map_err(|_| "a line is not UTF-8"));
                match text {
                    Ok(Ok(text)) if text.is_empty() => {}
                    Ok(Ok(text)) => return Some(Ok(text)),
                    Ok(Err(what)) | Err(what) => return Some(Err(self.fail(what))),
                }
            }
            let frame = self.body.as_mut()?.frame().await;
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.drain(..self.start);
                        self.looked -= self.start;
                        self.start = 0;
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    self.body = None;
                    return Some(Err(answer::broken(&self.socket, Some(&error))));
                }
                None if self.start < self.buffer.len() => {
                    return Some(Err(self.fail("its stream ends within a line")));
                }
                None => self.body = None,
            }
        }
    }

    /// A line that is whole in the buffer.
    fn line(&mut self) -> Option<Result<Vec<u8>, &'static str>> {
        let rest = self.buffer.get(self.looked..).unwrap_or_default();
        let Some(at) = rest.iter().position(|byte| *byte == b'\n') else {
            self.looked = self.buffer.len();
            return (self.looked - self.start > LONGEST_LINE)
                .then_some(Err("a line of its stream is too long"));
        };
        let end = self.looked + at;
        let line = self.buffer.get(self.start..end).unwrap_or_default().to_vec();
        self.start = end + 1;
        self.looked = self.start;
        if line.len() > LONGEST_LINE { Some(Err("a line of its stream is too long")) } else { Some(Ok(line)) }
    }

    /// Ends the stream because of what came.
    fn fail(&mut self, what: &str) -> Problem {
        self.body = None;
        self.buffer = Vec::new();
        (self.start, self.looked) = (0, 0);
        answer::strange(&self.socket, what)
    }
}
