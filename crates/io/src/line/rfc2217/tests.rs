//! Our client of a terminal server against the engine's own end of one, and against what is none.

use std::future::poll_fn;

use openras_engine::modem::{Dce, DceInput, DceOutput, Identity, Settings};
use openras_engine::rfc2217::{Access, Port};
use openras_engine::{LineEvent, LineOp};
use openras_ppp::Machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::line::{ModemLine, ModemSaid};
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

/// A serial port behind the terminal server.
#[derive(Default)]
struct Far {
    format: Format,
    did: Vec<String>,
    /// The highest speed it can do, where that is not any.
    most: Option<u32>,
}

impl Port for Far {
    fn format(&self) -> Format {
        self.format
    }

    fn set_format(&mut self, format: Format) {
        let baud = self.most.map_or(format.baud, |most| format.baud.min(most));
        self.format = Format { baud, ..format };
    }

    fn set_dtr(&mut self, on: bool) {
        self.did.push(format!("DTR {on}"));
    }

    fn set_rts(&mut self, on: bool) {
        self.did.push(format!("RTS {on}"));
    }

    fn set_break(&mut self, _on: bool) {}

    fn purge(&mut self, _received: bool, _to_send: bool) {}
}

/// A terminal server with one connection.
struct Server {
    stream: TcpStream,
    telnet: Telnet,
    access: Access,
    far: Far,
    data: Vec<u8>,
}

impl Server {
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let config = Config { role: Role::Server, mode: Mode::Telnet, echo: false, com_port: true };
        let signals = Signals { cts: true, dsr: true, ..Signals::default() };
        let access = Access::new("test", signals);
        let mut server =
            Self { stream, telnet: Telnet::new(config), access, far: Far::default(), data: Vec::new() };
        let mut out = Vec::new();
        server.telnet.open(&mut out);
        server.stream.write_all(&out).await.unwrap();
        server
    }

    /// Serves until `done`.
    async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let mut memory = [0; 512];
            let count = self.stream.read(&mut memory).await.unwrap();
            assert!(count > 0, "the client has gone");
            let received = self.telnet.receive(&memory[..count]);
            let mut out = received.answer;
            self.data.extend(received.data);
            for event in received.events {
                let said = match event {
                    Event::ComPort => Some(self.access.begin()),
                    Event::ComPortSays(said) => self.access.receive(&said, &mut self.far),
                    Event::Break => None,
                };
                if let Some(said) = said {
                    self.telnet.say_com_port(&said, &mut out);
                }
            }
            self.stream.write_all(&out).await.unwrap();
        }
    }

    async fn say(&mut self, data: &[u8]) {
        let mut out = Vec::new();
        self.telnet.send(data, &mut out);
        self.stream.write_all(&out).await.unwrap();
    }

    async fn signals(&mut self, signals: Signals) {
        // one that was told already is not told again
        let Some(said) = self.access.signals(signals) else { return };
        let mut out = Vec::new();
        self.telnet.say_com_port(&said, &mut out);
        self.stream.write_all(&out).await.unwrap();
    }
}

async fn told(device: &mut NetDevice, room: usize) -> (Told, Vec<u8>) {
    let mut memory = vec![0; room];
    poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut memory);
        device.poll_event(cx, &mut buf).map(|told| (told, buf.filled().to_vec()))
    })
    .await
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_port_of_a_terminal_server_is_set_its_signals_are_seen_and_switched() {
    let (listener, address) = listener().await;
    let format = Format { baud: 38_400, ..Format::default() };
    let mut device = NetDevice::new(address, Speaks::ComPort(format));
    device.op(DeviceOp::Open);
    let far = async {
        let mut server = Server::accept(&listener).await;
        server.until(|server| server.far.did.len() == 2).await;
        server
    };
    let (mut server, opened) = tokio::join!(far, told(&mut device, 64));
    let ready = Signals { cts: true, dsr: true, ..Signals::default() };
    assert_eq!(opened.0, Told::Opened(Some(ready)));
    assert_eq!(server.far.format.baud, 38_400);
    assert_eq!(server.far.did, ["DTR true", "RTS true"]);
    // 8 bits go through, with FF
    let octets: Vec<u8> = (0..=255).collect();
    device.op(DeviceOp::Write(octets.clone()));
    device.op(DeviceOp::Dtr(false));
    server.say(&octets).await;
    let far = server.until(|server| server.far.did.len() == 3);
    let near = async {
        let mut all = Vec::new();
        while all.len() < 256 {
            let (event, bytes) = told(&mut device, 100).await;
            assert_eq!(event, Told::Bytes);
            all.extend(bytes);
        }
        all
    };
    let ((), heard) = tokio::join!(far, near);
    assert_eq!(heard, octets);
    assert_eq!(server.data, octets, "all that was written went before DTR");
    assert_eq!(server.far.did.last().unwrap(), "DTR false");
    // carrier and ring come as signals
    for signals in [Signals { dcd: true, ..ready }, ready, Signals { ri: true, ..ready }] {
        server.signals(signals).await;
        assert_eq!(told(&mut device, 10).await.0, Told::Signals(signals));
    }
    drop(server);
    assert_eq!(told(&mut device, 10).await.0, Told::Gone);
    assert!(device.reason().unwrap().contains("was lost"));
}

