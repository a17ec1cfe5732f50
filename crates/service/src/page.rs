//! What a caller finds at the port's own address where `ip = "loopback"`: it answers ping, and has a small web page.
//!
//! | path | gives |
//! |---|---|
//! | `/` | a sentence |
//! | `/bytes/N` | N bytes that do not compress, N ≤ 16 MiB: to measure and check a link with |
//! | `/bytes/N.sha256` | their SHA-256 in hexadecimal |

use std::fmt::Write;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use openras_io::IpPort;
use openras_io::net::http;
use openras_io::net::loopback::{FarEnd, LoopbackPort, loopback};
use openras_ppp::Negotiated;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use tokio::io::ReadBuf;

/// The largest `/bytes/N`.
const MOST: usize = 16 * 1024 * 1024;
/// Port of the page.
const HTTP: u16 = 80;

/// The port's own end of a call's link: a stack with the page on it, built when the first packet comes. Most calls of
/// a service that has thousands never send one here.
#[derive(Default)]
pub(crate) struct Page {
    /// What was agreed, while the link is up.
    agreed: Option<Box<Negotiated>>,
    stack: Option<LoopbackPort>,
}

impl IpPort for Page {
    fn up(&mut self, negotiated: &Negotiated) {
        self.agreed = Some(Box::new(negotiated.clone()));
        if let Some(stack) = &mut self.stack {
            stack.up(negotiated);
        }
    }

    fn down(&mut self) {
        self.agreed = None;
        // a stack that is dropped ends its listener and its streams
        self.stack = None;
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.stack {
            Some(stack) => stack.poll_ready(cx),
            None => Poll::Ready(()),
        }
    }

    fn send(&mut self, packet: Vec<u8>) {
        let Some(agreed) = &self.agreed else { return };
        self.stack.get_or_insert_with(|| built(agreed)).send(packet);
    }

    /// Without a stack there is nothing to wait for: the driver asks again after it has sent.
    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        match &mut self.stack {
            Some(stack) => stack.poll_recv(cx, buf),
            None => Poll::Pending,
        }
    }
}

/// A stack with the page on it. Must be called inside a tokio runtime.
fn built(agreed: &Negotiated) -> LoopbackPort {
    let (mut port, handle) = loopback(FarEnd::Host);
    // a new stack has no listener that could be in the way
    if let Ok(listener) = handle.tcp_listen(HTTP) {
        tokio::spawn(http::serve(listener, site));
    }
    port.up(agreed);
    port
}

fn site(path: &str) -> Option<Bytes> {
    if path == "/" {
        let text =
            "This is OpenRAS. You are connected.\n/bytes/N gives N bytes, /bytes/N.sha256 their SHA-256.\n";
        return Some(Bytes::from_static(text.as_bytes()));
    }
    let rest = path.strip_prefix("/bytes/")?;
    match rest.strip_suffix(".sha256") {
        Some(number) => Some(Bytes::from(digest(&bytes(number)?))),
        None => bytes(rest),
    }
}

/// All callers are served from the same memory.
fn bytes(number: &str) -> Option<Bytes> {
    static ALL: OnceLock<Bytes> = OnceLock::new();
    let length: usize = number.parse().ok().filter(|length| *length <= MOST)?;
    let all = ALL.get_or_init(|| {
        let mut all = vec![0; MOST];
        ChaCha8Rng::seed_from_u64(0).fill_bytes(&mut all);
        Bytes::from(all)
    });
    Some(all.slice(..length))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_gives_what_its_digest_says_and_no_more_than_it_may() {
        let page = site("/bytes/1000").unwrap();
        assert_eq!(page.len(), 1000);
        assert_eq!(site("/bytes/1000.sha256").unwrap(), digest(&page).as_bytes());
        assert!(site("/bytes/16777216").is_some() && site("/bytes/16777217").is_none());
        for path in ["/bytes/", "/bytes/-1", "/bytes/x.sha256", "/etc/passwd", ""] {
            assert!(site(path).is_none(), "{path}");
        }
    }
}
