//! What a modem or a cable is attached to: a serial port of this machine, one of a terminal server, or a bare stream.
//!
//! | device | signals |
//! |---|---|
//! | [`SerialDevice`](super::SerialDevice) | DTR and RTS out; DCD, DSR, CTS and RI in, where the device has them |
//! | [`NetDevice`](super::NetDevice) by RFC 2217 | the same, told by the terminal server |
//! | [`NetDevice`](super::NetDevice) by telnet or raw TCP | none |

use std::task::{Context, Poll};

use openras_engine::RasError;
use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::Signals;
use tokio::io::ReadBuf;

/// What a device tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is ours; with its signals, if it has any.
    Opened(Option<Signals>),
    /// It cannot be had; [`Device::reason`] says why.
    Failed(RasError),
    /// Octets were put into the buffer.
    Bytes,
    /// Its signals are now these.
    Signals(Signals),
    /// It was unplugged, its connection is lost, or another program has taken it; [`Device::reason`] may say more.
    Gone,
    /// It is given back.
    Closed,
}

/// A serial port, near or far.
pub trait Device: Send {
    /// Starts an operation. Operations are done in order, a signal changes after what was written before. Never blocks.
    fn op(&mut self, op: DeviceOp);

    /// The next event; meanwhile what was ordered is done. Octets are read into `buf`, which is empty; with no room in it
    /// none are read.
    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told>;

    /// How many written octets have not gone out yet.
    fn unsent(&self) -> usize;

    /// Why it could not be had or was lost, and what to try, as a sentence.
    fn reason(&self) -> Option<&str> {
        None
    }

    /// What is worth knowing of it though it works, as a sentence.
    fn note(&self) -> Option<String> {
        None
    }

    /// Whether nothing goes on, and another program may have the device meanwhile, if this kind can be shared.
    fn share(&mut self, _idle: bool) {}
}

impl<D: Device + ?Sized> Device for Box<D> {
    fn op(&mut self, op: DeviceOp) {
        (**self).op(op);
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        (**self).poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        (**self).unsent()
    }

    fn reason(&self) -> Option<&str> {
        (**self).reason()
    }

    fn note(&self) -> Option<String> {
        (**self).note()
    }

    fn share(&mut self, idle: bool) {
        (**self).share(idle);
    }
}
