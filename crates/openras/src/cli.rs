//! The command line: every word a person may write, with an example that works.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

mod answer;
mod client;
mod dial;
mod first;
mod line;
mod phonebook;
mod rasdial;
mod serve;
mod tls;
mod user;

use clap::{Args, Parser, Subcommand};

pub(crate) use answer::{ANSWER_HELP, Answer};
pub(crate) use client::{At, Audit, Calls, Client, Events, Modems, Ports, Reload, Status, Which};
pub(crate) use dial::{AuthWord, DIAL_HELP, Dial, Flow, Ip, Parity, Terminal};
pub(crate) use first::{Caller, CheckConfig, First, Init, Why};
pub(crate) use line::{Line, LineTest};
pub(crate) use phonebook::{
    BookAdd, BookExport, BookImport, BookList, BookRemove, BookSet, BookShow, EntryTerminal, Phonebook, Says,
    WhichBook,
};
pub(crate) use rasdial::{RASDIAL_HELP, Rasdial};
pub(crate) use serve::{Generate, Hidden, LogFormat, ModuleHost, PrivateService, SERVE_HELP, Serve};
pub(crate) use tls::Tls;
pub(crate) use user::{Rights, Store, User, UserAdd, UserSet};

/// An open Remote Access Service: answer calls, place calls, ask in between.
#[derive(Debug, Parser)]
#[command(name = "openras", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer calls on the configured ports until Ctrl-C
    #[command(after_help = SERVE_HELP)]
    Serve(Serve),
    /// Answer one call on standard input and output, for inetd, ssh or a getty
    #[command(after_help = ANSWER_HELP)]
    Answer(Answer),
    /// Place a call and stay with it until Ctrl-C
    #[command(after_help = DIAL_HELP)]
    Dial(Box<Dial>),
    /// Look after a line
    #[command(subcommand)]
    Line(Line),
    /// List, show, add, change, remove, import and export entries of the phone book
    #[command(subcommand)]
    Phonebook(Box<Phonebook>),
    /// Dial and hang up with the command line of Windows' rasdial
    #[command(after_help = RASDIAL_HELP)]
    Rasdial(Rasdial),
    #[command(flatten)]
    First(First),
    #[command(flatten)]
    Client(Client),
    /// Add, change, list and remove users
    #[command(subcommand)]
    User(User),
    /// Show every kind of call inside one process, with real parts
    #[command(
        after_help = "Exit codes:\n  0 all went as they must   1 one did not\n\nExample:\n  openras demo\n  openras demo --json | tail -n 1"
    )]
    Demo(Demo),
    #[command(flatten)]
    Hidden(Hidden),
}

/// `openras demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A row that would be skipped is a failure
    #[arg(long)]
    pub(crate) strict: bool,
    /// One JSON object a line on stdout
    #[arg(long)]
    pub(crate) json: bool,
    /// Show control packets
    #[arg(short, long)]
    pub(crate) verbose: bool,
}
