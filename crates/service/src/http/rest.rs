//! What is left of a request's body when its answer is ready: read and thrown away, up to a bound. A client writes its
//! request before it reads; closed meanwhile, it would hear of a broken pipe and not of the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

/// The most that is read so, in bytes, and how long.
const MOST: usize = 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(2);

/// Where a body comes back to that was not read to its end.
#[derive(Default)]
pub(super) struct Rest(Arc<Mutex<Option<Incoming>>>);

impl Rest {
    /// A body that comes back.
    pub(super) fn lend(&self, body: Incoming) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Lent { body: Some(body), to: self.0.clone() })
    }

    /// Reads on to the end, or as far as one goes for a client that sends without being asked.
    pub(super) async fn drain(self) {
        let Some(mut body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let reading = async {
            let mut read = 0;
            while let Some(Ok(frame)) = body.frame().await {
                let Ok(data) = frame.into_data() else { continue };
                read += data.len();
                // it may hold a password
                if let Ok(mut unique) = data.try_into_mut() {
                    zeroize::Zeroize::zeroize(unique.as_mut());
                }
                if read > MOST {
                    return;
                }
            }
        };
        // who is slower gets the answer all the same, and may hear of the end before it
        let _ = tokio::time::timeout(LIMIT, reading).await;
    }
}

struct Lent {
    body: Option<Incoming>,
    to: Arc<Mutex<Option<Incoming>>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| !body.is_end_stream());
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = body;
    }
}
