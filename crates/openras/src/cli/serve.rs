//! `openras serve`, and what only other programs start.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// How `serve` is explained at the end of its help.
pub(crate) const SERVE_HELP: &str = "\
SIGHUP reads the configuration again: it is checked whole first, and ports that did not change keep their calls.
SIGTERM and Ctrl-C hang up politely, a second one ends at once.

Examples:
  openras serve --config openras.toml
  openras serve --config openras.toml --log-format json 2>>openras.log";

/// `openras serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Configuration file; docs/configuration.md lists every key
    /// [the system's, else the user's]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Socket of the API [/run/openras/api.sock for root and where that folder is ours, else the user's own]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// How the log on stderr is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// More detail: once for control packets, twice for all there is
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// A service for one user's calls only, on this socket
    #[arg(long, value_name = "SOCKET", hide = true, conflicts_with_all = ["config", "socket"])]
    pub(crate) private: Option<PathBuf>,
    /// With --private: seconds without a call, a port or a client after which it ends
    #[arg(long, value_name = "SECONDS", hide = true, requires = "private", default_value = "60")]
    pub(crate) idle: u64,
}

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Commands that only programs of ours use: not in any list.
#[derive(Debug, Subcommand)]
pub(crate) enum Hidden {
    /// Start a private service in the background, and end at once
    #[command(hide = true)]
    PrivateService(PrivateService),
    /// Write man pages or completions from the definitions of the commands
    #[command(hide = true, subcommand)]
    Generate(Generate),
    /// Run a security library on standard input and output, as the service does
    #[command(hide = true)]
    ModuleHost(ModuleHost),
}

/// `openras module-host`.
#[derive(Debug, Args)]
pub(crate) struct ModuleHost {
    /// Only look whether it can be loaded
    #[arg(long)]
    pub(crate) check: bool,
    /// openras-module-host, where it is not beside this program
    #[arg(long, value_name = "FILE")]
    pub(crate) host: Option<PathBuf>,
    /// libopenras.so, where it is not in ../lib
    #[arg(long, value_name = "FILE")]
    pub(crate) libopenras: Option<PathBuf>,
    /// The shared object
    #[arg(value_name = "LIBRARY")]
    pub(crate) module: PathBuf,
}

/// `openras private-service`.
#[derive(Debug, Args)]
pub(crate) struct PrivateService {
    /// Where it shall answer
    pub(crate) socket: PathBuf,
    /// As for `serve --private`
    #[arg(long, value_name = "SECONDS", hide = true, default_value = "60")]
    pub(crate) idle: u64,
}

/// `openras generate`.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// A man page for each command
    Man {
        /// Where they go
        folder: PathBuf,
    },
    /// Completions for bash, zsh and fish
    Completions {
        /// Where they go
        folder: PathBuf,
    },
}
