//! `openras ports`: the lines that answer.

use openras_api::{Client, Problem};

use crate::render::{self, Paint};
use crate::table::{Table, ago, now};
use crate::{cli, exit, json, out};

pub(super) async fn run(client: &Client, args: &cli::Ports) -> Result<u8, Problem> {
    let ports = client.ports().await?;
    if args.json {
        ports.iter().for_each(json::line);
        return Ok(exit::OK);
    }
    let paint = Paint::for_stdout();
    let mut table = Table::new(["port", "condition", "call", "time", "user", "line"]);
    for port in &ports {
        table.row([
            port.name.clone(),
            format!("{}{}", port.condition, if port.leaving { ", leaving" } else { "" }),
            port.call.map(|call| format!("c{call}")).unwrap_or_default(),
            port.since.map(|since| ago(now().saturating_sub(since))).unwrap_or_default(),
            port.user.clone().unwrap_or_default(),
            port.line.clone(),
        ]);
    }
    table.print(paint);
    for port in &ports {
        if let Some(problem) = &port.problem {
            out::line(paint.bad(&format!("{}: {}", render::safe(&port.name), render::problem(problem))));
        }
    }
    Ok(exit::OK)
}
