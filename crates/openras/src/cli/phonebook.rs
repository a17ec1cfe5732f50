//! `openras phonebook`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use openras_ppp::AuthMethod;
use openras_service::config::{DialLine, RingsAt};

const ADD_HELP: &str = "\
Exit codes:
  0 done   1 there is an entry of this name already
  2 wrong command line   3 a book, the credentials or a file cannot be used

Example:
  openras phonebook add Home --line tcp:127.0.0.1:7001 --user alice \\
      --password-file pw
  openras phonebook show Home";

const CHANGE_CODES: &str = "\
Exit codes:
  0 done   1 there is no such entry, or one of the new name already
  2 wrong command line   3 a book, the credentials or a file cannot be used

Example:
";

/// `openras phonebook`.
#[derive(Debug, Subcommand)]
pub(crate) enum Phonebook {
    /// List the entries
    #[command(
        after_help = "Exit codes:\n  0 listed   3 a book cannot be read\n\nExample:\n  openras phonebook list"
    )]
    List(BookList),
    /// Show what an entry says
    #[command(
        after_help = "Exit codes:\n  0 shown   1 there is no such entry   3 a book cannot be read\n\nExample:\n  openras phonebook show Home --json"
    )]
    Show(BookShow),
    /// Add an entry
    #[command(after_help = ADD_HELP)]
    Add(BookAdd),
    /// Change what is named of an entry; the rest of it stays
    #[command(after_help = format!("{CHANGE_CODES}  openras phonebook set Home --auth mschapv2 --domain CORP"))]
    Set(BookSet),
    /// Remove entries, and what is saved for them
    #[command(after_help = format!("{CHANGE_CODES}  openras phonebook remove Home"))]
    Remove(BookRemove),
    /// Merge a rasphone.pbk, such as one from Windows, into the book: every line of an entry comes along
    #[command(after_help = IMPORT_HELP)]
    Import(BookImport),
    /// Write entries as a rasphone.pbk; no password or user name is in it
    #[command(after_help = format!("{CHANGE_CODES}  openras phonebook export Home --output home.pbk"))]
    Export(BookExport),
}

const IMPORT_HELP: &str = "\
All entries of the file are merged or none. A name that the book has already
refuses the whole (183), unless --replace or --rename says what to do. An
imported entry has no credentials: another's book must not use yours.

Exit codes:
  0 done   1 a name is there already, or an entry that was named is not
  2 wrong command line   3 a book or the file cannot be used

Example:
  openras phonebook export --output copy.pbk
  openras phonebook import copy.pbk --rename";

/// Which book.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WhichBook {
    /// This file instead of your own phone book and that of all users
    #[arg(long, value_name = "FILE")]
    pub(crate) phonebook: Option<PathBuf>,
    /// The phone book of all users
    #[arg(long, conflicts_with = "phonebook")]
    pub(crate) all_users: bool,
}

/// `openras phonebook list`.
#[derive(Debug, Args)]
pub(crate) struct BookList {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// `openras phonebook show`.
#[derive(Debug, Args)]
pub(crate) struct BookShow {
    /// The entry's name, whatever its case
    pub(crate) entry: String,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// What an entry may say.
#[derive(Debug, Default, Args)]
pub(crate) struct Says {
    /// Where it calls: a LINE as of openras dial, such as tcp:HOST:PORT, pty:PATH or exchange:NUMBER
    #[arg(long, value_name = "LINE")]
    pub(crate) line: Option<DialLine>,
    /// The number to dial, by its modem if it has one; without a line or device of its own a number on the exchange
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// The modem on the line, which dials the number: generic, or another of the service's configuration or of
    /// docs/modems.md; empty for none
    #[arg(long, value_name = "NAME")]
    pub(crate) modem: Option<String>,
    /// The number of this end on the exchange, where it can be called back
    #[arg(long, value_name = "NUMBER")]
    pub(crate) own_number: Option<String>,
    /// Where this end is rung when it is called back, as of openras dial, such as listen:tcp:ADDRESS:PORT or same
    #[arg(long, value_name = "LINE")]
    pub(crate) callback_line: Option<RingsAt>,
    /// Methods by which the server may authenticate us: pap, chap, mschap, mschapv2 [mschapv2,chap]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = method)]
    pub(crate) auth: Vec<AuthMethod>,
    /// When bytes go to the person before PPP
    #[arg(long, value_enum)]
    pub(crate) terminal: Option<EntryTerminal>,
    /// A script that answers the login prompt, or `[section` of SWITCH.INF beside the book; empty for none
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<String>,
    /// A program's own script library may answer the login prompt (RASEO_CustomScript)
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false")]
    pub(crate) custom_script: Option<bool>,
    #[command(flatten)]
    pub(crate) saved: SavedArgs,
}

/// What is saved beside the book.
#[derive(Debug, Default, Args)]
pub(crate) struct SavedArgs {
    /// User name, saved beside the book
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// Domain, saved beside the book
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// File whose first line is the password to save, `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Number to be called back at, `*` to be asked for it
    #[arg(long, value_name = "NUMBER|*")]
    pub(crate) callback: Option<String>,
}

/// `openras phonebook add`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true).multiple(true).args(["line", "number"]))]
pub(crate) struct BookAdd {
    /// The new entry's name
    pub(crate) entry: String,
    #[command(flatten)]
    pub(crate) says: Says,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// `openras phonebook set`.
#[derive(Debug, Args)]
pub(crate) struct BookSet {
    /// The entry's name, whatever its case
    pub(crate) entry: String,
    /// Give it another name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Forget what is saved for it: user, password, domain, callback number
    #[arg(long, conflicts_with_all = ["user", "domain", "password_file", "callback"])]
    pub(crate) forget: bool,
    #[command(flatten)]
    pub(crate) says: Says,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// `openras phonebook remove`.
#[derive(Debug, Args)]
pub(crate) struct BookRemove {
    /// Their names, whatever the case
    #[arg(required = true, value_name = "ENTRY")]
    pub(crate) entries: Vec<String>,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// `openras phonebook import`.
#[derive(Debug, Args)]
pub(crate) struct BookImport {
    /// The file, `-` for stdin
    pub(crate) file: PathBuf,
    /// Only these entries of it
    #[arg(value_name = "ENTRY")]
    pub(crate) entries: Vec<String>,
    /// An entry of a name that is there already takes its place
    #[arg(long)]
    pub(crate) replace: bool,
    /// An entry of a name that is there already gets a number behind its name
    #[arg(long, conflicts_with = "replace")]
    pub(crate) rename: bool,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// `openras phonebook export`.
#[derive(Debug, Args)]
pub(crate) struct BookExport {
    /// Only these entries
    #[arg(value_name = "ENTRY")]
    pub(crate) entries: Vec<String>,
    /// Write this file, which must not be there yet, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) book: WhichBook,
}

/// `--terminal` of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EntryTerminal {
    /// Text that waits for an answer opens it
    Auto,
    /// Before the number is dialled
    BeforeDial,
    /// After the call stands
    AfterDial,
}

fn method(word: &str) -> Result<AuthMethod, String> {
    AuthMethod::from_word(word).ok_or_else(|| "the words are pap, chap, mschap and mschapv2".to_string())
}
