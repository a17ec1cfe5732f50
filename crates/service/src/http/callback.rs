//! Where a dial can be rung when it is called back: said before anything is dialled.

use std::path::Path;

use openras_api::Problem;
use openras_api::types::connection::Dial;
use openras_engine::{RasError, escape};
use openras_io::line::TlsServer;

use super::ask::Ask;
use super::connections::SAID;
use crate::config::device::CABLE;
use crate::config::{DeviceLine, DialLine, LineError, PortLine, RingsAt, Spoken};
use crate::connections::Rings;
use crate::connections::callback::{is_wire, listener};

/// Where the dial is rung, beside its own line.
///
/// # Errors
/// A callback that was asked for on a line at which nothing can ring: better refused than left out. A line to be rung on that
/// cannot be had, is none of the client's, or is not needed.
pub(super) fn rings(ask: &Ask, wanted: &Dial, line: &DialLine) -> Result<Option<Rings>, Problem> {
    let by_itself = wanted.modem.as_deref().is_some_and(|name| name != CABLE);
    let Some(at) = &wanted.callback_line else {
        let can_ring = by_itself || matches!(line, DialLine::Exchange(_)) && wanted.own_number.is_some();
        // `*` is an offer to say a number when asked: a server that does not ask needs none
        if can_ring || matches!(wanted.callback_number.trim(), "" | "*") {
            return Ok(None);
        }
        let why = format!("Nothing can ring at this end of {line}: a server cannot call back there.");
        return Err(Problem::new(RasError::BAD_CALLBACK_NUMBER, why).remedy(
            "Say where this end can be rung (--callback-line), dial by a modem, or leave the callback out.",
        ));
    };
    let at: RingsAt = at.parse().map_err(|error: LineError| {
        let given = escape::short(&error.given, SAID);
        wrong(format!("The callback line \"{given}\" {}.", error.problem))
            .remedy(format!("Write {}.", escape::short(&error.remedy, SAID)))
    })?;
    if by_itself {
        return Err(wrong("The modem rings by itself when it is called back.".into())
            .remedy("Leave the callback line out, or the modem."));
    }
    match &at {
        RingsAt::Same if !is_wire(line) => {
            Err(wrong(format!("{line} is no wire with one other end: nobody can call back over it."))
                .remedy("Say another line to be rung on, such as listen:tcp:ADDRESS:PORT."))
        }
        RingsAt::Same => Ok(Some(Rings { at, tls: None })),
        RingsAt::Line(on) => {
            // as with a number of one's own: whoever could choose any would be called in the place of another
            if !ask.peer().is_admin() {
                let why = "Only administrators may have a line opened to be called back on.";
                return Err(Problem::new(RasError::ACCESS_DENIED, why).remedy(
                    "Leave the callback line out, or dial by a service of your own (without --socket).",
                ));
            }
            let tls = can_be_had(wanted, on)?;
            Ok(Some(Rings { at, tls }))
        }
    }
}

fn wrong(why: String) -> Problem {
    Problem::new(RasError::INVALID_PARAMETER, why)
}

/// Whether the line can be had now, with who we are there in TLS. It is opened anew when the call is placed.
fn can_be_had(wanted: &Dial, on: &PortLine) -> Result<Option<TlsServer>, Problem> {
    let file: Option<&Path> = match on {
        PortLine::Pty(path) | PortLine::ListenUnix(path) => Some(path),
        PortLine::Device(DeviceLine::Serial { path, .. }) => Some(path),
        _ => None,
    };
    if file.is_some_and(|path| !path.is_absolute()) {
        return Err(
            wrong(format!("The callback line {on} is not a full path.")).remedy("Write it from / on.")
        );
    }
    let tls = match on {
        PortLine::Listen(Spoken::Tls | Spoken::Wss, _) => Some(identity(wanted, on)?),
        _ => None,
    };
    if matches!(on, PortLine::ListenTcp(_) | PortLine::Listen(..) | PortLine::ListenUnix(_)) {
        listener(on, tls.clone()).map_err(|error| {
            let why = format!("The callback line {on} cannot be had: {error}.");
            Problem::new(RasError::PORT_NOT_AVAILABLE, why)
                .remedy("Write another address or path, and end the program that uses this one.")
        })?;
    }
    Ok(tls)
}

fn identity(wanted: &Dial, on: &PortLine) -> Result<TlsServer, Problem> {
    let unusable = |why: String| Problem::new(RasError::CERT_FOR_ENCRYPTION_NOT_FOUND, why);
    let Some(tls) = wanted.tls.as_ref().filter(|tls| !tls.certificate.is_empty()) else {
        return Err(unusable(format!("The callback line {on} needs a certificate.")).remedy(
            "Name it with its key (--tls-certificate, --tls-key): it is shown to whoever calls back.",
        ));
    };
    TlsServer::new(&tls.certificate, &tls.key.0).map_err(|error| {
        unusable(format!("The callback line {on} cannot have TLS: {}.", error.what)).remedy(error.remedy)
    })
}
