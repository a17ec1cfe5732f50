//! WebSocket on a stream (RFC 6455): octets in binary messages, as emulators in a browser send them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use openras_engine::escape;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

/// The subprotocol that browser emulators ask for.
const BINARY: &str = "binary";
/// The largest message that is taken, in octets; a larger one ends the call.
const LARGEST: usize = 256 * 1024;
/// Octets in one message of ours, at most.
const MESSAGE: usize = 16 * 1024;
/// Octets of messages that may wait for the stream.
const WAITING: usize = 64 * 1024;

/// Who may call from a page in a browser, besides pages of the same host (defence rule 17). Programs that are no browser
/// name no origin, and are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(pub Vec<String>);

impl Origins {
    /// Whether a page of this origin may call the host it named.
    fn allow(&self, origin: &str, host: Option<&str>) -> bool {
        let same = origin
            .split_once("://")
            .zip(host)
            .is_some_and(|((_, page), host)| bare(page).eq_ignore_ascii_case(bare(host)));
        same || self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// A host without its port.
fn bare(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A stream under WebSocket.
pub struct WsStream<S> {
    socket: WebSocketStream<S>,
    /// What of the last message is not read yet.
    data: Bytes,
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST))
        .write_buffer_size(0)
        .max_write_buffer_size(WAITING)
}

/// Shakes hands with whoever called.
pub(crate) async fn accept<S>(stream: S, origins: &Origins) -> Result<WsStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let origins = origins.clone();
    let accepted = accept_hdr_async_with_config(
        stream,
        #[allow(clippy::result_large_err, reason = "tungstenite's own callback")]
        move |request: &Request, response: Response| admit(&origins, request, response),
        Some(limits()),
    );
    let socket = accepted.await.map_err(|error| explained(&error))?;
    Ok(WsStream { socket, data: Bytes::new() })
}

/// Calls; `url` is `ws://HOST:PORT/PATH`, `wss:` where TLS is below already.
pub(crate) async fn connect<S>(stream: S, url: &str) -> Result<WsStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let mut request = url.into_client_request().map_err(|error| explained(&error))?;
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(BINARY));
    let connected = client_async_with_config(request, stream, Some(limits())).await;
    let (socket, _) = connected.map_err(|error| explained(&error))?;
    Ok(WsStream { socket, data: Bytes::new() })
}

/// Looks at who calls, and takes the subprotocol where it is asked for.
#[allow(clippy::result_large_err, reason = "tungstenite's own callback")]
fn admit(origins: &Origins, request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let named = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let allowed = origin.to_str().is_ok_and(|origin| origins.allow(origin, named(header::HOST)));
        if !allowed {
            let mut refused = ErrorResponse::new(Some("this page may not call here (origins)\n".into()));
            *refused.status_mut() = StatusCode::FORBIDDEN;
            return Err(refused);
        }
    }
    let asked = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut words = asked.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    if words.any(|word| word.trim() == BINARY) {
        let binary = HeaderValue::from_static(BINARY);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, binary);
    }
    Ok(response)
}

/// What went wrong, safe to show: parts of it may come from the other end.
fn explained(error: &Error) -> String {
    match error {
        Error::Http(response) if response.status() == StatusCode::FORBIDDEN => {
            "its page is of an origin that may not call here (origins)".into()
        }
        Error::Http(response) => format!("the other end answered HTTP {}", response.status().as_u16()),
        other => escape::short(&other.to_string(), 200),
    }
}

fn broken(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> AsyncRead for WsStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.data.is_empty() {
            this.data = match ready!(Pin::new(&mut this.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(data))) => data,
                // a terminal in a page may send what is typed as text
                Some(Ok(Message::Text(text))) => text.into(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) => {
                    // its answer is due (RFC 6455 §5.5.1), and whoever reads the end lets go of the stream: now or never
                    let _ = Pin::new(&mut this.socket).poll_flush(cx);
                    return Poll::Ready(Ok(()));
                }
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
            };
        }
        let fits = this.data.len().min(buf.remaining());
        buf.put_slice(&this.data.split_to(fits));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> AsyncWrite for WsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let socket = &mut self.get_mut().socket;
        ready!(Pin::new(&mut *socket).poll_ready(cx)).map_err(broken)?;
        let taken = bytes.get(..MESSAGE).unwrap_or(bytes);
        let message = Message::Binary(Bytes::copy_from_slice(taken));
        Pin::new(socket).start_send(message).map_err(broken)?;
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx).map_err(broken)
    }

    /// Says that the call is over; the other end answers that, which is read.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_close(cx).map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_same_host_may_call_and_others_only_when_named() {
        let origins = Origins(vec!["https://retro.example".into()]);
        assert!(origins.allow("http://modem.example:8080", Some("modem.example:7001")));
        assert!(origins.allow("http://[::1]:8080", Some("[::1]:7001")));
        assert!(origins.allow("https://Retro.example", Some("modem.example:7001")));
        for (origin, host) in [
            ("https://evil.example", Some("modem.example:7001")),
            ("https://modem.example.evil.example", Some("modem.example")),
            ("https://retro.example.evil", Some("x")),
            ("null", Some("modem.example")),
            ("null", Some("null")),
            ("https://modem.example", None),
        ] {
            assert!(!origins.allow(origin, host), "{origin}");
        }
    }
}
