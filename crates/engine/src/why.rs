//! Why a call went as it did: what each side asked, what became of it, the packet or setting that decided, and what to
//! change.
//!
//! [`explain`] is a pure function of a [`Transcript`]: whoever has one (a service that keeps its calls' packets, a
//! capture file) gets the same answer. What happened is told in the sentences the machines ended with
//! (`client/why.rs`, `server/ends.rs`); here stands only what can be read off the transcript besides: a table of
//! diagnoses, each with its own test, tried in order. Where none fits, the machine's own remedy is the answer.

mod asked;
mod callback;
mod capture;
mod facts;
mod line;
mod link;
mod login;
mod network;
mod notes;
mod proof;
mod security;
mod table;

use std::fmt;

use openras_ppp::Stats;
use openras_ppp::event::Packet;
use openras_ppp::wire::Protocol;

use crate::RasError;

pub use asked::{Asked, Fate};
pub use capture::of_packets;
use facts::Facts;
pub use facts::shown;

/// What is known of a call, seen from one of its ends.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Which end this is.
    pub role: Role,
    /// The line in words, as `tcp:host:7001`.
    pub line: String,
    /// IP was up.
    pub connected: bool,
    /// Nothing follows.
    pub over: bool,
    /// The number it ended with.
    pub error: Option<RasError>,
    /// The machine's sentence about its end; empty while there is none.
    pub why: String,
    /// And what it says to try.
    pub remedy: String,
    /// The packet the machine named as the one that decided, as [`shown`] writes it.
    pub decided: Option<String>,
    /// Control packets in order; the oldest may be missing.
    pub packets: Vec<Packet>,
    /// What was told besides packets, in order.
    pub steps: Vec<Step>,
    /// Counters of the line.
    pub counters: Stats,
}

/// Which end of a call a transcript is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The one that dialled.
    #[default]
    Dialled,
    /// The one that answered.
    Answered,
}

/// One thing told: its kind for programs and its text. Texts from outside are escaped already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// As in the API: a port event's kind, a dial's event or state; `reason` is what a port does not tell its caller.
    pub kind: String,
    /// In words.
    pub text: String,
}

/// Who did something, seen from the end the transcript is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// This end.
    We,
    /// The other one.
    They,
}

/// What came of [`explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The diagnosis in a word; `end` where none of the table fits.
    pub diagnosis: &'static str,
    /// What happened, in a sentence.
    pub happened: String,
    /// The packet or setting that decided it; empty where there is none.
    pub decided: String,
    /// What to change, the first choice first; never empty for a call that failed.
    pub change: Vec<String>,
    /// What each side asked, and what became of it.
    pub asked: Vec<Asked>,
    /// What did not decide it and is worth knowing.
    pub notes: Vec<String>,
}

/// What a diagnosis found.
struct Found {
    decided: String,
    change: Vec<String>,
}

impl Found {
    fn new(decided: impl Into<String>, change: impl Into<String>) -> Self {
        Self { decided: decided.into(), change: vec![change.into()] }
    }

    /// Another way to go.
    fn or(mut self, change: impl Into<String>) -> Self {
        self.change.push(change.into());
        self
    }
}

/// Reads the transcript.
pub fn explain(transcript: &Transcript) -> Explanation {
    let facts = Facts::new(transcript);
    let hit = table::TABLE.iter().find_map(|(word, test)| test(&facts).map(|found| (*word, found)));
    let (diagnosis, found) = hit.unwrap_or_else(|| ("end", facts.by_the_end()));
    let notes = notes::of(&facts, diagnosis);
    Explanation {
        diagnosis,
        happened: facts.happened(),
        decided: found.decided,
        change: found.change,
        asked: asked::of(transcript),
        notes,
    }
}

impl Who {
    /// The other end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::We => Self::They,
            Self::They => Self::We,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::We => "this side",
            Self::They => "the other side",
        })
    }
}

impl fmt::Display for Explanation {
    /// As a person reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.happened)?;
        if !self.decided.is_empty() {
            writeln!(f, "  decided by   {}", self.decided)?;
        }
        for (n, change) in self.change.iter().enumerate() {
            writeln!(f, "  {}       {change}", if n == 0 { "change" } else { "    or" })?;
        }
        let mut before: Option<(Who, Protocol)> = None;
        for asked in &self.asked {
            if before.replace((asked.who, asked.protocol)) != Some((asked.who, asked.protocol)) {
                writeln!(f, "  {} asked in {}:", asked.who, asked.protocol)?;
            }
            writeln!(f, "    {asked}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note         {note}")?;
        }
        Ok(())
    }
}
