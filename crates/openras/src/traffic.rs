//! `--ping` and `--fetch`: what goes over the link once it stands.

use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use openras_api::Client;
use openras_api::types::CallId;
use openras_api::types::connection::{Ping, TcpTo};
use openras_io::net::forward::{Target, Way};
use openras_io::net::http;
use openras_io::net::loopback::{LoopbackHandle, Rtt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::render;
use crate::ways::{Ports, Teller};

/// What a dial shall do once connected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) ping: Option<u16>,
    pub(crate) fetch: Option<String>,
    /// `--for`.
    pub(crate) stay: Option<Duration>,
    /// `--detach`: the call stays when all is done.
    pub(crate) detach: bool,
    /// Ports that the service opens.
    pub(crate) ports: Ports,
    /// Ports that wait for the call already.
    pub(crate) demand: Option<Teller>,
}

/// What comes of it.
pub(crate) enum Report {
    Line(Line),
    /// Nothing more to do: hang up, or leave.
    Done,
}

/// One result.
pub(crate) enum Line {
    Pings(Result<Pings, String>),
    Page(Result<Page, String>),
    /// Where a port listens, what it leads to, and why it could not be had.
    Port(Option<SocketAddr>, String, Result<(), String>),
}

impl Line {
    pub(crate) fn failed(&self) -> bool {
        matches!(self, Self::Pings(Err(_)) | Self::Page(Err(_)) | Self::Port(.., Err(_)))
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Pings(Ok(pings)) => pings.to_string(),
            Self::Page(Ok(page)) => page.to_string(),
            Self::Pings(Err(error)) => format!("ping failed: {error}"),
            Self::Page(Err(error)) => format!("fetch failed: {error}"),
            Self::Port(_, text, Ok(())) => text.clone(),
            Self::Port(_, text, Err(error)) => format!("not so: {text}: {error}"),
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Pings(Ok(pings)) => json!({
                "event": "ping",
                "address": pings.address,
                "rtt": pings.rtts.iter().map(|rtt| rtt.map(|rtt| rtt.as_secs_f64())).collect::<Vec<_>>(),
            }),
            Self::Page(Ok(page)) => json!({
                "event": "fetch",
                "url": page.url,
                "status": page.status,
                "bytes": page.bytes,
                "sha256": page.sha256,
                "seconds": page.took.as_secs_f64(),
            }),
            Self::Pings(Err(error)) => json!({ "event": "ping", "failed": error }),
            Self::Page(Err(error)) => json!({ "event": "fetch", "failed": error }),
            Self::Port(listen, text, Ok(())) => json!({ "event": "port", "listen": listen, "text": text }),
            Self::Port(_, text, Err(error)) => json!({ "event": "port", "text": text, "failed": error }),
        }
    }
}

/// Answers to pings.
pub(crate) struct Pings {
    address: IpAddr,
    rtts: Vec<Rtt>,
}

impl fmt::Display for Pings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered: Vec<Duration> = self.rtts.iter().flatten().copied().collect();
        write!(f, "ping {}: {} of {} answered", self.address, answered.len(), self.rtts.len())?;
        match (answered.iter().min(), answered.iter().max()) {
            (Some(least), Some(most)) => write!(f, ", {:.1} to {:.1} ms", millis(*least), millis(*most)),
            _ => Ok(()),
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A page that came whole.
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
    pub(crate) took: Duration,
    /// The body, where it is short.
    pub(crate) text: String,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64().max(1e-6);
        let rate = self.bytes as f64 / (1024.0 * 1024.0) / seconds;
        write!(f, "{}: {} bytes in {seconds:.1} s ({rate:.1} MiB/s)", self.url, self.bytes)?;
        write!(f, "\n  SHA-256 {}", self.sha256)
    }
}

/// A connected call as something to send packets through.
pub(crate) trait Link: Sync {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Pings the other end.
    fn ping(&self, count: u16) -> impl Future<Output = Result<(IpAddr, Vec<Rtt>), String>> + Send;

    /// A TCP stream through it.
    fn connect(&self, to: &Target) -> impl Future<Output = Result<Self::Stream, String>> + Send;
}

/// A call of the service's, over its socket.
pub(crate) struct Far {
    pub(crate) client: Client,
    pub(crate) call: CallId,
}

impl Link for Far {
    type Stream = openras_api::client::Stream;

    async fn ping(&self, count: u16) -> Result<(IpAddr, Vec<Rtt>), String> {
        let ping = Ping { address: None, count };
        // a ping a second, and the last may take a while
        let client = self.client.clone().timeout(SILENCE + Duration::from_secs(2 * u64::from(count)));
        let pinged = client.ping(self.call, &ping).await.map_err(|error| render::problem(&error))?;
        let rtts = pinged.rtts.into_iter().map(|rtt| rtt.map(render::time)).collect();
        Ok((pinged.address, rtts))
    }

