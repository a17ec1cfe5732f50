//! OpenRAS: an open Remote Access Service, as one program.

mod answers;
mod cli;
mod commands;
mod config_file;
mod exit;
mod front;
mod json;
mod keyboard;
mod out;
mod render;
mod secret_file;
mod session;
mod signals;
mod traffic;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    leave_no_core();
    let cli = Cli::parse();
    log_to_stderr(match &cli.command {
        Command::Serve(serve) => 1 + serve.verbose,
        // once for packets, which the dial shows itself
        Command::Dial(dial) => dial.verbose.saturating_sub(1),
        Command::User(_) | Command::Demo(_) => 0,
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::note(format_args!("openras: the system gives no threads or events: {error}"));
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
        Err(error) if error.is::<signals::Interrupted>() => ExitCode::from(exit::HUNG_UP),
        Err(error) => {
            out::note(format_args!("openras: {error:#}"));
            ExitCode::from(exit::CONFIGURATION)
        }
    }
}

/// A crash writes no memory to a disk, and no process of the same user reads ours: there are secrets in it (defence
/// rule 14).
fn leave_no_core() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let no_core = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if let Err(error) = no_core.and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable)) {
        out::note(format_args!("openras: a crash may leave secrets in a core file: {error}"));
    }
}

/// What the service does goes to standard error; a dial and the demo show it themselves. Libraries speak up only in
/// trouble. `RUST_LOG` overrides.
fn log_to_stderr(detail: u8) {
    let level = match detail {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let ours =
        ["openras", "openras_service", "openras_modules", "openras_io", "openras_engine", "openras_ppp"];
    let words = ours.map(|part| format!("{part}={level}")).join(",");
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("error,{words}")));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| out::Log)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
}
