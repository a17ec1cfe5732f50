//! Scripts that answer the terminal of a dial instead of the program: those of the entry, in the languages of the phone
//! book. They run here, as the program's user; the service only carries the bytes.

use std::path::Path;
use std::time::{Duration, Instant};

use openras_api::Problem;
use openras_api::client::Stream;
use openras_api::types::connection::{Dial, Resume};
use openras_engine::{ConnState, RasError, escape};
use openras_phonebook::script::{Input, Kind, Login, Output};
use openras_phonebook::{Entry, Outcome, Run, Script, SyntaxError};
use openras_ppp::Machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connection::Connection;
use super::reason;
use super::wish::is_custom;

/// ERROR_SCRIPT_SYNTAX, ERROR_PORT_DISCONNECTED.
const SYNTAX: RasError = RasError(752);
const DISCONNECTED: RasError = RasError(619);
/// ERROR_CANNOT_DO_CUSTOMDIAL.
const NO_CUSTOM_DIAL: RasError = RasError(755);
/// Largest script, in bytes.
const LARGEST: u64 = 256 * 1024;
/// How long a script without a deadline of its own may wait for the line.
const LONGEST: Duration = Duration::from_secs(3600);

/// What answers the terminal.
pub(crate) struct Answering {
    script: Script,
    login: Login,
}

/// How a script left the line.
pub(super) enum Left {
    /// PPP goes on.
    Resumed,
    /// `halt`: the rest is the user's.
    ToTheUser,
}

/// Why a script failed, and the dial with it.
pub(super) struct Broken {
    pub(super) error: RasError,
    pub(super) why: String,
}

impl Answering {
    /// The script of an entry, if it has one.
    ///
    /// # Errors
    /// 752: it cannot be read, or its language is broken; the line is in the reason.
    pub(super) fn of(
        entry: &Entry,
        book: &Path,
        name: &str,
        options: u32,
        dial: &Dial,
    ) -> Result<Option<Self>, RasError> {
        if is_custom(entry, options) {
            reason::set(format!(
                "The entry \"{}\" wants a custom script, and no DLL for it is known.",
                escape::line(name)
            ));
            return Err(NO_CUSTOM_DIAL);
        }
        if entry.script.is_empty() {
            return Ok(None);
        }
        let script = read(&entry.script, book).map_err(|why| {
            reason::set(why);
            SYNTAX
        })?;
        let number = entry.target(0, "").map(|target| target.number).unwrap_or_default();
        let login = Login { user: dial.user.clone(), password: dial.password.0.clone(), number };
        Ok(Some(Self { script, login }))
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
    let text = text_of(&file).map_err(|error| format!("The script {} cannot be read: {error}.", shown()))?;
    let broken = |error: SyntaxError| format!("The script {} is wrong in {error}.", shown());
    match section {
        Some(section) => Script::parse_switch(&text, section).map_err(broken),
        None => {
            let scp = file.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("scp"));
            Script::parse(if scp { Kind::Scp } else { Kind::Chat }, &text).map_err(broken)
        }
    }
}

fn text_of(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind, Read};
    let mut text = Vec::new();
    let file = std::fs::File::open(file)?;
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    file.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is longer than 256 KiB"));
    }
    Ok(text)
}

/// Whether this pause is a script's.
pub(super) fn answers(connection: &Connection, state: ConnState) -> bool {
    state == ConnState::INTERACTIVE && connection.own.as_ref().is_some_and(|own| own.script.is_some())
}

/// Runs the script of a dial that is in Interactive, to its end.
pub(super) async fn run(connection: &Connection) -> Result<Left, Broken> {
    let Some((own, answering)) = connection.own.as_ref().and_then(|own| Some((own, own.script.as_ref()?)))
    else {
        return Ok(Left::ToTheUser);
    };
    let mut line = connection.client.terminal(connection.id).await.map_err(service)?;
    let outcome = talk(&mut line, &answering.script, answering.login.clone()).await?;
    match outcome {
        Outcome::Halted => Ok(Left::ToTheUser),
        Outcome::Failed(failure) => Err(Broken {
            error: failure.code,
            why: format!("The script failed in line {}: {}.", failure.line, failure.what),
        }),
        Outcome::Connected => {
            let go_on = Resume { notifier: own.creator.clone(), ..Resume::default() };
            connection.client.resume(connection.id, &go_on).await.map_err(service)?;
            Ok(Left::Resumed)
        }
    }
}

async fn talk(line: &mut Stream, script: &Script, login: Login) -> Result<Outcome, Broken> {
    let mut run = Run::new(script, login, Instant::now());
    let mut bytes = [0; 4096];
    loop {
        while let Some(output) = run.poll_output() {
            match output {
                Output::Write(text) => line.write_all(text.expose()).await.map_err(|_| dropped())?,
                Output::Done(outcome) => {
                    line.flush().await.map_err(|_| dropped())?;
                    return Ok(outcome);
                }
                // there is no screen, and our lines have neither a break nor parity
                Output::Say(_)
                | Output::Keyboard(_)
                | Output::Break
                | Output::Port(_)
                | Output::Address(_) => {}
            }
        }
        line.flush().await.map_err(|_| dropped())?;
        let wait = run.poll_timeout().map_or(LONGEST, |at| at.saturating_duration_since(Instant::now()));
        match tokio::time::timeout(wait, line.read(&mut bytes)).await {
            Err(_) => run.handle(Instant::now(), Input::Tick),
            Ok(Ok(count @ 1..)) => {
                run.handle(Instant::now(), Input::Bytes(bytes.get(..count).unwrap_or_default()));
            }
            Ok(_) => return Err(dropped()),
        }
    }
}

fn dropped() -> Broken {
    Broken { error: DISCONNECTED, why: "The line was dropped while the script ran.".into() }
}

fn service(problem: Problem) -> Broken {
    Broken { error: problem.number(), why: problem.message }
}
