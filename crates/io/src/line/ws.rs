//! WebSocket on a stream (RFC 6455): octets in binary messages, as emulators in a browser send them.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use openras_engine::escape;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

/// The subprotocol that browser emulators ask for.
const BINARY: &str = "binary";
/// The largest message that is taken, in octets; a larger one ends the call.
const LARGEST: usize = 256 * 1024;
/// Octets in one message of ours, at most.
const MESSAGE: usize = 16 * 1024;
/// Octets of messages that may wait for the stream.
const WAITING: usize = 64 * 1024;
/// Octets read at once.
const READ: usize = 8 * 1024;
/// Octets of a server's answer to the handshake, at most.
const ANSWER: usize = 16 * 1024;

/// Who may call from a page in a browser, besides pages of the same host (defence rule 17). Programs that are no browser
/// name no origin, and are let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(pub Vec<String>);

impl Origins {
    /// Whether a page of this origin may call the host it named. Whoever owns a name can have it lead to our address, and then
    /// a page of theirs is one of "the same host": so a name counts only where TLS has shown that it is ours.
    fn allow(&self, origin: &str, host: Option<&str>, in_tls: bool) -> bool {
        let same = origin.split_once("://").zip(host).is_some_and(|((_, page), host)| {
            bare(page).eq_ignore_ascii_case(bare(host)) && (in_tls || is_nobodys(bare(host)))
        });
        same || self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// Whether a host is one that no name server is asked for: an address, or this machine.
fn is_nobodys(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost")
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
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(WAITING)
}

/// Shakes hands with whoever called, in TLS or not.
pub(crate) async fn accept<S>(stream: S, origins: &Origins, in_tls: bool) -> Result<WsStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let origins = origins.clone();
    let accepted = accept_hdr_async_with_config(
        stream,
        #[allow(clippy::result_large_err, reason = "tungstenite's own callback")]
        move |request: &Request, response: Response| admit(&origins, in_tls, request, response),
        Some(limits()),
    );
    let socket = accepted.await.map_err(|error| explained(&error))?;
    Ok(WsStream { socket, data: Bytes::new() })
}

/// Calls; `url` is `ws://HOST:PORT/PATH`, `wss:` where TLS is below already.
///
/// The handshake is made here, for tungstenite's own takes no server that leaves the subprotocol out, as one may that
/// knows none (RFC 6455 §4.2.2).
pub(crate) async fn connect<S>(stream: S, url: &str) -> Result<WsStream<TokioIo<Upgraded>>, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shown = |error: &dyn std::fmt::Display| escape::short(&error.to_string(), 200);
    let uri: Uri = url.parse().map_err(|error| shown(&error))?;
    let key = generate_key();
    let request = hyper::Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, uri.authority().map_or("", |host| host.as_str()))
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "Upgrade")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key)
        .header(header::SEC_WEBSOCKET_PROTOCOL, BINARY)
        .body(Empty::<Bytes>::new())
        .map_err(|error| shown(&error))?;
    let handshake = http1::Builder::new().max_buf_size(ANSWER).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| shown(&error))?;
    // ends with the stream, or when nobody waits for the answer any more
    drop(tokio::spawn(connection.with_upgrades()));
    let answer: hyper::Response<Incoming> =
        sender.send_request(request).await.map_err(|error| shown(&error))?;
    agrees(answer.status(), answer.headers(), &key)?;
    let upgraded = hyper::upgrade::on(answer).await.map_err(|error| shown(&error))?;
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, Some(limits())).await;
    Ok(WsStream { socket, data: Bytes::new() })
}

