//! `openras events`: what happens, as it happens.

use openras_api::types::event::{Event, Told};
use openras_api::{Client, Problem};

use crate::render::{self, Paint};
use crate::{cli, exit, json, out};

pub(super) async fn run(client: &Client, args: &cli::Events) -> Result<u8, Problem> {
    let mut events = client.events(args.packets).await?;
    let paint = Paint::for_stdout();
    while let Some(told) = events.next().await {
        let told = told?;
        if args.json {
            json::line(&told);
        } else if !render::is_told_again(&told.event) {
            lines(paint, &told).iter().for_each(out::line);
        }
        if out::is_gone() {
            break;
        }
    }
    Ok(exit::OK)
}

/// The event as lines, each with its call, its port and its time.
pub(super) fn lines(paint: Paint, told: &Told) -> Vec<String> {
    let who = match &told.event {
        Event::Port { port, .. } => format!("c{} {}", told.call, render::safe(port)),
        _ => format!("c{}", told.call),
    };
    let at = render::time(told.t);
    let lines = render::event(paint, &told.event, true);
    lines.iter().map(|line| format!("{who:<14}{}", render::timed(paint, at, line))).collect()
}
