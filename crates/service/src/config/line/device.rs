//! Lines that are a device which is always there: a serial port, or one behind the network. A modem may sit on each.
//!
//! | word | what it is |
//! |---|---|
//! | `serial:PATH[,SPEED]` | a serial port of this machine |
//! | `rfc2217:HOST:PORT[,SPEED]` | a serial port of a terminal server, with its signals (RFC 2217) |
//! | `tcp:HOST:PORT` | octets as they are |
//! | `telnet:HOST:PORT` | octets in telnet |
//! | `tls:HOST:PORT` | octets in TLS |
//! | `ws:HOST:PORT[/PATH]`, `wss:` | octets in WebSocket, in TLS |
//! | `pty:PATH` | a device that exists |

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{HostPort, LineError, Wrong, host_port, path, websocket};

/// The slowest and the fastest serial port, in bits a second.
const SPEEDS: std::ops::RangeInclusive<u32> = 50..=12_000_000;
/// The longest path of a device, in bytes.
const DEVICE_PATH: usize = 4095;
const FORMS: &str = "serial:PATH[,SPEED], rfc2217:HOST:PORT[,SPEED], tcp:, telnet: or tls:HOST:PORT, ws: or wss:HOST:PORT/PATH, or pty:PATH";

/// A line whose other end is always there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeviceLine {
    /// A serial port of this machine.
    Serial {
        /// Its device, such as one in `/dev/serial/by-id`.
        path: PathBuf,
        /// Bits a second; `None` leaves it to whoever opens it.
        speed: Option<u32>,
    },
    /// A serial port of another machine, reached by RFC 2217.
    Rfc2217 {
        /// Where the terminal server listens.
        at: HostPort,
        /// Bits a second; `None` leaves it to whoever opens it.
        speed: Option<u32>,
    },
    /// Octets as they are, over TCP.
    Tcp(HostPort),
    /// Octets in telnet.
    Telnet(HostPort),
    /// Octets in TLS.
    Tls(HostPort),
    /// Octets in WebSocket.
    WebSocket {
        /// The host and port.
        at: HostPort,
        /// What is asked for there; begins with `/`.
        path: String,
        /// In TLS (`wss:`).
        tls: bool,
    },
    /// A terminal device that exists.
    Pty(PathBuf),
}

impl DeviceLine {
    /// Whether what is said on the line leaves this machine (defence rule 17).
    pub fn crosses_network(&self) -> bool {
        match self {
            Self::Serial { .. } | Self::Pty(_) | Self::Tls(_) | Self::WebSocket { tls: true, .. } => false,
            Self::Rfc2217 { at, .. } | Self::Tcp(at) | Self::Telnet(at) | Self::WebSocket { at, .. } => {
                !at.host.is_loopback()
            }
        }
    }

    /// The file it is, if it is one of this machine.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::Serial { path, .. } | Self::Pty(path) => Some(path),
            _ => None,
        }
    }

    /// The host it is at, if it is behind the network.
    pub fn at(&self) -> Option<&HostPort> {
        match self {
            Self::Rfc2217 { at, .. }
            | Self::Tcp(at)
            | Self::Telnet(at)
            | Self::Tls(at)
            | Self::WebSocket { at, .. } => Some(at),
            Self::Serial { .. } | Self::Pty(_) => None,
        }
    }

    /// Whether it is reached in TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::WebSocket { tls: true, .. })
    }

    /// Whether it has a speed, parity, stop bits and flow control that can be set.
    pub fn is_serial_port(&self) -> bool {
        matches!(self, Self::Serial { .. } | Self::Rfc2217 { .. })
    }

    /// The kind in a word, as it stands before the first colon.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Serial { .. } => "serial",
            Self::Rfc2217 { .. } => "rfc2217",
            Self::Tcp(_) => "tcp",
            Self::Telnet(_) => "telnet",
            Self::Tls(_) => "tls",
            Self::WebSocket { tls: false, .. } => "ws",
            Self::WebSocket { tls: true, .. } => "wss",
            Self::Pty(_) => "pty",
        }
    }
}

impl FromStr for DeviceLine {
    type Err = LineError;

