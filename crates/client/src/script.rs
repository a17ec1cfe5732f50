//! Scripts that answer the terminal of a dial instead of a person: those of an entry, in the languages of the phone
//! book. They run here, as the caller; the service only carries the bytes.

use std::io::{Error, ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use openras_api::client::Stream;
use openras_engine::{RasError, escape};
use openras_phonebook::script::{Input, Kind, LARGEST, Login, Output};
use openras_phonebook::{BookError, Outcome, Run, Script, SyntaxError};
use openras_ppp::{Machine, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::entry::EntryDial;

/// How long a script without a deadline of its own may wait for the line.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long the service may take to have the last bytes before PPP begins all the same.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// How much is kept of what came, in bytes, and how many of the texts that were sent.
const LAST: usize = 16 * 1024;
const SENT: usize = 64;
/// Characters of it in a sentence.
const SHOWN: usize = 80;

/// What answers the terminal of a dial.
#[derive(Debug)]
pub struct EntryScript {
    script: Script,
    login: Login,
    begun: AtomicBool,
}

/// How a script left the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It ran to its end: PPP is to go on, by `resume`.
    Done,
    /// `halt`: the rest is the user's.
    ToTheUser,
    /// The pause was over before the script: the other end began PPP, or hung up.
    Over,
}

/// Why a script failed, and the dial with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// 752, or what the script found wrong.
    pub error: RasError,
    /// A sentence with the script's line.
    pub why: String,
}

