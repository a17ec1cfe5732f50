//! OpenRAS: an open Remote Access Service, as one program.

mod answers;
mod cli;
mod commands;
mod exit;
mod front;
mod json;
mod keyboard;
mod render;
mod secret_file;
mod session;
mod traffic;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(match &cli.command {
        Command::Serve(serve) => serve.verbose,
        Command::Dial(_) | Command::User(_) | Command::Demo(_) => 0,
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("openras: the system gives no threads or events: {error}");
            return ExitCode::from(exit::CONFIGURATION);
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => commands::serve::run(args).await,
            Command::Dial(args) => commands::dial::run(*args).await,
            Command::User(args) => commands::user::run(args).await,
            Command::Demo(args) => commands::demo::run(args).await,
        }
    });
    // the thread that reads the keyboard may wait for a key for ever
    runtime.shutdown_background();
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("openras: {error:#}");
            ExitCode::from(exit::CONFIGURATION)
        }
    }
}

/// Warnings and worse on standard error, more with `-v`; `RUST_LOG` overrides.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn,openras=info",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
}
