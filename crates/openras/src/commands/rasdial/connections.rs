//! `rasdial` alone and `rasdial /DISCONNECT`: connections that are there.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use openras_api::types::connection::Connection;
use openras_api::types::event::{Event, Told};
use openras_api::{Client, Problem, start};
use openras_engine::{ConnState, RasError};
use openras_phonebook::same_name;

use super::refused;
use crate::{out, render};

/// ERROR_NO_CONNECTION.
const NO_CONNECTION: RasError = RasError(668);
/// How long a polite end may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// ERROR_INVALID_HANDLE: the connection has ended meanwhile.
const GONE: u32 = 6;

pub(super) async fn list() -> Result<u8> {
    let there = match all().await {
        Ok((_, there)) => there,
        Err(problem) => return Ok(refused(&problem)),
    };
    let up = there.iter().filter(|one| one.state.conn_state() == ConnState::CONNECTED);
    let names: Vec<String> = up.map(|one| render::safe(name(one))).collect();
    match names.is_empty() {
        true => out::line("No connections."),
        false => out::line(format_args!("Connected to\n{}", names.join("\n"))),
    }
    Ok(0)
}

pub(super) async fn hang_up(entry: Option<String>, book: Option<PathBuf>) -> Result<u8> {
    let (client, there) = match all().await {
        Ok(found) => found,
        Err(problem) => return Ok(refused(&problem)),
    };
    let book = book.and_then(|path| std::path::absolute(path).ok());
    let wanted: Vec<Connection> = there
        .into_iter()
        .filter(|one| entry.as_ref().is_none_or(|entry| same_name(name(one), entry)))
        .filter(|one| book.as_ref().is_none_or(|book| book.as_os_str() == one.phonebook.as_str()))
        .collect();
    if wanted.is_empty() {
        return Ok(match entry {
            Some(_) => refused(&Problem::new(NO_CONNECTION, "This entry is not connected.")),
            None => {
                out::line("No connections.");
                0
            }
        });
    }
    let client = client.ok_or_else(|| anyhow::anyhow!("no service runs"))?;
    for one in &wanted {
        if let Err(problem) = end(&client, one).await {
            return Ok(refused(&problem));
        }
        out::line(format_args!("{}: hung up.", render::safe(name(one))));
    }
    Ok(0)
}

/// This user's connections; none where no service runs.
async fn all() -> Result<(Option<Client>, Vec<Connection>), Problem> {
    let client = match start::connect(None).await {
        Ok(client) => client,
        Err(problem) if problem.error == 711 => return Ok((None, Vec::new())),
        Err(problem) => return Err(problem),
    };
    let mut there = client.connections().await?;
    // an administrator is shown everybody's: `openras calls` is for them
    let me = rustix::process::geteuid().as_raw();
    there.retain(|one| one.uid == me);
    Ok((Some(client), there))
}

/// Ends a connection, and waits until it is over.
async fn end(client: &Client, one: &Connection) -> Result<(), Problem> {
    let mut events = match client.connection_events(one.id, None, 0, false).await {
        Ok(events) => events,
        Err(problem) if problem.error == GONE => return Ok(()),
        Err(problem) => return Err(problem),
    };
    match client.hangup(one.id).await {
        Err(problem) if problem.error != GONE => return Err(problem),
        _ => {}
    }
    let over = async {
        while let Some(Ok(Told { event, .. })) = events.next().await {
            if matches!(event, Event::Ended(_)) {
                break;
            }
        }
    };
    // what takes longer ends by the service's own limits
    let _ = tokio::time::timeout(PATIENCE, over).await;
    Ok(())
}

/// The entry's name; a call without one is known by its line.
fn name(one: &Connection) -> &str {
    if one.name.is_empty() { &one.line } else { &one.name }
}
