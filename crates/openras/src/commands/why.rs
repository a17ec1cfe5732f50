//! `openras why`: what decided a call, and what to change.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use openras_api::types::why::{Asked, Asker, Why};
use openras_api::{Problem, start};
use openras_engine::why;
use openras_service::why::explained;

use crate::render::{self, Paint};
use crate::table::{ago, now, wrapped};
use crate::{cli, exit, json, out};

mod pcapng;

/// Columns of the text, and where it begins.
const WIDTH: usize = 96;
const AT: usize = 12;
/// The largest capture that is read.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Says it. Gives the exit code.
pub(crate) async fn run(args: cli::Why) -> Result<u8> {
    let why = match &args.capture {
        Some(file) => of_capture(file)?,
        None => match of_service(&args).await {
            Ok(why) => why,
            Err(problem) => return Ok(refused(&problem, &args)),
        },
    };
    if args.json {
        json::line(&why);
    } else {
        show(&why);
    }
    Ok(exit::OK)
}

async fn of_service(args: &cli::Why) -> Result<Why, Problem> {
    start::connect(args.at.socket.as_deref()).await?.why(args.call).await
}

fn refused(problem: &Problem, args: &cli::Why) -> u8 {
    match problem.error {
        6 if args.call.is_none() => {
            out::note("openras: no call has failed that this service still knows of.")
        }
        6 => {
            out::note(format_args!("openras: {}", render::problem(problem)));
            out::note("  try:  `openras calls` lists the calls.");
        }
        _ => out::note(format_args!("openras: {}", render::problem(problem))),
    }
    if problem.error == 711 {
        out::note("  try:  `openras serve` starts a service; --capture FILE needs none.");
        return exit::SERVICE;
    }
    exit::FAILED
}

fn of_capture(file: &Path) -> Result<Why> {
    let name = file.display();
    let size = std::fs::metadata(file).with_context(|| format!("cannot read {name}"))?.len();
    if size > LARGEST {
        bail!("{name} is larger than {} MiB; cut it to one call (editcap does)", LARGEST >> 20);
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
    let packets = pcapng::packets(&bytes).with_context(|| format!("cannot read {name} as a capture"))?;
    if packets.is_empty() {
        bail!("{name} holds no PPP control packet");
    }
    Ok(explained(&why::of_packets(packets, &name.to_string())))
}

fn show(why: &Why) {
    let paint = Paint::for_stdout();
    out::line(paint.strong(&head(why)));
    part(&paint, "", &why.happened);
    if !why.decided.is_empty() {
        part(&paint, "decided by", &why.decided);
    }
    for (n, change) in why.change.iter().enumerate() {
        part(&paint, if n == 0 { "change" } else { "or" }, change);
    }
    for note in &why.notes {
        part(&paint, "note", note);
    }
    let mut before = None;
    for asked in &why.asked {
        if before.replace((asked.who, &asked.protocol)) != Some((asked.who, &asked.protocol)) {
            let who = if asked.who == Asker::Here { "this side" } else { "the other side" };
            out::line(paint.faint(&format!("{who} asked in {}:", render::safe(&asked.protocol))));
        }
        out::line(format_args!("  {}", line(asked)));
    }
}

fn head(why: &Why) -> String {
    let name = why.name.as_deref().map(|name| format!(", {}", render::safe(name))).unwrap_or_default();
    let source =
        why.source.as_deref().map(|from| format!(" from {}", render::safe(from))).unwrap_or_default();
    let port = why.port.as_deref().map(|port| format!(" on {}", render::safe(port))).unwrap_or_default();
    let when = match why.begun {
        0 => String::new(),
        begun => format!(", {} ago", ago(now().saturating_sub(begun))),
    };
    match why.call {
        Some(call) => format!("c{call}{name}{port}{source} ({}){when}", render::safe(&why.line)),
        None if why.port.is_some() => format!("a caller{port}{source}{when}"),
        None => render::safe(&why.line),
    }
}

fn line(asked: &Asked) -> String {
    let option = if asked.option.is_empty() { "the protocol" } else { &asked.option };
    format!("{:<44} {}", render::safe(option), render::safe(&asked.fate))
}

fn part(paint: &Paint, word: &str, text: &str) {
    for (n, piece) in wrapped(&render::safe(text), WIDTH - AT).iter().enumerate() {
        let word = if n == 0 { word } else { "" };
        out::line(format_args!("{}{piece}", paint.faint(&format!("{word:<AT$}"))));
    }
}
