//! A dial over a cable between two computers, as Windows does it: `CLIENT` is said until the host answers, and only then is
//! the call connected.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use openras_engine::null_modem::{Guest, GuestInput, GuestOutput};
use openras_engine::{LineEvent, LineOp};
use openras_ppp::Machine;
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use super::Line;
use super::failure::{NO_ANSWER, NO_CARRIER};

/// A line whose dials are connected once the host at the other end of the cable has answered. Without an answer they fail
/// with 678. A call that comes in, as one back does, is plain.
pub struct NullModem<L> {
    line: L,
    handshake: Option<Handshake>,
    /// Came behind the answer, and is for PPP.
    early: Vec<u8>,
    /// A handshake failed; the end of its call is not told.
    failed: bool,
    /// The call that comes is one back to us: no computer plays a modem any more, PPP begins.
    answers: bool,
}

struct Handshake {
    guest: Guest,
    /// What the line said when it stood.
    text: String,
    sleep: Pin<Box<Sleep>>,
}

impl<L: Line> NullModem<L> {
    /// Over this line, which dials.
    pub fn new(line: L) -> Self {
        Self { line, handshake: None, early: Vec::new(), failed: false, answers: false }
    }

    /// The line stands.
    fn begin(&mut self, text: String) {
        let sleep = Box::pin(tokio::time::sleep_until(Instant::now()));
        let handshake = Handshake { guest: Guest::default(), text, sleep };
        self.handshake = Some(handshake);
        self.feed(GuestInput::Begin);
    }

    fn feed(&mut self, input: GuestInput<'_>) {
        if let Some(handshake) = &mut self.handshake {
            handshake.guest.handle(Instant::now().into_std(), input);
        }
    }

