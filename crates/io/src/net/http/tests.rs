use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::net::loopback::tests::{B, pair};

async fn body(mut page: Page) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(bytes) = page.chunk().await? {
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

#[tokio::test]
async fn a_page_is_fetched_whole_through_two_stacks() {
    let (near, far, _wire) = pair(1500).await;
    let large = Bytes::from(vec![7; 2_000_000]);
    let site = large.clone();
    tokio::spawn(serve(far.tcp_listen(8080).unwrap(), move |path| (path == "/").then(|| site.clone())));
    let page = fetch(&near, &format!("http://{B}:8080/")).await.unwrap();
    assert_eq!((page.status(), page.length()), (200, Some(2_000_000)));
    assert!(body(page).await.unwrap() == large);
    let page = fetch(&near, &format!("http://{B}:8080/other?x=1")).await.unwrap();
    assert_eq!(page.status(), 404);
    let page = fetch(&near, "http://[fe80::2]:8080/").await.unwrap();
    assert_eq!(page.status(), 200);
}

/// A server that says exactly this, then closes.
async fn says(answer: &'static [u8]) -> io::Result<Page> {
    let (near, mut far) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        let mut request = vec![0; 1024];
        let count = far.read(&mut request).await.unwrap();
        assert!(request[..count].starts_with(b"GET /x?y=1 HTTP/1.1\r\n"));
        far.write_all(answer).await.unwrap();
    });
    get(near, &Uri::from_static("http://10.0.0.1/x?y=1")).await
}

#[tokio::test]
async fn chunked_bodies_come_whole_and_broken_ones_are_errors() {
    let page =
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").await;
    let page = page.unwrap();
    assert_eq!((page.status(), page.length()), (200, None));
    assert_eq!(body(page).await.unwrap(), b"abcde");
    let page = says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
    assert!(body(page).await.is_err());
    assert!(says(b"\x7e\xff\x7d\x23\xc0\x21 this is not HTTP\r\n\r\n").await.is_err());
    assert!(says(b"").await.is_err());
}

#[test]
fn an_url_that_cannot_be_fetched_is_refused_with_the_reason() {
    for (url, why) in [
        ("https://10.0.0.1/", "only http"),
        ("http://a..b/", "an address or a name"),
        ("http://ex%61mple/", ""),
        ("10.0.0.1", "only http"),
        ("http://10.0.0.1:99999/", "not a port"),
        ("http://10.0.0.1:/", "not a port"),
    ] {
        let error = parse(url).unwrap_err().to_string();
        assert!(error.contains(why), "{url}: {error}");
    }
    for (url, target) in [
        ("http://[fe80::1]/a", "[fe80::1]:80"),
        ("http://10.0.0.1:8080/", "10.0.0.1:8080"),
        ("http://Example.net/", "example.net:80"),
    ] {
        assert_eq!(parse(url).unwrap().0.to_string(), target);
    }
}

#[test]
fn other_methods_are_405() {
    let site = |_: &str| Some(Bytes::new());
    assert_eq!(respond(&Method::POST, "/", &site).status(), 405);
    assert_eq!(respond(&Method::HEAD, "/", &site).status(), 200);
}
