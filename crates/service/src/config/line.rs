//! The LINE words of the command line and of `[[port]]`: which line to dial, and on which to answer.
//!
//! | a dial | a port |
//! |---|---|
//! | `tcp:HOST:PORT` | `listen:tcp:HOST:PORT` |
//! | `telnet:HOST:PORT` | `listen:telnet:HOST:PORT` |
//! | `tls:HOST:PORT` | `listen:tls:HOST:PORT` |
//! | `ws:HOST:PORT[/PATH]` | `listen:ws:HOST:PORT` |
//! | `wss:HOST:PORT[/PATH]` | `listen:wss:HOST:PORT` |
//! | | `listen:rfc2217:HOST:PORT` |
//! | `unix:PATH` | `listen:unix:PATH` |
//! | `pty:PATH` (opens that device) | `pty:PATH` (makes one, with a link there) |
//! | `serial:PATH[,SPEED]` | the same: a device, with a modem or without |
//! | `rfc2217:HOST:PORT[,SPEED]` | the same |
//! | | `tcp:`, `telnet:` and `tls:HOST:PORT`, `ws:` and `wss:HOST:PORT[/PATH]` with a modem there |
//! | `exchange:NUMBER` | `exchange:NUMBER` |
//! | `pool:NAME` (of `[pool.NAME]`) | |
//! | | `stdio` (one call, for `openras answer --stdio`) |

mod device;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

pub use device::DeviceLine;

/// What a dial can be placed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DialLine {
    /// A TCP connection to this host and port.
    Tcp(HostPort),
    /// The same in telnet.
    Telnet(HostPort),
    /// The same in TLS.
    Tls(HostPort),
    /// The same in WebSocket.
    WebSocket {
        /// This host and port.
        at: HostPort,
        /// What is asked for there; begins with `/`.
        path: String,
        /// In TLS (`wss:`).
        tls: bool,
    },
    /// A connection to this Unix socket.
    Unix(PathBuf),
    /// This device, which exists.
    Pty(PathBuf),
    /// A call over the exchange to this number.
    Exchange(String),
    /// A serial port, here or behind RFC 2217.
    Device(DeviceLine),
    /// The first line of this pool that can be had.
    Pool(String),
}

/// What a port answers on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PortLine {
    /// A listening TCP socket. Port 0 lets the system choose.
    ListenTcp(HostPort),
    /// The same, with something spoken below the call.
    Listen(Spoken, HostPort),
    /// A listening Unix socket.
    ListenUnix(PathBuf),
    /// A pseudo terminal of our own; a link at this path leads to it.
    Pty(PathBuf),
    /// This number of the exchange.
    Exchange(String),
    /// A device which is always there.
    Device(DeviceLine),
    /// Standard input and output of `openras answer --stdio`; a service answers nothing there.
    Stdio,
}

/// What is spoken on a TCP connection below a call that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spoken {
    /// Telnet.
    Telnet,
    /// Telnet with a serial port whose signals tell of the call (RFC 2217).
    Rfc2217,
    /// TLS.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket in TLS.
    Wss,
}

impl Spoken {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Telnet, Self::Rfc2217, Self::Tls, Self::Ws, Self::Wss];

    /// The word of it in a LINE.
    pub fn word(self) -> &'static str {
        match self {
            Self::Telnet => "telnet",
            Self::Rfc2217 => "rfc2217",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// Whether nobody between the ends can read it.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether it is WebSocket.
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

impl DialLine {
    /// The device a modem can be at the other end of.
    pub fn device(&self) -> Option<DeviceLine> {
        match self {
            Self::Tcp(at) => Some(DeviceLine::Tcp(at.clone())),
            Self::Telnet(at) => Some(DeviceLine::Telnet(at.clone())),
            Self::Tls(at) => Some(DeviceLine::Tls(at.clone())),
            Self::WebSocket { at, path, tls } => {
                Some(DeviceLine::WebSocket { at: at.clone(), path: path.clone(), tls: *tls })
            }
            Self::Pty(path) => Some(DeviceLine::Pty(path.clone())),
            Self::Device(device) => Some(device.clone()),
            Self::Unix(_) | Self::Exchange(_) | Self::Pool(_) => None,
        }
    }
}

impl PortLine {
    /// Whether what is said on the line leaves this machine (defence rule 17).
    pub fn crosses_network(&self) -> bool {
        match self {
            Self::ListenTcp(at) => !at.host.is_loopback(),
            Self::Listen(spoken, at) => !spoken.is_secret() && !at.host.is_loopback(),
            Self::Device(device) => device.crosses_network(),
            // what is behind them is looked at when the call comes
            Self::ListenUnix(_) | Self::Pty(_) | Self::Exchange(_) | Self::Stdio => false,
        }
    }
}

/// A host and a TCP port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Where.
    pub host: Host,
    /// TCP port number.
    pub port: u16,
}

