//! Lines: all of them look like a switched one.
//!
//! | line | dials | rings |
//! |---|---|---|
//! | [`TcpDial`], [`UnixDial`] | connects; [`TcpDial`] also in telnet, TLS and WebSocket | never |
//! | [`Accepted`] | no | once, at once; [`Reception`] says what is spoken below a call that came over TCP |
//! | [`PtyDevice`] | opens the device | never; made for it, when the device is there again after a call |
//! | [`PtyMade`] | is connected when a program opens the link | then |
//! | [`CallbackListener`] | no | when somebody connects and begins with PPP |
//! | [`ModemLine`] | any number, by its modem | when the modem does |
//! | [`CableLine`] | is connected at once | when its carrier comes, or octets do |
//! | [`ExchangeLine`] | any number | when its number is dialled |
//! | [`WithCallback`] | as its second line | as its first line |
//! | [`RungOn`] | as its first line | as its second line, once a call is over |
//! | [`SameWire`] | as its line | after a call, by PPP |
//! | [`PoolLine`] | as the first of its lines that opens | as that one |

use std::task::{Context, Poll};

use openras_engine::{LineEvent, LineOp};
use tokio::io::ReadBuf;

/// A line that is another one: held in its field `line`, or where the expression leads.
macro_rules! delegate_line {
    ([$($generics:tt)*] $type:ty) => {
        delegate_line!([$($generics)*] $type, |this| this.line);
    };
    ([$($generics:tt)*] $type:ty, |$this:ident| $line:expr) => {
        impl<$($generics)*> $crate::line::Line for $type {
            fn op(&mut self, op: openras_engine::LineOp) {
                let $this = self;
                $line.op(op);
            }

            fn poll_event<'a>(
                &mut self,
                cx: &mut std::task::Context<'_>,
                buf: &'a mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<openras_engine::LineEvent<'a>> {
                let $this = self;
                $line.poll_event(cx, buf)
            }

            fn unsent(&self) -> usize {
                let $this = self;
                $line.unsent()
            }

            fn slow_down(&mut self, speed: u32) {
                let $this = self;
                $line.slow_down(speed);
            }
        }
    };
}

mod attached;
mod cable;
mod callback;
mod device;
mod exchange;
mod failure;
mod listening;
mod modem;
mod null_modem;
mod paced;
mod pool;
mod pty;
mod reception;
mod rfc2217;
mod rung;
mod serial;
mod stdio;
mod switched;
mod tcp;
pub(crate) mod telnet;
mod tls;
pub(crate) mod tty;
mod unix;
mod ws;

#[cfg(test)]
mod tests;

pub use attached::{Device, Told};
pub use cable::CableLine;
pub use callback::WithCallback;
pub use device::PtyDevice;
pub use exchange::{ExchangeHandle, ExchangeLine};
pub use failure::ras_error;
pub use listening::{CallbackListener, ListensAt};
pub use modem::{ModemLine, ModemSaid};
pub use null_modem::NullModem;
pub use paced::{Paced, half_a_second};
pub use pool::PoolLine;
pub use pty::PtyMade;
pub use reception::{HANDSHAKE, NoHandshake, Reception};
pub use rfc2217::{NetDevice, Speaks};
pub use rung::{RungOn, SameWire};
pub use serial::{SerialConfig, SerialDevice, group_of, right_to};
pub use stdio::{StdioFound, StdioStream};
pub use switched::Accepted;
pub use tcp::{May, TcpDial, TcpListener};
pub use telnet::TelnetStream;
pub use tls::{TlsClient, TlsClientFiles, TlsError, TlsServer};
pub use unix::{UnixDial, UnixListener};
pub use ws::{Origins, WsStream};

/// Bytes a line keeps for a write side that does not move; past this it is cut. A driver that minds
/// [`Line::unsent`] never comes near.
pub const MAX_UNSENT: usize = 1024 * 1024;

/// A switched line: operations in, events out.
pub trait Line: Send {
    /// Starts an operation; its events follow. Never blocks. Writes are collected until the next poll. Operations
    /// that make no sense now are answered all the same: `HangUp` without a call is `Disconnected`, a `Dial` or
    /// `Answer` that cannot be is `Failed`, a `Write` without a call goes nowhere.
    fn op(&mut self, op: LineOp);

    /// The next event; meanwhile what was written goes out. Bytes are read into `buf`, which is empty; with no
    /// room in it no bytes are read, and an end of the call may go unseen until there is room again.
    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>>;

    /// How many written bytes have not gone out yet.
    fn unsent(&self) -> usize;

    /// The call that stands is taken from this line at so many bits a second only: where the other end's octets wait inside this
    /// process, no more than half a second of them is to.
    fn slow_down(&mut self, _speed: u32) {}
}

delegate_line!([T: Line + ?Sized] Box<T>, |this| (**this));
delegate_line!([T: Line + ?Sized] &mut T, |this| (**this));