/// The port may be open at the other end before this one knows its signals: the first frame of the other PPP comes then.
#[tokio::test]
async fn data_sent_before_rfc_2217_is_agreed_is_not_lost() {
    let (listener, address) = listener().await;
    let mut device = NetDevice::new(address, Speaks::ComPort(Format::default()));
    device.op(DeviceOp::Open);
    let early = vec![b'~'; 3 * MAX_EARLY];
    let far = async {
        let mut server = Server::accept(&listener).await;
        server.say(&early).await;
        server.until(|server| server.far.did.len() == 2).await;
        server.say(b"late").await;
        server
    };
    let (_server, opened) = tokio::join!(far, told(&mut device, 64));
    assert!(matches!(opened.0, Told::Opened(Some(_))));
    let mut heard = Vec::new();
    while !heard.ends_with(b"late") {
        let (event, bytes) = told(&mut device, 100).await;
        assert!(matches!(event, Told::Bytes | Told::Signals(_)), "{event:?}");
        heard.extend(bytes);
    }
    assert!(heard.len() >= MAX_EARLY && heard.len() <= early.len() + 4, "{}", heard.len());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_speak_rfc_2217_is_said_so() {
    let (listener, address) = listener().await;
    let mut device = NetDevice::new(address, Speaks::ComPort(Format::default()));
    device.op(DeviceOp::Open);
    let far = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"login: ").await.unwrap();
        stream
    };
    let (_stream, failed) = tokio::join!(far, told(&mut device, 64));
    assert_eq!(failed.0, Told::Failed(FROM_DEVICE));
    assert!(device.reason().unwrap().contains("does not speak RFC 2217"), "{:?}", device.reason());
}

#[tokio::test]
async fn a_bare_stream_has_no_signals_and_is_closed_when_all_is_written() {
    let (listener, address) = listener().await;
    let mut device = NetDevice::new(address, Speaks::Octets);
    device.op(DeviceOp::Open);
    let (mut stream, opened) =
        tokio::join!(async { listener.accept().await.unwrap().0 }, told(&mut device, 64));
    assert_eq!(opened.0, Told::Opened(None));
    device.op(DeviceOp::Write(vec![0xff; 100_000]));
    device.op(DeviceOp::Dtr(false));
    device.op(DeviceOp::Close);
    let far = async {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all
    };
    let (all, closed) = tokio::join!(far, told(&mut device, 64));
    assert_eq!(closed.0, Told::Closed);
    assert_eq!(all, vec![0xff; 100_000]);
}

#[tokio::test]
async fn a_device_nobody_listens_at_says_so() {
    let (listener, address) = listener().await;
    drop(listener);
    let mut device = NetDevice::new(address, Speaks::Telnet);
    device.op(DeviceOp::Open);
    assert_eq!(told(&mut device, 64).await.0, Told::Failed(NO_ANSWER));
    let why = device.reason().unwrap();
    assert!(why.starts_with("The device at 127.0.0.1:") && !why.ends_with(".."), "{why}");
}

/// A modem on the port of a terminal server, whose calls are answered by an echo; `hang_up` is the other end's.
async fn modem_behind(listener: TcpListener, hang_up: std::sync::Arc<tokio::sync::Notify>) {
    let mut server = Server::accept(&listener).await;
    let now = || tokio::time::Instant::now().into_std();
    let mut dce = Dce::new(Identity { speed: 33_600, model: "far".into(), version: "1".into() }, now());
    loop {
        let mut memory = [0; 512];
        let due = dce.poll_timeout().unwrap_or_else(|| now() + Duration::from_secs(3600));
        let mut outputs = Vec::new();
        tokio::select! {
            count = server.stream.read(&mut memory) => {
                let received = match count { Ok(count @ 1..) => server.telnet.receive(&memory[..count]), _ => return };
                let mut out = received.answer;
                if !received.data.is_empty() {
                    dce.handle(now(), DceInput::Dte(&received.data));
                }
                for event in received.events {
                    let said = match event {
                        Event::ComPort => Some(server.access.begin()),
                        Event::ComPortSays(said) => server.access.receive(&said, &mut server.far),
                        Event::Break => None,
                    };
                    said.iter().for_each(|said| server.telnet.say_com_port(said, &mut out));
                    for did in server.far.did.drain(..).filter(|did| did.starts_with("DTR")) {
                        dce.handle(now(), DceInput::Dtr(did == "DTR true"));
                    }
                }
                server.stream.write_all(&out).await.unwrap();
            }
            () = tokio::time::sleep_until(due.into()) => dce.handle(now(), DceInput::Tick),
            () = hang_up.notified() => dce.handle(now(), DceInput::Network(LineEvent::Disconnected)),
        }
        outputs.extend(std::iter::from_fn(|| dce.poll_output()));
        while !outputs.is_empty() {
            for output in std::mem::take(&mut outputs) {
                match output {
                    DceOutput::Dte(octets) => server.say(&octets).await,
                    DceOutput::Signals(signals) => server.signals(signals).await,
                    DceOutput::Network(LineOp::Dial(_)) => {
                        dce.handle(now(), DceInput::Network(LineEvent::Connected { text: "CONNECT".into() }));
                    }
                    DceOutput::Network(LineOp::Write(octets)) => {
                        dce.handle(now(), DceInput::Network(LineEvent::Bytes(&octets)));
                    }
                    DceOutput::Network(_) => {}
                }
            }
            outputs.extend(std::iter::from_fn(|| dce.poll_output()));
        }
    }
}

