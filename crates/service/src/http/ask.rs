//! A request: whose it is, what it names, what it brings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Request;
use openras_api::Problem;
use openras_engine::RasError;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::Api;
use super::accept::Session;
use crate::calls::Story;
use crate::connections::held::Held;
use crate::rights::Peer;

/// The longest JSON of a request, in bytes, and how long it may take to come.
const BODY: usize = 64 * 1024;
const BODY_BY: Duration = Duration::from_secs(10);

/// One request.
pub(super) struct Ask {
    pub(super) api: Arc<Api>,
    pub(super) session: Session,
    /// The path's parameters, decoded.
    pub(super) params: Vec<(String, String)>,
    /// Its head.
    pub(super) request: Request<()>,
    /// Behind a lock only because a body must not be looked at by two threads.
    pub(super) body: Mutex<Body>,
}

impl Ask {
    /// Who asks.
    pub(super) fn peer(&self) -> &Peer {
        &self.session.peer
    }

    /// A parameter of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A parameter behind the `?`.
    pub(super) fn query(&self, name: &str) -> Result<Option<String>, Problem> {
        let Query(all) = Query::<Vec<(String, String)>>::try_from_uri(self.request.uri())
            .map_err(|_| wrong("The part of the path behind the ? cannot be read.".into()))?;
        Ok(all.into_iter().find(|(key, _)| key == name).map(|(_, value)| value))
    }

    /// A parameter behind the `?` that is `true` or `false`, or left out.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.query(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(wrong(format!("{name} must be true or false."))),
        }
    }

    /// A number behind the `?`; 0 where it is left out.
    pub(super) fn number(&self, name: &str) -> Result<u64, Problem> {
        let Some(text) = self.query(name)? else { return Ok(0) };
        text.parse().map_err(|_| wrong(format!("{name} must be a number.")))
    }

    /// The dial this request names, if it is the asker's; else 6, whether it is there or not.
    pub(super) fn held(&self) -> Result<Arc<Held>, Problem> {
        let held = self.id().and_then(|id| self.api.held.get(id));
        held.filter(|held| self.peer().owns(Some(held.uid())) && !held.is_gone()).ok_or_else(gone)
    }

    /// The call this request names, if it is the asker's; else 6.
    pub(super) fn story(&self) -> Result<Arc<Story>, Problem> {
        let story = self.id().and_then(|id| self.api.service.shared().calls.get(id));
        story.filter(|story| self.peer().owns(story.uid())).ok_or_else(gone)
    }

    fn id(&self) -> Option<u64> {
        self.param("id").parse().ok()
    }

    /// The JSON it brings. The bytes are wiped: they may hold a password.
    pub(super) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        let body = std::mem::take(body);
        let read = tokio::time::timeout(BODY_BY, read(body));
        let bytes = read.await.map_err(|_| {
            Problem::new(RasError::INVALID_DATA, "The request did not come whole within 10 s.")
                .remedy("Send the body at once, and Content-Length as long as it is.")
        })??;
        // serde would also take the members in a list, by their order
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(wrong("The JSON must be an object, not a list.".into()));
        }
        serde_json::from_slice(&bytes).map_err(|error| malformed(&error))
    }
}

async fn read(body: Body) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut body = Limited::new(body, BODY);
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return Problem::new(
                    RasError(632),
                    format!("The request is longer than {} KiB.", BODY / 1024),
                )
                .remedy("Send only the members this route takes.");
            }
            Problem::new(RasError::INVALID_DATA, "The request broke off.").remedy("Send it again.")
        })?;
        if let Ok(data) = frame.into_data() {
            add(&mut bytes, &data);
            if let Ok(mut unique) = data.try_into_mut() {
                zeroize::Zeroize::zeroize(unique.as_mut());
            }
        }
    }
    Ok(bytes)
}

/// Adds a piece. Grown by hand, so that no copy with a password stays behind; to twice the size, since a body may come in
/// pieces of one byte.
fn add(bytes: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    let needed = bytes.len() + piece.len();
    if needed > bytes.capacity() {
        let mut grown = Zeroizing::new(Vec::with_capacity(needed.max(2 * bytes.capacity())));
        grown.extend_from_slice(bytes);
        *bytes = grown;
    }
    bytes.extend_from_slice(piece);
}

/// What is wrong with the JSON and where, without a word of what stands there: it may be a password.
fn malformed(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let text = error.to_string();
            let ours = match text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
                Some((field, _)) => format!(": the member {field} is missing"),
                // what is expected is ours, and comes last; what stands before it is theirs
                None => {
                    match text.rsplit_once(", expected ").and_then(|(_, rest)| rest.split_once(" at line ")) {
                        Some((expected, _)) => format!(": expected {expected}"),
                        None => String::new(),
                    }
                }
            };
            let what = format!("The JSON does not fit what this route takes ({place}){ours}.");
            Problem::new(RasError::INVALID_PARAMETER, what)
        }
        _ => Problem::new(RasError::INVALID_DATA, format!("The request is no JSON ({place}).")),
    }
    .remedy("GET /v1/openapi.json shows what each route takes.")
}

/// 87 with this sentence.
pub(super) fn wrong(what: String) -> Problem {
    Problem::new(RasError::INVALID_PARAMETER, what)
        .remedy("GET /v1/openapi.json shows what each route takes.")
}

/// 6.
pub(super) fn gone() -> Problem {
    RasError::INVALID_HANDLE.into()
}

#[cfg(test)]
mod tests {
    use openras_api::types::connection::{Dial, Ping};

    use super::*;

    #[test]
    fn a_body_in_pieces_of_one_byte_is_not_copied_for_each() {
        let mut bytes = Zeroizing::new(Vec::new());
        let mut places = std::collections::BTreeSet::new();
        for piece in 0..BODY {
            add(&mut bytes, &[u8::try_from(piece % 256).unwrap()]);
            places.insert(bytes.capacity());
        }
        assert_eq!((bytes.len(), bytes[300]), (BODY, 44));
        assert!(places.len() < 20, "it was copied {} times", places.len());
    }

    #[test]
    fn what_is_wrong_with_json_is_said_without_what_stands_there() {
        for (json, number, says) in [
            (r#"{"line":"tcp:h:1","password":"hunter2""#, 13, "line 1"),
            (r#"{"line":"tcp:h:1","hunter2":1}"#, 87, "expected one of"),
            (r#"{"line":"tcp:h:1","password":"hunter2","auth":"hunter2"}"#, 87, "expected a sequence"),
            (r#"{"line":"tcp:h:1","pauses":"hunter2, expected hunter3 at line "}"#, 87, "expected a boolean"),
            (r#"{"password":"hunter2"}"#, 87, "the member line is missing"),
            (r#""hunter2""#, 87, "expected struct Dial"),
        ] {
            let problem = malformed(&serde_json::from_str::<Dial>(json).unwrap_err());
            assert_eq!(problem.error, number, "{problem}");
            assert!(problem.message.contains(says), "{problem}");
            assert!(!problem.message.contains("hunter"), "{problem}");
        }
        let problem =
            malformed(&serde_json::from_str::<Ping>(r#"{"count":1,"address":"hunter2"}"#).unwrap_err());
        assert!(!problem.message.contains("hunter"), "{problem}");
    }
}
