//! `openras line test`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Tls;

pub(crate) const LINE_TEST_HELP: &str = "\
Devices:
  serial:PATH[,SPEED]   rfc2217:HOST:PORT[,SPEED]   tcp:HOST:PORT
  telnet:HOST:PORT      tls:HOST:PORT               pty:PATH
  ws:HOST:PORT/PATH     wss:HOST:PORT/PATH

The modem is set up with its init strings and asked who it is (ATI, ATI3,
AT+GMM); with --dial it places a call, which is hung up after 2 s. All that
was said is printed: send it with a report.

A port's name is looked up in the configuration. While its service runs and
the port has no call, it lets this command have the device.

Exit codes:
  0 the modem does all that was asked   2 wrong command line
  3 the configuration                   4 the device, the modem or the call

Example (with a modem on ttyUSB0):
  openras line test serial:/dev/ttyUSB0,115200 --modem generic";

/// `openras line`.
#[derive(Debug, Subcommand)]
pub(crate) enum Line {
    /// Set up a modem, ask who it is, and place a call
    #[command(after_help = LINE_TEST_HELP)]
    Test(LineTest),
}

/// `openras line test`.
#[derive(Debug, Args)]
pub(crate) struct LineTest {
    /// A port of the configuration, or a device
    #[arg(value_name = "PORT|LINE")]
    pub(crate) line: String,
    /// The modem [the port's, else generic]
    #[arg(long, value_name = "NAME")]
    pub(crate) modem: Option<String>,
    /// A number to dial
    #[arg(long, value_name = "NUMBER")]
    pub(crate) dial: Option<String>,
    #[command(flatten)]
    pub(crate) tls: Tls,
    /// Configuration file, for ports and for modems of its own [the system's, else the user's]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}
