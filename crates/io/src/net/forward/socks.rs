//! The server's side of SOCKS: version 5 (RFC 1928) without authentication, and 4 with names (4a). CONNECT only.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Host, Target};

/// The longest user name or host name of version 4, in octets.
const TEXT: usize = 255;

/// How the client wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Four,
    Five,
}

/// What a client asked that cannot be done: it has been answered.
fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Reads what the client wants. A client that wants something else is told so.
///
/// # Errors
/// `InvalidData`: not SOCKS, or nothing we do; else what became of the stream.
pub(super) async fn request<S>(stream: &mut S) -> io::Result<(Version, Target)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match stream.read_u8().await? {
        5 => Ok((Version::Five, five(stream).await?)),
        4 => Ok((Version::Four, four(stream).await?)),
        _ => Err(refused("this is no SOCKS client")),
    }
}

async fn five<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<Target> {
    let mut methods = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut methods).await?;
    if !methods.contains(&0) {
        stream.write_all(&[5, 0xff]).await?;
        return Err(refused("the client wants to authenticate"));
    }
    stream.write_all(&[5, 0]).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [5, command, _, kind] = head else { return Err(refused("not version 5")) };
    let host = match kind {
        1 => {
            let mut octets = [0; 4];
            stream.read_exact(&mut octets).await?;
            Some(Host::Address(IpAddr::V4(Ipv4Addr::from(octets))))
        }
        4 => {
            let mut octets = [0; 16];
            stream.read_exact(&mut octets).await?;
            Some(Host::Address(IpAddr::V6(Ipv6Addr::from(octets))))
        }
        3 => {
            let mut name = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut name).await?;
            String::from_utf8(name).ok().and_then(|name| name.parse().ok())
        }
        _ => {
            stream.write_all(&answer_five(8)).await?;
            return Err(refused("an address of an unknown kind"));
        }
    };
    let port = stream.read_u16().await?;
    if command != 1 {
        stream.write_all(&answer_five(7)).await?;
        return Err(refused("only CONNECT is done here"));
    }
    match host {
        Some(host) => Ok(Target { host, port }),
        None => {
            stream.write_all(&answer_five(4)).await?;
            Err(refused("not the name of a host"))
        }
    }
}

async fn four<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<Target> {
    let command = stream.read_u8().await?;
    let port = stream.read_u16().await?;
    let mut octets = [0; 4];
    stream.read_exact(&mut octets).await?;
    text(stream).await?;
    let host = match octets {
        // 4a: the name stands behind
        [0, 0, 0, last] if last != 0 => {
            String::from_utf8(text(stream).await?).ok().and_then(|name| name.parse().ok())
        }
        octets => Some(Host::Address(IpAddr::V4(Ipv4Addr::from(octets)))),
    };
    match host.filter(|_| command == 1) {
        Some(host) => Ok(Target { host, port }),
        None => {
            stream.write_all(&answer_four(0x5b)).await?;
            Err(refused("only CONNECT to a host is done here"))
        }
    }
}

/// Octets up to a zero.
async fn text<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        match stream.read_u8().await? {
            0 => return Ok(text),
            octet if text.len() < TEXT => text.push(octet),
            _ => return Err(refused("a text without an end")),
        }
    }
}

/// The answer for what became of the connection.
pub(super) fn answer(version: Version, result: Result<(), io::ErrorKind>) -> Vec<u8> {
    use io::ErrorKind::{ConnectionRefused, NotConnected, NotFound, TimedOut, Unsupported};
    match (version, result) {
        (Version::Four, Ok(())) => answer_four(0x5a).to_vec(),
        (Version::Four, Err(_)) => answer_four(0x5b).to_vec(),
        (Version::Five, result) => {
            let code = match result {
                Ok(()) => 0,
                Err(NotConnected | Unsupported) => 3,
                Err(NotFound | TimedOut) => 4,
                Err(ConnectionRefused) => 5,
                Err(_) => 1,
            };
            answer_five(code).to_vec()
        }
    }
}

fn answer_five(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

fn answer_four(code: u8) -> [u8; 8] {
    [0, code, 0, 0, 0, 0, 0, 0]
}
