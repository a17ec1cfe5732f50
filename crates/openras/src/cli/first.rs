//! What helps a person along: `init` `check-config` `why`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use openras_api::types::CallId;

use super::client::{At, call};

/// The commands of the first days.
#[derive(Debug, Subcommand)]
pub(crate) enum First {
    /// Find lines, ask what will call, and write a configuration and the first user
    #[command(after_help = INIT_HELP)]
    Init(Box<Init>),
    /// Say every mistake of a configuration with its line, and what is worth knowing of it
    #[command(after_help = CHECK_HELP)]
    CheckConfig(CheckConfig),
    /// Say why a call went as it did: what each side asked, what decided it, what to change
    #[command(after_help = WHY_HELP)]
    Why(Why),
}

const INIT_HELP: &str = "\
At a terminal what is not named is asked for. Otherwise --for and --user are
needed; without --password-file a password is made and shown once. Nothing is
written over: a file that is there needs --force, a user that is there stays.

What calls (--for):
  emulator    an old computer or emulator that dials TCP hosts
  computer    a computer whose serial port is a TCP connection: it gets a modem
  modem       callers behind a modem on a serial port of this machine
  wifi-modem  WiFi modems on the local network
  terminal    people at a terminal or behind a script: a login prompt, then PPP
  device      an embedded or cellular device that speaks PPP at once
  openras     another OpenRAS

On a line in TLS, such as listen:tls:0.0.0.0:7443, --certificate and --key say
who the port is.

What they may reach (--reach): internet, machine=PORT (a service of this
machine), nothing, or networks as 192.168.7.0/24:22,443

Exit codes:
  0 written   2 wrong command line, or an answer is missing
  3 an answer that will not do, a file or the user store

Examples:
  openras init --find
  openras init --for emulator --line listen:tcp:127.0.0.1:7001 \\
      --user alice --password-file pw --config openras.toml --state \"$PWD/state\"";

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
  openras why";

/// `openras init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// What will call
    #[arg(long = "for", value_enum, value_name = "WHAT")]
    pub(crate) caller: Option<Caller>,
    /// The line it comes in on, as in `line` of a [[port]]
    #[arg(long)]
    pub(crate) line: Option<String>,
    /// The port's certificate in PEM, for lines in TLS
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// Its private key, which only its owner may read
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// What it may reach; may be given more than once
    #[arg(long, value_name = "WORD")]
    pub(crate) reach: Vec<String>,
    /// The first user
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// File whose first line is the user's password
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Where the configuration goes [the system's for root, else the user's]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the users and the record [as `serve` has it]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Write over a configuration that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Only say which lines and devices there are
    #[arg(long)]
    pub(crate) find: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Caller {
    /// An old computer or emulator that dials TCP hosts
    Emulator,
    /// A computer whose serial port is a TCP connection
    Computer,
    /// Callers behind a modem on a serial port
    Modem,
    /// WiFi modems on the local network
    WifiModem,
    /// People at a terminal: a login prompt, then PPP
    Terminal,
    /// A device that speaks PPP at once
    Device,
    /// Another OpenRAS
    Openras,
}

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
