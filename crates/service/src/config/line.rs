//! The LINE words of the command line and of `[[port]]`: which line to dial, and on which to answer.
//!
//! | a dial | a port |
//! |---|---|
//! | `tcp:HOST:PORT` | `listen:tcp:HOST:PORT` |
//! | `unix:PATH` | `listen:unix:PATH` |
//! | `pty:PATH` (opens that device) | `pty:PATH` (makes one, with a link there) |
//! | `exchange:NUMBER` | `exchange:NUMBER` |

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

/// What a dial can be placed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DialLine {
    /// A TCP connection to this host and port.
    Tcp(HostPort),
    /// A connection to this Unix socket.
    Unix(PathBuf),
    /// This device, which exists.
    Pty(PathBuf),
    /// A call over the exchange to this number.
    Exchange(String),
}

/// What a port answers on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PortLine {
    /// A listening TCP socket. Port 0 lets the system choose.
    ListenTcp(HostPort),
    /// A listening Unix socket.
    ListenUnix(PathBuf),
    /// A pseudo terminal of our own; a link at this path leads to it.
    Pty(PathBuf),
    /// This number of the exchange.
    Exchange(String),
}

impl PortLine {
    /// Whether what is said on the line leaves this machine (defence rule 17).
    pub fn crosses_network(&self) -> bool {
        matches!(self, Self::ListenTcp(at) if !at.host.is_loopback())
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

const DIAL_FORMS: &str = "tcp:HOST:PORT, unix:PATH, pty:PATH or exchange:NUMBER";
const PORT_FORMS: &str = "listen:tcp:HOST:PORT, listen:unix:PATH, pty:PATH or exchange:NUMBER";
/// The longest path of a Unix socket in bytes (`sun_path` of Linux, less its NUL).
const SOCKET_PATH: usize = 107;

impl FromStr for DialLine {
    type Err = LineError;

    fn from_str(given: &str) -> Result<Self, LineError> {
        let fail = |(problem, remedy): Wrong| LineError { given: given.into(), problem, remedy };
        let (kind, rest) = given.split_once(':').unwrap_or((given, ""));
        match kind {
            "tcp" => host_port(rest, "tcp:", 1).map(Self::Tcp),
            "unix" => path(rest, SOCKET_PATH, "unix:").map(Self::Unix),
            "pty" => path(rest, 4095, "pty:").map(Self::Pty),
            "exchange" => number(rest).map(Self::Exchange),
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
        if let Some(rest) = given.strip_prefix("listen:unix:") {
            return path(rest, SOCKET_PATH, "listen:unix:").map(Self::ListenUnix).map_err(fail);
        }
        match given.split_once(':').unwrap_or((given, "")) {
            ("pty", rest) => path(rest, 4095, "pty:").map(Self::Pty),
            ("exchange", rest) => number(rest).map(Self::Exchange),
            ("tcp" | "unix", _) => {
                Err(("is one to dial, not to answer on".into(), format!("listen:{given}")))
            }
            _ => Err(("is of no known kind".into(), PORT_FORMS.into())),
        }
        .map_err(fail)
    }
}

impl fmt::Display for DialLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => write!(f, "tcp:{at}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
            Self::Exchange(number) => write!(f, "exchange:{number}"),
        }
    }
}

impl fmt::Display for PortLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListenTcp(at) => write!(f, "listen:tcp:{at}"),
            Self::ListenUnix(path) => write!(f, "listen:unix:{}", path.display()),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
            Self::Exchange(number) => write!(f, "exchange:{number}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_reads_and_shows_the_same() {
        for text in [
            "tcp:host.example:7001",
            "tcp:127.0.0.1:1",
            "tcp:[::1]:65535",
            "unix:/run/a b",
            "pty:x",
            "exchange:+49123",
        ] {
            assert_eq!(text.parse::<DialLine>().unwrap().to_string(), text);
        }
        for text in [
            "listen:tcp:0.0.0.0:0",
            "listen:tcp:[2001:db8::1]:7",
            "listen:unix:/run/s",
            "pty:/run/p",
            "exchange:100",
        ] {
            assert_eq!(text.parse::<PortLine>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_line_says_what_to_write() {
        let said: Vec<String> = [
            "tcp:::1:7001",
            "tcp:host",
            "tcp:host:0",
            "tcp:host:70000",
            "tcp::7001",
            "tcp:[::1]7001",
            "tcp:999.1.1.1:7001",
            "tcp:host:+7",
            "unix:",
            "pty:a\nb",
            "exchange:12a",
            "exchange:",
            "listen:tcp:x:1",
            "listen",
            "serial:/dev/x",
            "",
        ]
        .map(|t| t.parse::<DialLine>().unwrap_err().to_string())
        .into_iter()
        .chain(
            ["tcp:h:1", "listen:tcp:h", "listen:udp:h:1", "listen"]
                .map(|t| t.parse::<PortLine>().unwrap_err().to_string()),
        )
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
the line "tcp:::1:7001" has an IPv6 address without brackets; write tcp:[::1]:7001
the line "tcp:host" names no port; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:host:0" has no TCP port where "0" stands; write a number from 1 to 65535
the line "tcp:host:70000" has no TCP port where "70000" stands; write a number from 1 to 65535
the line "tcp::7001" names no host; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:[::1]7001" has no port after its ]; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:999.1.1.1:7001" names no host; write tcp:HOST:PORT, such as tcp:127.0.0.1:7001 or tcp:[::1]:7001
the line "tcp:host:+7" has no TCP port where "+7" stands; write a number from 1 to 65535
the line "unix:" names no path; write unix:PATH, such as unix:/run/openras/line1
the line "pty:a\nb" has control characters in its path; write a path without them
the line "exchange:12a" has no telephone number; write exchange:NUMBER, an optional + and 1 to 20 digits, such as exchange:100
the line "exchange:" has no telephone number; write exchange:NUMBER, an optional + and 1 to 20 digits, such as exchange:100
the line "listen:tcp:x:1" is one to answer on, not to dial; write tcp:x:1
the line "listen" is of no known kind; write tcp:HOST:PORT, unix:PATH, pty:PATH or exchange:NUMBER
the line "serial:/dev/x" is of no known kind; write tcp:HOST:PORT, unix:PATH, pty:PATH or exchange:NUMBER
the line "" is of no known kind; write tcp:HOST:PORT, unix:PATH, pty:PATH or exchange:NUMBER
the line "tcp:h:1" is one to dial, not to answer on; write listen:tcp:h:1
the line "listen:tcp:h" names no port; write listen:tcp:HOST:PORT, such as listen:tcp:127.0.0.1:7001 or listen:tcp:[::1]:7001
the line "listen:udp:h:1" is of no known kind; write listen:tcp:HOST:PORT, listen:unix:PATH, pty:PATH or exchange:NUMBER
the line "listen" is of no known kind; write listen:tcp:HOST:PORT, listen:unix:PATH, pty:PATH or exchange:NUMBER
"#);
    }

    #[test]
    fn loopback_is_what_cannot_leave_the_machine() {
        let crosses = |t: &str| t.parse::<PortLine>().unwrap().crosses_network();
        for inside in [
            "listen:tcp:127.9.9.9:1",
            "listen:tcp:[::1]:1",
            "listen:tcp:LocalHost:1",
            "listen:tcp:[::ffff:127.0.0.1]:1",
        ] {
            assert!(!crosses(inside), "{inside}");
        }
        for outside in [
            "listen:tcp:0.0.0.0:1",
            "listen:tcp:[::]:1",
            "listen:tcp:localhost.example:1",
            "listen:tcp:10.0.0.1:1",
        ] {
            assert!(crosses(outside), "{outside}");
        }
        assert!(!crosses("listen:unix:/x"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_line_that_shows_as_itself_or_an_error(text in "(tcp|unix|pty|exchange|listen|listen:tcp|listen:unix):?[\\[\\]:.0-9a-f+/ é]{0,30}") {
            if let Ok(line) = text.parse::<DialLine>() {
                prop_assert_eq!(line.to_string().parse::<DialLine>().unwrap(), line);
            }
            if let Ok(line) = text.parse::<PortLine>() {
                prop_assert_eq!(line.to_string().parse::<PortLine>().unwrap(), line);
            }
        }

        #[test]
        fn every_address_survives(ip: [u8; 16], v4: [u8; 4], port in 1u16..) {
            for ip in [IpAddr::from(ip), IpAddr::from(v4)] {
                let line = DialLine::Tcp(HostPort { host: Host::Ip(ip), port });
                prop_assert_eq!(line.to_string().parse::<DialLine>().unwrap(), line);
            }
        }
    }
}
