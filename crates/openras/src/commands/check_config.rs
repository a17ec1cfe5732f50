//! `openras check-config`: every mistake of a configuration at once, each with its line, and what is worth knowing of it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use openras_service::config::ConfigError;
use openras_service::preflight::{self, Warning};
use serde_json::json;

use crate::render::{Paint, safe};
use crate::{cli, config_file, exit, json, out};

/// Says what is found. Gives the exit code.
pub(crate) async fn run(args: cli::CheckConfig) -> Result<u8> {
    let file = file(&args)?;
    let name = file.display().to_string();
    let examined = tokio::task::spawn_blocking(move || preflight::examine(&file)).await?;
    let paint = Paint::for_stdout();
    match examined {
        Err(mistakes) => {
            wrong(&mistakes, args.json, paint);
            Ok(exit::CONFIGURATION)
        }
        Ok((config, warnings)) => {
            warnings.iter().for_each(|warning| warn(&name, warning, args.json, paint));
            if !args.json {
                let ports = config.ports.len();
                let plural = |n: usize| if n == 1 { "" } else { "s" };
                let count = warnings.len();
                out::line(format_args!(
                    "{}: no mistake; {ports} port{}, {count} warning{}",
                    safe(&name),
                    plural(ports),
                    plural(count)
                ));
            }
            Ok(if args.strict && !warnings.is_empty() { exit::FAILED } else { exit::OK })
        }
    }
}

fn file(args: &cli::CheckConfig) -> Result<PathBuf> {
    args.file.clone().or_else(|| args.config.clone()).or_else(config_file::found).with_context(|| {
        let places: Vec<String> =
            config_file::places().iter().map(|file| file.display().to_string()).collect();
        format!("there is no configuration at {}; name the file", places.join(" or "))
    })
}

fn wrong(mistakes: &ConfigError, as_json: bool, paint: Paint) {
    let file = safe(&mistakes.file);
    for problem in &mistakes.problems {
        if as_json {
            json::line(&json!({ "level": "mistake", "file": mistakes.file, "line": problem.line,
                "column": problem.column, "what": problem.what, "remedy": problem.remedy }));
            continue;
        }
        // a file that cannot be read has no lines
        let place = match problem.line {
            0 => String::new(),
            line => format!(":{line}:{}", problem.column),
        };
        let word = paint.bad("mistake");
        out::line(format_args!("{file}{place}: {word}: {}. {}", safe(&problem.what), safe(&problem.remedy)));
    }
    if !as_json {
        let count = mistakes.problems.len();
        out::line(format_args!(
            "{file}: {count} mistake{}; a service does not start with it",
            if count == 1 { "" } else { "s" }
        ));
    }
}

fn warn(file: &str, warning: &Warning, as_json: bool, paint: Paint) {
    if as_json {
        return json::line(&json!({ "level": "warning", "file": file, "line": warning.line,
            "what": warning.what, "remedy": warning.remedy }));
    }
    let place = match warning.line {
        0 => String::new(),
        line => format!(":{line}"),
    };
    let remedy = match warning.remedy.is_empty() {
        true => String::new(),
        false => format!("; {}", safe(&warning.remedy)),
    };
    out::line(format_args!(
        "{}{place}: {}: {}{remedy}",
        safe(file),
        paint.asks("warning"),
        safe(&warning.what)
    ));
}
