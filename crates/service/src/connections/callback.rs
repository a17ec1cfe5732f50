//! Being called back: the line of a dial, made so that it rings where the dial says.

use std::io;

use openras_engine::RasError;
use openras_io::Line;
use openras_io::line::{
    CallbackListener, ListensAt, Origins, PtyDevice, PtyMade, Reception, RungOn, SameWire, TlsServer,
    ras_error,
};

use super::DialRequest;
use crate::config::device::Frame;
use crate::config::{DialLine, PortLine, RingsAt, Spoken, callback};
use crate::modems;
use crate::service::Shared;

/// Where a dial is rung, with what it needs there.
#[derive(Clone, Debug)]
pub struct Rings {
    /// Where.
    pub at: RingsAt,
    /// Who we are there in TLS.
    pub tls: Option<TlsServer>,
}

/// Whether a dial over this line can be called back over the same wire: one with a single other end, whoever begins.
pub(crate) fn is_wire(line: &DialLine) -> bool {
    match line {
        DialLine::Pty(_) => true,
        DialLine::Device(device) => device.is_serial_port(),
        _ => false,
    }
}

/// The line of a request that is rung as it says.
pub(super) fn line(shared: &Shared, request: &DialRequest, rings: &Rings) -> Result<Box<dyn Line>, RasError> {
    let on = match (&rings.at, &request.line) {
        (RingsAt::Line(on), _) => on,
        (RingsAt::Same, DialLine::Pty(path)) => {
            return Ok(Box::new(SameWire::new(PtyDevice::called_back(path))));
        }
        (RingsAt::Same, line) if is_wire(line) => {
            return Ok(Box::new(SameWire::new(super::line(shared, request)?)));
        }
        (RingsAt::Same, _) => return Err(RasError::BAD_CALLBACK_NUMBER),
    };
    let dials = super::line(shared, request)?;
    Ok(match on {
        PortLine::Pty(path) => Box::new(RungOn::new(dials, PtyMade::new(path))),
        PortLine::Exchange(number) => Box::new(RungOn::new(dials, shared.exchange.phone(Some(number)))),
        PortLine::Device(device) => Box::new(RungOn::new(
            dials,
            super::over_device(
                shared,
                device,
                modems::device(device, Frame::default(), || modems::trusts(None)),
                None,
                &super::Trouble::default(),
            )?,
        )),
        _ => {
            Box::new(RungOn::new(dials, listener(on, rings.tls.clone()).map_err(|error| ras_error(&error))?))
        }
    })
}

/// Listens on such a line.
///
/// # Errors
/// The system's; `InvalidInput` for a line that listens nowhere, or not without a certificate.
pub(crate) fn listener(on: &PortLine, tls: Option<TlsServer>) -> io::Result<CallbackListener> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
    let at = match on {
        PortLine::ListenUnix(path) => ListensAt::Unix(path.clone()),
        PortLine::ListenTcp(at) => ListensAt::Tcp(callback::address(at).ok_or_else(wrong)?, Reception::Plain),
        PortLine::Listen(spoken, at) => {
            let origins = || Origins(Vec::new()).into();
            let reception = match (spoken, tls) {
                (Spoken::Telnet, _) => Reception::Telnet,
                (Spoken::Rfc2217, _) => Reception::SerialPort,
                (Spoken::Ws, _) => Reception::WebSocket(origins(), None),
                (Spoken::Tls, Some(tls)) => Reception::Tls(tls),
                (Spoken::Wss, Some(tls)) => Reception::WebSocket(origins(), Some(tls)),
                (Spoken::Tls | Spoken::Wss, None) => return Err(wrong()),
            };
            ListensAt::Tcp(callback::address(at).ok_or_else(wrong)?, reception)
        }
        _ => return Err(wrong()),
    };
    CallbackListener::bind(at)
}
