//! HTTP Upgrade: the connection becomes a raw stream of bytes.

use std::future::Future;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper_util::rt::TokioIo;
use openras_api::Problem;
use openras_engine::RasError;

use super::answer::Answer;
use super::ask::{Ask, wrong};
use super::conn::Conn;

/// Whether the client asks for this protocol.
///
/// # Errors
/// 87, with what to send.
pub(super) fn wanted(ask: &Ask, protocol: &'static str) -> Result<(), Problem> {
    let names = |header, word: &str| {
        let value = ask.request.headers().get(header).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    if names(UPGRADE, protocol) && names(CONNECTION, "upgrade") {
        return Ok(());
    }
    Err(wrong(format!("This route gives a raw stream: send Connection: upgrade and Upgrade: {protocol}.")))
}

/// 101; then `talk` has the socket, and the bytes that came with the request.
pub(super) fn switch<F, T>(mut ask: Ask, protocol: &'static str, talk: F) -> Answer
where
    F: FnOnce(Conn, Bytes) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let upgrade = hyper::upgrade::on(&mut ask.request);
    ask.session.pulse.raw();
    let tasks = ask.api.tasks.clone();
    let cancel = ask.api.cancel.clone();
    tasks.spawn(async move {
        // the seat is kept as long as the stream
        let _session = ask.session;
        let Ok(upgraded) = upgrade.await else { return };
        // it is our own socket: nothing else is ever served
        let Ok(parts) = upgraded.downcast::<TokioIo<Conn>>() else { return };
        tokio::select! {
            () = talk(parts.io.into_inner(), parts.read_buf) => {}
            () = cancel.cancelled() => {}
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static(protocol));
    Ok(response)
}

/// An I/O error of the link, as a client is told it.
pub(super) fn link(error: &std::io::Error) -> Problem {
    use std::io::ErrorKind::{ConnectionRefused, NotConnected, NotFound, TimedOut, Unsupported};
    let (number, what, remedy) = match error.kind() {
        NotConnected => (731, "IP is not up on this connection.", "Wait for the state Connected."),
        Unsupported => {
            (731, "This connection has no address of that family.", "Its projection shows the addresses.")
        }
        NotFound => (
            868,
            "The link's DNS servers know no such name, or the other end gave none.",
            "Check the name, or use the address; the projection shows the servers.",
        ),
        ConnectionRefused => (678, "The other host refused the connection.", "Check address and port."),
        TimedOut => (
            638,
            "The other host did not answer in 30 s.",
            "Check address and port; a ping tells whether it is there.",
        ),
        _ => (635, "The stream could not be opened.", "Try again; the log of the service may say more."),
    };
    Problem::new(RasError(number), what).remedy(remedy)
}
