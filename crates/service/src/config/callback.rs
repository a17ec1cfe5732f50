//! Calling back: `callback_line` of a port, and where a dial of ours can be rung meanwhile (`--callback-line`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use super::check::{Finding, Place};
use super::{Config, DeviceLine, DialLine, Host, HostPort, LineError, PortConfig, PortLine, Target};

/// What callbacks are dialled over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackLine {
    /// The exchange.
    Exchange,
    /// The port's own modem, which hangs up and dials.
    Modem,
    /// What `[directory]` has for the number.
    Directory,
    /// The port's own line, a wire with one other end.
    Same,
}

/// Where an end that has dialled is rung when it is called back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingsAt {
    /// On the wire it dialled over.
    Same,
    /// Here.
    Line(PortLine),
}

const FORMS: &str = "same, listen:tcp:ADDRESS:PORT, the same with telnet, rfc2217, tls, ws or wss, listen:unix:PATH, pty:PATH, serial:PATH, rfc2217:HOST:PORT or exchange:NUMBER";

impl FromStr for RingsAt {
    type Err = LineError;

    fn from_str(given: &str) -> Result<Self, LineError> {
        let fail = |problem: &str, remedy: &str| LineError {
            given: given.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        };
        if given == "same" {
            return Ok(Self::Same);
        }
        let line: PortLine =
            given.parse().map_err(|error: LineError| LineError { remedy: FORMS.into(), ..error })?;
        match &line {
            PortLine::ListenTcp(at) | PortLine::Listen(_, at) if at.port == 0 => {
                Err(fail("leaves the port open, and who calls back has to know it", "a port from 1 to 65535"))
            }
            PortLine::ListenTcp(at) | PortLine::Listen(_, at) if address(at).is_none() => {
                Err(fail("names a host", "the address to listen on, such as 127.0.0.1"))
            }
            PortLine::Stdio | PortLine::Device(DeviceLine::Pty(_)) => {
                Err(fail("is none that rings for a dial", FORMS))
            }
            PortLine::Device(device) if !device.is_serial_port() => {
                Err(fail("is none that rings for a dial", FORMS))
            }
            _ => Ok(Self::Line(line)),
        }
    }
}

impl fmt::Display for RingsAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Line(line) => line.fmt(f),
        }
    }
}

/// The address to listen on; a name other than `localhost` has none of its own.
pub(crate) fn address(at: &HostPort) -> Option<SocketAddr> {
    match &at.host {
        Host::Ip(ip) => Some(SocketAddr::new(*ip, at.port)),
        Host::Name(name) if name == "localhost" => {
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), at.port))
        }
        Host::Name(_) => None,
    }
}

impl Config {
    /// Whether a number can be called back by the directory. A port of ours is nobody who could be.
    pub(crate) fn calls_back(&self, number: &str) -> bool {
        self.directory.get(number).is_some_and(|listing| listing.to.iter().any(is_somebody))
    }
}

fn is_somebody(target: &Target) -> bool {
    !matches!(target, Target::Port(_))
}

/// Every rule that is broken.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, port) in config.ports.iter().enumerate() {
        let wrong = match port.callback_line {
            Some(CallbackLine::Same) => same(port),
            Some(CallbackLine::Directory) => directory(port, config),
            Some(CallbackLine::Exchange | CallbackLine::Modem) | None => None,
        };
        found.extend(wrong.map(|(what, remedy)| Finding {
            place: Place::Port(index, "callback_line"),
            what,
            remedy: remedy.into(),
        }));
    }
    found
}

/// A port calls back over its own line only where that leads to the same end whoever begins.
fn same(port: &PortConfig) -> Option<(String, &'static str)> {
    let line = &port.line;
    let because = match line {
        PortLine::Pty(_) => return None,
        PortLine::Device(_) if port.device.modem().is_some() => {
            return Some((
                format!("callback_line = \"same\" on {line}, where a modem has to dial a number"),
                "Write callback_line = \"modem\"",
            ));
        }
        PortLine::Device(device) if device.is_serial_port() => return None,
        PortLine::Exchange(_) => {
            return Some((
                format!("callback_line = \"same\" on {line}, where a number has to be dialled"),
                "Write callback_line = \"exchange\"",
            ));
        }
        PortLine::Stdio => "its call comes by itself and is gone once it is hung up",
        _ => "a connection that was hung up leads nowhere any more",
    };
    Some((
        format!("callback_line = \"same\" on {line}: {because}"),
        "Write callback_line = \"directory\", and the numbers with their lines in [directory]",
    ))
}

fn directory(port: &PortConfig, config: &Config) -> Option<(String, &'static str)> {
    let targets = || config.directory.values().flat_map(|listing| &listing.to).filter(|to| is_somebody(to));
    if targets().next().is_none() {
        return Some((
            "callback_line = \"directory\", and [directory] has no number that leads to a line".into(),
            "Write numbers with their lines there, such as 5551234 = \"tcp:192.0.2.7:7002\"",
        ));
    }
    // defence rule 17: who is called back proves itself by the port's methods there
    let open = super::in_the_clear(port).filter(|_| !port.insecure)?;
    let far = targets().find_map(|target| match target {
        Target::Line(line) if crosses_network(line, config) => Some(line),
        _ => None,
    })?;
    Some((
        format!("{open} on this port, which calls back over {far}, where others on the network can listen"),
        "Write auth = [\"mschapv2\"], lines in TLS in [directory], or insecure = true",
    ))
}

