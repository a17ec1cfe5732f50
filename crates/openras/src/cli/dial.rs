//! `openras dial`.
#![allow(rustdoc::broken_intra_doc_links, reason = "these comments are the text of --help")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use openras_io::net::http;
use openras_io::net::tun::Route;
use openras_ppp::AuthMethod;
use openras_service::config::{DialLine, RingsAt, parse_duration};

use super::client::At;
use crate::ways::{Port, port};

pub(crate) const DIAL_HELP: &str = "\
An entry of the phone book says the line, the methods and the terminal, and
what is saved for it; what is named here goes before. Its script answers the
login prompt.

Lines:
  tcp:HOST:PORT   telnet:HOST:PORT   tls:HOST:PORT
  ws:HOST:PORT/PATH   wss:HOST:PORT/PATH (WebSocket, in TLS)
  unix:PATH   pty:PATH (opens that device)
  serial:PATH[,SPEED]   rfc2217:HOST:PORT[,SPEED]: with --modem and --number,
  which any line of these but unix: takes, or a cable between two computers
  exchange:NUMBER (a port of the same service)
  pool:NAME (the first free line of a [pool.NAME] of the service)

At a terminal a pause becomes a question, and the server's own dialog a raw
terminal:
  Ctrl-] Enter = go on with PPP     Ctrl-] q = hang up
  Ctrl-] Ctrl-] = Ctrl-] itself
