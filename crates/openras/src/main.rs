//! OpenRAS: an open Remote Access Service, as one program.

mod answers;
mod cli;
mod commands;
mod config_file;
mod entry;
mod exit;
mod front;
mod json;
mod keyboard;
mod logging;
mod notify;
mod out;
mod private;
mod redial;
mod render;
mod scripted;
mod secret_file;
mod session;
mod signals;
mod table;
mod terminal;
mod tls_files;
mod traffic;
mod ways;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use openras_service::users::StoreError;

use crate::cli::{Cli, Command, First, Hidden, LogFormat, Serve};

/// A service makes and frees little things by the thousand a second on all its threads (`docs/decisions/0016`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // the processes around a module and above a caller's program
    openras_service::main_if_asked();
    // a password may stand on its command line, which it takes off first
    if let Some((name, words)) = commands::rasdial::asked() {
        return ExitCode::from(commands::rasdial::main(&name, &words));
    }
    private::leave_no_core();
    // before anything is opened and any thread begins
    if std::env::args_os().nth(1).is_some_and(|word| word == "serve" || word == "private-service") {
        private::close_inherited();
    }
    let cli = Cli::parse();
    match begin(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.is::<signals::Interrupted>() => ExitCode::from(exit::HUNG_UP),
        Err(error) => {
            out::note(format_args!("openras: {}", what_failed(&error)));
            let is_open = error.is::<commands::init::Missing>();
            ExitCode::from(if is_open { exit::USAGE } else { exit::CONFIGURATION })
        }
    }
}

/// An error in one line, with its number where it has one.
fn what_failed(error: &anyhow::Error) -> String {
    match error.downcast_ref::<StoreError>() {
        Some(store) => format!("{}: {error:#}", store.number()),
        None => format!("{error:#}"),
    }
}

fn begin(command: Command) -> Result<u8> {
    match command {
        Command::Serve(args) => serve(args),
        Command::Hidden(Hidden::PrivateService(args)) => private::start(&args),
        Command::Hidden(Hidden::Generate(what)) => commands::generate::run(&what),
        Command::Hidden(Hidden::ModuleHost(args)) => commands::module_host::run(&args),
        Command::Answer(args) => answer(args),
        Command::Dial(args) => {
            // once for packets, which the dial shows itself
            logging::start(args.verbose.saturating_sub(1));
            in_runtime(commands::dial::run(*args))
        }
        Command::First(args) => {
            logging::start(0);
            in_runtime(async {
                match args {
                    First::Init(args) => commands::init::run(*args).await,
                    First::CheckConfig(args) => commands::check_config::run(args).await,
                    First::Why(args) => commands::why::run(args).await,
                }
            })
            .map(told)
        }
        Command::Client(args) => {
            logging::start(0);
            in_runtime(commands::client::run(args)).map(told)
        }
        Command::Line(cli::Line::Test(args)) => {
            logging::start(0);
            in_runtime(commands::line::run(args)).map(told)
        }
        Command::Phonebook(args) => {
            logging::start(0);
            commands::phonebook::run(*args).map(told)
        }
        // `main` has read its words as Windows does
        Command::Rasdial(args) => {
            let words: Vec<_> = args.words.into_iter().map(Into::into).collect();
            Ok(commands::rasdial::main(&["openras".into(), "rasdial".into()], &words))
        }
        Command::User(args) => {
            logging::start(0);
            in_runtime(commands::user::run(args)).map(told)
        }
        Command::Demo(args) => {
            logging::start(0);
            in_runtime(commands::demo::run(args))
        }
    }
}

/// The exit code of a command that exists to tell something: not 0 where what it told is lost.
fn told(code: u8) -> u8 {
    match out::lost() {
        Some(why) if code == exit::OK => {
            out::note(format_args!("openras: not all could be written to standard output: {why}"));
            exit::FAILED
        }
        _ => code,
    }
}

fn serve(args: Serve) -> Result<u8> {
    let log = match &args.private {
        Some(_) => {
            private::settle();
            Some(private::log_file()?)
        }
        None => None,
    };
    // held to the end: the last lines are written
    let _log = logging::start_service(1 + args.verbose, args.log_format, log)
        .context("the system gives no thread for the log")?;
    let json = args.log_format == LogFormat::Json;
    let outcome = in_runtime(commands::serve::run(args));
    match outcome {
        // a program that reads the log reads this too
        Err(error) if json => {
            tracing::error!("{}", what_failed(&error));
            Ok(exit::CONFIGURATION)
        }
        outcome => outcome,
    }
}

fn answer(args: cli::Answer) -> Result<u8> {
    commands::answer::settle(args.log.as_deref())?;
    // without one nothing is logged: standard error may lead to the caller
    if args.log.is_some() {
        logging::start(1);
    }
    in_runtime(commands::answer::run(args))
}

fn in_runtime(work: impl Future<Output = Result<u8>>) -> Result<u8> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().build().context("the system gives no threads or events")?;
    let outcome = runtime.block_on(work);
    // the thread that reads the keyboard may wait for a key for ever
    runtime.shutdown_background();
    outcome
}
