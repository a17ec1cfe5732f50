//! `tls` and `origins` of a port: who it is to callers in TLS, and which pages may call over WebSocket.

use std::path::PathBuf;

use super::{PortConfig, PortLine};

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

/// The rules of both keys: `found` takes the key, what is wrong, and what to write.
pub(super) fn check(port: &PortConfig, mut found: impl FnMut(&'static str, String, String)) {
    let spoken = match &port.line {
        PortLine::Listen(spoken, _) => Some(*spoken),
        _ => None,
    };
    let secret = spoken.is_some_and(super::Spoken::is_secret);
    if secret && port.tls.is_none() {
        found("tls", format!("line = \"{}\" needs a certificate", port.line), TlsConfig::REMEDY.into());
    }
    if !secret && port.tls.is_some() {
        let what = format!("tls does nothing on the line \"{}\"", port.line);
        found(
            "tls",
            what,
            "Write a line that begins with listen:tls: or listen:wss:, or leave it out".into(),
        );
    }
    if !port.origins.is_empty() && !spoken.is_some_and(super::Spoken::is_websocket) {
        let what = format!("origins does nothing on the line \"{}\"", port.line);
        found("origins", what, "Only lines of WebSocket have it: leave it out".into());
    }
    for origin in port.origins.iter().filter(|origin| !is_origin(origin)) {
        let what = format!("origins has {origin:?}, which is no origin of a page");
        found("origins", what, "Write scheme, host and port, such as \"https://retro.example\"".into());
    }
}

/// `https://HOST[:PORT]`, without a path.
fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    rest.is_some_and(|host| (1..=255).contains(&host.len()) && host.chars().all(fits))
}