    fn from_str(given: &str) -> Result<Self, LineError> {
        let (kind, rest) = given.split_once(':').unwrap_or((given, ""));
        match kind {
            "serial" => with_speed(rest, |rest| path(rest, DEVICE_PATH, "serial:"))
                .map(|(path, speed)| Self::Serial { path, speed }),
            "rfc2217" => with_speed(rest, |rest| host_port(rest, "rfc2217:", 1))
                .map(|(at, speed)| Self::Rfc2217 { at, speed }),
            "tcp" => host_port(rest, "tcp:", 1).map(Self::Tcp),
            "telnet" => host_port(rest, "telnet:", 1).map(Self::Telnet),
            "tls" => host_port(rest, "tls:", 1).map(Self::Tls),
            "ws" | "wss" => {
                let prefix = if kind == "wss" { "wss:" } else { "ws:" };
                websocket(rest, prefix).map(|(at, path)| Self::WebSocket { at, path, tls: kind == "wss" })
            }
            "pty" => path(rest, DEVICE_PATH, "pty:").map(Self::Pty),
            _ => Err(("is no device that is always there".into(), FORMS.into())),
        }
        .map_err(|(problem, remedy)| LineError { given: given.into(), problem, remedy })
    }
}

/// What stands before the last comma, and the speed behind it.
fn with_speed<T>(rest: &str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Result<(T, Option<u32>), Wrong> {
    let Some((before, speed)) = rest.rsplit_once(',') else { return Ok((read(rest)?, None)) };
    let digits = !speed.is_empty() && speed.bytes().all(|b| b.is_ascii_digit());
    let speed = Some(speed).filter(|_| digits).and_then(|s| s.parse().ok()).filter(|s| SPEEDS.contains(s));
    let Some(speed) = speed else {
        return Err((
            "has no speed behind its comma".into(),
            format!("one in bits a second from {} to {}, such as 115200", SPEEDS.start(), SPEEDS.end()),
        ));
    };
    Ok((read(before)?, Some(speed)))
}

impl fmt::Display for DeviceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, .. } => write!(f, "serial:{}", path.display())?,
            Self::Rfc2217 { at, .. } => write!(f, "rfc2217:{at}")?,
            Self::Tcp(at) => write!(f, "tcp:{at}")?,
            Self::Telnet(at) => write!(f, "telnet:{at}")?,
            Self::Tls(at) => write!(f, "tls:{at}")?,
            Self::WebSocket { at, path, .. } => write!(f, "{}:{at}{path}", self.kind())?,
            Self::Pty(path) => write!(f, "pty:{}", path.display())?,
        }
        match self {
            Self::Serial { speed: Some(speed), .. } | Self::Rfc2217 { speed: Some(speed), .. } => {
                write!(f, ",{speed}")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_reads_and_shows_the_same() {
        for text in [
            "serial:/dev/serial/by-id/usb-FTDI_x-if00-port0",
            "serial:/dev/ttyS0,9600",
            "rfc2217:ts.example:7001",
            "rfc2217:[::1]:7001,57600",
            "tcp:192.0.2.7:23",
            "telnet:modem.example:23",
            "tls:modem.example:992",
            "ws:[::1]:8080/",
            "wss:retro.example:443/modem",
            "pty:/dev/pts/7",
        ] {
            let line: DeviceLine = text.parse().unwrap();
            assert_eq!(line.to_string(), text);
            assert!(text.starts_with(line.kind()));
        }
    }

    #[test]
    fn a_wrong_device_says_what_to_write() {
        for (text, problem) in [
            ("serial:", "names no path"),
            ("serial:/dev/ttyS0,", "has no speed behind its comma"),
            ("serial:/dev/ttyS0,fast", "has no speed behind its comma"),
            ("serial:/dev/ttyS0,49", "has no speed behind its comma"),
            ("rfc2217:host", "names no port"),
            ("rfc2217:host:1,+9600", "has no speed behind its comma"),
            ("exchange:100", "is no device that is always there"),
            ("", "is no device that is always there"),
        ] {
            assert_eq!(text.parse::<DeviceLine>().unwrap_err().problem, problem, "{text}");
        }
    }

    #[test]
    fn only_what_is_on_this_machine_stays_on_it() {
        let crosses = |text: &str| text.parse::<DeviceLine>().unwrap().crosses_network();
        assert!(!crosses("serial:/dev/ttyS0") && !crosses("pty:/dev/pts/1"));
        assert!(!crosses("rfc2217:127.0.0.1:1") && !crosses("tcp:[::1]:1") && !crosses("telnet:localhost:1"));
        assert!(crosses("rfc2217:10.0.0.1:1") && crosses("tcp:h:1") && crosses("telnet:h:1"));
        assert!(crosses("ws:h:1") && !crosses("wss:h:1") && !crosses("tls:h:1"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_device_that_shows_as_itself_or_an_error(
            text in "(serial|rfc2217|tcp|telnet|tls|wss?|pty):[\\[\\]:.,0-9a-f+/ é]{0,30}"
        ) {
            if let Ok(line) = text.parse::<DeviceLine>() {
                prop_assert_eq!(line.to_string().parse::<DeviceLine>().unwrap(), line);
            }
        }
    }
}
