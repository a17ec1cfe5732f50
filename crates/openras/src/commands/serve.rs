//! `openras serve`: answers until Ctrl-C.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use openras_service::{Config, Service};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Serve;
use crate::exit;

/// Starts the service and stays until it is told to end.
pub(crate) async fn run(args: Serve) -> Result<u8> {
    let file = match args.config {
        Some(file) => file,
        None => found()?,
    };
    let config = Config::load(&file)?;
    let names: Vec<String> = config.ports.iter().map(|port| format!("{} on {}", port.name, port.line)).collect();
    anyhow::ensure!(!names.is_empty(), "{} has no [[port]]: nothing would answer", file.display());
    let service = Service::start(config).await?;
    for (name, address) in service.addresses() {
        eprintln!("{name}: answering on {address}");
    }
    eprintln!("answering: {}; Ctrl-C ends", names.join(", "));
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("hanging up; Ctrl-C again ends at once");
    tokio::select! {
        () = service.stop() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(exit::OK)
}

/// The system's configuration, else the user's.
fn found() -> Result<PathBuf> {
    let user = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")))
        .map(|folder| folder.join("openras/openras.toml"));
    let places: Vec<PathBuf> = std::iter::once(PathBuf::from("/etc/openras/openras.toml")).chain(user).collect();
    places.iter().find(|file| file.exists()).cloned().with_context(|| {
        let places: Vec<String> = places.iter().map(|file| file.display().to_string()).collect();
        format!(
            "there is no configuration at {}; write one (docs/configuration.md has one to copy) or name it with --config FILE",
            places.join(" or ")
        )
    })
}
