//! `openras dial`: one call of the service's, shown to a person or told to a program.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;

use anyhow::{Context as _, Result};
use openras_api::client::Events;
use openras_api::types::connection::{self, Dialled};
use openras_api::{Client, Problem, start};
use openras_client::{EntryCall, EntryScript};
use openras_phonebook::BookError;
use openras_ppp::Secret;

use crate::cli::{AuthWord, Dial, Terminal};
use crate::entry::{self, Login, told};
use crate::exit;
use crate::secret_file;
use crate::session::{Front, Session, Traffic, never_began};
use crate::signals::{Interrupted, Signals};

/// What is dialled, and what answers its terminal.
struct Call {
    dial: connection::Dial,
    script: Option<EntryScript>,
}

/// A dial that has begun.
struct Begun {
    client: Client,
    dialled: Dialled,
    events: Events,
}

/// Places the call and stays with it. Gives the exit code.
pub(crate) async fn run(args: Dial) -> Result<u8> {
    let mut front = match (args.json, stdin().is_terminal() && stdout().is_terminal()) {
        (true, _) => Front::program(),
        (false, true) => Front::person(args.verbose),
        (false, false) => Front::log(args.verbose),
    };
    let mut signals = Signals::listen()?;
    let call = match call(&args, &mut front, &mut signals).await {
        Ok(call) => call,
        Err(error) => {
            let error = error.downcast::<BookError>()?;
            front.show(&never_began(told(&error)));
            return Ok(entry::exit_code(&error));
        }
    };
    let capture = args.capture.as_deref().map(capture_file).transpose()?;
    let pauses = front.can_answer() && !args.no_pause;
    let (user, name) = (call.dial.user.clone(), call.dial.name.clone());
    let script = call.script;
    let begun = tokio::select! {
        begun = begin(&args, call.dial, capture, script.is_some()) => begun,
        // dropped half-way, a dial that has begun ends for want of its reader
        _ = signals.heard() => return Err(Interrupted.into()),
    };
    match begun {
        Err((code, problem)) => {
            front.show(&never_began(problem));
            Ok(code)
        }
        Ok(Begun { dialled, .. }) if dialled.joined => {
            front.joined(dialled.id, &name);
            Ok(exit::OK)
        }
        Ok(Begun { client, dialled, events }) => {
            let traffic =
                Traffic { ping: args.ping, fetch: args.fetch, stay: args.duration, detach: args.detach };
            let session = Session::new(client, (dialled, events), user, front, traffic, signals);
            Ok(session.answering(pauses, script).run().await)
        }
    }
}

/// Finds or starts the service, and has it dial. A failure comes with its exit code.
async fn begin(
    args: &Dial,
    mut dial: connection::Dial,
    capture: Option<File>,
    scripted: bool,
) -> Result<Begun, (u8, Problem)> {
    let refused = |problem: Problem| (exit::of(problem.number(), false), problem);
    let client = start::connect_or_start(args.at.socket.as_deref())
        .await
        .map_err(|problem| (exit::SERVICE, problem))?;
    if let Some(file) = &capture {
        dial.capture = Some(client.descriptor(file).await.map_err(refused)?);
    }
    let dialled = client.dial(&dial).await.map_err(refused)?;
    let (id, notifier) = (dialled.id, &dialled.notifier);
    if dialled.joined {
        // it was up before, and whoever dialled it first holds it
        client.release(id).await.map_err(refused)?;
    }
    let events = match (dialled.joined, scripted) {
        (true, _) => client.connection_events(id, None, 0, false).await,
        // what the other end says is the script's
        (false, true) => client.dial_events(id, notifier).await,
        (false, false) => client.connection_events(id, Some(notifier), 0, dial.packets).await,
    };
    Ok(Begun { events: events.map_err(refused)?, client, dialled })
}

/// What is to be dialled: an entry of the phone book with what was named besides, or a line.
async fn call(args: &Dial, front: &mut Front, signals: &mut Signals) -> Result<Call> {
    let password = args.password_file.as_deref().map(secret_file::first_line).transpose()?;
    let mut call = match &args.entry {
        Some(name) => {
            let line = args.line.as_ref().map(ToString::to_string);
            let wanted = EntryCall {
                name: name.clone(),
                phonebook: args.phonebook.clone(),
                number: line.or(args.number.clone()).unwrap_or_default(),
                callback: args.callback.clone(),
                ..EntryCall::default()
            };
            let (user, domain) = (args.user.clone(), args.domain.clone());
            let mut found = entry::find(wanted, Login { user, password, domain })?;
            if !found.has_password && !found.dial.user.is_empty() {
                found.dial.password = ask(front, signals).await?.into();
            }
            let script = found.script()?;
            Call { dial: found.dial, script }
        }
        None => {
            let line = args.line.as_ref().map(ToString::to_string).unwrap_or_default();
            let mut dial = connection::Dial::new(openras_client::absolute(&line));
            dial.user.clone_from(&args.user);
            dial.domain.clone_from(&args.domain);
            dial.callback_number = args.callback.clone().unwrap_or_default();
            dial.password = match password {
                Some(password) => password,
                None if args.user.is_empty() => Secret::default(),
                None => ask(front, signals).await?,
            }
            .into();
            Call { dial, script: None }
        }
    };
    named_here(args, &mut call);
    call.dial.pauses = front.can_answer() && !args.no_pause || call.script.is_some();
    call.dial.packets = args.verbose > 0 || args.json;
    Ok(call)
}

/// What the command line says of methods and terminal goes before what the entry says.
fn named_here(args: &Dial, call: &mut Call) {
    let required = !args.require_auth.is_empty();
    let words = if required { &args.require_auth } else { &args.auth };
    if !words.is_empty() {
        let methods = words.iter().filter_map(|word| match word {
            AuthWord::Method(method) => Some(method.word().to_string()),
            AuthWord::None => None,
        });
        call.dial.auth = methods.collect();
        call.dial.require_auth = required && !words.contains(&AuthWord::None);
    }
    if let Some(terminal) = args.terminal {
        call.dial.terminal = match terminal {
            Terminal::Auto => connection::Terminal::Auto,
            Terminal::BeforeDial => connection::Terminal::BeforeDial,
            Terminal::AfterDial => connection::Terminal::AfterDial,
            Terminal::Never => connection::Terminal::Never,
        };
        // whoever wants another terminal wants it without the script
        call.script = None;
    }
}

/// The capture is opened by the person's program, for the person only (defence rules 10, 14).
fn capture_file(path: &Path) -> Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let made = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    made.and_then(|file| {
        // a file that was there already keeps its own mode otherwise
        if file.metadata()?.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    })
    .with_context(|| format!("cannot write the capture {}", path.display()))
}

/// A person is asked for the password; a program brings it in a file.
async fn ask(front: &mut Front, signals: &mut Signals) -> Result<Secret> {
    match front {
        Front::Person(person) => secret_file::ask(person.keyboard(), signals, "Password: ").await,
        Front::Program(_) | Front::Log(_) => Ok(Secret::default()),
    }
}
