//! Being rung after a call.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::*;
use crate::driver::Outcome;
use crate::line::{CallbackListener, ListensAt, PtyDevice, PtyMade, Reception, TcpDial};
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

/// How a frame of PPP begins, and some more.
const FRAME: &[u8] = b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21";

async fn opened(line: impl Line + 'static) -> Phone {
    let mut phone = Phone::start(line, NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    phone
}

fn listener() -> (CallbackListener, String) {
    let at = ListensAt::Tcp("127.0.0.1:0".parse().unwrap(), Reception::Plain);
    let listener = CallbackListener::bind(at).unwrap();
    let address = listener.address().unwrap().to_string();
    (listener, address)
}

/// Reads to the end.
async fn ended(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // closed with what was sent unread, it may be reset
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

/// A dial over TCP whose call has stood and is hung up, with the address where it can be called back.
async fn hung_up() -> (Phone, String) {
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (rings, back) = listener();
    let mut phone = opened(RungOn::new(TcpDial::new(host.local_addr().unwrap().to_string()), rings)).await;
    phone.dial("").await;
    let (stream, _) = host.accept().await.unwrap();
    assert_eq!(phone.hear().await, Heard::Connected);
    phone.op(LineOp::HangUp).await;
    assert_eq!(phone.hear().await, Heard::Disconnected);
    ended(stream).await;
    (phone, back)
}

#[tokio::test]
async fn the_first_who_begins_with_ppp_rings_and_then_nobody_else() {
    let (mut phone, back) = hung_up().await;
    let silent = TcpStream::connect(&back).await.unwrap();
    let mut browser = TcpStream::connect(&back).await.unwrap();
    browser.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut server = TcpStream::connect(&back).await.unwrap();
    // whatever pieces it comes in
    for octet in FRAME {
        server.write_all(&[*octet]).await.unwrap();
        server.flush().await.unwrap();
    }
    assert_eq!(phone.hear().await, Heard::Ring(Some("127.0.0.1".into())));
    assert_eq!(phone.hear().await, Heard::Connected);
    assert_eq!(phone.hear_bytes(FRAME.len()).await, FRAME, "nothing of it is lost");
    ended(silent).await;
    drop(browser);
    assert!(TcpStream::connect(&back).await.is_err(), "nobody listens any more");
    phone.write(*b"hello").await;
    let mut hello = [0; 5];
    server.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello");
    assert_eq!(phone.end().await, Outcome::Ended);
    ended(server).await;
}

/// A call that ends as usual opens nothing.
#[test]
fn the_line_to_be_rung_on_is_opened_only_for_a_wait() {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    for closes in [true, false] {
        let mut line = RungOn::new(Told::default(), Told::default());
        let connected = LineEvent::Connected { text: String::new() };
        line.dials.events.extend([connected, LineEvent::Disconnected]);
        let mut memory = [0; 64];
        for _ in 0..2 {
            assert!(line.poll_event(&mut cx, &mut ReadBuf::new(&mut memory)).is_ready());
        }
        if closes {
            line.op(LineOp::Close);
        }
        assert!(line.poll_event(&mut cx, &mut ReadBuf::new(&mut memory)).is_pending());
        assert_eq!(line.rings.ops.len(), usize::from(!closes));
        assert_eq!(line.dials.ops.len(), usize::from(closes));
    }
}

/// The wait ends before the second line has said that it is open: what it says then is late, and both are given back.
#[test]
fn a_wait_that_ends_while_the_line_is_opened_gives_both_back() {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut line = RungOn::new(Told::default(), Told::default());
    let connected = LineEvent::Connected { text: String::new() };
    line.dials.events.extend([connected, LineEvent::Disconnected]);
    let mut memory = [0; 64];
    let mut polled =
        |line: &mut RungOn<Told, Told>| line.poll_event(&mut cx, &mut ReadBuf::new(&mut memory)).is_ready();
    assert!(polled(&mut line) && polled(&mut line) && !polled(&mut line));
    line.op(LineOp::Close);
    line.rings.events.extend([LineEvent::Opened, LineEvent::Closed]);
    assert!(!polled(&mut line) && !polled(&mut line));
    assert_eq!(line.rings.ops, [LineOp::Open, LineOp::Close]);
    assert_eq!(line.dials.ops, [LineOp::Close]);
}

#[tokio::test]
async fn a_wait_for_nothing_gives_the_address_back() {
    let (phone, back) = hung_up().await;
    drop(TcpStream::connect(&back).await.unwrap());
    assert_eq!(phone.end().await, Outcome::Ended);
    assert!(TcpStream::connect(&back).await.is_err());
}

#[tokio::test]
async fn a_caller_of_a_unix_socket_rings_and_its_file_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("back");
    let line = CallbackListener::bind(ListensAt::Unix(path.clone())).unwrap();
    assert!(CallbackListener::bind(ListensAt::Unix(path.clone())).is_err(), "it is in use");
    let mut phone = opened(line).await;
    let mut server = UnixStream::connect(&path).await.unwrap();
    server.write_all(FRAME).await.unwrap();
    assert_eq!(phone.hear().await, Heard::Ring(None));
    assert_eq!(phone.hear().await, Heard::Connected);
    assert_eq!(phone.hear_bytes(FRAME.len()).await, FRAME);
    assert!(!path.exists());
    assert_eq!(phone.end().await, Outcome::Ended);
    let mut rest = Vec::new();
    let _ = server.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_line_to_be_rung_on_that_cannot_be_had_ends_the_wait() {
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dials = TcpDial::new(host.local_addr().unwrap().to_string());
    let mut phone = opened(RungOn::new(dials, PtyDevice::new("/nowhere"))).await;
    phone.dial("").await;
    assert_eq!(phone.hear().await, Heard::Connected);
    phone.op(LineOp::HangUp).await;
    assert_eq!(phone.hear().await, Heard::Disconnected);
    assert_eq!(phone.task.await.unwrap(), Outcome::Ended);
}

/// A port on a pseudo-terminal hangs up, and calls its caller over the same one: it is connected when that is there again.
#[tokio::test]
async fn a_pseudo_terminal_is_called_back_over_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line");
    let mut port = opened(PtyMade::new(&path)).await;
    let mut caller = opened(SameWire::new(PtyDevice::called_back(&path))).await;
    for _ in 0..3 {
        caller.dial("").await;
        assert_eq!(caller.hear().await, Heard::Connected);
        assert_eq!((port.hear().await, port.hear().await), (Heard::Ring(None), Heard::Connected));
        port.op(LineOp::HangUp).await;
        caller.op(LineOp::HangUp).await;
        let mut heard = port.hear().await;
        assert_eq!(heard, Heard::Disconnected);
        port.dial("").await;
        assert_eq!(caller.hear().await, Heard::Disconnected);
        loop {
            heard = port.hear().await;
            match heard {
                // the caller may be there before it is dialled
                Heard::Ring(None) => {}
                Heard::Connected => break,
                other => panic!("{other:?}"),
            }
        }
        port.write(b"noise of the line").await;
        port.write(FRAME).await;
        assert_eq!((caller.hear().await, caller.hear().await), (Heard::Ring(None), Heard::Connected));
        assert_eq!(caller.hear_bytes(FRAME.len()).await, FRAME);
        caller.write("yes").await;
        assert_eq!(port.hear_bytes(3).await, b"yes");
        caller.op(LineOp::HangUp).await;
        assert_eq!((caller.hear().await, port.hear().await), (Heard::Disconnected, Heard::Disconnected));
    }
    assert_eq!(caller.end().await, Outcome::Ended);
    assert_eq!(port.end().await, Outcome::Ended);
}

/// A line on which happens what it is told.
#[derive(Default)]
struct Told {
    events: VecDeque<LineEvent<'static>>,
    ops: Vec<LineOp>,
}

impl Line for Told {
    fn op(&mut self, op: LineOp) {
        self.ops.push(op);
    }

    fn poll_event<'a>(&mut self, _cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        match self.events.pop_front() {
            Some(LineEvent::Bytes(octets)) => {
                buf.put_slice(octets);
                Poll::Ready(LineEvent::Bytes(buf.filled()))
            }
            Some(event) => Poll::Ready(event),
            None => Poll::Pending,
        }
    }

    fn unsent(&self) -> usize {
        0
    }
}

