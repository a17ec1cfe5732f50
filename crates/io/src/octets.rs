//! A service behind a login prompt: octets where the IP of a call would go.
//!
//! A call that gets a service instead of IP has its stream put into a [`Slot`] before its machine says that it is up. From
//! then on what the machine gives out as packets are octets for the stream, and what the stream says comes as packets; an
//! empty one is its end. So the driver holds back each side as it does with IP, and a stream ends with its line.

mod command;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use openras_ppp::Negotiated;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::net::IpPort;

pub use command::{As, Command, Program, main_if_asked};

/// The most taken from the stream at once: what a slow line then still has before it.
const READ: usize = 2048;

/// How long a stream may take nothing of what waits for it. The line is not read meanwhile, so that nobody would see its
/// caller hang up.
const STUCK: Duration = Duration::from_secs(300);

/// A stream that a call can be joined to.
pub trait Octets: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Octets for T {}

/// Where the stream of a call is left for it.
#[derive(Clone, Default)]
pub struct Slot(Arc<Mutex<Option<Box<dyn Octets>>>>);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl Slot {
    /// Leaves a stream; the next `up` takes it. One that nobody takes is closed with the slot.
    pub fn put(&self, stream: Box<dyn Octets>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    fn take(&self) -> Option<Box<dyn Octets>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// IP, unless a stream is there when the call is up.
pub struct OrOctets<I> {
    ip: I,
    slot: Slot,
    open: Option<Open>,
}

/// A stream that is joined.
struct Open {
    stream: Box<dyn Octets>,
    /// Octets for it; those before `sent` have gone.
    out: Vec<u8>,
    sent: usize,
    /// It has ended, and that is told or not.
    over: Option<bool>,
    /// When it has taken nothing for too long.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<I> OrOctets<I> {
    /// In place of `ip`, where `slot` is filled.
    pub fn new(ip: I, slot: Slot) -> Self {
        Self { ip, slot, open: None }
    }
}

impl Open {
    /// Writes what waits; ready when nothing does.
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.sent += count;
                    self.stuck = None;
                }
                Poll::Ready(_) => {
                    self.over.get_or_insert(false);
                    break;
                }
                Poll::Pending => {
                    let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(STUCK)));
                    if stuck.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.over.get_or_insert(false);
                    break;
                }
            }
        }
        self.stuck = None;
        (self.out, self.sent) = (Vec::new(), 0);
        // what a layer below keeps back, telnet or TLS
        let _ = Pin::new(&mut self.stream).poll_flush(cx);
        Poll::Ready(())
    }

    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        if self.over.is_none() {
            let mut some = buf.take(READ);
            let came = match Pin::new(&mut self.stream).poll_read(cx, &mut some) {
                Poll::Ready(Ok(())) => some.filled().len(),
                Poll::Ready(Err(_)) => 0,
                Poll::Pending => return Poll::Pending,
            };
            if came > 0 {
                // read into the memory of `buf`, which was initialised for it
                let octets = some.filled().to_vec();
                buf.put_slice(&octets);
                return Poll::Ready(());
            }
            self.over = Some(false);
        }
        match self.over.replace(true) {
            Some(true) => Poll::Pending,
            Some(false) | None => Poll::Ready(()),
        }
    }
}

impl<I: IpPort> IpPort for OrOctets<I> {
    fn up(&mut self, negotiated: &Negotiated) {
        match self.slot.take() {
            Some(stream) => {
                self.open = Some(Open { stream, out: Vec::new(), sent: 0, over: None, stuck: None })
            }
            None if self.open.is_none() => self.ip.up(negotiated),
            None => {}
        }
    }

    fn down(&mut self) {
        if self.open.take().is_none() {
            self.ip.down();
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.open {
            Some(open) => open.flush(cx),
            None => self.ip.poll_ready(cx),
        }
    }

    fn send(&mut self, packet: Vec<u8>) {
        match &mut self.open {
            Some(open) if open.over.is_none() => open.out.extend(packet),
            Some(_) => {}
            None => self.ip.send(packet),
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        match &mut self.open {
            Some(open) => {
                // nobody asks again after the last octets: they go out from here
                let _ = open.flush(cx);
                open.read(cx, buf)
            }
            None => self.ip.poll_recv(cx, buf),
        }
    }
}

#[cfg(test)]
mod tests;