/// Whether what is said on the line leaves this machine where others can read it.
fn crosses_network(line: &DialLine, config: &Config) -> bool {
    match line {
        DialLine::Tcp(at) | DialLine::Telnet(at) | DialLine::WebSocket { at, tls: false, .. } => {
            !at.host.is_loopback()
        }
        DialLine::Device(device) => device.crosses_network(),
        DialLine::Pool(name) => config
            .line_pools
            .get(name)
            .is_some_and(|pool| pool.lines.iter().any(|line| crosses_network(line, config))),
        DialLine::Tls(_)
        | DialLine::WebSocket { tls: true, .. }
        | DialLine::Unix(_)
        | DialLine::Pty(_)
        | DialLine::Exchange(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a port with these keys and this directory.
    fn said(keys: &str, directory: &str) -> String {
        let text = format!("[[port]]\nname = 'a'\n{keys}\n[directory]\n{directory}\n");
        Config::parse(&text, "f").map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn the_same_line_is_a_wire_or_the_reason_says_what_to_write() {
        for line in ["pty:/run/a", "serial:/dev/ttyS0,9600", "rfc2217:h:1"] {
            assert_eq!(said(&format!("line = '{line}'\ncallback_line = 'same'"), ""), "", "{line}");
        }
        for (line, because, remedy) in [
            ("listen:tcp:127.0.0.1:1", "that was hung up leads nowhere", "\"directory\""),
            ("listen:unix:/run/a", "that was hung up leads nowhere", "\"directory\""),
            ("listen:ws:127.0.0.1:1", "that was hung up leads nowhere", "\"directory\""),
            ("stdio", "comes by itself", "\"directory\""),
            ("exchange:100", "a number has to be dialled", "\"exchange\""),
            ("serial:/dev/ttyS0'\nmodem = 'generic", "a modem has to dial", "\"modem\""),
        ] {
            let found = said(&format!("line = '{line}'\ncallback_line = 'same'"), "");
            assert!(found.contains(because) && found.contains(remedy), "{line}: {found}");
        }
    }

    #[test]
    fn a_directory_that_calls_nobody_back_is_a_mistake() {
        let port = "line = 'listen:tcp:127.0.0.1:1'\ncallback_line = 'directory'";
        for nobody in ["", "1 = 'port:a'"] {
            assert!(said(port, nobody).contains("no number that leads to a line"), "{nobody}");
        }
        assert_eq!(said(port, "1 = 'unix:/run/x'"), "");
        let text = format!("[[port]]\nname = 'a'\n{port}\n[directory]\n1 = 'port:a'\n2 = 'tcp:h:1'\n");
        let config = Config::parse(&text, "f").unwrap();
        assert!(config.calls_back("2") && !config.calls_back("1") && !config.calls_back("3"));
        assert!(said("line = 'pty:/p'\ncallback_line = 'back'", "").contains("\"same\""));
    }

    /// Defence rule 17.
    #[test]
    fn passwords_in_the_clear_are_not_called_back_over_a_network() {
        let port =
            |more: &str| format!("line = 'pty:/p'\ncallback_line = 'directory'\nauth = ['pap']\n{more}");
        for far in ["tcp:192.0.2.1:1", "telnet:h:1", "ws:192.0.2.1:1/", "rfc2217:h:1"] {
            let directory = format!("1 = '{far}'");
            assert!(said(&port(""), &directory).contains("others on the network can listen"), "{far}");
            assert_eq!(said(&port("insecure = true"), &directory), "");
        }
        for near in ["tcp:127.0.0.1:1", "tls:192.0.2.1:1", "unix:/x", "serial:/dev/ttyS0"] {
            assert_eq!(said(&port(""), &format!("1 = '{near}'")), "", "{near}");
        }
    }

    #[test]
    fn a_line_to_be_rung_on_is_one_that_can_be_known_and_rings() {
        for good in [
            "same",
            "listen:tcp:127.0.0.1:7002",
            "listen:telnet:[::1]:7002",
            "listen:unix:/run/x",
            "pty:/run/x",
            "serial:/dev/ttyS1,9600",
            "exchange:100",
        ] {
            assert_eq!(good.parse::<RingsAt>().unwrap().to_string(), good);
        }
        assert_eq!(address(&"127.0.0.1:1".parse_at()), Some(([127, 0, 0, 1], 1).into()));
        for (bad, problem) in [
            ("listen:tcp:127.0.0.1:0", "leaves the port open"),
            ("listen:tcp:ras.example:1", "names a host"),
            ("stdio", "none that rings"),
            ("telnet:h:1", "none that rings"),
            ("unix:/run/x", "is one to dial"),
            ("nonsense", "no known kind"),
        ] {
            let error = bad.parse::<RingsAt>().unwrap_err().to_string();
            assert!(error.contains(problem), "{bad}: {error}");
        }
    }

    trait At {
        fn parse_at(&self) -> HostPort;
    }

    impl At for str {
        fn parse_at(&self) -> HostPort {
            match format!("listen:tcp:{self}").parse() {
                Ok(PortLine::ListenTcp(at)) => at,
                other => panic!("{other:?}"),
            }
        }
    }
}
