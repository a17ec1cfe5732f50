//! What is spoken below the calls of a port, with the certificates it needs.

use std::sync::Arc;

use openras_engine::RasError;
use openras_io::line::{Origins, Reception, TlsServer};

use crate::config::{PortConfig, PortLine, Spoken, TlsConfig};
use crate::service::StartError;

/// How calls of this port are received. Files are read here: a reload reads them again.
///
/// # Errors
/// A certificate or key that cannot be used.
pub(super) fn of(port: &PortConfig) -> Result<Reception, StartError> {
    on(&port.name, &port.line, port.tls.as_ref(), &port.origins)
}

/// As [`of`], for whatever has this name and line.
///
/// # Errors
/// A certificate or key that cannot be used.
pub(crate) fn on(
    name: &str,
    line: &PortLine,
    tls: Option<&TlsConfig>,
    origins: &[String],
) -> Result<Reception, StartError> {
    let origins = || Arc::new(Origins(origins.to_vec()));
    let server = || {
        server(tls).map_err(|(error, remedy)| {
            let number = RasError::CERT_FOR_ENCRYPTION_NOT_FOUND;
            StartError::Port { port: name.to_owned(), line: line.to_string(), number, error, remedy }
        })
    };
    Ok(match line {
        PortLine::Listen(Spoken::Telnet, _) => Reception::Telnet,
        PortLine::Listen(Spoken::Rfc2217, _) => Reception::SerialPort,
        PortLine::Listen(Spoken::Tls, _) => Reception::Tls(server()?),
        PortLine::Listen(Spoken::Ws, _) => Reception::WebSocket(origins(), None),
        PortLine::Listen(Spoken::Wss, _) => Reception::WebSocket(origins(), Some(server()?)),
        _ => Reception::Plain,
    })
}

fn server(tls: Option<&TlsConfig>) -> Result<TlsServer, (String, &'static str)> {
    let Some(tls) = tls else {
        return Err(("it has no certificate".into(), "give it tls = { certificate, key }"));
    };
    TlsServer::load(&tls.certificate, &tls.key, tls.clients.as_deref())
        .map_err(|error| (error.what, error.remedy))
}
