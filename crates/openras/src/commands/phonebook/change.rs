//! `openras phonebook add`, `set` and `remove`.

use anyhow::{Result, bail};
use openras_engine::RasError;
use openras_phonebook::entry::flags::{
    RASEO_CUSTOM_SCRIPT, RASEO_TERMINAL_AFTER_DIAL, RASEO_TERMINAL_BEFORE_DIAL,
};
use openras_phonebook::entry::{is_line, takes_modem};
use openras_phonebook::{Book, BookError, Books, Entry, Link, Number, validate};
use openras_ppp::Secret;

use super::{named, target};
use crate::cli::{BookAdd, BookRemove, BookSet, EntryTerminal, Says};
use crate::secret_file;

pub(super) fn add(books: &Books, args: BookAdd) -> Result<()> {
    let BookAdd { entry: name, says, book } = args;
    // what cannot be read must not leave half an entry
    let password = password(&says)?;
    let mut entry = Entry::default();
    // a number alone is one on the exchange, as it is to RasDial
    if let (None, Some(number)) = (&says.line, &says.number)
        && !is_line(number)
    {
        entry.links = vec![Link::new("exchange")];
    }
    say(&mut entry, &says)?;
    let book = target(books, &book);
    book.edit(|text| {
        validate(&name)?;
        entry.write(text.add(&name)?)
    })?;
    save(books, &book, &name, &says, password)
}

pub(super) fn set(books: &Books, args: BookSet) -> Result<()> {
    let found = books.find(named(books, &args.book), &args.entry)?;
    let password = password(&args.says)?;
    let says_something = says_something(&args.says);
    if !says_something && !saves_something(&args.says) && args.name.is_none() && !args.forget {
        bail!("nothing to change was named; openras phonebook set --help shows what can be");
    }
    if says_something {
        found.book.edit(|text| {
            let section = text.entry_mut(&found.name)?;
            let mut entry = Entry::read(section);
            say(&mut entry, &args.says)?;
            entry.write(section)
        })?;
    }
    if args.forget
        && let Some(key) = found.book.secrets_key(&found.name)?
    {
        books.secrets().forget(&key)?;
    }
    save(books, &found.book, &found.name, &args.says, password)?;
    match &args.name {
        Some(new) => Ok(found.book.rename(&found.name, new)?),
        None => Ok(()),
    }
}

pub(super) fn remove(books: &Books, args: &BookRemove) -> Result<()> {
    // all are there, or none goes
    let found = args.entries.iter().map(|name| books.find(named(books, &args.book), name));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    for entry in found {
        entry.book.remove(&entry.name, &books.secrets())?;
    }
    Ok(())
}

fn says_something(says: &Says) -> bool {
    let Says {
        line,
        number,
        modem,
        own_number,
        callback_line,
        auth,
        terminal,
        script,
        custom_script,
        saved: _,
    } = says;
    let texts = [number, modem, own_number, script];
    line.is_some()
        || texts.iter().any(|text| text.is_some())
        || !auth.is_empty()
        || terminal.is_some()
        || callback_line.is_some()
        || custom_script.is_some()
}

fn saves_something(says: &Says) -> bool {
    let saved = &says.saved;
    let texts = [&saved.user, &saved.domain, &saved.callback];
    texts.iter().any(|text| text.is_some()) || saved.password_file.is_some()
}

/// Writes into the entry what was named.
///
/// # Errors
/// 87: a modem where none can be.
fn say(entry: &mut Entry, says: &Says) -> Result<(), BookError> {
    if let Some(line) = &says.line {
        entry.set_line(&openras_client::absolute(&line.to_string()));
    }
    if let Some(modem) = &says.modem {
        entry.set_modem(modem);
        if !modem.is_empty() && !entry.target(0, "").is_some_and(|to| takes_modem(&to.line)) {
            let what = "a modem needs a line that it can be at the end of";
            let remedy = "Name one with --line: serial:, rfc2217:, tcp:, telnet: or pty:.";
            return Err(BookError::new(RasError::INVALID_PARAMETER, what, remedy));
        }
    }
    if let Some(number) = &says.number {
        set_number(entry, number);
    }
    if let Some(number) = &says.own_number {
        entry.own_number.clone_from(number);
    }
    if let Some(line) = &says.callback_line {
        entry.callback_line = openras_client::absolute(&line.to_string());
    }
    if !says.auth.is_empty() {
        entry.set_methods(&says.auth);
    }
    if let Some(terminal) = says.terminal {
        entry.set_option(RASEO_TERMINAL_BEFORE_DIAL, terminal == EntryTerminal::BeforeDial);
        entry.set_option(RASEO_TERMINAL_AFTER_DIAL, terminal == EntryTerminal::AfterDial);
    }
    if let Some(script) = &says.script {
        entry.script = absolute_script(script);
    }
    if let Some(custom) = says.custom_script {
        entry.set_option(RASEO_CUSTOM_SCRIPT, custom);
    }
    Ok(())
}

fn set_number(entry: &mut Entry, number: &str) {
    if entry.links.is_empty() {
        entry.links.push(Link::new("exchange"));
    }
    if let Some(link) = entry.links.first_mut() {
        if link.numbers.is_empty() {
            link.numbers.push(Number::default());
        }
        if let Some(first) = link.numbers.first_mut() {
            first.number = number.to_owned();
        }
    }
}

/// A path of this folder means the same to whoever dials; `[section` is no path.
fn absolute_script(script: &str) -> String {
    if script.is_empty() || script.starts_with('[') {
        return script.to_owned();
    }
    std::path::absolute(script).map_or_else(|_| script.to_owned(), |path| path.display().to_string())
}

fn password(says: &Says) -> Result<Option<Secret>> {
    says.saved.password_file.as_deref().map(secret_file::first_line).transpose()
}

/// Saves beside the book what was named for it; an empty user, domain or number is forgotten.
fn save(books: &Books, book: &Book, name: &str, says: &Says, password: Option<Secret>) -> Result<()> {
    if !saves_something(says) {
        return Ok(());
    }
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let key = book.ensure_uid(name)?;
    books.secrets().change(&key, |saved| {
        if let Some(user) = &says.saved.user {
            saved.user = given(user);
        }
        if let Some(domain) = &says.saved.domain {
            saved.domain = given(domain);
        }
        if let Some(callback) = &says.saved.callback {
            saved.callback = given(callback);
        }
        if let Some(password) = password {
            saved.password = Some(password);
        }
    })?;
    Ok(())
}
