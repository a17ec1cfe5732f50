//! `openras answer`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::Args;

/// How `answer` is explained at the end of its help.
pub(crate) const ANSWER_HELP: &str = "\
The call is what standard input and output lead to: a socket of inetd or
systemd, the pipes or terminal of ssh, the terminal a getty has opened (it is
made raw, and left as it was). The port's settings hold, its own line is not
opened; write line = \"stdio\" for a port that has no other. Users, modules and
the record are those of the configuration, shared with a service that runs.
Nothing is logged on standard error, which may lead to the caller.

Exit codes:
  0 the call was up, and ended well
  3 file or configuration      4 the line, or no room for the call
  5 name or password           6 PPP could not agree
  7 callback                   9 lost after it was up
  130 ended by a signal before it was up

Examples:
  line = \"stdio\" in a [[port]], then in inetd.conf
    7001 stream tcp nowait ras /usr/bin/openras openras answer --stdio --port inetd
  in sshd_config
    ForceCommand openras answer --stdio --port ssh --log /var/log/openras/ssh.log";

/// `openras answer`.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// Answer on standard input and output
    #[arg(long, required = true)]
    pub(crate) stdio: bool,
    /// Port of the configuration whose settings hold
    #[arg(long, value_name = "NAME")]
    pub(crate) port: String,
    /// Configuration file [the system's, else the user's]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Append what happens to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}
