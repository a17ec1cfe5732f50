//! `openras modems`: the modems that are played for computers.

use openras_api::{Client, Problem};

use crate::render::{self, Paint};
use crate::table::{Table, ago, now};
use crate::{cli, exit, json, out};

pub(super) async fn run(client: &Client, args: &cli::Modems) -> Result<u8, Problem> {
    let modems = client.modems().await?;
    if args.json {
        modems.iter().for_each(json::line);
        return Ok(exit::OK);
    }
    let paint = Paint::for_stdout();
    let mut table = Table::new(["modem", "number", "state", "dialled", "calls", "time", "computer", "line"]);
    for modem in &modems {
        table.row([
            modem.name.clone(),
            modem.number.clone().unwrap_or_default(),
            format!("{}{}", modem.state, if modem.leaving { ", leaving" } else { "" }),
            modem.dialled.clone().unwrap_or_default(),
            modem.calls.to_string(),
            modem.since.map(|since| ago(now().saturating_sub(since))).unwrap_or_default(),
            modem.computer.clone().unwrap_or_default(),
            modem.line.clone(),
        ]);
    }
    table.print(paint);
    for modem in &modems {
        if let Some(problem) = &modem.problem {
            out::line(paint.bad(&format!("{}: {}", render::safe(&modem.name), render::problem(problem))));
        }
    }
    Ok(exit::OK)
}
