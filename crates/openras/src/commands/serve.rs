//! `openras serve`: answers until Ctrl-C.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use openras_service::{Config, Service};

use crate::cli::Serve;
use crate::out;
use crate::signals::Signals;
use crate::{config_file, exit};

/// Starts the service and stays until it is told to end.
pub(crate) async fn run(args: Serve) -> Result<u8> {
    let file = match args.config {
        Some(file) => file,
        None => found()?,
    };
    let config = Config::load(&file)?;
    let names: Vec<String> =
        config.ports.iter().map(|port| format!("{} on {}", port.name, port.line)).collect();
    anyhow::ensure!(!names.is_empty(), "{} has no [[port]]: nothing would answer", file.display());
    // before anything answers: who sees that it does may end it at once
    let mut signals = Signals::listen()?;
    let service = Service::start(config).await?;
    for (name, address) in service.addresses() {
        out::note(format_args!("{name}: answering on {address}"));
    }
    out::note(format_args!("answering: {}; Ctrl-C ends", names.join(", ")));
    signals.next().await;
    out::note("hanging up; Ctrl-C again ends at once");
    tokio::select! {
        () = service.stop() => {}
        () = signals.next() => {}
    }
    Ok(exit::OK)
}

/// The system's configuration, else the user's.
fn found() -> Result<PathBuf> {
    config_file::found().with_context(|| {
        let places: Vec<String> = config_file::places().iter().map(|file| file.display().to_string()).collect();
        format!(
            "there is no configuration at {}; write one (docs/configuration.md has one to copy) or name it with --config FILE",
            places.join(" or ")
        )
    })
}