    async fn connect(&self, to: &Target) -> Result<Self::Stream, String> {
        let address = to.host.to_string().trim_matches(['[', ']']).to_owned();
        let to = TcpTo { address, port: to.port };
        self.client.tcp(self.call, &to).await.map_err(|error| render::problem(&error))
    }
}

/// A call inside this process, as the demo's.
pub(crate) struct Near<'a> {
    pub(crate) stack: &'a LoopbackHandle,
    pub(crate) server: IpAddr,
}

impl Link for Near<'_> {
    type Stream = openras_io::net::loopback::TcpStream;

    async fn ping(&self, count: u16) -> Result<(IpAddr, Vec<Rtt>), String> {
        let rtts = async {
            self.stack.until_up().await?;
            self.stack.ping(self.server, count).await
        };
        rtts.await.map(|rtts| (self.server, rtts)).map_err(|error| error.to_string())
    }

    async fn connect(&self, to: &Target) -> Result<Self::Stream, String> {
        let stream = async {
            self.stack.until_up().await?;
            self.stack.open(to).await
        };
        stream.await.map_err(|error| error.to_string())
    }
}

/// Does what was asked, and then says `Done` unless the call shall stay.
pub(crate) fn start(traffic: &Traffic, link: Far) -> mpsc::Receiver<Report> {
    let (reports, receiver) = mpsc::channel(8);
    let traffic = traffic.clone();
    tokio::spawn(async move {
        let begun = tokio::time::Instant::now();
        for line in open(&traffic.ports, &link.client, link.call).await {
            let _ = reports.send(Report::Line(line)).await;
        }
        if let Some(demand) = &traffic.demand {
            demand.up(link.client.clone(), link.call);
        }
        if let Some(count) = traffic.ping {
            // a session that is over wants no report
            let _ = reports.send(Report::Line(Line::Pings(ping(&link, count).await))).await;
        }
        if let Some(url) = &traffic.fetch {
            let _ = reports.send(Report::Line(Line::Page(fetch(&link, url).await))).await;
        }
        let stays = traffic.demand.is_some() || !traffic.ports.is_empty();
        let work = !stays && (traffic.ping.is_some() || traffic.fetch.is_some()) || traffic.detach;
        match traffic.stay {
            Some(stay) => tokio::time::sleep_until(begun + stay).await,
            None if !work => return reports.closed().await,
            None => {}
        }
        let _ = reports.send(Report::Done).await;
    });
    receiver
}

/// Has the service open the ports; what became of each.
pub(crate) async fn open(ports: &Ports, client: &Client, call: CallId) -> Vec<Line> {
    let opened = ports.open(client, call).await.into_iter();
    opened
        .map(|(at, text, done)| Line::Port(at, text, done.map_err(|problem| render::problem(&problem))))
        .collect()
}

/// How long a server may say nothing while a page is fetched.
const SILENCE: Duration = Duration::from_secs(30);
/// How long it may take to answer; shorter than a request to the service may, which would blame the service.
const CONNECT: Duration = Duration::from_secs(20);

/// One step of a fetch, within its time.
async fn step<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(SILENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(format!("the server said nothing for {} s", SILENCE.as_secs())),
    }
}

async fn io<T>(work: impl Future<Output = std::io::Result<T>>) -> Result<T, String> {
    step(async { work.await.map_err(|error| error.to_string()) }).await
}

/// Pings; one answer is enough to be well.
pub(crate) async fn ping(link: &impl Link, count: u16) -> Result<Pings, String> {
    let (address, rtts) = link.ping(count).await?;
    if rtts.iter().flatten().next().is_none() {
        return Err(format!("{address} answered none of {count}"));
    }
    Ok(Pings { address, rtts })
}

/// Gets a page whole; anything but 200 is a failure.
pub(crate) async fn fetch(link: &impl Link, url: &str) -> Result<Page, String> {
    let begun = Instant::now();
    let (target, uri) = http::parse(url).map_err(|error| error.to_string())?;
    let stream = tokio::time::timeout(CONNECT, link.connect(&target))
        .await
        .map_err(|_| format!("{target} did not answer within {} s", CONNECT.as_secs()))??;
    let mut page = io(http::get(stream, &uri)).await?;
    let (mut digest, mut bytes, mut text) = (Sha256::new(), 0u64, Vec::new());
    while let Some(chunk) = io(page.chunk()).await? {
        digest.update(&chunk);
        bytes += chunk.len() as u64;
        if bytes <= 1024 {
            text.extend_from_slice(&chunk);
        }
    }
    let sha256 = digest.finalize().iter().fold(String::new(), |mut hex, byte| {
        // writing to a String cannot fail
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    if page.status() != 200 {
        return Err(format!("{url}: status {}", page.status()));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Page { url: url.into(), status: page.status(), bytes, sha256, took: begun.elapsed(), text })
}
