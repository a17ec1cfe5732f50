//! `openras serve`: answers calls on its ports and clients on its socket until it is told to end.

mod alive;
mod idle;
mod place;
mod room;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use openras_service::http::{self, Serving};
use openras_service::socket::Socket;
use openras_service::{Config, Service};

use crate::cli::{LogFormat, Serve};
use crate::signals::{Signals, Told};
use crate::{config_file, exit, notify, out};

/// There is no file to be read again.
const NO_FILE: u32 = 2;

/// Starts the service and stays until it is told to end.
pub(crate) async fn run(args: Serve) -> Result<u8> {
    let say = Say { plain: args.private.is_none() && args.log_format == LogFormat::Text };
    let config = config(&args).await?;
    room::make(&config);
    let place = place::of(&args)?;
    // before anything answers: who sees that it does may end it at once
    let mut signals = Signals::listen()?;
    let socket = match Socket::bind(&place.socket, place.mode) {
        Ok(socket) => socket,
        Err(_) if args.private.is_some() && place.answers().await => {
            tracing::debug!("another service for this user was faster");
            return Ok(exit::OK);
        }
        Err(problem) => return Err(problem.into()),
    };
    let names: Vec<String> =
        config.ports.iter().map(|port| format!("{} on {}", port.name, port.line)).collect();
    let service = Arc::new(Service::start(config).await?);
    let serving = http::serve(service.clone(), socket, place.rights);
    for (name, address) in service.addresses() {
        say.line(&format!("{name}: answering on {address}"));
    }
    say.line(&format!("programs: answering on {}", place.socket.display()));
    if args.private.is_none() {
        let names = if names.is_empty() { "no calls: there is no [[port]]".into() } else { names.join(", ") };
        say.line(&format!("answering: {names}; Ctrl-C ends"));
    }
    notify::ready(status(&service)).await;
    let watchdog = notify::watchdog().map(|every| tokio::spawn(alive::watch(service.clone(), every)));
    let idle = args.private.is_some().then_some(Duration::from_secs(args.idle));
    match attend(&service, &serving, &mut signals, idle).await {
        Why::Told => end(&service, serving, &mut signals, &say).await,
        // first the socket: who comes now finds none, and starts another
        Why::Idle => serving.stop().await,
    }
    watchdog.into_iter().for_each(|watchdog| watchdog.abort());
    Ok(exit::OK)
}

/// What the person who started it reads: plain lines on a terminal, lines of the log where a program reads.
struct Say {
    plain: bool,
}

impl Say {
    fn line(&self, text: &str) {
        if self.plain { out::note(text) } else { tracing::info!("{text}") }
    }
}

/// The configuration that was named, the system's, or the user's; a private service has none.
async fn config(args: &Serve) -> Result<Config> {
    if args.private.is_some() {
        return Ok(Config { private: true, ..Config::empty() });
    }
    read(args.config.clone()).await
}

/// The configuration that was named, the system's, or the user's.
pub(crate) async fn read(named: Option<PathBuf>) -> Result<Config> {
    let file = named.or_else(config_file::found).with_context(|| {
        let places: Vec<String> =
            config_file::places().iter().map(|file| file.display().to_string()).collect();
        format!(
            "there is no configuration at {}; write one (docs/configuration.md has one to copy) or name it with --config FILE",
            places.join(" or ")
        )
    })?;
    // a reload reads the same file, wherever it is asked for
    let file = std::path::absolute(&file).unwrap_or(file);
    tokio::task::spawn_blocking(move || Config::load(&file)).await?.map_err(Into::into)
}

/// Why it ends.
enum Why {
    Told,
    Idle,
}

/// Until a signal means the end, or a private service has had nothing to do for as long as `idle`.
async fn attend(service: &Service, serving: &Serving, signals: &mut Signals, idle: Option<Duration>) -> Why {
    let nothing_to_do = async {
        match idle {
            Some(idle) => idle::wait(service, serving.clients(), idle).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(nothing_to_do);
    loop {
        tokio::select! {
            told = signals.told() => match told {
                Told::Reload => reload(service).await,
                Told::Stop => return Why::Told,
            },
            () = &mut nothing_to_do => {
                tracing::info!("nothing to do any more: this service ends");
                return Why::Idle;
            }
        }
    }
}

/// SIGHUP: the file is read again. The service says in its log what came of it.
async fn reload(service: &Service) {
    notify::reloading().await;
    if let Err(problem) = service.reload_file().await
        && problem.error == NO_FILE
    {
        tracing::warn!("{problem}");
    }
    notify::ready(status(service)).await;
}

/// One line for `systemctl status`.
fn status(service: &Service) -> String {
    match service.ports().len() {
        0 => "answering programs".into(),
        1 => "answering 1 port".into(),
        ports => format!("answering {ports} ports"),
    }
}

/// Hangs up; a second signal ends at once.
async fn end(service: &Service, serving: Serving, signals: &mut Signals, say: &Say) {
    say.line("hanging up; Ctrl-C again ends at once");
    let politely = async {
        notify::stopping().await;
        // clients hear how their calls end
        service.stop().await;
        serving.stop().await;
    };
    tokio::select! {
        () = politely => {}
        () = signals.stop() => {}
    }
}
