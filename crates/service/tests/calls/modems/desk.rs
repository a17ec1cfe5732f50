//! A modem on a desk: played by the engine, on a line that a computer has, over an exchange; and made to misbehave.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use openras_engine::client::dial::Notice;
use openras_engine::modem::{Dce, DceInput, DceOutput, Identity};
use openras_engine::{ConnState, LineEvent, LineOp};
use openras_io::Line;
use openras_io::line::{ExchangeHandle, ExchangeLine, TcpListener};
use openras_ppp::Machine;
use openras_service::connections::Connection;
use tokio::io::ReadBuf;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How a modem misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// It says nothing.
    Silent,
    /// Noise comes before each of its words.
    Garbled,
    /// It has no call and says that it has one, and the other way round.
    Babbles,
    /// Neither the escape nor anything else ends its calls.
    NeverHangsUp,
    /// Its connection is lost, and nobody answers there.
    Unplugged,
}

/// The fault of a modem, in the hand of the test.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<(Mutex<Fault>, Notify)>);

impl Switch {
    pub(crate) fn set(&self, fault: Fault) {
        *self.0.0.lock().unwrap() = fault;
        self.0.1.notify_waiters();
    }

    fn get(&self) -> Fault {
        *self.0.0.lock().unwrap()
    }

    async fn becomes(&self, wanted: impl Fn(Fault) -> bool) {
        loop {
            let changed = self.0.1.notified();
            if wanted(self.get()) {
                return;
            }
            changed.await;
        }
    }
}

/// A modem between its computer and the exchange.
pub(crate) struct Desk<L> {
    dce: Dce,
    computer: L,
    network: ExchangeLine,
    fault: Switch,
    /// The line has one computer, and is over with it.
    once: bool,
}

/// What happened at one of its sides.
enum Side {
    Computer(Happened),
    Network(Happened),
    Due,
}

enum Happened {
    Ring(Option<String>),
    Connected(String),
    Bytes(Vec<u8>),
    Disconnected,
    Failed(openras_engine::RasError),
    Opened,
    Closed,
}

impl Happened {
    fn of(event: LineEvent<'_>) -> Self {
        match event {
            LineEvent::Ring { caller } => Self::Ring(caller),
            LineEvent::Connected { text } => Self::Connected(text),
            LineEvent::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            LineEvent::Disconnected => Self::Disconnected,
            LineEvent::Failed(number) => Self::Failed(number),
            LineEvent::Opened => Self::Opened,
            LineEvent::Closed => Self::Closed,
        }
    }

    fn event(&self) -> LineEvent<'_> {
        match self {
            Self::Ring(caller) => LineEvent::Ring { caller: caller.clone() },
            Self::Connected(text) => LineEvent::Connected { text: text.clone() },
            Self::Bytes(bytes) => LineEvent::Bytes(bytes),
            Self::Disconnected => LineEvent::Disconnected,
            Self::Failed(number) => LineEvent::Failed(*number),
            Self::Opened => LineEvent::Opened,
            Self::Closed => LineEvent::Closed,
        }
    }
}

impl<L: Line + 'static> Desk<L> {
    fn new(computer: L, exchange: &ExchangeHandle, number: &str, fault: &Switch) -> Self {
        let identity = Identity { speed: 33_600, model: "desk".into(), version: "1".into() };
        let dce = Dce::new(identity, Instant::now().into_std());
        let mut desk =
            Self { dce, computer, network: exchange.phone(Some(number)), fault: fault.clone(), once: false };
        desk.network.op(LineOp::Open);
        desk.computer.op(LineOp::Open);
        desk
    }

    /// One that works, for as long as the test runs.
    pub(crate) fn start(computer: L, exchange: &ExchangeHandle, number: &str) {
        let desk = Self::new(computer, exchange, number, &Switch::default());
        tokio::spawn(desk.run());
    }

    /// Until the computer gives its line back.
    async fn run(mut self) {
        loop {
            match self.side().await {
                Side::Due => self.feed(DceInput::Tick),
                Side::Network(happened) => self.feed(DceInput::Network(happened.event())),
                Side::Computer(Happened::Ring(_)) => self.computer.op(LineOp::Answer),
                Side::Computer(Happened::Connected(_)) => self.feed(DceInput::Dtr(true)),
                Side::Computer(Happened::Bytes(bytes)) => self.feed(DceInput::Dte(&bytes)),
                Side::Computer(Happened::Disconnected) if self.once => return,
                Side::Computer(Happened::Disconnected) => self.feed(DceInput::Dtr(false)),
                Side::Computer(Happened::Closed | Happened::Failed(_)) => return,
                Side::Computer(Happened::Opened) => {}
            }
        }
    }

    async fn side(&mut self) -> Side {
        let due = self.dce.poll_timeout();
        let due = async {
            match due {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            happened = happened(&mut self.computer) => Side::Computer(happened),
            happened = happened(&mut self.network) => Side::Network(happened),
            () = due => Side::Due,
        }
    }

    fn feed(&mut self, input: DceInput<'_>) {
        self.dce.handle(Instant::now().into_std(), input);
        while let Some(output) = self.dce.poll_output() {
            match (output, self.fault.get()) {
                (DceOutput::Dte(_), Fault::Silent) | (DceOutput::Signals(_), _) => {}
                (DceOutput::Dte(octets), Fault::Garbled) => {
                    self.computer.op(LineOp::Write([&b"\0\xff{~\r\n"[..], &octets].concat()));
                }
                (DceOutput::Dte(octets), Fault::Babbles) => {
                    let text = String::from_utf8_lossy(&octets).replace("OK", "NO CARRIER\r\nBUSY\r\nOK");
                    let text = text.replace("CONNECT", "RING\r\nERROR\r\nOK\r\nCONNECT");
                    self.computer.op(LineOp::Write(text.into_bytes()));
                }
                (DceOutput::Dte(octets), _) => self.computer.op(LineOp::Write(octets)),
                (DceOutput::Network(LineOp::HangUp), Fault::NeverHangsUp) => {}
                (DceOutput::Network(op), _) => self.network.op(op),
            }
        }
    }
}

async fn happened(line: &mut impl Line) -> Happened {
    let mut memory = [0; 2048];
    poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut memory);
        match line.poll_event(cx, &mut buf) {
            Poll::Ready(event) => Poll::Ready(Happened::of(event)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A modem behind a TCP port, as a WiFi modem has it: one computer at a time. Gives its line.
pub(crate) async fn over_tcp(exchange: &ExchangeHandle, number: &str) -> (String, Switch) {
    let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (exchange, number, fault) = (exchange.clone(), number.to_owned(), Switch::default());
    let switch = fault.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                computer = listener.accept() => {
                    let desk = Desk { once: true, ..Desk::new(computer, &exchange, &number, &switch) };
                    tokio::select! {
                        () = desk.run() => {}
                        () = switch.becomes(|fault| fault == Fault::Unplugged) => {}
                    }
                }
                () = switch.becomes(|fault| fault == Fault::Unplugged) => {}
            }
            if switch.get() == Fault::Unplugged {
                drop(listener);
                switch.becomes(|fault| fault != Fault::Unplugged).await;
                listener = TcpListener::bind(&address.to_string()).await.unwrap();
            }
        }
    });
    (format!("tcp:{address}"), fault)
}

/// Waits until the dial is connected.
pub(crate) async fn connected(call: &mut Connection) {
    loop {
        match call.notice().await {
            Some(Notice::State { state: ConnState::CONNECTED, .. }) => return,
            Some(Notice::Ended(end)) => panic!("{end:?}"),
            Some(_) => {}
            None => panic!("the dial went away"),
        }
    }
}
