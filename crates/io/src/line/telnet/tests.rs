//! Telnet on a stream that gives and takes octets in any pieces.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// Octets that mean something to telnet, NVT and PPP.
fn awkward() -> Vec<u8> {
    let mut bytes = Vec::new();
    for n in 0..3000u32 {
        let octets = [0xff, 0x0d, 0x00, 0x0a, 0x7e, 0xfa, 0xf0, (n % 256) as u8];
        bytes.extend(octets.iter().take(1 + (n % 8) as usize));
    }
    bytes
}

fn pair(room: usize) -> (TelnetStream<DuplexStream>, TelnetStream<DuplexStream>) {
    let (near, far) = duplex(room);
    (TelnetStream::client(near), TelnetStream::server(far))
}

#[tokio::test]
async fn octets_survive_whatever_room_there_is() {
    let bytes = awkward();
    for room in [1, 2, 3, 7, 64, 5000] {
        let (mut client, mut server) = pair(room);
        let sending = async {
            // until both have agreed on binary nobody can tell how a CR is meant (RFC 856); PPP escapes it till later
            client.write_all(b"7 bits").await.unwrap();
            client.flush().await.unwrap();
            client.read_exact(&mut [0; 6]).await.unwrap();
            client.write_all(&bytes).await.unwrap();
            client.flush().await.unwrap();
            let mut back = vec![0; bytes.len()];
            client.read_exact(&mut back).await.unwrap();
            assert!(back == bytes, "back, {room}");
            client.shutdown().await.unwrap();
        };
        let receiving = async {
            let mut plain = [0; 6];
            server.read_exact(&mut plain).await.unwrap();
            server.write_all(&plain).await.unwrap();
            server.flush().await.unwrap();
            let mut read = vec![0; bytes.len()];
            server.read_exact(&mut read).await.unwrap();
            assert!(read == bytes, "there, {room}");
            server.write_all(&read).await.unwrap();
            server.flush().await.unwrap();
            assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
        };
        tokio::join!(sending, receiving);
    }
}

/// Who asks and never reads is not read for ever: no more waits than the caps say.
#[tokio::test]
async fn a_peer_that_only_asks_is_not_answered_into_memory() {
    let (mut near, far) = duplex(64);
    let mut server = TelnetStream::server(far);
    let asking = async {
        loop {
            near.write_all(b"\xff\xf6\xff\xfd\x63").await.unwrap();
        }
    };
    let reading = async {
        let mut memory = [0; 64];
        server.read(&mut memory).await
    };
    let busy = async { tokio::join!(asking, reading) };
    let _: Result<((), _), _> = tokio::time::timeout(std::time::Duration::from_millis(200), busy).await;
    assert!(server.waiting() <= WAITING + 8 * 1024, "{}", server.waiting());
    assert!(server.waiting() > 1000, "it was answered at all");
}

/// A lone FF typed at a prompt never reached its module.
#[tokio::test(start_paused = true)]
async fn a_lone_ff_is_data_when_nothing_follows() {
    let (mut near, far) = duplex(64);
    let mut server = TelnetStream::perhaps(far);
    near.write_all(b"a\xff").await.unwrap();
    let mut read = [0; 2];
    server.read_exact(&mut read).await.unwrap();
    assert_eq!(read, *b"a\xff");
    // cut in the middle of a greeting, it is still one
    near.write_all(b"\xff").await.unwrap();
    let cut = async {
        tokio::time::sleep(DOUBT / 2).await;
        near.write_all(b"\xfb\x00b").await.unwrap();
        near
    };
    let (mut near, octet) = tokio::join!(cut, server.read_u8());
    assert_eq!(octet.unwrap(), b'b');
    // and what is held at the end is not lost
    let (last, far) = duplex(64);
    let mut server = TelnetStream::perhaps(far);
    near.shutdown().await.unwrap();
    let mut last = last;
    last.write_all(b"\xff").await.unwrap();
    drop(last);
    let mut rest = Vec::new();
    server.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\xff");
}

/// Who says goodbye and lets go is heard, though what we have to say finds nobody.
#[tokio::test]
async fn what_came_before_a_break_is_read() {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// Gives what there is, and takes nothing any more.
    struct Broken(Vec<Vec<u8>>);

    impl AsyncRead for Broken {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buf.put_slice(&self.0.pop().unwrap_or_default());
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Broken {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    // it asks for something that is to be answered, too
    let mut server = TelnetStream::server(Broken(vec![b"bye".to_vec(), b"good\xff\xfd\x18".to_vec()]));
    let mut heard = String::new();
    server.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "goodbye");
}
