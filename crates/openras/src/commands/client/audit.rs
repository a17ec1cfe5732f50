//! `openras audit`: the record, for people, programs and doubters.

use openras_api::{Client, Problem};
use serde_json::{Map, Value};

use crate::render::{self, Paint};
use crate::table::utc;
use crate::{cli, exit, json, out};

pub(super) async fn run(client: &Client, args: &cli::Audit) -> Result<u8, Problem> {
    if args.verify {
        return verify(client, args.json).await;
    }
    let mut lines = client.audit(0, args.follow).await?;
    let paint = Paint::for_stdout();
    while let Some(line) = lines.next().await {
        let line = line?;
        match (args.json, serde_json::from_str::<Map<String, Value>>(&line)) {
            // byte for byte: the hashes are of the text as it stands
            (true, Ok(_)) if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) => out::line(&line),
            (false, Ok(record)) => out::line(sentence(paint, &record)),
            // a line that a crash tore is shown as it is
            _ => out::line(paint.bad(&render::safe(&line))),
        }
        if out::is_gone() {
            break;
        }
    }
    Ok(exit::OK)
}

async fn verify(client: &Client, as_json: bool) -> Result<u8, Problem> {
    let verified = client.verify_audit().await?;
    let paint = Paint::for_stdout();
    match &verified.problem {
        _ if as_json => json::line(&verified),
        None => {
            let text = format!("{} records, the chain holds", verified.records);
            out::line(paint.good(&text));
            out::line(format_args!("head {}", render::safe(&verified.head)));
        }
        Some(problem) => out::line(paint.bad(&render::safe(problem))),
    }
    Ok(if verified.problem.is_none() { exit::OK } else { exit::FAILED })
}

/// Members that have their own place, and the one only a machine reads.
const PLACED: [&str; 4] = ["n", "time", "what", "hash"];
/// The order of the others, where they are there.
const ORDER: [&str; 14] = [
    "call", "port", "source", "number", "name", "factor", "outcome", "error", "reason", "uid", "change",
    "target", "before", "after",
];

/// One record on a line: number, time, what, then the rest with names.
fn sentence(paint: Paint, record: &Map<String, Value>) -> String {
    let member = |name: &str| record.get(name).map(plain).unwrap_or_default();
    let time = record.get("time").and_then(Value::as_u64).map(utc).unwrap_or_default();
    let named = ORDER.iter().filter_map(|name| Some((*name, record.get(*name)?)));
    let others = record.iter().map(|(name, value)| (name.as_str(), value));
    let others = others.filter(|(name, _)| !PLACED.contains(name) && !ORDER.contains(name));
    // a caller over TCP has its address for a number
    let twice = |name: &str| name == "number" && record.get("number") == record.get("source");
    let rest = named.chain(others).filter(|(name, value)| !value.is_null() && !twice(name));
    let rest: Vec<String> =
        rest.map(|(name, value)| format!("{}={}", render::safe(name), quoted(&plain(value)))).collect();
    let (n, what) = (member("n"), member("what"));
    format!("{n:>6} {time}  {} {}", paint.strong(&what), rest.join(" ")).trim_end().to_string()
}

/// A value that could be taken for more than one is told from the next member by quotes, and a quote of its own by a
/// backslash: no caller's name adds a member.
fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains([' ', '"', '=']) {
        format!("\"{}\"", text.replace('"', "\\\""))
    } else {
        text.to_string()
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => render::safe(text),
        value => render::safe(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_adds_no_member() {
        let said = |name: &str| {
            let record = serde_json::json!({ "n": 1, "what": "tried", "name": name });
            sentence(Paint::for_stdout(), record.as_object().unwrap())
        };
        assert!(said("bob").ends_with(" name=bob"), "{}", said("bob"));
        let forged = said("bob\" outcome=accepted x=\"");
        assert!(forged.ends_with(r#" name="bob\" outcome=accepted x=\"""#), "{forged}");
        assert!(said("bob=x").ends_with(r#" name="bob=x""#), "{}", said("bob=x"));
    }
}
