//! The command line: every word a person may write, with an example that works.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use openras_ppp::AuthMethod;
use openras_service::config::{DialLine, parse_duration};

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
    #[command(after_help = "Example:\n  openras serve --config openras.toml")]
    Serve(Serve),
    /// Place a call and keep it until Ctrl-C
    #[command(after_help = DIAL_HELP)]
    Dial(Box<Dial>),
    /// Add, change, list and remove users
    #[command(subcommand)]
    User(User),
    /// Show every kind of call inside one process, with real parts
    #[command(
        after_help = "Exit codes:\n  0 all went as they must   1 one did not\n\nExample:\n  openras demo\n  openras demo --json | tail -n 1"
    )]
    Demo(Demo),
}

const DIAL_HELP: &str = "\
Lines:
  tcp:HOST:PORT   unix:PATH   pty:PATH (opens that device)   exchange:NUMBER (inside the demo)

At a terminal a pause becomes a question, and the server's own dialog a raw terminal:
  Ctrl-] Enter = go on with PPP   Ctrl-] q = hang up   Ctrl-] Ctrl-] = Ctrl-] itself
With --json each event is one line on stdout; answers are lines on stdin:
  {\"resume\":{\"user\":\"alice\",\"password\":\"new\",\"callback_number\":\"\"}}
  {\"terminal\":\"BASE64\"}   {\"continue\":true}   {\"hangup\":true}
With neither a terminal nor --json pauses are off, as with --no-pause.

Exit codes:
  0 connected and ended well   2 wrong command line   3 file or configuration
  4 the line or the number     5 name or password     6 PPP could not agree
  7 callback                   8 a pause was needed   9 the connection was lost
  10 --ping or --fetch failed  130 hung up before it was connected

Example (against `openras serve` with a port `line = \"listen:tcp:127.0.0.1:7001\"`):
  openras dial --line tcp:127.0.0.1:7001 --user alice --password-file pw --ping 3";

/// `openras serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Configuration file; docs/configuration.md lists every key
    /// [the system's, else the user's]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// More detail: once for control packets, twice for all there is
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// `openras dial`.
#[derive(Debug, Args)]
pub(crate) struct Dial {
    /// Where the call goes
    #[arg(long, value_name = "LINE")]
    pub(crate) line: DialLine,
    /// User name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) user: String,
    /// Domain, sent as DOMAIN\user
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) domain: String,
    /// File whose first line is the password; at a terminal it is asked for otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// How the server may authenticate us: none (refuse all), pap, chap, mschap, mschapv2. A server that asks
    /// for nothing is accepted
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = auth_word, default_value = "mschapv2,chap")]
    pub(crate) auth: Vec<AuthWord>,
    /// As --auth, and the server must ask for one of them
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = auth_word, conflicts_with = "auth")]
    pub(crate) require_auth: Vec<AuthWord>,
    /// Number to be called back at, `*` to be asked for it, empty for none; 704 on a line that cannot be
    /// called back, as tcp, unix and pty lines cannot
    #[arg(long, value_name = "NUMBER|*", default_value = "", hide_default_value = true)]
    pub(crate) callback: String,
    /// When bytes go to the person before PPP
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) terminal: Terminal,
    /// Never pause: what would be a question fails with its number
    #[arg(long)]
    pub(crate) no_pause: bool,
    /// Hang up this long after Connected, such as 30s or 5m; with --ping or --fetch alone, when they are done
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
    /// Ping the server's address N times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) ping: Option<u16>,
    /// Fetch http://ADDRESS[:PORT]/PATH through the link and print its size and SHA-256
    #[arg(long, value_name = "URL")]
    pub(crate) fetch: Option<String>,
    /// Write the PPP frames to a pcap file (secrets blanked)
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
    /// Show control packets; twice also what the line says, on stderr
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// One JSON object a line on stdout, answers as lines on stdin
    #[arg(long)]
    pub(crate) json: bool,
}

/// A word of `--auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthWord {
    None,
    Method(AuthMethod),
}