/// What a script shows while it runs.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// The other end said this.
    Line(&'a [u8]),
    /// The script says this; escape it before showing.
    Script(&'a str),
}

impl EntryScript {
    /// The script of an entry, if it has one.
    pub(crate) fn of(found: &EntryDial) -> Result<Option<Self>, BookError> {
        let named = &found.entry.script;
        if named.is_empty() {
            return Ok(None);
        }
        let script = read(named, &found.phonebook).map_err(|why| {
            BookError::new(SyntaxError::CODE, why, "Correct the script, or take it out of the entry.")
        })?;
        let number = found.entry.target(0, "").map(|target| target.number).unwrap_or_default();
        let login = Login { user: found.dial.user.clone(), password: found.dial.password.0.clone(), number };
        Ok(Some(Self { script, login, begun: AtomicBool::new(false) }))
    }

    /// Whether it is still to run; it runs once a dial, and a second pause is the user's. From then on it has begun.
    pub fn begins(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst)
    }

    /// Runs it on the line of a pause, to its end. After [`Left::Done`] the service has all that it sent.
    ///
    /// # Errors
    /// It failed, and the dial with it.
    pub async fn run(&self, mut line: Stream, mut show: impl FnMut(Shown<'_>)) -> Result<Left, Broken> {
        let mut heard = Heard::default();
        match talk(&mut line, &self.script, self.login.clone(), &mut show, &mut heard).await {
            None => Ok(Left::Over),
            Some(Outcome::Halted) => Ok(Left::ToTheUser),
            Some(Outcome::Failed(failure)) => Err(Broken {
                error: failure.code,
                why: format!("The script failed in line {}: {}{}.", failure.line, failure.what, heard.last()),
            }),
            Some(Outcome::Connected) => {
                hand_back(&mut line).await;
                Ok(Left::Done)
            }
        }
    }
}

/// The last of what the other end said, for whoever asks why a script came no further; without what the script itself sent, which
/// a terminal sends back.
#[derive(Default)]
struct Heard {
    came: Vec<u8>,
    sent: Vec<Secret>,
}

impl Heard {
    fn came(&mut self, bytes: &[u8]) {
        self.came.extend_from_slice(bytes);
        let early = self.came.len().saturating_sub(LAST);
        self.came.drain(..early).for_each(drop);
    }

    fn sent(&mut self, text: Secret) {
        if text.expose().trim_ascii().is_empty() {
            return;
        }
        if self.sent.len() == SENT {
            self.sent.remove(0);
        }
        self.sent.push(text);
    }

    /// As the end of a sentence; where something of it may be what was sent, nothing of that line is said.
    fn last(&self) -> String {
        let line = |line: &&[u8]| !line.trim_ascii().is_empty();
        let mut lines = self.came.split(|byte| matches!(byte, b'\r' | b'\n')).rev();
        let Some(last) = lines.find(line) else { return "; nothing came".to_owned() };
        let is_echo = |text: &Secret| {
            let text = text.expose().trim_ascii();
            let begun =
                (2..text.len()).any(|count| text.get(..count).is_some_and(|text| last.ends_with(text)));
            begun || last.windows(text.len()).any(|part| part == text)
        };
        if self.came.len() == LAST || self.sent.iter().any(is_echo) {
            return String::new();
        }
        format!("; the last that came was \"{}\"", escape::short(&String::from_utf8_lossy(last), SHOWN))
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        // wiped: a terminal that echoes has sent back what was typed
        drop(Secret::new(std::mem::take(&mut self.came)));
    }
}

/// Gives the line of a pause back: the service has all that was sent when it closes its side too.
pub async fn hand_back(line: &mut Stream) {
    // a line that is gone is told as an event
    let _ = line.shutdown().await;
    let mut rest = [0; 1024];
    let until = tokio::time::Instant::now() + LAST_BYTES;
    while let Ok(Ok(1..)) = tokio::time::timeout_at(until, line.read(&mut rest)).await {}
}

/// How the script ended; `None` where the pause ended before it.
async fn talk(
    line: &mut Stream,
    script: &Script,
    login: Login,
    show: &mut impl FnMut(Shown<'_>),
    heard: &mut Heard,
) -> Option<Outcome> {
    let mut run = Run::new(script, login, Instant::now());
    let mut bytes = [0; 4096];
    loop {
        while let Some(output) = run.poll_output() {
            match output {
                Output::Write(text) => {
                    line.write_all(text.expose()).await.ok()?;
                    heard.sent(text);
                }
                Output::Say(text) => show(Shown::Script(&text)),
                Output::Done(outcome) => {
                    line.flush().await.ok()?;
                    return Some(outcome);
                }
                // our lines have neither a break nor parity, and nobody types meanwhile
                Output::Keyboard(_) | Output::Break | Output::Port(_) | Output::Address(_) => {}
            }
        }
        line.flush().await.ok()?;
        let wait = run.poll_timeout().map_or(LONGEST, |at| at.saturating_duration_since(Instant::now()));
        match tokio::time::timeout(wait, line.read(&mut bytes)).await {
            Err(_) => run.handle(Instant::now(), Input::Tick),
            Ok(Ok(count @ 1..)) => {
                let said = bytes.get(..count).unwrap_or_default();
                show(Shown::Line(said));
                heard.came(said);
                run.handle(Instant::now(), Input::Bytes(said));
            }
            Ok(_) => return None,
        }
    }
}

/// A path, or `[section` of the SWITCH.INF beside the book.
fn read(named: &str, book: &Path) -> Result<Script, String> {
    let beside = book.parent().unwrap_or(Path::new("/"));
    let (file, section) = match named.strip_prefix('[') {
        Some(section) => (beside.join("switch.inf"), Some(section.trim_end_matches(']'))),
        None => (beside.join(named), None),
    };
    let shown = || escape::line(&file.to_string_lossy()).to_string();
    let text = text_of(&file).map_err(|error| format!("the script {} cannot be read: {error}", shown()))?;
    let script = match section {
        Some(section) => Script::parse_switch(&text, section),
        None => Script::parse(Kind::of(&file), &text),
    };
    script.map_err(|error| format!("the script {} is wrong in line {}: {}", shown(), error.line, error.what))
}

fn text_of(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // a FIFO must not hold the dial before it is seen to be no file
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    std::fs::File::open(file)?.take(LARGEST as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}