#[tokio::test]
async fn a_modem_behind_a_terminal_server_is_hung_up_by_dtr_and_its_carrier_is_seen_to_go() {
    let (listener, address) = listener().await;
    let hang_up = std::sync::Arc::new(tokio::sync::Notify::new());
    tokio::spawn(modem_behind(listener, hang_up.clone()));
    let said = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = said.clone();
    let device = NetDevice::new(address, Speaks::ComPort(Format::default()));
    let line = ModemLine::new(device, Settings::default(), move |one| heard.lock().unwrap().push(one));
    let mut phone = Phone::start(line, NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    for by_us in [false, true] {
        phone.dial("5551234").await;
        assert_eq!(phone.hear().await, Heard::Connected);
        let text: Vec<u8> = (0..20_000u32).map(|n| n as u8).chain(*b"\r\nNO CARRIER\r\n").collect();
        phone.write(text.clone()).await;
        assert_eq!(phone.hear_bytes(text.len()).await, text);
        if by_us {
            phone.op(LineOp::HangUp).await;
        } else {
            hang_up.notify_one();
        }
        let mut last = phone.hear().await;
        while let Heard::Bytes(_) = last {
            last = phone.hear().await;
        }
        assert_eq!(last, Heard::Disconnected, "{by_us}");
    }
    let said = said.lock().unwrap().clone();
    assert!(!said.contains(&ModemSaid::Us("ATS2=43".into())), "there is a DTR: {said:?}");
    assert!(!said.contains(&ModemSaid::Us("ATH0".into())), "and it hung up: {said:?}");
}

/// A terminal server that asks for ever and takes no answer: they are not kept for ever.
#[tokio::test]
async fn a_server_that_only_asks_costs_no_more_than_a_full_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut device = NetDevice::new(listener.local_addr().unwrap().to_string(), Speaks::Telnet);
    device.op(DeviceOp::Open);
    let asks = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = [255, 246].repeat(32 * 1024);
        while stream.write_all(&asked).await.is_ok() {}
    });
    let gone = async {
        let mut most = 0;
        loop {
            let (event, _) = tokio::select! {
                told = told(&mut device, 64) => told,
                () = tokio::time::sleep(Duration::from_millis(20)) => (Told::Bytes, Vec::new()),
            };
            most = most.max(device.unsent());
            if event == Told::Gone {
                return most;
            }
        }
    };
    let most = tokio::time::timeout(Duration::from_secs(300), gone).await.expect("never given up");
    assert!(most <= MOST_UNSENT + 64 * 1024, "{most}");
    asks.await.unwrap();
}

/// A UART that cannot do the speed takes another, and all that is seen of it is garbage.
#[tokio::test]
async fn a_terminal_server_that_puts_another_speed_in_force_is_found_out() {
    for most in [None, Some(9_600)] {
        let (listener, address) = listener().await;
        let format = Format { baud: 38_400, ..Format::default() };
        let mut device = NetDevice::new(address.clone(), Speaks::ComPort(format));
        device.op(DeviceOp::Open);
        let far = async {
            let mut server = Server::accept(&listener).await;
            server.far.most = most;
            server.until(|server| server.far.did.len() == 2).await;
            server.say(b"OK").await;
            server
        };
        let (_server, opened) = tokio::join!(far, told(&mut device, 64));
        assert!(matches!(opened.0, Told::Opened(Some(_))));
        while told(&mut device, 64).await.0 != Told::Bytes {}
        let note = device.note();
        assert_eq!(note.is_some(), most.is_some(), "{note:?}");
        let note = note.unwrap_or_default();
        assert!(most.is_none() || note.contains("9600 8N1 with RTS/CTS and not 38400 8N1"), "{note}");
        assert!(most.is_none() || note.contains(&address), "{note}");
    }
}