fn auth_word(word: &str) -> Result<AuthWord, String> {
    match word {
        "none" => Ok(AuthWord::None),
        _ => AuthMethod::from_word(word)
            .map(AuthWord::Method)
            .ok_or_else(|| "the words are none, pap, chap, mschap and mschapv2".to_string()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|e| e.to_string())
}

/// `--terminal`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Terminal {
    /// Text that waits for an answer opens it
    Auto,
    /// Before the number is dialled
    BeforeDial,
    /// After the call stands
    AfterDial,
    /// Straight to PPP
    Never,
}

/// `openras user`.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user
    #[command(
        after_help = "Example:\n  (umask 077; echo secret > pw)\n  openras user add alice --password-file pw --totp"
    )]
    Add(UserAdd),
    /// Change what a user may do
    #[command(after_help = "Example:\n  openras user set alice --callback caller --callback-allow +4930")]
    Set(UserSet),
    /// Change a password
    #[command(after_help = "Example:\n  openras user passwd alice --password-file new")]
    Passwd(UserPasswd),
    /// List the users
    #[command(after_help = "Example:\n  openras user list --json")]
    List(UserList),
    /// Remove a user
    #[command(after_help = "Example:\n  openras user remove alice")]
    Remove(UserName),
    /// Let a user try again after too many wrong tries
    #[command(after_help = "Example:\n  openras user unlock alice")]
    Unlock(UserName),
}

/// Which store.
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// Configuration file whose `state` and `key_file` are used
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// State folder, instead of the configuration's or the user's own
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    pub(crate) state: Option<PathBuf>,
}

/// What a user may do.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Rights {
    /// The password must be changed at the next call
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false")]
    pub(crate) must_change: Option<bool>,
    /// The account is disabled (647)
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false")]
    pub(crate) disabled: Option<bool>,
    /// The user may not dial in (649)
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "true|false")]
    pub(crate) no_dial_in: Option<bool>,
    /// none, caller, or the number that is always called back
    #[arg(long, value_name = "none|caller|NUMBER")]
    pub(crate) callback: Option<String>,
    /// With --callback caller: numbers that start so are allowed; none given refuses all
    #[arg(long, value_name = "PREFIX")]
    pub(crate) callback_allow: Vec<String>,
}

/// `openras user add`.
#[derive(Debug, Args)]
pub(crate) struct UserAdd {
    /// The name, matched without regard to case
    pub(crate) name: String,
    /// File whose first line is the password, `-` for stdin; at a terminal it is asked for otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Also keep the password itself, encrypted: `chap` needs it
    #[arg(long)]
    pub(crate) reversible: bool,
    /// Make a TOTP seed and ten recovery codes and print them once
    #[arg(long)]
    pub(crate) totp: bool,
    /// File whose first line is a TOTP seed in base32
    #[arg(long, value_name = "FILE", conflicts_with = "totp")]
    pub(crate) totp_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rights: Rights,
    #[command(flatten)]
    pub(crate) store: Store,
}

/// `openras user set`.
#[derive(Debug, Args)]
pub(crate) struct UserSet {
    /// The name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) rights: Rights,
    /// Make a new TOTP seed and ten recovery codes and print them once
    #[arg(long)]
    pub(crate) totp: bool,
    /// File whose first line is a TOTP seed in base32
    #[arg(long, value_name = "FILE", conflicts_with = "totp")]
    pub(crate) totp_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
}

/// `openras user passwd`.
#[derive(Debug, Args)]
pub(crate) struct UserPasswd {
    /// The name
    pub(crate) name: String,
    /// File whose first line is the password, `-` for stdin; at a terminal it is asked for otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Also keep the password itself, encrypted: `chap` needs it
    #[arg(long)]
    pub(crate) reversible: bool,
    #[command(flatten)]
    pub(crate) store: Store,
}

/// `openras user list`.
#[derive(Debug, Args)]
pub(crate) struct UserList {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: Store,
}

/// `openras user remove`, `openras user unlock`.
#[derive(Debug, Args)]
pub(crate) struct UserName {
    /// The name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) store: Store,
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
