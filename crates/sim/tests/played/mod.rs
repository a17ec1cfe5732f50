//! Machines that listen for their modem: an emulator's port, and a terminal server with a serial port. The service connects to them
//! and plays the modem there.

#![allow(dead_code, reason = "each test uses its part")]

use std::future::poll_fn;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::rfc2217::{Access, Format, Port, Signals};
use openras_engine::telnet::{self, Event, Mode, Role, Telnet};
use openras_engine::{LineEvent, LineOp};
use openras_io::Line;
use openras_io::line::{Origins, Reception, TlsServer};
use openras_service::{Config, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Only for failures. On a clock that goes by itself each event of a socket may cost as much as a second.
const LONG: Duration = Duration::from_secs(300);

/// An address where nobody listens yet.
pub(crate) fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What a machine on this kind of line speaks. `None` is a terminal server. Certificates are those of [`certificate`].
pub(crate) fn speaks(kind: &str, folder: &Path) -> Option<Reception> {
    let tls = || TlsServer::load(&folder.join("m.pem"), &folder.join("m.key"), None).unwrap();
    let origins = || Arc::new(Origins::default());
    Some(match kind {
        "tcp" => Reception::Plain,
        "telnet" => Reception::Telnet,
        "tls" => Reception::Tls(tls()),
        "ws" => Reception::WebSocket(origins(), None),
        "wss" => Reception::WebSocket(origins(), Some(tls())),
        _ => return None,
    })
}

/// Makes a certificate for 127.0.0.1 in this folder, which trusts itself.
pub(crate) fn certificate(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("m.pem"), made.cert.pem()).unwrap();
    let key = folder.join("m.key");
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The next machine that is reached, at an emulator or a terminal server.
pub(crate) async fn machine(listener: &TcpListener, speaks: Option<&Reception>) -> Machine {
    let (stream, _) = tokio::time::timeout(LONG, listener.accept()).await.expect("it connects").unwrap();
    // a clock that goes by itself does not wait for the other end's acknowledgements
    stream.set_nodelay(true).unwrap();
    match speaks {
        Some(reception) => {
            let mut line = reception.receive(stream, None).await.unwrap();
            line.op(LineOp::Open);
            Machine::Emulated(line)
        }
        None => {
            let mut server = TerminalServer::new(stream).await;
            server.has_a_modem().await;
            Machine::Behind(Box::new(server))
        }
    }
}

/// A computer that wants a modem.
pub(crate) enum Machine {
    /// Its serial port is a stream.
    Emulated(Box<dyn Line>),
    /// Its serial port is at a terminal server.
    Behind(Box<TerminalServer>),
}

impl Machine {
    /// Types, and reads until this has come.
    pub(crate) async fn says(&mut self, typed: &str, until: &str) -> String {
        let mut seen = String::new();
        let says = async {
            match self {
                Self::Emulated(line) => emulated(line.as_mut(), typed, until, &mut seen).await,
                Self::Behind(server) => {
                    server.types(typed).await;
                    seen = server.reads(until).await;
                }
            }
        };
        let in_time = tokio::time::timeout(LONG, says).await;
        assert!(in_time.is_ok(), "no {until:?} in {seen:?} behind {typed:?}");
        seen
    }
}

/// One octet at a time, so that nothing behind `until` is lost.
async fn emulated(line: &mut dyn Line, typed: &str, until: &str, seen: &mut String) {
    line.op(LineOp::Write(typed.as_bytes().to_vec()));
    while !seen.ends_with(until) {
        let mut memory = [0];
        let mut buf = ReadBuf::new(&mut memory);
        let event = poll_fn(|cx| {
            buf.clear();
            line.poll_event(cx, &mut buf).map(|event| match event {
                LineEvent::Bytes(bytes) => Ok(bytes.to_vec()),
                LineEvent::Ring { .. } => Err(LineOp::Answer),
                LineEvent::Connected { .. } => Err(LineOp::Write(typed.as_bytes().to_vec())),
                LineEvent::Opened => Ok(Vec::new()),
                other => panic!("{other:?} behind {seen:?}"),
            })
        });
        match event.await {
            Ok(bytes) => seen.extend(bytes.into_iter().map(char::from)),
            Err(op) => line.op(op),
        }
    }
}

/// The serial port of a terminal server, and the computer at its cable.
#[derive(Default)]
struct Wires {
    format: Format,
    /// DTR of the port, which is the computer's carrier.
    dtr: bool,
    /// It has been switched off.
    had_none: bool,
}

impl Port for Wires {
    fn format(&self) -> Format {
        self.format
    }

    fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    fn set_dtr(&mut self, on: bool) {
        self.dtr = on;
        self.had_none |= !on;
    }

    fn set_rts(&mut self, _on: bool) {}

    fn set_break(&mut self, _on: bool) {}

    fn purge(&mut self, _received: bool, _to_send: bool) {}
}

/// A terminal server that speaks RFC 2217 to whoever connected.
pub(crate) struct TerminalServer {
    stream: TcpStream,
    telnet: Telnet,
    access: Access,
    wires: Wires,
    data: Vec<u8>,
}

impl TerminalServer {
    pub(crate) async fn new(stream: TcpStream) -> Self {
        let config = telnet::Config { role: Role::Server, mode: Mode::Telnet, echo: false, com_port: true };
        // the computer is switched on
        let signals = Signals { cts: true, dsr: true, ..Signals::default() };
        let (telnet, access) = (Telnet::new(config), Access::new("test", signals));
        let mut server = Self { stream, telnet, access, wires: Wires::default(), data: Vec::new() };
        let mut out = Vec::new();
        server.telnet.open(&mut out);
        server.stream.write_all(&out).await.unwrap();
        server
    }

    pub(crate) async fn types(&mut self, typed: &str) {
        let mut out = Vec::new();
        self.telnet.send(typed.as_bytes(), &mut out);
        self.stream.write_all(&out).await.unwrap();
    }

    pub(crate) async fn reads(&mut self, until: &str) -> String {
        loop {
            if let Some(at) = self.data.windows(until.len()).position(|part| part == until.as_bytes()) {
                let read: Vec<u8> = self.data.drain(..at + until.len()).collect();
                return String::from_utf8_lossy(&read).into_owned();
            }
            self.serve().await;
        }
    }

    /// The computer's DTR, which is DSR of the port.
    pub(crate) async fn dtr(&mut self, on: bool) {
        let Some(said) = self.access.signals(Signals { cts: true, dsr: on, ..Signals::default() }) else {
            return;
        };
        let mut out = Vec::new();
        self.telnet.say_com_port(&said, &mut out);
        self.stream.write_all(&out).await.unwrap();
    }

    /// Until the computer sees carrier, or sees it no more.
    pub(crate) async fn carrier(&mut self, on: bool) {
        let seen = async {
            while self.wires.dtr != on {
                self.serve().await;
            }
        };
        assert!(tokio::time::timeout(LONG, seen).await.is_ok(), "carrier stays {}", !on);
    }

    /// Until the modem is there, by its carrier, which is off: it hears nothing of what is typed before.
    async fn has_a_modem(&mut self) {
        let comes = async {
            while !self.wires.had_none {
                self.serve().await;
            }
        };
        assert!(tokio::time::timeout(LONG, comes).await.is_ok(), "no modem");
    }

    /// The speed that was set.
    pub(crate) fn baud(&self) -> u32 {
        self.wires.format.baud
    }

    async fn serve(&mut self) {
        let mut memory = [0; 512];
        let count = self.stream.read(&mut memory).await.unwrap();
        assert!(count > 0, "the modem has gone");
        let received = self.telnet.receive(&memory[..count]);
        let mut out = received.answer;
        self.data.extend(received.data);
        for event in received.events {
            let said = match event {
                Event::ComPort => Some(self.access.begin()),
                Event::ComPortSays(said) => self.access.receive(&said, &mut self.wires),
                Event::Break => None,
            };
            if let Some(said) = said {
                self.telnet.say_com_port(&said, &mut out);
            }
        }
        self.stream.write_all(&out).await.unwrap();
    }
}

/// A host that greets each caller.
pub(crate) async fn host() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = caller.write_all(b"Welcome\r\n").await;
                let mut memory = [0; 64];
                while let Ok(1..) = caller.read(&mut memory).await {}
            });
        }
    });
    address
}

/// A configuration with its `state` in this folder, which is FOLDER.
pub(crate) fn config(folder: &Path, text: &str) -> Config {
    let text = text.replace("FOLDER", &folder.display().to_string());
    Config::parse(&format!("state = \"{}/state\"\n{text}", folder.display()), "t.toml").unwrap()
}

/// Until all modems are so.
pub(crate) async fn until(service: &Service, is: impl Fn(&openras_api::types::modem::Modem) -> bool) {
    let looking = async {
        while !service.virtual_modems().iter().all(&is) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(LONG, looking).await;
    assert!(found.is_ok(), "{:?}", service.virtual_modems());
}

/// Whether this is what is wrong with a modem.
pub(crate) fn says(modem: &openras_api::types::modem::Modem, what: &str) -> bool {
    modem.problem.as_ref().is_some_and(|problem| problem.message.contains(what))
}