With --json each event is one line on stdout; answers are lines on stdin:
  {\"resume\":{\"user\":\"alice\",\"password\":\"new\",\"callback_number\":\"\"}}
  {\"terminal\":\"BASE64\"}   {\"continue\":true}   {\"hangup\":true}
With neither a terminal nor --json pauses are off, as with --no-pause.

The call belongs to a service, which is started where none runs. Once it is
connected it stays when this program is killed; Ctrl-C ends it, as does
`openras hangup CALL`.

Exit codes:
  0 connected, and ended well or left up
  2 wrong command line         3 file or configuration
  4 the line or the number     5 name or password
  6 PPP could not agree        7 callback
  8 a pause was needed         9 the connection was lost
  10 --ping, --fetch or a port failed
  11 no service
  130 hung up before Connected

Example (with a port `line = \"listen:tcp:127.0.0.1:7001\"` of `openras serve`):
  openras dial --line tcp:127.0.0.1:7001 --user alice \\
      --password-file pw --ping 3
  openras phonebook add Home --line tcp:127.0.0.1:7001 --user alice \\
      --password-file pw
  openras dial Home --ping 3
  openras dial Home --forward 0:10.64.0.1:80 --socks 0 --for 2s";

/// `openras dial`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).multiple(true).args(["entry", "line"]))]
#[command(group = ArgGroup::new("ways").multiple(true).args(["forward", "socks"]))]
pub(crate) struct Dial {
    /// An entry of the phone book, whatever its case
    pub(crate) entry: Option<String>,
    /// Where the call goes; with an entry instead of where that says
    #[arg(long, value_name = "LINE")]
    pub(crate) line: Option<DialLine>,
    /// What the modem dials; with an entry alone, the number instead of its own
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// The modem on the line: generic, or another of the service's configuration or of docs/modems.md
    #[arg(long, value_name = "NAME")]
    pub(crate) modem: Option<String>,
    /// Parity of a serial: or rfc2217: line: none, odd, even, mark, space [none]. PPP needs all 8 bits besides
    #[arg(long, value_enum, value_name = "WORD", hide_possible_values = true)]
    pub(crate) parity: Option<Parity>,
    /// Stop bits of a serial: or rfc2217: line [1]
    #[arg(long, value_name = "1|2", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) stop: Option<u8>,
    /// Flow control of a serial: or rfc2217: line: none, xonxoff, rtscts [rtscts]
    #[arg(long, value_enum, value_name = "WORD", hide_possible_values = true)]
    pub(crate) flow: Option<Flow>,
    /// Say CLIENT and wait for CLIENTSERVER before PPP: a Windows host at the other end of a cable
    #[arg(long)]
    pub(crate) null_modem: bool,
    /// With an entry: this file instead of your own phone book and that of all users
    #[arg(long, value_name = "FILE", requires = "entry")]
    pub(crate) phonebook: Option<PathBuf>,
    /// User name
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) user: String,
    /// Domain, sent as DOMAIN\user; `*` is the one saved for the entry
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) domain: String,
    /// File whose first line is the password; at a terminal it is asked for otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// How the server may authenticate us: none (refuse all), pap, chap, mschap, mschapv2. A server that asks
    /// for nothing is accepted [the entry's, else mschapv2,chap]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = auth_word)]
    pub(crate) auth: Vec<AuthWord>,
    /// As --auth, and the server must ask for one of them
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = auth_word, conflicts_with = "auth")]
    pub(crate) require_auth: Vec<AuthWord>,
    /// Number to be called back at, `*` to be asked for it, empty for none. A number is 704 on a line that
    /// cannot be called back: without --callback-line only a modem and the exchange can
    #[arg(long, value_name = "NUMBER|*")]
    pub(crate) callback: Option<String>,
    /// Where this end is rung when it is called back: listen:tcp:ADDRESS:PORT (telnet, tls, ws ...), listen:unix:PATH,
    /// pty:PATH, serial:PATH, or same, the wire dialled over. Open only while the call back is waited for
    #[arg(long, value_name = "LINE")]
    pub(crate) callback_line: Option<RingsAt>,
    /// When bytes go to the person before PPP [the entry's, else auto]
    #[arg(long, value_enum)]
    pub(crate) terminal: Option<Terminal>,
    /// Never pause: what would be a question fails with its number
    #[arg(long)]
    pub(crate) no_pause: bool,
    /// Hang up this long after Connected, such as 30s or 5m; with --ping or --fetch alone, when they are done
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
    /// Ping the server's address N times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) ping: Option<u16>,
    /// Fetch http://HOST[:PORT]/PATH through the link and print its size and SHA-256; a name is asked of the link's
    /// DNS servers
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) fetch: Option<String>,
    #[command(flatten)]
    pub(crate) tls: super::Tls,
    /// A port of this machine (on 127.0.0.1) whose connections go on through the link, for your own programs only. May
    /// be given several times
    #[arg(long, value_name = "PORT:HOST:PORT", value_parser = clap::value_parser!(Port))]
    pub(crate) forward: Vec<Port>,
    /// A SOCKS proxy (5, 4, 4a) on this port of 127.0.0.1, for your own programs only
    #[arg(long, value_name = "PORT", value_parser = port)]
    pub(crate) socks: Option<u16>,
    /// The ports of --forward and --socks are there at once; the call is placed when somebody connects, and again after
    /// --idle has ended it
    #[arg(long, requires = "ways", conflicts_with_all = ["detach", "duration", "ping", "fetch"])]
    pub(crate) on_demand: bool,
    /// Where IP goes: own, the service's own stack, which --ping, --fetch, --forward and --socks go through; or tun, a
    /// network device of this system for all programs (administrators, and where the service may make one)
    #[arg(long, value_enum, default_value_t = Ip::Own, value_name = "own|tun", hide_possible_values = true)]
    pub(crate) ip: Ip,
    /// With --ip tun: a network that this system's packets go to through the device, as 10.0.0.0/8 or fd00:7::/48; 0.0.0.0/0 and
    /// ::/0 are everything, and then not for a line that itself goes over the network. May be given several times; gone
    /// when the call ends
    #[arg(long = "route", value_name = "NETWORK")]
    pub(crate) routes: Vec<Route>,
    /// With --ip tun: the name servers the other end gives are this system's until the call ends: by systemd-resolved or
    /// resolvconf where one of them has /etc/resolv.conf, else in that file
    #[arg(long)]
    pub(crate) dns: bool,
    /// Hang up when no packet has gone either way for so long [the entry's, else never]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) idle: Option<Duration>,
    /// Do not compress TCP/IP headers (RFC 1144), whatever the server offers
    #[arg(long)]
    pub(crate) no_vj: bool,
    /// Dial again where nobody answers, the line is busy or PPP does not come up: N times [the entry's]. Never after a
    /// wrong password
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true)]
    pub(crate) redial: Option<Option<u32>>,
    /// The first pause between two tries; each next one is twice as long [the entry's, else 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "redial")]
    pub(crate) redial_pause: Option<Duration>,
    /// With --redial: dial again a connection that was lost, too [as the entry says]
    #[arg(long, requires = "redial")]
    pub(crate) redial_lost: bool,
    /// Write the PPP frames to a pcapng file (secrets blanked)
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
    /// Show control packets; twice also what the line says, on stderr
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// One JSON object a line on stdout, answers as lines on stdin
    #[arg(long)]
    pub(crate) json: bool,
    /// Return at Connected, or when --ping and --fetch are done, and leave the call up
    #[arg(long, conflicts_with = "duration")]
    pub(crate) detach: bool,
    #[command(flatten)]
    pub(crate) at: At,
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

fn url(text: &str) -> Result<String, String> {
    http::parse(text).map(|_| text.to_string()).map_err(|e| e.to_string())
}

/// `--ip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ip {
    Own,
    Tun,
}

/// `--parity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Parity {
    None,
    Odd,
    Even,
    Mark,
    Space,
}

/// `--flow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    None,
    #[value(name = "xonxoff")]
    XonXoff,
    #[value(name = "rtscts")]
    RtsCts,
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
