//! `openras dial`: one call of the service's, shown to a person or told to a program.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;

use anyhow::{Context as _, Result};
use openras_api::client::Events;
use openras_api::types::connection::{self, Dialled};
use openras_api::{Client, Problem, start};
use openras_ppp::Secret;

use crate::cli::{AuthWord, Dial, Terminal};
use crate::exit;
use crate::secret_file;
use crate::session::{Front, Session, Traffic, never_began};
use crate::signals::{Interrupted, Signals};

/// Places the call and stays with it. Gives the exit code.
pub(crate) async fn run(args: Dial) -> Result<u8> {
    let mut front = match (args.json, stdin().is_terminal() && stdout().is_terminal()) {
        (true, _) => Front::program(),
        (false, true) => Front::person(args.verbose),
        (false, false) => Front::log(args.verbose),
    };
    let mut signals = Signals::listen()?;
    let dial = dial(&args, &mut front, &mut signals).await?;
    let capture = args.capture.as_deref().map(capture_file).transpose()?;
    let user = dial.user.clone();
    let begun = tokio::select! {
        begun = begin(&args, dial, capture) => begun,
        // dropped half-way, a dial that has begun ends for want of its reader
        _ = signals.heard() => return Err(Interrupted.into()),
    };
    let (client, call) = match begun {
        Ok(begun) => begun,
        Err((code, problem)) => {
            front.show(&never_began(problem));
            return Ok(code);
        }
    };
    let traffic = Traffic { ping: args.ping, fetch: args.fetch, stay: args.duration, detach: args.detach };
    Ok(Session::new(client, call, user, front, traffic, signals).run().await)
}

/// Finds or starts the service, and has it dial. A failure comes with its exit code.
async fn begin(
    args: &Dial,
    mut dial: connection::Dial,
    capture: Option<File>,
) -> Result<(Client, (Dialled, Events)), (u8, Problem)> {
    let refused = |problem: Problem| (exit::of(problem.number(), false), problem);
    let client = start::connect_or_start(args.at.socket.as_deref())
        .await
        .map_err(|problem| (exit::SERVICE, problem))?;
    if let Some(file) = &capture {
        dial.capture = Some(client.descriptor(file).await.map_err(refused)?);
    }
    let dialled = client.dial(&dial).await.map_err(refused)?;
    let events = client.connection_events(dialled.id, Some(&dialled.notifier), 0, dial.packets);
    let events = events.await.map_err(refused)?;
    Ok((client, (dialled, events)))
}

async fn dial(args: &Dial, front: &mut Front, signals: &mut Signals) -> Result<connection::Dial> {
    let required = !args.require_auth.is_empty();
    let words = if required { &args.require_auth } else { &args.auth };
    let methods = words.iter().filter_map(|word| match word {
        AuthWord::Method(method) => Some(method.word().to_string()),
        AuthWord::None => None,
    });
    Ok(connection::Dial {
        user: args.user.clone(),
        domain: args.domain.clone(),
        password: password(args, front, signals).await?.into(),
        callback_number: args.callback.clone(),
        terminal: match args.terminal {
            Terminal::Auto => connection::Terminal::Auto,
            Terminal::BeforeDial => connection::Terminal::BeforeDial,
            Terminal::AfterDial => connection::Terminal::AfterDial,
            Terminal::Never => connection::Terminal::Never,
        },
        pauses: front.can_answer() && !args.no_pause,
        auth: methods.collect(),
        require_auth: required && !words.contains(&AuthWord::None),
        packets: args.verbose > 0 || args.json,
        ..connection::Dial::new(openras_client::absolute(&args.line.to_string()))
    })
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

async fn password(args: &Dial, front: &mut Front, signals: &mut Signals) -> Result<Secret> {
    match (&args.password_file, front) {
        (Some(path), _) => secret_file::first_line(path),
        (None, Front::Person(person)) if !args.user.is_empty() => {
            secret_file::ask(person.keyboard(), signals, "Password: ").await
        }
        (None, _) => Ok(Secret::default()),
    }
}
