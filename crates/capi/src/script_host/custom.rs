//! A dial whose terminal is a script library's: starts its process, carries the bytes between it and the line, and takes
//! what it changed.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openras_api::client::Stream;
use openras_api::types::connection::Resume;
use openras_client::{Broken, EntryDial, Left, hand_back};
use openras_engine::{RasError, escape};
use openras_phonebook::is_placeholder;
use openras_ppp::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::time::{Instant, sleep_until, timeout};

use super::fields::{self, Bytes};
use super::helper::{Helper, Streams};
use crate::calls::reason;
use crate::win32::registry;

/// ERROR_CANNOT_DO_CUSTOMDIAL.
const CANNOT: RasError = RasError(755);
/// Where Windows has the library's name.
const KEY: &str = r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\Rasman\Parameters";
const VALUE: &str = "CustomScriptDllPath";
/// How long a library may take to return when the line is gone, and the last of what it sent to be on the line.
const PATIENCE: Duration = Duration::from_secs(5);
const LAST_BYTES: Duration = Duration::from_secs(2);

/// What is to be run.
pub(crate) struct Custom {
    library: String,
    call: Bytes,
    user: String,
    password: Secret,
    domain: String,
    begun: AtomicBool,
}

/// Credentials that a library changed; PPP uses them.
#[derive(Default)]
pub(crate) struct Changed {
    user: Option<String>,
    password: Option<Secret>,
    domain: Option<String>,
}

impl Changed {
    /// The answer to the pause.
    pub(crate) fn resume(self, notifier: String) -> Resume {
        let Self { user, password, domain } = self;
        Resume { notifier, user, password: password.map(Into::into), domain, ..Resume::default() }
    }
}

impl Custom {
    /// The registered library, for a dial of this entry.
    ///
    /// # Errors
    /// 755: none is registered; the reason says where.
    pub(crate) fn of(found: &EntryDial, number: &str, callback_id: usize) -> Result<Self, RasError> {
        let library = registry::text(KEY, VALUE)?.map(|path| expanded(&path)).filter(|path| !path.is_empty());
        let Some(library) = library else {
            let name = escape::line(&found.name);
            reason::set(format!(
                "The entry \"{name}\" wants a custom script, and no library for it is registered: {KEY}, {VALUE}."
            ));
            return Err(CANNOT);
        };
        let dial = &found.dial;
        let call = fields::message(&[
            dial.phonebook.as_bytes(),
            found.name.as_bytes(),
            dial.user.as_bytes(),
            dial.password.0.expose(),
            dial.domain.as_bytes(),
            number.as_bytes(),
            dial.callback_number.as_bytes(),
            &callback_id.to_le_bytes(),
        ]);
        let (user, domain) = (dial.user.clone(), dial.domain.clone());
        let password = dial.password.0.clone();
        Ok(Self { library, call, user, password, domain, begun: AtomicBool::new(false) })
    }

    /// Whether it is still to run; it runs once a dial. From then on it has begun.
    pub(crate) fn begins(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst)
    }

    /// Runs it on the line of a pause. After [`Left::Done`] the service has all that it sent.
    ///
    /// # Errors
    /// What the library returned; 755 where it cannot be run or ended without returning.
    pub(crate) async fn run(&self, line: Stream) -> Result<(Left, Changed), Broken> {
        let (_helper, streams) = Helper::start(&self.library).map_err(cannot)?;
        let (line, told) =
            carry(line, streams, &self.call).await.map_err(|error| cannot(error.to_string()))?;
        let Some(told) = told else { return Ok((Left::Over, Changed::default())) };
        let told = told.map_err(|_| {
            let library = escape::line(&self.library);
            cannot(format!("the script library {library} ended its process without returning"))
        })?;
        let changed = self.understood(&told)?;
        hand_back(&mut { line }).await;
        Ok((Left::Done, changed))
    }

    fn understood(&self, told: &[Bytes]) -> Result<Changed, Broken> {
        let [code, why, user, password, domain] = told else {
            return Err(cannot("the script library's process told nothing that is known"));
        };
        let code = code.as_slice().try_into().map_or(CANNOT.0, u32::from_le_bytes);
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let library = escape::line(&self.library);
        match (code, why.is_empty()) {
            (0, _) => {}
            (_, true) => {
                let why = format!("The script library {library} returned {}.", RasError(code));
                return Err(Broken { error: RasError(code), why });
            }
            (_, false) => {
                let why = escape::line(&text(why)).to_string();
                return Err(cannot(format!("the script library {library}: {why}")));
            }
        }
        let (user, domain) = (text(user), text(domain));
        let password = Secret::new(password.as_slice());
        let other = password != self.password && !is_placeholder(password.expose());
        Ok(Changed {
            user: (user != self.user).then_some(user),
            password: other.then_some(password),
            domain: (domain != self.domain).then_some(domain),
        })
    }
}