/// Both ends of a cable hang up at their own time: signals come and go, late octets come, and none of it is a call.
#[test]
fn neither_signals_nor_the_last_octets_of_the_call_before_ring() {
    let mut wire = SameWire::new(Told::default());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut next = |wire: &mut SameWire<Told>| {
        let mut memory = [0; 64];
        let mut buf = ReadBuf::new(&mut memory);
        match wire.poll_event(&mut cx, &mut buf) {
            Poll::Ready(event) => format!("{event:?}"),
            Poll::Pending => "nothing".into(),
        }
    };
    let ring = || LineEvent::Ring { caller: None };
    let connected = || LineEvent::Connected { text: String::new() };
    wire.line.events.extend([connected(), LineEvent::Disconnected]);
    assert!(next(&mut wire).starts_with("Connected"));
    assert_eq!(next(&mut wire), "Disconnected");
    let late = LineEvent::Bytes(b"\x00\x00\x7e");
    wire.line.events.extend([ring(), connected(), late, LineEvent::Disconnected, ring(), connected()]);
    assert_eq!(next(&mut wire), "nothing");
    assert_eq!(wire.line.ops, [LineOp::Answer, LineOp::Answer]);
    wire.op(LineOp::Write(b"lost".to_vec()));
    wire.line.events.push_back(LineEvent::Bytes(FRAME));
    assert_eq!(next(&mut wire), "Ring { caller: None }");
    wire.line.events.push_back(LineEvent::Bytes(b"more"));
    assert_eq!(next(&mut wire), "nothing", "what comes waits for the answer");
    wire.op(LineOp::Answer);
    assert!(next(&mut wire).starts_with("Connected"));
    assert_eq!(next(&mut wire), format!("{:?}", LineEvent::Bytes(FRAME)));
    assert_eq!(next(&mut wire), format!("{:?}", LineEvent::Bytes(b"more")));
    assert_eq!(wire.line.ops.len(), 2, "it was answered before");
}