    /// What the handshake wants; an event for the owner where it is over.
    fn obey(&mut self) -> Option<LineEvent<'static>> {
        while let Some(output) = self.handshake.as_mut().and_then(|one| one.guest.poll_output()) {
            match output {
                GuestOutput::Write(octets) => self.line.op(LineOp::Write(octets)),
                GuestOutput::Ready(early) => {
                    self.early = early;
                    let text = self.handshake.take().map(|one| one.text).unwrap_or_default();
                    return Some(LineEvent::Connected { text });
                }
                GuestOutput::NoAnswer => {
                    self.handshake = None;
                    self.failed = true;
                    self.line.op(LineOp::HangUp);
                    return Some(LineEvent::Failed(NO_ANSWER));
                }
            }
        }
        None
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) {
        let Some(handshake) = &mut self.handshake else { return };
        let Some(at) = handshake.guest.poll_timeout().map(Instant::from_std) else { return };
        if handshake.sleep.deadline() != at {
            handshake.sleep.as_mut().reset(at);
        }
        if handshake.sleep.as_mut().poll(cx).is_ready() {
            self.feed(GuestInput::Tick);
            // what it wants is looked at by the caller
            cx.waker().wake_by_ref();
        }
    }

    /// An event of the line while the handshake goes on.
    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<LineEvent<'static>> {
        loop {
            if let Some(event) = self.obey() {
                return Poll::Ready(event);
            }
            self.poll_timer(cx);
            let mut memory = [0; 512];
            let mut buf = ReadBuf::new(&mut memory);
            match self.line.poll_event(cx, &mut buf) {
                Poll::Ready(LineEvent::Bytes(octets)) => {
                    if let Some(handshake) = &mut self.handshake {
                        handshake.guest.handle(Instant::now().into_std(), GuestInput::Bytes(octets));
                    }
                }
                Poll::Ready(LineEvent::Disconnected) => {
                    self.handshake = None;
                    return Poll::Ready(LineEvent::Failed(NO_CARRIER));
                }
                Poll::Ready(LineEvent::Closed) => {
                    self.handshake = None;
                    return Poll::Ready(LineEvent::Closed);
                }
                Poll::Ready(LineEvent::Failed(error)) => return Poll::Ready(LineEvent::Failed(error)),
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<L: Line> Line for NullModem<L> {
    fn op(&mut self, op: LineOp) {
        match &op {
            // the owner ends it: the line's own end is the answer to that
            LineOp::HangUp | LineOp::Close => {
                (self.handshake, self.failed) = (None, false);
                self.early = Vec::new();
            }
            LineOp::Dial(_) => (self.early, self.answers) = (Vec::new(), false),
            LineOp::Answer => self.answers = true,
            _ => {}
        }
        self.line.op(op);
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if self.handshake.is_some() {
            return self.poll_handshake(cx);
        }
        if !self.early.is_empty() && buf.remaining() > 0 {
            let rest = self.early.split_off(self.early.len().min(buf.remaining()));
            buf.put_slice(&std::mem::replace(&mut self.early, rest));
            return Poll::Ready(LineEvent::Bytes(buf.filled()));
        }
        match self.line.poll_event(cx, buf) {
            Poll::Ready(LineEvent::Connected { text }) if !self.answers => {
                self.begin(text);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(LineEvent::Disconnected) if std::mem::take(&mut self.failed) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            event => event,
        }
    }

    fn unsent(&self) -> usize {
        self.line.unsent()
    }
}

#[cfg(test)]
mod tests {
    use openras_engine::RasError;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::line::TcpDial;
    use crate::net::NoIp;
    use crate::testing::{Heard, Phone};

    /// A host on a TCP port, and a phone that dials it.
    async fn pair() -> (tokio::net::TcpStream, Phone) {
        let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = host.local_addr().unwrap().to_string();
        let mut phone = Phone::start(NullModem::new(TcpDial::new(address)), NoIp);
        assert_eq!(phone.hear().await, Heard::Opened);
        phone.dial("").await;
        (host.accept().await.unwrap().0, phone)
    }

    #[tokio::test]
    async fn a_dial_is_connected_when_the_host_has_answered_and_no_octet_is_lost() {
        let (mut host, mut phone) = pair().await;
        let mut word = [0; 6];
        host.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"CLIENT");
        host.write_all(b"CLIENTSERVER~\xff\x03").await.unwrap();
        assert_eq!(phone.hear().await, Heard::Connected);
        assert_eq!(phone.hear_bytes(3).await, b"~\xff\x03");
        phone.write(*b"~x").await;
        let mut frame = [0; 2];
        host.read_exact(&mut frame).await.unwrap();
        assert_eq!(&frame, b"~x", "the word was said once");
        drop(host);
        assert_eq!(phone.hear().await, Heard::Disconnected);
    }

    #[tokio::test]
    async fn a_host_that_hangs_up_is_no_carrier() {
        let (mut host, mut phone) = pair().await;
        host.write_all(b"go away").await.unwrap();
        drop(host);
        assert_eq!(phone.hear().await, Heard::Failed(RasError(679)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_does_not_answer_is_asked_for_half_a_minute() {
        let exchange = crate::line::ExchangeHandle::start(openras_engine::exchange::Settings::default());
        let mut host = Phone::start(exchange.phone(Some("1")), NoIp);
        assert_eq!(host.hear().await, Heard::Opened);
        let mut phone = Phone::start(NullModem::new(exchange.phone(None)), NoIp);
        assert_eq!(phone.hear().await, Heard::Opened);
        phone.dial("1").await;
        assert_eq!(phone.hear().await, Heard::Failed(RasError(678)));
        assert_eq!((host.hear().await, host.hear().await), (Heard::Ring(None), Heard::Connected));
        assert_eq!(host.hear_bytes(60).await, b"CLIENT".repeat(10));
        assert_eq!(host.hear().await, Heard::Disconnected);
        // and again
        phone.dial("1").await;
        assert_eq!((host.hear().await, host.hear().await), (Heard::Ring(None), Heard::Connected));
        host.write(*b"SERVER").await;
        assert_eq!(phone.hear().await, Heard::Connected);
    }
}
