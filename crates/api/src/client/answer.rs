//! Answers: reading one whole, and what is wrong with one that is none.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use openras_engine::{RasError, escape};
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::trust::shown;

/// Longest answer that is read whole, in bytes: a list of some 50,000 users.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

/// Reads an answer's body to its end.
pub(super) async fn whole(socket: &Path, response: Response<Incoming>) -> Result<Vec<u8>, Problem> {
    let mut body = response.into_body();
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(socket, Some(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > LONGEST {
            return Err(strange(socket, &format!("its answer is longer than {} MiB", LONGEST >> 20)));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// A good answer's JSON.
pub(super) fn json<T: DeserializeOwned>(socket: &Path, text: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| {
        strange(
            socket,
            &format!(
                "its answer is not the JSON that was expected ({})",
                escape::short(&error.to_string(), 200)
            ),
        )
    })
}

/// What a bad answer says went wrong.
pub(super) fn refusal(socket: &Path, status: u16, text: &[u8]) -> Problem {
    match serde_json::from_slice::<Problem>(text) {
        Ok(problem) => problem,
        Err(_) if status == 404 => Problem::new(
            RasError::INVALID_DATA,
            format!("The service at {} does not know this request.", shown(socket)),
        )
        .remedy("It may be older than this program: install the same version of both."),
        Err(_) => strange(socket, &format!("it answers {status} and does not say why")),
    }
}

/// What failed below the answer.
pub(super) fn broken(socket: &Path, error: Option<&hyper::Error>) -> Problem {
    let ended = |error: &hyper::Error| {
        error.is_incomplete_message() || error.is_closed() || error.is_canceled() || cut(error).is_some()
    };
    let how = match error {
        Some(error) if error.is_parse() => {
            return strange(socket, &format!("its answer is no good HTTP ({error})"));
        }
        Some(error) if !ended(error) => format!("cannot be spoken to: {error}"),
        _ => "ended the connection before its answer was whole".to_owned(),
    };
    Problem::new(RasError::RASMAN_CANNOT_INITIALIZE, format!("The service at {} {how}.", shown(socket)))
        .remedy("Look whether it still runs; its log says why it ended.")
}

/// How the socket ended below an answer, if it did.
pub(super) fn cut(error: &hyper::Error) -> Option<ErrorKind> {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    let below = error.source()?.downcast_ref::<io::Error>()?.kind();
    matches!(below, UnexpectedEof | ConnectionReset | BrokenPipe).then_some(below)
}

/// Somebody answers who is not the service, or not one of this version.
pub(super) fn strange(socket: &Path, what: &str) -> Problem {
    Problem::new(
        RasError::INVALID_DATA,
        format!("What answers at {} is no service of this version: {what}.", shown(socket)),
    )
    .remedy("Look which program listens there, and install the same version of service and client.")
}
