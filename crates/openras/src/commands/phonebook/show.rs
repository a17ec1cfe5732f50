//! `openras phonebook list` and `show`.

use anyhow::Result;
use openras_engine::escape;
use openras_phonebook::book::Found;
use openras_phonebook::entry::flags::{
    RASEO_CUSTOM_SCRIPT, RASEO_TERMINAL_AFTER_DIAL, RASEO_TERMINAL_BEFORE_DIAL,
};
use openras_phonebook::{Books, Entry, Owner, Saved};
use serde_json::{Value, json};

use super::named;
use crate::cli::{BookList, BookShow};
use crate::render::Paint;
use crate::table::Table;
use crate::{json, out};

/// RASET_ numbers in words.
const TYPES: [&str; 6] = ["", "phone", "vpn", "direct", "internet", "broadband"];

pub(super) fn list(books: &Books, args: &BookList) -> Result<()> {
    let mut table = Table::new(["entry", "book", "line"]);
    for book in books.select(named(books, &args.book)) {
        // the usual books need not be there, a named one must
        let text = match book.owner() {
            Owner::Named if !args.book.all_users => book.read()?,
            _ => book.read_or_empty()?,
        };
        for section in text.sections() {
            let entry = Entry::read(section);
            if args.json {
                json::line(&json!({
                    "name": section.name(),
                    "phonebook": book.path().to_string_lossy(),
                    "owner": owner(book.owner()),
                    "line": line(&entry),
                }));
            } else {
                let line = line(&entry).unwrap_or_else(|| "no line of ours".into());
                table.row([section.name(), owner(book.owner()).into(), line]);
            }
        }
    }
    if !args.json {
        table.print(Paint::for_stdout());
    }
    Ok(())
}

pub(super) fn show(books: &Books, args: &BookShow) -> Result<()> {
    let found = books.find(named(books, &args.book), &args.entry)?;
    let saved = match found.book.secrets_key(&found.name)? {
        Some(key) => books.secrets().get(&key)?,
        None => Saved::default(),
    };
    let shown = described(&found, &saved);
    if args.json {
        json::line(&shown);
        return Ok(());
    }
    for (word, value) in shown.as_object().into_iter().flatten() {
        if let Some(text) = in_words(value) {
            out::line(format_args!("{:<16}{text}", word.replace('_', " ")));
        }
    }
    Ok(())
}

/// Everything about an entry but its password.
fn described(found: &Found, saved: &Saved) -> Value {
    let entry = &found.entry;
    let link = entry.links.first().cloned().unwrap_or_default();
    let mut numbers = link.numbers.iter().map(|number| number.number.clone());
    json!({
        "name": found.name,
        "phonebook": found.book.path().to_string_lossy(),
        "owner": owner(found.book.owner()),
        "line": line(entry),
        "modem": link.modem,
        "number": numbers.next().unwrap_or_default(),
        "alternates": numbers.collect::<Vec<_>>(),
        "device": link.device_name,
        "device_type": link.device_type,
        "type": usize::try_from(entry.kind).ok().and_then(|kind| TYPES.get(kind)).copied().unwrap_or_default(),
        "own_number": entry.own_number,
        "callback_line": entry.callback_line,
        "auth": entry.methods().iter().map(|method| method.word()).collect::<Vec<_>>(),
        "terminal": terminal(entry),
        "script": entry.script,
        "custom_script": entry.has_option(RASEO_CUSTOM_SCRIPT),
        "user": saved.user,
        "domain": saved.domain,
        "callback": saved.callback,
        "password_saved": saved.password.is_some(),
    })
}

/// A value for people; `None` where there is nothing to say.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(escape::line(text).to_string()),
        Value::Bool(true) => Some("yes".into()),
        Value::Array(list) if !list.is_empty() => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            Some(escape::line(&words.join(" ")).to_string())
        }
        _ => None,
    }
}

fn line(entry: &Entry) -> Option<String> {
    entry.target(0, "").map(|target| target.line)
}

fn terminal(entry: &Entry) -> &'static str {
    match entry {
        entry if entry.has_option(RASEO_TERMINAL_BEFORE_DIAL) => "before-dial",
        entry if entry.has_option(RASEO_TERMINAL_AFTER_DIAL) => "after-dial",
        _ => "auto",
    }
}

fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::User => "user",
        Owner::AllUsers => "all users",
        Owner::Named => "named",
    }
}
