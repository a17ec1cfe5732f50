//! Commands that ask a running service. None of them starts one.

mod audit;
mod calls;
mod events;
mod modems;
mod ports;
mod status;

use anyhow::Result;
use openras_api::{Client, Problem, find, start};

use crate::cli::{self, At, Which};
use crate::render::{self, Paint};
use crate::signals::Signals;
use crate::{exit, json, out};

/// ERROR_FILE_NOT_FOUND: the service has no configuration file.
const NO_FILE: u32 = 2;
/// ERROR_INVALID_PARAMETER: there is a mistake in it.
const WRONG: u32 = 87;

/// Does what was asked. Gives the exit code.
pub(crate) async fn run(command: cli::Client) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let done = async {
        let client = match connect(at(&command)).await {
            Ok(client) => client,
            Err(problem) => return unreachable(&command, &problem),
        };
        ask(&client, &command).await.unwrap_or_else(|problem| refused(&problem))
    };
    Ok(tokio::select! {
        code = done => code,
        // whoever follows ends it so
        _ = signals.heard() => exit::OK,
    })
}

async fn ask(client: &Client, command: &cli::Client) -> Result<u8, Problem> {
    match command {
        cli::Client::Hangup(args) => hangup(client, args.call).await,
        cli::Client::Calls(args) => calls::run(client, args).await,
        cli::Client::Status(args) => status::run(client, args).await,
        cli::Client::Events(args) => events::run(client, args).await,
        cli::Client::Ports(args) => ports::run(client, args).await,
        cli::Client::Modems(args) => modems::run(client, args).await,
        cli::Client::Reload(args) => reload(client, args).await,
        cli::Client::Audit(args) => audit::run(client, args).await,
    }
}

fn at(command: &cli::Client) -> &At {
    match command {
        cli::Client::Hangup(args) => &args.at,
        cli::Client::Calls(args) => &args.at,
        cli::Client::Status(args) => &args.at,
        cli::Client::Events(args) => &args.at,
        cli::Client::Ports(args) => &args.at,
        cli::Client::Modems(args) => &args.at,
        cli::Client::Reload(args) => &args.at,
        cli::Client::Audit(args) => &args.at,
    }
}

/// The service that runs.
async fn connect(at: &At) -> Result<Client, Problem> {
    let problem = match start::connect(at.socket.as_deref()).await {
        Err(problem) if problem.error == 711 && at.socket.is_none() => problem,
        done => return done,
    };
    let passed = tokio::task::spawn_blocking(|| find::find(None).passed).await.unwrap_or_default();
    Err(none_runs(problem, passed.into_iter().map(|(_, why)| why)))
}

/// Why none can be asked, and what to try. The system's is passed over by whoever has no right to it: that is what they
/// must hear, not that there is none of their own.
fn none_runs(problem: Problem, passed: impl IntoIterator<Item = Problem>) -> Problem {
    match passed.into_iter().find(|why| why.error == 5) {
        Some(barred) => {
            let why = barred.message.trim_end_matches('.');
            Problem::new(problem.number(), format!("{why}, and no service of your own runs.")).remedy(
                "Ask the administrator to add you to the group openras (members of openras-admin need it too), and \
                 log in again; `openras dial` starts a service of your own.",
            )
        }
        None => problem.remedy("`openras serve` starts one; `openras dial` starts a private one by itself."),
    }
}

/// No service can be asked. Gives the exit code.
fn unreachable(command: &cli::Client, problem: &Problem) -> u8 {
    if matches!(command, cli::Client::Status(args) if args.check) {
        out::line(format_args!("BAD: {}", render::problem(problem)));
    } else {
        refused(problem);
    }
    exit::SERVICE
}

/// A call that is not there: "Dial again" helps whoever dialled, not who asked for the wrong number.
fn no_call(problem: Problem) -> Problem {
    if problem.error == 6 { problem.remedy("`openras calls` lists the calls.") } else { problem }
}

/// Says what went wrong. Gives the exit code.
fn refused(problem: &Problem) -> u8 {
    out::note(format_args!("openras: {}", render::problem(problem)));
    if !problem.remedy.is_empty() {
        out::note(format_args!("  try:  {}", render::safe(&problem.remedy)));
    }
    if problem.error == 711 { exit::SERVICE } else { exit::FAILED }
}

async fn hangup(client: &Client, which: Which) -> Result<u8, Problem> {
    let calls = match which {
        Which::One(call) => vec![call],
        Which::All => {
            client.calls().await?.iter().filter(|call| call.over.is_none()).map(|call| call.id).collect()
        }
    };
    if calls.is_empty() {
        out::line("no call to hang up");
    }
    for call in calls {
        match client.end_call(call).await {
            Ok(()) => out::line(format_args!("hanging up c{call}")),
            // it ended by itself, which is as well
            Err(problem) if which == Which::All && problem.error == 6 => {}
            Err(problem) => return Err(no_call(problem)),
        }
    }
    Ok(exit::OK)
}

async fn reload(client: &Client, args: &cli::Reload) -> Result<u8, Problem> {
    let reloaded = match client.reload().await {
        Ok(reloaded) => reloaded,
        Err(problem) if matches!(problem.error, NO_FILE | WRONG) => {
            refused(&problem);
            return Ok(exit::CONFIGURATION);
        }
        // no right, no service, no room, a store that fails: nothing was said of the configuration
        Err(problem) => return Err(problem),
    };
    let code = if reloaded.problems.is_empty() { exit::OK } else { exit::FAILED };
    if args.json {
        json::line(&reloaded);
        return Ok(code);
    }
    let parts = [
        ("new", &reloaded.added),
        ("changed", &reloaded.changed),
        ("gone", &reloaded.removed),
        ("as before", &reloaded.unchanged),
        ("modules", &reloaded.modules),
        ("takes a restart", &reloaded.needs_restart),
    ];
    for (word, names) in parts.iter().filter(|(_, names)| !names.is_empty()) {
        out::line(format_args!("{word:<16}{}", render::safe(&names.join(" "))));
    }
    for problem in &reloaded.problems {
        out::line(Paint::for_stdout().bad(&render::problem(problem)));
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use openras_engine::RasError;

    use super::*;

    #[test]
    fn whoever_may_not_use_the_systems_service_hears_of_it() {
        let none =
            || Problem::new(RasError(711), "No service runs: /run/user/7/openras/api.sock does not exist.");
        let missing =
            || Problem::new(RasError(711), "No service runs: /run/openras/api.sock does not exist.");
        let barred = Problem::new(RasError(5), "You may not use /run/openras/api.sock.");
        let told = none_runs(none(), [missing()]);
        assert_eq!((told.error, told.message), (711, none().message));
        let told = none_runs(none(), [barred]);
        assert_eq!(told.message, "You may not use /run/openras/api.sock, and no service of your own runs.");
        assert!(told.error == 711 && told.remedy.contains("group openras"), "{told:?}");
    }
}
