//! Devices and what sits on them, as lines: for ports, for dials, and for `openras line test`.

mod test;

use openras_engine::RasError;
use openras_engine::escape;
use openras_engine::modem::{Settings, Trouble};
use openras_io::Line;
use openras_io::line::{
    CableLine, Device, ModemLine, ModemSaid, NetDevice, SerialConfig, SerialDevice, Speaks, TlsClient,
    TlsClientFiles, TlsError,
};

use crate::config::device::Frame;
use crate::config::{DeviceLine, TlsTrust};

pub use test::{LineTest, Step, test_line};

/// What is wrong with a line's device or modem, for whoever is responsible for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The number for it.
    pub(crate) number: RasError,
    /// What, and what to try; escaped.
    pub(crate) sentence: String,
}

impl Wrong {
    fn device(reason: &str) -> Self {
        Self { number: RasError::PORT_OR_DEVICE, sentence: escape::line(reason) }
    }

    fn modem(trouble: &Trouble) -> Self {
        let number = match trouble {
            Trouble::Silent(_) => RasError::DEVICE_NOT_READY,
            Trouble::Gone => RasError::DEVICE_DOES_NOT_EXIST,
            Trouble::Refuses(_) | Trouble::NeverHangsUp | Trouble::AnswersItself => RasError::FROM_DEVICE,
        };
        Self { number, sentence: escape::line(&trouble.sentence()) }
    }
}

/// A device, not opened yet, with what counts in TLS.
pub(crate) fn device(
    line: &DeviceLine,
    frame: Frame,
    tls: impl FnOnce() -> Result<TlsClient, TlsError>,
) -> Box<dyn Device> {
    match line {
        DeviceLine::Serial { path, speed } => {
            Box::new(SerialDevice::new(SerialConfig::new(path, frame.format(*speed))))
        }
        DeviceLine::Pty(path) => Box::new(SerialDevice::new(SerialConfig::new(path, frame.format(None)))),
        DeviceLine::Rfc2217 { at, speed } => {
            Box::new(NetDevice::new(at.to_string(), Speaks::ComPort(frame.format(*speed))))
        }
        DeviceLine::Tcp(at) => Box::new(NetDevice::new(at.to_string(), Speaks::Octets)),
        DeviceLine::Telnet(at) => Box::new(NetDevice::new(at.to_string(), Speaks::Telnet)),
        DeviceLine::Tls(at) => Box::new(NetDevice::tls(at.to_string(), tls())),
        DeviceLine::WebSocket { at, path, tls: in_tls } => {
            Box::new(NetDevice::websocket(at.to_string(), path, in_tls.then(tls)))
        }
    }
}

/// What counts in TLS where this was written; else what the system trusts. Certificates are read anew each time.
pub(crate) fn trusts(trust: Option<&TlsTrust>) -> Result<TlsClient, TlsError> {
    let files = trust.map_or_else(
        || Ok(TlsClientFiles::default()),
        |trust| {
            let own = trust.own.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
            TlsClientFiles::read(trust.ca.as_deref(), own)
        },
    );
    TlsClient::new(&files?)
}

/// A line over a device: through its modem, or as a cable. `wrong` is told what is wrong, and `None` when all is well again.
pub(crate) fn line(
    name: &str,
    device: Box<dyn Device>,
    modem: Option<Settings>,
    mut wrong: impl FnMut(Option<Wrong>) + Send + 'static,
) -> Box<dyn Line> {
    let name = name.to_owned();
    let Some(settings) = modem else {
        return Box::new(CableLine::new(device, move |reason| wrong(Some(Wrong::device(&reason)))));
    };
    Box::new(ModemLine::new(device, settings, move |said| match said {
        ModemSaid::Us(text) => tracing::debug!(line = name, "to the modem: {}", escape::line(&text)),
        ModemSaid::Modem(text) if text.starts_with("CONNECT") => {
            tracing::info!(line = name, "the modem: {}", escape::line(&text));
        }
        ModemSaid::Modem(text) => tracing::debug!(line = name, "the modem: {}", escape::line(&text)),
        ModemSaid::Trouble(Some(trouble)) => wrong(Some(Wrong::modem(&trouble))),
        ModemSaid::Device(reason) => wrong(Some(Wrong::device(&reason))),
        ModemSaid::Note(note) => tracing::warn!(line = name, "{}", escape::line(&note)),
        ModemSaid::Trouble(None) | ModemSaid::Ready => wrong(None),
    }))
}
