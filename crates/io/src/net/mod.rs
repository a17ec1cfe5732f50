//! Where a call's IP packets go and come from.

use std::task::{Context, Poll};

use openras_ppp::Negotiated;
use tokio::io::ReadBuf;

mod autoconf;
pub mod forward;
pub mod http;
pub mod loopback;
pub mod name_servers;
pub mod nat;
pub mod tun;

/// The largest IP packet an [`IpPort`] may hand to the link, in bytes.
pub const MAX_PACKET: usize = 16 * 1024;

/// One end of IP. All of it is called by one driver, from one task; nothing blocks.
pub trait IpPort: Send {
    /// IP is up or has changed: take these addresses and this MTU before the next packet.
    fn up(&mut self, negotiated: &Negotiated);

    /// The link has gone: no packet goes either way until the next [`up`](Self::up).
    fn down(&mut self);

    /// Whether there is room for one more packet; else the task is woken when there is.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Takes a packet from the other end. Without room (see [`poll_ready`](Self::poll_ready)) it is dropped, as a
    /// router would.
    fn send(&mut self, packet: Vec<u8>);

    /// The next packet for the other end, put whole into the empty `buf` of [`MAX_PACKET`] bytes; else the task is
    /// woken when there is one.
    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()>;
}

impl<T: IpPort + ?Sized> IpPort for Box<T> {
    fn up(&mut self, negotiated: &Negotiated) {
        (**self).up(negotiated);
    }

    fn down(&mut self) {
        (**self).down();
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_ready(cx)
    }

    fn send(&mut self, packet: Vec<u8>) {
        (**self).send(packet);
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        (**self).poll_recv(cx, buf)
    }
}

/// No IP: what comes is dropped, nothing ever goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIp;

impl IpPort for NoIp {
    fn up(&mut self, _negotiated: &Negotiated) {}

    fn down(&mut self) {}

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn send(&mut self, _packet: Vec<u8>) {}

    fn poll_recv(&mut self, _cx: &mut Context<'_>, _buf: &mut ReadBuf<'_>) -> Poll<()> {
        Poll::Pending
    }
}
