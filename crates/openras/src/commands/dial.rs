//! `openras dial`: one call, shown to a person or told to a program.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;

use anyhow::{Context as _, Result};
use openras_engine::RasError;
use openras_engine::client::dial::{DialEnd, DialParams, Notice, TerminalMode};
use openras_ppp::{AuthMethod, Secret};
use openras_service::connections::DialRequest;
use openras_service::{Config, Service};

use crate::cli::{AuthWord, Dial, Terminal};
use crate::exit;
use crate::out;
use crate::secret_file;
use crate::session::{Front, Session, Traffic};
use crate::signals::Signals;

/// Places the call and stays with it. Gives the exit code.
pub(crate) async fn run(args: Dial) -> Result<u8> {
    let mut front = match (args.json, stdin().is_terminal() && stdout().is_terminal()) {
        (true, _) => Front::program(),
        (false, true) => Front::person(args.verbose),
        (false, false) => Front::log(args.verbose),
    };
    let mut signals = Signals::listen()?;
    let request = request(&args, &mut front, &mut signals).await?;
    let service =
        Service::start(Config::empty()).await.context("the service inside this program did not start")?;
    let begun = std::time::Instant::now();
    if let Some(end) = nowhere_to_call_back(&request) {
        let code = end.error.map_or(exit::CALLBACK, |error| exit::of(error, false));
        front.show(begun.elapsed(), &Notice::Ended(Box::new(end)));
        return Ok(code);
    }
    let connection = match service.dial(request.clone()) {
        Ok(connection) => connection,
        Err(error) => {
            out::note(format_args!("{error}: {}", error.sentence()));
            return Ok(exit::of(error, false));
        }
    };
    let traffic = Traffic { ping: args.ping, fetch: args.fetch.clone(), stay: args.duration };
    Session::new(connection, request.params, front, traffic, signals, begun).run().await
}

async fn request(args: &Dial, front: &mut Front, signals: &mut Signals) -> Result<DialRequest> {
    let required = !args.require_auth.is_empty();
    let words = if required { &args.require_auth } else { &args.auth };
    let auth: Vec<AuthMethod> = words
        .iter()
        .filter_map(|word| match word {
            AuthWord::Method(method) => Some(*method),
            AuthWord::None => None,
        })
        .collect();
    let params = DialParams {
        user: args.user.clone(),
        domain: args.domain.clone(),
        password: password(args, front, signals).await?,
        callback_number: args.callback.clone(),
    };
    Ok(DialRequest {
        line: args.line.clone(),
        params,
        terminal: match args.terminal {
            Terminal::Auto => TerminalMode::Auto,
            Terminal::BeforeDial => TerminalMode::BeforeDial,
            Terminal::AfterDial => TerminalMode::AfterDial,
            Terminal::Never => TerminalMode::Never,
        },
        pauses: front.can_answer() && !args.no_pause,
        auth,
        require_auth: required && !words.contains(&AuthWord::None),
        trace: args.verbose > 0 || args.json,
        capture: args.capture.as_deref().map(capture_file).transpose()?.map(std::sync::Arc::new),
        ..DialRequest::default()
    })
}

/// A callback was asked for on a line at which nothing can ring: better said than left out.
fn nowhere_to_call_back(request: &DialRequest) -> Option<DialEnd> {
    let asked = !request.params.callback_number.trim().is_empty();
    (asked && request.own_number.is_none()).then(|| DialEnd {
        error: Some(RasError::BAD_CALLBACK_NUMBER),
        was_connected: false,
        why: format!("Nothing can ring at this end of {}: a server cannot call back there.", request.line),
        remedy: "Leave --callback out; the demo shows callbacks, on its exchange.".into(),
        packet: None,
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
