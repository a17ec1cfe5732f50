//! `openras init`: from a machine without a configuration to one that answers, in a handful of questions.

mod ask;
mod find;
mod plan;
mod settings;
mod write;

use anyhow::{Result, bail};
use openras_service::preflight;
use serde_json::json;

use crate::render::{Paint, safe};
use crate::table::wrapped;
use crate::{cli, exit, json, out};

pub(crate) use ask::Missing;
use plan::Plan;

/// Columns of the text.
const WIDTH: usize = 96;

/// Finds, asks, writes and explains. Gives the exit code.
pub(crate) async fn run(args: cli::Init) -> Result<u8> {
    let found = tokio::task::spawn_blocking(find::devices).await?;
    if args.find {
        find::show(&found, args.json);
        return Ok(exit::OK);
    }
    let answers = ask::answers(&args, &found).await?;
    let plan = Plan::new(&answers)?;
    let places = write::places(&args);
    let text = plan.text(&places);
    let config = match openras_service::Config::parse(&text, &places.file.display().to_string()) {
        Ok(config) => config,
        Err(mistakes) => {
            let said = plan::said(&mistakes);
            bail!("what was answered makes no good configuration, and nothing was written: {said}")
        }
    };
    let user = write::all(&places, &text, &config, answers.user, args.force).await?;
    let file = places.file.clone();
    let warnings = tokio::task::spawn_blocking(move || preflight::examine(&file)).await??.1;
    if args.json {
        json::line(&json!({
            "config": places.file, "state": places.state, "line": plan.line, "user": user.name,
            "user_is_new": user.is_new, "password": user.shown,
            "settings": settings::of(&plan, &user.name).iter().map(|one| json!({
                "for": one.title, "run": one.run, "steps": one.steps })).collect::<Vec<_>>(),
            "warnings": warnings.iter().map(|warning| json!({
                "line": warning.line, "what": warning.what, "remedy": warning.remedy })).collect::<Vec<_>>(),
        }));
        return Ok(exit::OK);
    }
    told(&plan, &places, &user, &warnings);
    Ok(exit::OK)
}

fn told(plan: &Plan, places: &write::Places, user: &write::User, warnings: &[preflight::Warning]) {
    let paint = Paint::for_stdout();
    out::line(paint.good(&format!("written: {}", safe(&places.file.display().to_string()))));
    match (&user.shown, user.is_new) {
        (Some(password), _) => out::line(format_args!(
            "user:    {}, password {password}  (shown once; `openras user passwd` sets another)",
            safe(&user.name)
        )),
        (None, true) => out::line(format_args!("user:    {}", safe(&user.name))),
        (None, false) => {
            out::line(format_args!("user:    {} was there already and stays as it is", safe(&user.name)))
        }
    }
    for warning in warnings {
        let text = format!("{}; {}", safe(&warning.what), safe(&warning.remedy));
        for (n, piece) in wrapped(&text, WIDTH - 9).iter().enumerate() {
            let word = if n == 0 { paint.asks("warning: ") } else { " ".repeat(9) };
            out::line(format_args!("{word}{piece}"));
        }
    }
    for one in settings::of(plan, &user.name) {
        out::line("");
        let mark = if one.run { "" } else { " (from documentation; not run by us)" };
        out::line(paint.strong(&format!("{}{mark}", one.title)));
        for step in &one.steps {
            for (n, piece) in wrapped(step, WIDTH - 4).iter().enumerate() {
                out::line(format_args!("{}{piece}", if n == 0 { "  - " } else { "    " }));
            }
        }
    }
    out::line("");
    out::line(format_args!("start it: openras serve --config {}", safe(&places.file.display().to_string())));
    out::line("when a call fails: openras why");
}
