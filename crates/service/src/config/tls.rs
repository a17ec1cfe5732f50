//! `tls` and `origins` of a port or a modem: who it is to callers in TLS, which pages may call over WebSocket; and `tls` of a
//! line that we connect ourselves.

use std::path::PathBuf;

use super::{DeviceLine, PortConfig, PortLine};

/// `tls = { certificate = "FILE", key = "FILE", clients = "FILE" }`, each a full path to PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The port's certificate, with those above it.
    pub certificate: PathBuf,
    /// Its private key. Others must not be able to read the file (defence rule 13).
    pub key: PathBuf,
    /// Callers need a certificate that one of these has signed (default none: any caller).
    pub clients: Option<PathBuf>,
}

impl TlsConfig {
    /// What to write.
    pub(super) const REMEDY: &str =
        "Write tls = { certificate = \"/etc/openras/port.pem\", key = \"/etc/openras/port.key\" }";

    /// From keys and their texts; `None` is a value that is no text.
    pub(super) fn of<'a>(keys: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Result<Self, String> {
        let [mut certificate, mut key, mut clients] = [None, None, None];
        for (name, value) in keys {
            let place = match name {
                "certificate" => &mut certificate,
                "key" => &mut key,
                "clients" => &mut clients,
                other => {
                    return Err(format!("has the key {other:?}, which is none of certificate, key, clients"));
                }
            };
            let path = value.map(PathBuf::from).filter(|path| path.is_absolute());
            *place = Some(path.ok_or_else(|| format!("has a {name} that is no full path in quotes"))?);
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Self { certificate, key, clients }),
            (None, _) => Err("names no certificate".into()),
            (_, None) => Err("names no key".into()),
        }
    }
}

/// `tls = { ca = "FILE", certificate = "FILE", key = "FILE" }` of a line that we connect, each a full path to PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsTrust {
    /// Whose signatures count for the other end (default none: what the system trusts).
    pub ca: Option<PathBuf>,
    /// Our own certificate with those above it, and its key, where the other end wants them (default none).
    pub own: Option<(PathBuf, PathBuf)>,
}

impl TlsTrust {
    /// What to write.
    pub(super) const REMEDY: &str = "Write tls = { ca = \"/etc/openras/ca.pem\" }, and certificate and key where the other end wants a certificate";

    /// From keys and their texts; `None` is a value that is no text.
    pub(super) fn of<'a>(keys: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Result<Self, String> {
        let [mut ca, mut certificate, mut key] = [None, None, None];
        for (name, value) in keys {
            let place = match name {
                "ca" => &mut ca,
                "certificate" => &mut certificate,
                "key" => &mut key,
                other => {
                    return Err(format!("has the key {other:?}, which is none of ca, certificate, key"));
                }
            };
            let path = value.map(PathBuf::from).filter(|path| path.is_absolute());
            *place = Some(path.ok_or_else(|| format!("has a {name} that is no full path in quotes"))?);
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Self { ca, own: Some((certificate, key)) }),
            (None, None) => Ok(Self { ca, own: None }),
            (None, _) => Err("names a key without its certificate".into()),
            (_, None) => Err("names a certificate without its key".into()),
        }
    }
}