/// A host by address or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address; IPv6 is written in brackets.
    Ip(IpAddr),
    /// A name to be looked up, in lower case.
    Name(String),
}

impl Host {
    /// Whether it can only be this machine. A name other than `localhost` never is: its address may change.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.to_canonical().is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }
}

/// A LINE that cannot be understood: what is wrong, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line {given:?} {problem}; write {remedy}")]
pub struct LineError {
    /// What was given.
    pub given: String,
    /// What is wrong with it, as the end of a sentence.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

const DIAL_FORMS: &str = "tcp:, telnet:, tls: or rfc2217:HOST:PORT, ws: or wss:HOST:PORT/PATH, unix:PATH, pty:PATH, serial:PATH, exchange:NUMBER or pool:NAME";
const PORT_FORMS: &str = "listen:tcp:HOST:PORT, the same with telnet, rfc2217, tls, ws or wss, listen:unix:PATH, pty:PATH, exchange:NUMBER, stdio, or a device such as serial:PATH";
/// The longest path of a Unix socket in bytes (`sun_path` of Linux, less its NUL).
const SOCKET_PATH: usize = 107;
/// The longest path of a WebSocket, in bytes.
const WEB_PATH: usize = 1024;

impl FromStr for DialLine {
    type Err = LineError;

    fn from_str(given: &str) -> Result<Self, LineError> {
        let fail = |(problem, remedy): Wrong| LineError { given: given.into(), problem, remedy };
        let (kind, rest) = given.split_once(':').unwrap_or((given, ""));
        match kind {
            "tcp" => host_port(rest, "tcp:", 1).map(Self::Tcp),
            "telnet" => host_port(rest, "telnet:", 1).map(Self::Telnet),
            "tls" => host_port(rest, "tls:", 1).map(Self::Tls),
            "ws" => websocket(rest, "ws:").map(|(at, path)| Self::WebSocket { at, path, tls: false }),
            "wss" => websocket(rest, "wss:").map(|(at, path)| Self::WebSocket { at, path, tls: true }),
            "unix" => path(rest, SOCKET_PATH, "unix:").map(Self::Unix),
            "pty" => path(rest, 4095, "pty:").map(Self::Pty),
            "exchange" => number(rest).map(Self::Exchange),
            "serial" | "rfc2217" => return given.parse().map(Self::Device),
            "pool" => pool(rest).map(Self::Pool),
            "listen" if !rest.is_empty() => Err(("is one to answer on, not to dial".into(), rest.into())),
            _ => Err(("is of no known kind".into(), DIAL_FORMS.into())),
        }
        .map_err(fail)
    }
}

impl FromStr for PortLine {
    type Err = LineError;

    fn from_str(given: &str) -> Result<Self, LineError> {
        let fail = |(problem, remedy): Wrong| LineError { given: given.into(), problem, remedy };
        if let Some(rest) = given.strip_prefix("listen:tcp:") {
            return host_port(rest, "listen:tcp:", 0).map(Self::ListenTcp).map_err(fail);
        }
        for spoken in Spoken::ALL {
            let prefix = format!("listen:{}:", spoken.word());
            if let Some(rest) = given.strip_prefix(&prefix) {
                return host_port(rest, &prefix, 0).map(|at| Self::Listen(spoken, at)).map_err(fail);
            }
        }
        if let Some(rest) = given.strip_prefix("listen:unix:") {
            return path(rest, SOCKET_PATH, "listen:unix:").map(Self::ListenUnix).map_err(fail);
        }
        match given.split_once(':').unwrap_or((given, "")) {
            ("pty", rest) => path(rest, 4095, "pty:").map(Self::Pty),
            ("exchange", rest) => number(rest).map(Self::Exchange),
            ("serial" | "rfc2217" | "tcp" | "telnet" | "tls" | "ws" | "wss", _) => {
                return given.parse().map(Self::Device);
            }
            ("stdio", "") => Ok(Self::Stdio),
            ("unix", _) => Err(("is one to dial, not to answer on".into(), format!("listen:{given}"))),
            _ => Err(("is of no known kind".into(), PORT_FORMS.into())),
        }
        .map_err(fail)
    }
}

impl fmt::Display for DialLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => write!(f, "tcp:{at}"),
            Self::Telnet(at) => write!(f, "telnet:{at}"),
            Self::Tls(at) => write!(f, "tls:{at}"),
            Self::WebSocket { at, path, tls } => write!(f, "{}:{at}{path}", if *tls { "wss" } else { "ws" }),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
            Self::Exchange(number) => write!(f, "exchange:{number}"),
            Self::Device(device) => write!(f, "{device}"),
            Self::Pool(name) => write!(f, "pool:{name}"),
        }
    }
}

