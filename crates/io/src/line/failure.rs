//! What the operating system says when a line cannot be had, as a RAS number.

use std::io::{Error, ErrorKind};

use openras_engine::RasError;

/// ERROR_DEVICE_DOES_NOT_EXIST.
pub(crate) const NO_DEVICE: RasError = RasError(608);
/// ERROR_PORT_NOT_AVAILABLE.
pub(crate) const NOT_AVAILABLE: RasError = RasError(633);
/// ERROR_FROM_DEVICE.
pub(crate) const FROM_DEVICE: RasError = RasError(651);
/// ERROR_NO_ANSWER.
pub(crate) const NO_ANSWER: RasError = RasError(678);
/// ERROR_NO_CARRIER.
pub(crate) const NO_CARRIER: RasError = RasError(679);
/// ERROR_NO_DIALTONE.
pub(crate) const NO_DIALTONE: RasError = RasError(680);
/// ERROR_DNSNAME_NOT_RESOLVABLE.
pub(crate) const NO_NAME: RasError = RasError(868);

/// The number for a failed connect, open or listen. Names that do not resolve (868) are told apart by the caller.
///
/// | error | number | because |
/// |---|---|---|
/// | refused, timed out, host down | 678 | the other end is known and does not answer |
/// | no route to host or network, no such socket file, reset | 679 | no way leads there |
/// | own network down, no own address | 680 | our side has no line |
/// | busy, locked, not permitted | 633 | the port is there and not ours to use |
/// | anything else | 651 | the device said so |
pub fn ras_error(error: &Error) -> RasError {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::TimedOut => NO_ANSWER,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => NO_CARRIER,
        ErrorKind::NotFound | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => NO_CARRIER,
        ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => NO_DIALTONE,
        ErrorKind::ResourceBusy | ErrorKind::WouldBlock | ErrorKind::PermissionDenied => NOT_AVAILABLE,
        ErrorKind::AddrInUse => NOT_AVAILABLE,
        _ => FROM_DEVICE,
    }
}

/// The number for a device that cannot be opened: as [`ras_error`], but a missing file is 608.
pub(crate) fn device_error(error: &Error) -> RasError {
    match error.kind() {
        ErrorKind::NotFound => NO_DEVICE,
        _ => ras_error(error),
    }
}
