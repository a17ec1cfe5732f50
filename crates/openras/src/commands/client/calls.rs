//! `openras calls`: who is on the line.

use openras_api::types::call::{Call, CallDirection};
use openras_api::{Client, Problem};

use crate::render::Paint;
use crate::table::{Table, ago};
use crate::{cli, exit, json};

pub(super) async fn run(client: &Client, args: &cli::Calls) -> Result<u8, Problem> {
    let mut calls = client.calls().await?;
    calls.sort_by_key(|call| call.id);
    if args.json {
        calls.iter().for_each(json::line);
        return Ok(exit::OK);
    }
    let paint = Paint::for_stdout();
    let mut table = Table::new(["call", "state", "time", "name", "where"]);
    for call in &calls {
        let time = call.over.unwrap_or_else(crate::table::now).saturating_sub(call.begun);
        table.row([
            format!("c{}", call.id),
            state(call),
            ago(time),
            call.name.clone().unwrap_or_default(),
            place(call),
        ]);
    }
    table.print(paint);
    Ok(exit::OK)
}

/// The state in a word; an ended call's is its number.
fn state(call: &Call) -> String {
    match (&call.ended, call.over) {
        (Some(ended), _) => match &ended.error {
            Some(error) => format!("ended {}", error.error),
            None => "ended".into(),
        },
        (None, Some(_)) => "ended".into(),
        (None, None) => call.state.trim_start_matches("RASCS_").to_string(),
    }
}

/// From where to where, in short.
pub(super) fn place(call: &Call) -> String {
    let number = call.number.as_deref().unwrap_or_default();
    match call.direction {
        CallDirection::Dialled => format!("to {}", call.line),
        CallDirection::Answered => {
            let port = call.port.as_deref().unwrap_or(&call.line);
            match call.source.as_deref().or(Some(number).filter(|number| !number.is_empty())) {
                Some(source) => format!("on {port} from {source}"),
                None => format!("on {port}"),
            }
        }
    }
}
