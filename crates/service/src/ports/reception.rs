//! What is spoken below the calls of a port, with the certificates it needs.

use std::sync::Arc;

use openras_engine::RasError;
use openras_io::line::{Origins, Reception, TlsServer};

use super::listen::cannot;
use crate::config::{PortConfig, PortLine, Spoken};
use crate::service::StartError;

/// How calls of this port are received. Files are read here: a reload reads them again.
///
/// # Errors
/// A certificate or key that cannot be used.
pub(super) fn of(port: &PortConfig) -> Result<Reception, StartError> {
    let origins = || Arc::new(Origins(port.origins.clone()));
    Ok(match &port.line {
        PortLine::Listen(Spoken::Telnet, _) => Reception::Telnet,
        PortLine::Listen(Spoken::Rfc2217, _) => Reception::SerialPort,
        PortLine::Listen(Spoken::Tls, _) => Reception::Tls(tls(port)?),
        PortLine::Listen(Spoken::Ws, _) => Reception::WebSocket(origins(), None),
        PortLine::Listen(Spoken::Wss, _) => Reception::WebSocket(origins(), Some(tls(port)?)),
        _ => Reception::Plain,
    })
}

fn tls(port: &PortConfig) -> Result<TlsServer, StartError> {
    let number = RasError::CERT_FOR_ENCRYPTION_NOT_FOUND;
    let Some(tls) = &port.tls else {
        let remedy = "give the port tls = { certificate, key }";
        return Err(cannot(port, number, "it has no certificate".into(), remedy));
    };
    TlsServer::load(&tls.certificate, &tls.key, tls.clients.as_deref())
        .map_err(|error| cannot(port, number, error.what, error.remedy))
}
