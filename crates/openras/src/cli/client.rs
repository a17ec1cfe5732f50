//! What is asked of a running service: `hangup` `calls` `status` `events` `ports` `modems` `reload` `audit`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use openras_api::types::CallId;

/// Commands that only ask: none of them starts a service.
#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// End a call, or all you may end
    #[command(after_help = "Example:\n  openras hangup all")]
    Hangup(Hangup),
    /// List calls, dialled and answered, with those that ended lately
    #[command(after_help = "Example:\n  openras calls --json")]
    Calls(Calls),
    /// Show the service, or the story of one call, also after its end
    #[command(after_help = STATUS_HELP)]
    Status(Status),
    /// Show what happens, until Ctrl-C
    #[command(after_help = "Example:\n  openras events --json")]
    Events(Events),
    /// List the ports and what each does
    #[command(after_help = "Example:\n  openras ports")]
    Ports(Ports),
    /// List the modems played for computers, and what each does
    #[command(after_help = "Example:\n  openras modems")]
    Modems(Modems),
    /// Have the configuration read again; it is checked whole first, and calls go on
    #[command(after_help = "Example:\n  openras reload")]
    Reload(Reload),
    /// Show the audit record, or verify its chain of hashes
    #[command(
        after_help = "Exit codes:\n  0 read, and with --verify the chain holds   1 it does not\n\nExample:\n  openras audit --verify"
    )]
    Audit(Audit),
}

const STATUS_HELP: &str = "\
Exit codes of --check:
  0 all is well   1 something is not: the line says what   11 no service answers

Example:
  openras status --check";

/// Which service.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct At {
    /// Socket of the service [OPENRAS_SOCKET, else the system's, else your own private one]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// `openras hangup`.
#[derive(Debug, Args)]
pub(crate) struct Hangup {
    /// Its number, as `c17` or `17`, or `all`
    #[arg(value_name = "CALL|all", value_parser = which)]
    pub(crate) call: Which,
    #[command(flatten)]
    pub(crate) at: At,
}

/// One call or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    One(CallId),
    All,
}

fn which(text: &str) -> Result<Which, String> {
    if text == "all" {
        return Ok(Which::All);
    }
    call(text).map(Which::One).map_err(|_| "write the call's number, as c17, or all".into())
}

pub(super) fn call(text: &str) -> Result<CallId, String> {
    let digits = text.strip_prefix('c').unwrap_or(text);
    match digits.parse() {
        // `+17` is a number to Rust, and to nobody here
        Ok(id) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(id),
        _ => Err("write the call's number, as c17; `openras calls` lists them".into()),
    }
}

/// `openras calls`.
#[derive(Debug, Args)]
pub(crate) struct Calls {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// `openras status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// A call: its last events and packets
    #[arg(value_parser = call)]
    pub(crate) call: Option<CallId>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// One line and an exit code, for monitoring
    #[arg(long, conflicts_with_all = ["json", "call"])]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// `openras events`.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Control packets too
    #[arg(long)]
    pub(crate) packets: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// `openras ports`.
#[derive(Debug, Args)]
pub(crate) struct Ports {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// `openras modems`.
#[derive(Debug, Args)]
pub(crate) struct Modems {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// `openras reload`.
#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

/// `openras audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// The records as they are, one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Say whether the chain of hashes holds
    #[arg(long, conflicts_with = "follow")]
    pub(crate) verify: bool,
    /// Go on with what is recorded from now on, until Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) at: At,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_number_with_or_without_its_letter() {
        assert_eq!(which("c17"), Ok(Which::One(17)));
        assert_eq!(which("17"), Ok(Which::One(17)));
        assert_eq!(which("all"), Ok(Which::All));
        for text in ["", "c", "+17", "c-1", "ALL", "c1x", "18446744073709551616"] {
            assert!(which(text).is_err(), "{text}");
        }
    }
}