impl fmt::Display for PortLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListenTcp(at) => write!(f, "listen:tcp:{at}"),
            Self::Listen(spoken, at) => write!(f, "listen:{}:{at}", spoken.word()),
            Self::Stdio => f.write_str("stdio"),
            Self::ListenUnix(path) => write!(f, "listen:unix:{}", path.display()),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
            Self::Exchange(number) => write!(f, "exchange:{number}"),
            Self::Device(device) => write!(f, "{device}"),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What is wrong, and what to write.
type Wrong = (String, String);

fn host_port(rest: &str, prefix: &str, lowest: u16) -> Result<HostPort, Wrong> {
    let form = || format!("{prefix}HOST:PORT, such as {prefix}127.0.0.1:7001 or {prefix}[::1]:7001");
    let (host, port) = match rest.strip_prefix('[') {
        Some(inside) => {
            let (ip, port) =
                inside.split_once("]:").ok_or_else(|| ("has no port after its ]".into(), form()))?;
            let ip: Ipv6Addr =
                ip.parse().map_err(|_| ("has no IPv6 address in its brackets".into(), form()))?;
            (Host::Ip(ip.into()), port)
        }
        None => {
            let (host, port) = rest.rsplit_once(':').ok_or_else(|| ("names no port".into(), form()))?;
            if host.contains(':') {
                return Err((
                    "has an IPv6 address without brackets".into(),
                    format!("{prefix}[{host}]:{port}"),
                ));
            }
            (named_host(host).ok_or_else(|| ("names no host".into(), form()))?, port)
        }
    };
    let number = Some(port).filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    match number.and_then(|p| p.parse::<u16>().ok()).filter(|p| *p >= lowest) {
        Some(port) => Ok(HostPort { host, port }),
        None => Err((
            format!("has no TCP port where {port:?} stands"),
            format!("a number from {lowest} to 65535"),
        )),
    }
}

/// `HOST:PORT/PATH`, where the path may be missing.
fn websocket(rest: &str, prefix: &str) -> Result<(HostPort, String), Wrong> {
    let (at, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let fits = |c: char| {
        c.is_ascii_graphic() && !matches!(c, '#' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
    };
    if path.len() > WEB_PATH || !path.chars().all(fits) {
        return Err((
            "asks for what no URL can".into(),
            format!("{prefix}HOST:PORT/PATH with at most {WEB_PATH} plain characters, others as %20"),
        ));
    }
    Ok((host_port(at, prefix, 1)?, path.into()))
}

fn named_host(text: &str) -> Option<Host> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Host::Ip(ip));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let all_numeric = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let ok = !text.is_empty() && text.len() <= 253 && !text.starts_with(['-', '.']) && text.chars().all(fits);
    (ok && !all_numeric).then(|| Host::Name(text.to_ascii_lowercase()))
}

fn path(rest: &str, longest: usize, prefix: &str) -> Result<PathBuf, Wrong> {
    if rest.is_empty() {
        return Err(("names no path".into(), format!("{prefix}PATH, such as {prefix}/run/openras/line1")));
    }
    if rest.chars().any(char::is_control) {
        return Err(("has control characters in its path".into(), "a path without them".into()));
    }
    if rest.len() > longest {
        return Err((
            format!("has a path of {} bytes", rest.len()),
            format!("one of at most {longest} bytes"),
        ));
    }
    Ok(PathBuf::from(rest))
}

/// A number of the exchange: an optional `+`, then 1–20 digits (defence rule 3).
fn number(rest: &str) -> Result<String, Wrong> {
    let digits = rest.strip_prefix('+').unwrap_or(rest);
    if (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(rest.into());
    }
    Err((
        "has no telephone number".into(),
        "exchange:NUMBER, an optional + and 1 to 20 digits, such as exchange:100".into(),
    ))
}

/// The name of a `[pool.NAME]`.
fn pool(rest: &str) -> Result<String, Wrong> {
    if super::check::is_plain_name(rest) {
        return Ok(rest.into());
    }
    Err((
        "names no pool".into(),
        "pool:NAME, where NAME is 1 to 32 of the characters A-Z a-z 0-9 . _ -".into(),
    ))
}

#[cfg(test)]
mod tests;
