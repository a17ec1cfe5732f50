//! Answers: JSON, nothing, a stream, or a problem.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::body::{Body as HttpBody, Frame};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use openras_api::Problem;
use openras_api::routes::NDJSON;
use openras_engine::RasError;
use serde::Serialize;

/// What a handler gives.
pub(super) type Answer = Result<Response, Problem>;

/// 200 with this.
pub(super) fn json<T: Serialize>(value: &T) -> Answer {
    json_with(StatusCode::OK, value)
}

/// 201 with this: something was made.
pub(super) fn made<T: Serialize>(value: &T) -> Answer {
    json_with(StatusCode::CREATED, value)
}

fn json_with<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(with(status, "application/json", Body::from(bytes))),
        Err(_) => Err(inside()),
    }
}

/// 204.
pub(super) fn nothing() -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Text of this media type.
pub(super) fn text(kind: &'static str, text: impl Into<Body>) -> Answer {
    Ok(with(StatusCode::OK, kind, text.into()))
}

/// A problem with its own status, or another.
pub(super) fn problem(problem: &Problem, status: Option<StatusCode>) -> Response {
    let own = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    with(status.unwrap_or(own), "application/json", Body::from(body))
}

/// A problem as the bytes of a whole answer that ends its connection.
pub(super) fn raw(problem: &Problem) -> Vec<u8> {
    let body = serde_json::to_string(problem).unwrap_or_default();
    format!(
        "HTTP/1.1 {} Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        problem.status(),
        body.len()
    )
    .into_bytes()
}

/// A fault of the service's own.
pub(super) fn inside() -> Problem {
    Problem::new(RasError(635), "The service failed at this request.")
        .remedy("Its log says where; the other requests and calls are not affected.")
}

fn with(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// What a stream of lines is made of.
pub(super) trait Lines: Sized + Send + 'static {
    /// Waits for the next lines; `None` at the end.
    fn lines(self) -> impl Future<Output = Option<(Bytes, Self)>> + Send;
}

/// A stream of JSON lines, as slow as its reader.
pub(super) fn stream<S: Lines>(source: S) -> Answer {
    Ok(with(StatusCode::OK, NDJSON, Body::new(Stream { step: Box::pin(source.lines()) })))
}

/// Lines that are waited for, and where more come from.
type Step<S> = Pin<Box<dyn Future<Output = Option<(Bytes, S)>> + Send>>;

struct Stream<S> {
    step: Step<S>,
}

impl<S: Lines> HttpBody for Stream<S> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Poll::Ready(step) = self.step.as_mut().poll(cx) else { return Poll::Pending };
        let Some((bytes, source)) = step else {
            self.step = Box::pin(std::future::ready(None));
            return Poll::Ready(None);
        };
        self.step = Box::pin(source.lines());
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

/// Adds a line.
pub(super) fn line<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, value).is_ok() {
        out.push(b'\n');
    } else {
        out.truncate(before);
    }
}
