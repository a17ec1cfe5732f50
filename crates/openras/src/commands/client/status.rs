//! `openras status`: the service in a few lines, or the story of one call.

use openras_api::types::CallId;
use openras_api::types::call::CallStory;
use openras_api::types::server::{Level, Server};
use openras_api::{Client, Problem};

use super::calls;
use crate::render::{self, Paint};
use crate::table::{ago, now, wrapped};
use crate::{cli, exit, json, out};

pub(super) async fn run(client: &Client, args: &cli::Status) -> Result<u8, Problem> {
    match args.call {
        Some(call) => story(client, call, args.json).await,
        None => {
            let server = client.server().await?;
            if args.check {
                return Ok(check(&server));
            }
            if args.json {
                json::line(&server);
            } else {
                overview(client, &server);
            }
            Ok(exit::OK)
        }
    }
}

/// One line for monitoring, and its exit code.
fn check(server: &Server) -> u8 {
    let bad: Vec<String> = server
        .notes
        .iter()
        .filter(|note| note.level == Level::Bad)
        .map(|note| render::safe(&note.text))
        .collect();
    if bad.is_empty() {
        out::line(format_args!(
            "OK: openras {}, {} of {} ports in use, {} dialled",
            render::safe(&server.version),
            server.ports_in_use,
            server.ports,
            connections(server)
        ));
        exit::OK
    } else {
        out::line(format_args!("BAD: {}", bad.join("; ")));
        exit::FAILED
    }
}

fn overview(client: &Client, server: &Server) {
    let paint = Paint::for_stdout();
    let kind = if server.private { "a private service" } else { "the service" };
    let line = |word: &str, text: &str| {
        for (i, part) in wrapped(text, 80 - 10).iter().enumerate() {
            out::line(format_args!(
                "{} {part}",
                paint.faint(&format!("{:<9}", if i == 0 { word } else { "" }))
            ));
        }
    };
    line("openras", &format!("{} (API v{}), {kind}", render::safe(&server.version), server.api));
    line("process", &format!("{}, uid {}, for {}", server.pid, server.uid, uptime(server)));
    line("socket", &client.socket().display().to_string());
    if let Some(config) = &server.config {
        line("config", &render::safe(config));
    }
    line("ports", &format!("{}, {} in use", server.ports, server.ports_in_use));
    line("dialled", &connections(server));
    for note in &server.notes {
        let word = if note.level == Level::Bad { paint.bad("bad      ") } else { paint.asks("note     ") };
        for (i, part) in wrapped(&render::safe(&note.text), 80 - 10).iter().enumerate() {
            out::line(format_args!("{} {part}", if i == 0 { word.as_str() } else { "         " }));
        }
    }
}

fn connections(server: &Server) -> String {
    let plural = if server.connections == 1 { "" } else { "s" };
    format!("{} connection{plural}", server.connections)
}

fn uptime(server: &Server) -> String {
    ago(now().saturating_sub(server.started))
}

async fn story(client: &Client, call: CallId, as_json: bool) -> Result<u8, Problem> {
    let story = client.call(call).await.map_err(super::no_call)?;
    if as_json {
        json::line(&story);
    } else {
        show(&story);
    }
    Ok(exit::OK)
}

fn show(story: &CallStory) {
    let (paint, call) = (Paint::for_stdout(), &story.call);
    let name = call.name.as_deref().map(|name| format!(", {}", render::safe(name))).unwrap_or_default();
    let over = match call.over {
        Some(over) => format!("ended {} ago", ago(now().saturating_sub(over))),
        None => format!("for {}", ago(now().saturating_sub(call.begun))),
    };
    out::line(paint.strong(&format!("c{}{name} {}, {over}", call.id, render::safe(&calls::place(call)))));
    if let Some(agreed) = &story.projection {
        render::projection(agreed).iter().for_each(|line| out::line(format_args!("           {line}")));
    }
    let count = &story.statistics;
    out::line(format_args!(
        "           {} bytes sent, {} received; {} frames sent, {} received, {} with errors",
        count.bytes_sent,
        count.bytes_received,
        count.frames_sent,
        count.frames_received,
        count.crc_errors + count.aborts + count.framing_errors + count.overruns
    ));
    for told in story.events.iter().filter(|told| !render::is_told_again(&told.event)) {
        for line in render::event(paint, &told.event, true) {
            out::line(render::timed(paint, render::time(told.t), &line));
        }
    }
}