/// What the library's process told: `None` where the line was gone before.
type Told = Option<io::Result<Vec<Bytes>>>;

/// Carries bytes until the library has returned, or the line is gone and the library does not.
async fn carry(line: Stream, streams: Streams, call: &[u8]) -> io::Result<(Stream, Told)> {
    let (its_line, mut control) = (awaited(streams.line)?, awaited(streams.control)?);
    control.write_all(call).await?;
    let (mut from_line, mut to_line) = tokio::io::split(line);
    let (mut from_library, mut to_library) = its_line.into_split();
    let mut told = pin!(message(&mut control));
    let (mut over, mut heard, mut sent) = (None, false, false);
    let outcome = {
        let mut inward = pin!(inward(&mut from_line, &mut to_library));
        let mut outward = pin!(tokio::io::copy(&mut from_library, &mut to_line));
        let outcome = loop {
            tokio::select! {
                told = &mut told => break if over.is_some() { None } else { Some(told) },
                gone = &mut inward, if !heard => {
                    heard = true;
                    over = gone.then(|| Instant::now() + PATIENCE);
                }
                _ = &mut outward, if !sent => sent = true,
                () = at(over) => break None,
            }
        };
        // the process ends when the library has returned, and its side of the line with it
        if outcome.is_some() && !sent {
            let _ = timeout(LAST_BYTES, &mut outward).await;
        }
        outcome
    };
    Ok((from_line.unsplit(to_line), outcome))
}

/// Gives the library what the other end says. Whether the line has ended; else the library's process has.
async fn inward(line: &mut ReadHalf<Stream>, library: &mut OwnedWriteHalf) -> bool {
    let mut bytes = [0; 4096];
    loop {
        let Ok(count @ 1..) = line.read(&mut bytes).await else {
            let _ = library.shutdown().await;
            return true;
        };
        if library.write_all(bytes.get(..count).unwrap_or_default()).await.is_err() {
            return false;
        }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

async fn message(control: &mut UnixStream) -> io::Result<Vec<Bytes>> {
    let mut first = [0; 4];
    control.read_exact(&mut first).await?;
    let mut bytes = Bytes::new(vec![0; fields::length(first)?]);
    control.read_exact(&mut bytes).await?;
    fields::fields(&bytes).ok_or_else(fields::wrong)
}

fn awaited(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

fn cannot(why: impl Into<String>) -> Broken {
    Broken { error: CANNOT, why: format!("The custom script cannot run: {}.", why.into()) }
}

/// REG_EXPAND_SZ: `%NAME%` is the environment's; a name that is not there stays as it is written.
fn expanded(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        match behind.split_once('%').and_then(|(name, after)| Some((std::env::var(name).ok()?, after))) {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            None => {
                out.push('%');
                rest = behind;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_environment_are_expanded() {
        let home = std::env::var("HOME").unwrap_or_default();
        assert_eq!(expanded("%HOME%\\x.dll\0rest"), format!("{home}\\x.dll"));
        assert_eq!(expanded("/a/100%/b%NO_SUCH_NAME%c"), "/a/100%/b%NO_SUCH_NAME%c");
        assert_eq!(expanded(""), "");
    }
}