/// The rules of both keys of a port: `found` takes the key, what is wrong, and what to write.
pub(super) fn check(port: &PortConfig, mut found: impl FnMut(&'static str, String, String)) {
    if let Some((what, remedy)) = tls(&port.line, port.tls.is_some(), port.trust.is_some()) {
        found("tls", what, remedy.into());
    }
    origins(&port.line, &port.origins, |what, remedy| found("origins", what, remedy.into()));
}

/// The rules of `origins` on this line: `found` takes what is wrong, and what to write.
pub(super) fn origins(line: &PortLine, origins: &[String], mut found: impl FnMut(String, &'static str)) {
    if !origins.is_empty() && !spoken(line).is_some_and(super::Spoken::is_websocket) {
        let what = format!("origins does nothing on the line \"{line}\"");
        found(what, "Only listen:ws: and listen:wss: have it: leave it out");
    }
    for origin in origins.iter().filter(|origin| !is_origin(origin)) {
        let what = format!("origins has {origin:?}, which is no origin of a page");
        found(what, "Write scheme, host and port, such as \"https://retro.example\"");
    }
}

/// What is wrong with `tls` on this line, and what to write: a line that answers has its certificate there, one that we connect
/// whom it trusts.
pub(super) fn tls(line: &PortLine, certified: bool, trusts: bool) -> Option<(String, &'static str)> {
    match line {
        PortLine::Device(device) => trust(line, device, trusts),
        _ => certificate(line, certified),
    }
}

fn trust(line: &PortLine, device: &DeviceLine, there: bool) -> Option<(String, &'static str)> {
    (there && !device.is_tls()).then(|| {
        let remedy = "Write a line that begins with tls: or wss:, or leave it out";
        (format!("tls does nothing on the line \"{line}\""), remedy)
    })
}

fn spoken(line: &PortLine) -> Option<super::Spoken> {
    match line {
        PortLine::Listen(spoken, _) => Some(*spoken),
        _ => None,
    }
}

/// Lines in TLS have a certificate, and no others: what is wrong, and what to write.
fn certificate(line: &PortLine, there: bool) -> Option<(String, &'static str)> {
    match (spoken(line).is_some_and(super::Spoken::is_secret), there) {
        (true, false) => Some((format!("line = \"{line}\" needs a certificate"), TlsConfig::REMEDY)),
        (false, true) => {
            let remedy = "Write a line that begins with listen:tls: or listen:wss:, or leave it out";
            Some((format!("tls does nothing on the line \"{line}\""), remedy))
        }
        _ => None,
    }
}

/// `https://HOST[:PORT]`, without a path.
fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    rest.is_some_and(|host| (1..=255).contains(&host.len()) && host.chars().all(fits))
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn problems(port: &str) -> String {
        let text = format!("[[port]]\nname = 'a'\n{port}\n");
        Config::parse(&text, "f").map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn certificates_belong_to_lines_in_tls_and_origins_to_websocket() {
        let files = "tls = { certificate = '/c.pem', key = '/k.pem' }";
        assert_eq!(problems(&format!("line = 'listen:tls:0.0.0.0:1'\n{files}")), "");
        assert_eq!(
            problems(&format!("line = 'listen:wss:h:1'\norigins = ['https://a.example:8080']\n{files}")),
            ""
        );
        let ours = "tls = { ca = '/ca.pem', certificate = '/c.pem', key = '/k.pem' }";
        assert_eq!(problems(&format!("line = 'tls:h:1'\nmodem = 'wifi'\n{ours}")), "");
        assert_eq!(problems("line = 'ws:127.0.0.1:1/modem'\nmodem = 'wifi'"), "");
        for (port, said) in [
            ("line = 'listen:tls:h:1'".to_owned(), "needs a certificate"),
            (format!("line = 'listen:tcp:127.0.0.1:1'\n{files}"), "tls does nothing on the line"),
            ("line = 'listen:tls:h:1'\ntls = { certificate = '/c.pem' }".into(), "names no key"),
            ("line = 'listen:tls:h:1'\ntls = { certificate = 'c.pem', key = '/k' }".into(), "no full path"),
            ("line = 'listen:tls:h:1'\ntls = { cert = '/c.pem', key = '/k' }".into(), "the key \"cert\""),
            ("line = 'listen:tls:h:1'\ntls = 'yes'".into(), "is no table"),
            (
                "line = 'listen:tcp:127.0.0.1:1'\norigins = ['https://a.example']".into(),
                "origins does nothing",
            ),
            (format!("line = 'tcp:h:1'\nmodem = 'wifi'\n{ours}"), "tls does nothing on the line"),
            (format!("line = 'tls:h:1'\nmodem = 'wifi'\n{files}"), ""),
            ("line = 'tls:h:1'\nmodem = 'wifi'\ntls = { clients = '/c' }".into(), "none of ca, certificate"),
            (format!("line = 'wss:h:1/x'\n{ours}"), "one to dial unless a modem is at its other end"),
            ("line = 'listen:ws:127.0.0.1:1'\norigins = ['a.example']".into(), "no origin of a page"),
            (
                "line = 'listen:ws:127.0.0.1:1'\norigins = ['https://a.example/x']".into(),
                "no origin of a page",
            ),
        ] {
            let found = problems(&port);
            assert!(found.contains(said), "{port}\n{found}");
        }
    }

    /// Defence rule 17: nobody can listen to TLS.
    #[test]
    fn passwords_in_the_clear_go_through_tls_only() {
        let auth = "auth = ['pap']";
        for (word, more) in [("telnet", ""), ("rfc2217", ""), ("ws", "")] {
            let said = problems(&format!("line = 'listen:{word}:10.0.0.1:1'\n{auth}{more}"));
            assert!(said.contains("others on the network can listen"), "{word}: {said}");
        }
        let files = "tls = { certificate = '/c.pem', key = '/k.pem' }";
        for word in ["tls", "wss"] {
            assert_eq!(
                problems(&format!("line = 'listen:{word}:10.0.0.1:1'\n{auth}\n{files}")),
                "",
                "{word}"
            );
        }
    }

    /// The same where the call comes by itself.
    #[test]
    fn a_call_that_comes_over_a_network_is_held_to_the_same_rule() {
        let text = "[[port]]\nname = 'a'\nline = 'stdio'\nauth = ['pap']\n";
        let config = || Config::parse(text, "f").unwrap();
        assert!(config().for_one_call("a", None).is_ok());
        assert!(config().for_one_call("a", Some([127, 0, 0, 1].into())).is_ok());
        assert!(config().for_one_call("a", Some([192, 0, 2, 1].into())).unwrap_err().contains("pap"));
        assert!(config().for_one_call("b", None).unwrap_err().contains("it has a"));
        // what is typed at a prompt is as open as PAP
        let prompt = "[[port]]\nname = 'a'\nline = 'stdio'\nlogin = 'prompt'\n";
        let call = |more: &str, from: [u8; 4]| {
            Config::parse(&format!("{prompt}{more}"), "f").unwrap().for_one_call("a", Some(from.into()))
        };
        assert!(call("", [192, 0, 2, 1]).unwrap_err().contains("login asks for a password"));
        assert!(call("", [127, 0, 0, 1]).is_ok());
        assert!(call("insecure = true\n", [192, 0, 2, 1]).is_ok());
        let insecure = Config::parse(&format!("{text}insecure = true\n"), "f").unwrap();
        assert!(insecure.for_one_call("a", Some([192, 0, 2, 1].into())).is_ok());
    }
}
