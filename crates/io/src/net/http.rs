//! HTTP/1.1 over the link: `--fetch` on one end, a page on the other.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{AbortHandle, JoinSet};

use super::forward::{Target, Way};
use super::loopback::{LoopbackHandle, TcpListener};

#[cfg(test)]
mod tests;

/// How long a client may take to send its request.
const REQUEST: Duration = Duration::from_secs(30);
/// Connections a [`serve`] answers at once; more wait.
const CONNECTIONS: usize = 64;

/// A response whose body comes in pieces.
#[derive(Debug)]
pub struct Page {
    response: Response<Incoming>,
    connection: AbortHandle,
}

impl Page {
    /// The status code, such as 200. Redirects are not followed.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The length of the body in bytes, if the server said it.
    pub fn length(&self) -> Option<u64> {
        self.response.body().size_hint().exact()
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// The connection was broken off before the end, or what came is not HTTP.
    pub async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(frame) = self.response.body_mut().frame().await {
            // frames that are no data are trailers
            if let Ok(bytes) = frame.map_err(io::Error::other)?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Gets `http://HOST[:PORT]/PATH` through the link; a name is asked of the link's DNS servers.
///
/// # Errors
/// `InvalidInput`: not such an URL; else as [`Way::open`] and [`get`].
pub async fn fetch(link: &LoopbackHandle, url: &str) -> io::Result<Page> {
    let (target, uri) = parse(url)?;
    let stream = link.open(&target).await?;
    get(stream, &uri).await
}

/// Asks for `uri` on a connection of its own.
///
/// # Errors
/// The connection was broken off, or what came is not HTTP.
pub async fn get<S>(stream: S, uri: &Uri) -> io::Result<Page>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("openras/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let connection = tokio::spawn(async move {
        // what went wrong is told to the request or its body
        drop(connection.await);
    })
    .abort_handle();
    match sender.send_request(request).await {
        Ok(response) => Ok(Page { response, connection }),
        Err(error) => {
            connection.abort();
            Err(io::Error::other(error))
        }
    }
}

/// Takes `http://HOST[:PORT]/PATH` apart: where to connect, and what to ask [`get`] for.
///
/// # Errors
/// `InvalidInput`: not such an URL.
pub fn parse(url: &str) -> io::Result<(Target, Uri)> {
    let refuse =
        |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{why}: http://HOST[:PORT]/PATH"));
    let uri: Uri = url.parse().map_err(|_| refuse("not an URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(refuse("only http is spoken here"));
    }
    let host = uri.host().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let port = match authority.rsplit_once(host).map(|(_, rest)| rest) {
        Some("") => 80,
        Some(rest) => rest.trim_start_matches(':').parse().map_err(|_| refuse("not a port"))?,
        None => return Err(refuse("not an URL")),
    };
    let host = host.parse().map_err(|_| refuse("the host must be an address or a name"))?;
    Ok((Target { host, port }, uri))
}

/// Answers GET and HEAD on every connection of the listener until the link has gone. `site` gives the body for a
/// path, `None` is 404.
pub async fn serve<F>(mut listener: TcpListener, site: F)
where
    F: Fn(&str) -> Option<Bytes> + Send + Sync + 'static,
{
    let site = Arc::new(site);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = listener.accept(), if connections.len() < CONNECTIONS => match stream {
                Some(stream) => drop(connections.spawn(serve_connection(stream, site.clone()))),
                None => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection.
async fn serve_connection<S, F>(stream: S, site: Arc<F>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Fn(&str) -> Option<Bytes> + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path(), site.as_ref());
        async move { Ok::<_, Infallible>(response) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "an HTTP connection was broken off");
    }
}

fn respond(method: &Method, path: &str, site: &impl Fn(&str) -> Option<Bytes>) -> Response<Full<Bytes>> {
    let plain = |status, text: &'static str| {
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    };
    if method != Method::GET && method != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n");
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match site(path) {
        None => plain(StatusCode::NOT_FOUND, "there is no such page\n"),
        Some(body) => {
            let mut response = Response::new(Full::new(body));
            let kind = hyper::header::HeaderValue::from_static("application/octet-stream");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
    }
}