/// Whether the other end has agreed (RFC 6455 §4.1); else why not.
fn agrees(status: StatusCode, headers: &HeaderMap, key: &str) -> Result<(), String> {
    let named =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let says = |name, word: &str| named(name).split(',').any(|one| one.trim().eq_ignore_ascii_case(word));
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("the other end answered HTTP {}", status.as_u16()));
    }
    if !says(header::UPGRADE, "websocket") || !says(header::CONNECTION, "upgrade") {
        return Err("the other end went on to something else than WebSocket".into());
    }
    if named(header::SEC_WEBSOCKET_ACCEPT) != derive_accept_key(key.as_bytes()) {
        return Err("the other end's answer is to another request (Sec-WebSocket-Accept)".into());
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err("the other end wants an extension that nobody asked for".into());
    }
    match headers.get(header::SEC_WEBSOCKET_PROTOCOL) {
        Some(chosen) if chosen != BINARY => Err(format!(
            "the other end speaks {:?} and not binary",
            escape::short(named(header::SEC_WEBSOCKET_PROTOCOL), 40)
        )),
        _ => Ok(()),
    }
}

/// Looks at who calls, and takes the subprotocol where it is asked for.
#[allow(clippy::result_large_err, reason = "tungstenite's own callback")]
fn admit(
    origins: &Origins,
    in_tls: bool,
    request: &Request,
    mut response: Response,
) -> Result<Response, ErrorResponse> {
    let named = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let allowed = origin.to_str().is_ok_and(|origin| origins.allow(origin, named(header::HOST), in_tls));
        if !allowed {
            let origin = escape::short(&String::from_utf8_lossy(origin.as_bytes()), 200);
            let mut refused = ErrorResponse::new(Some(format!(
                "a page of {origin} may not call here (origins of the port)"
            )));
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
        // what we have said ourselves
        Error::Http(response) if response.status() == StatusCode::FORBIDDEN => {
            String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned()
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
                    let _ = Pin::new(this.socket.get_mut()).poll_shutdown(cx);
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
        for (origin, host, in_tls) in [
            ("https://modem.example:8080", "modem.example:7001", true),
            ("http://[::1]:8080", "[::1]:7001", false),
            ("http://127.0.0.1", "127.0.0.1:7001", false),
            ("http://192.0.2.7", "192.0.2.7", false),
            ("http://localhost:8080", "LOCALHOST:7001", false),
            ("https://Retro.example", "modem.example:7001", false),
        ] {
            assert!(origins.allow(origin, Some(host), in_tls), "{origin}");
        }
        for (origin, host, in_tls) in [
            ("https://evil.example", Some("modem.example:7001"), true),
            ("https://modem.example.evil.example", Some("modem.example"), true),
            ("https://retro.example.evil", Some("x"), true),
            ("null", Some("modem.example"), true),
            ("null", Some("null"), true),
            ("https://modem.example", None, true),
            // a name that leads to 127.0.0.1 as long as its owner wants
            ("http://evil.example:7001", Some("evil.example:7001"), false),
            ("http://127.0.0.1.evil.example", Some("127.0.0.1.evil.example"), false),
            ("http://localhost.evil.example", Some("localhost.evil.example"), false),
            ("http://evil.example", Some("localhost"), false),
        ] {
            assert!(!origins.allow(origin, host, in_tls), "{origin}");
        }
    }

    #[test]
    fn a_server_may_leave_the_subprotocol_out_and_nothing_else() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let answer = |status: u16, lines: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(*name, value.parse().unwrap());
            }
            agrees(StatusCode::from_u16(status).unwrap(), &headers, key)
        };
        let right = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            // RFC 6455 §1.3
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        assert_eq!(answer(101, &right), Ok(()));
        let with = |name, value| answer(101, &[&right[..], &[(name, value)]].concat());
        assert_eq!(with("sec-websocket-protocol", "binary"), Ok(()));
        assert!(with("sec-websocket-protocol", "chat").unwrap_err().contains("chat"));
        assert!(with("sec-websocket-extensions", "permessage-deflate").is_err());
        assert!(with("sec-websocket-accept", "x").unwrap_err().contains("another request"));
        assert!(with("connection", "close").is_err() && with("upgrade", "h2c").is_err());
        assert!(answer(404, &right).unwrap_err().contains("404"));
    }
}
