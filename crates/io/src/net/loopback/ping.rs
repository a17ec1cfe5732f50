//! Echo requests, RFC 792 and RFC 4443 §4.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::task::Poll;
use std::time::Duration;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::icmp;
use smoltcp::wire::{Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr};
use tokio::time::{Instant, timeout};

use super::{IcmpSocket, Shared};

/// How long one answer is waited for.
const WAIT: Duration = Duration::from_secs(5);
/// Octets sent along, as the ping program does.
const DATA: [u8; 56] = [0x2a; 56];

/// How long one answer took; `None`: it did not come.
pub type Rtt = Option<Duration>;

pub(super) async fn ping(shared: &Shared, address: IpAddr, count: u16) -> io::Result<Vec<Rtt>> {
    poll_fn(|cx| shared.stack().poll_way(address, cx)).await?;
    let (socket, ident) = open(shared, address)?;
    let mut times = Vec::new();
    for sequence in 0..count {
        shared.stack().check(address)?;
        let sent = Instant::now();
        send(&socket, address, ident, sequence)?;
        shared.wake.notify_one();
        let answer = timeout(WAIT, answer(&socket, address, sequence)).await;
        times.push(answer.is_ok().then(|| sent.elapsed()));
    }
    Ok(times)
}

fn open(shared: &Shared, address: IpAddr) -> io::Result<(IcmpSocket<'_>, u16)> {
    let mut stack = shared.stack();
    stack.check(address)?;
    let buffer = || icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; 4], vec![0; 512]);
    let mut socket = icmp::Socket::new(buffer(), buffer());
    let ident = stack.number();
    socket.bind(icmp::Endpoint::Ident(ident)).map_err(|_| io::Error::from(io::ErrorKind::AddrInUse))?;
    let handle = stack.sockets.add(socket);
    drop(stack);
    Ok((IcmpSocket { shared, handle }, ident))
}

fn send(socket: &IcmpSocket<'_>, address: IpAddr, ident: u16, seq_no: u16) -> io::Result<()> {
    let checksums = ChecksumCapabilities::default();
    socket.with(|socket| {
        let full = |_| io::Error::from(io::ErrorKind::OutOfMemory);
        match address {
            IpAddr::V4(_) => {
                let echo = Icmpv4Repr::EchoRequest { ident, seq_no, data: &DATA };
                let bytes = socket.send(echo.buffer_len(), address.into()).map_err(full)?;
                echo.emit(&mut Icmpv4Packet::new_unchecked(bytes), &checksums);
            }
            IpAddr::V6(to) => {
                let echo = Icmpv6Repr::EchoRequest { ident, seq_no, data: &DATA };
                let bytes = socket.send(echo.buffer_len(), address.into()).map_err(full)?;
                // the stack puts in its own source address and the checksum that goes with it
                echo.emit(&Ipv6Addr::UNSPECIFIED, &to, &mut Icmpv6Packet::new_unchecked(bytes), &checksums);
            }
        }
        Ok(())
    })
}

/// Waits for the answer with this number from this address.
async fn answer(socket: &IcmpSocket<'_>, address: IpAddr, sequence: u16) {
    poll_fn(|cx| {
        socket.with(|socket| {
            while let Ok((bytes, from)) = socket.recv() {
                if IpAddr::from(from) == address && echo_reply(bytes, address) == Some(sequence) {
                    return Poll::Ready(());
                }
            }
            socket.register_recv_waker(cx.waker());
            Poll::Pending
        })
    })
    .await;
}

fn echo_reply(bytes: &[u8], address: IpAddr) -> Option<u16> {
    match address {
        IpAddr::V4(_) => {
            let packet = Icmpv4Packet::new_checked(bytes).ok()?;
            (packet.msg_type() == smoltcp::wire::Icmpv4Message::EchoReply).then(|| packet.echo_seq_no())
        }
        IpAddr::V6(_) => {
            let packet = Icmpv6Packet::new_checked(bytes).ok()?;
            (packet.msg_type() == smoltcp::wire::Icmpv6Message::EchoReply).then(|| packet.echo_seq_no())
        }
    }
}
