//! `openras user`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use openras_service::config::parse_duration;

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
    /// What the user gets at a login prompt: ppp, slip, cslip, names of [service.NAME]; several are a menu, `default` is what the port gives
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) service: Vec<String>,
    /// Where the user gets to instead of where the port's callers do: words of `reach` with commas or spaces, `none`, or `default` for the port's
    #[arg(long, value_name = "WORDS")]
    pub(crate) reach: Option<String>,
    /// How long the user's calls may be up without a packet, from 10s to 30 days, or 0 for no limit but the port's
    #[arg(long, value_name = "DURATION", value_parser = limit)]
    pub(crate) idle: Option<Duration>,
    /// How long the user's calls may be up in all, as --idle; where the port has a limit too the shorter one counts
    #[arg(long, value_name = "DURATION", value_parser = limit)]
    pub(crate) session: Option<Duration>,
    /// The IPv4 address the user always gets, or `default` for one of the pool
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
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

/// A length of time; 0 needs no unit.
fn limit(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { parse_duration(text).map_err(|error| error.to_string()) }
}
