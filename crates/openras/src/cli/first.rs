//! What helps a person along: `init` `check-config` `why`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use openras_api::types::CallId;

use super::client::{At, call};

/// The commands of the first days.
#[derive(Debug, Subcommand)]
pub(crate) enum First {
    /// Say every mistake of a configuration with its line, and what is worth knowing of it
    #[command(after_help = CHECK_HELP)]
    CheckConfig(CheckConfig),
    /// Say why a call went as it did: what each side asked, what decided it, what to change
    #[command(after_help = WHY_HELP)]
    Why(Why),
}

const CHECK_HELP: &str = "\
Nothing is started and nothing is changed, but modules are tried. A warning
is no mistake: the service starts with it.

Exit codes:
  0 no mistake   1 warnings, with --strict   3 mistakes

Example:
  openras check-config --config openras.toml";

const WHY_HELP: &str = "\
Without CALL it is the last call that failed, or the last caller that was
turned away. Calls stay known for a while after their end; a capture of
`dial --capture` or of a port can be read at any time.

Exit codes:
  0 said   1 there is no such call, or no call that failed
  3 the file   11 no service answers

Example:
  openras why --help";

/// `openras check-config`.
#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The configuration [the system's, else the user's]
    #[arg(value_name = "FILE", conflicts_with = "config")]
    pub(crate) file: Option<PathBuf>,
    /// As FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Warnings are failures too
    #[arg(long)]
    pub(crate) strict: bool,
    /// One JSON object a line, for each mistake and warning
    #[arg(long)]
    pub(crate) json: bool,
}

/// `openras why`.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Its number, as `c17` or `17` [the last that failed]
    #[arg(value_name = "CALL", value_parser = call)]
    pub(crate) call: Option<CallId>,
    /// Of a pcapng file instead of a service's call
    #[arg(long, value_name = "FILE", conflicts_with_all = ["call", "socket"])]
    pub(crate) capture: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) at: At,
}
