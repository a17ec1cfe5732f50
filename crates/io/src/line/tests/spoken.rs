//! What is spoken below a call over TCP: the same call in telnet, with a serial port, in TLS and in WebSocket.

use std::path::PathBuf;
use std::sync::Arc;

use openras_ppp::Secret;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpStream;

use super::*;

/// A certification authority, a port's certificate and a caller's, in files.
struct Certificates {
    folder: tempfile::TempDir,
    ca: String,
    caller: (String, Secret),
}

fn certificates(names: &[&str]) -> Certificates {
    let folder = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let signed = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (certificate, key) = signed(names);
    for (name, text) in [("ca.pem", &ca), ("port.pem", &certificate), ("port.key", &key)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let key = folder.path().join("port.key");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (certificate, key) = signed(&["caller"]);
    Certificates { folder, ca, caller: (certificate, Secret::from(key.as_str())) }
}

impl Certificates {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self, with_clients: bool) -> TlsServer {
        let ca = self.file("ca.pem");
        let clients = with_clients.then_some(ca.as_path());
        TlsServer::load(&self.file("port.pem"), &self.file("port.key"), clients).unwrap()
    }

    fn client(&self, with_own: bool) -> TlsClient {
        let own = with_own.then(|| self.caller.clone());
        TlsClient::new(&TlsClientFiles { ca: Some(self.ca.clone()), own }).unwrap()
    }
}

/// A call, and 3 MB with every octet in them, over what both ends speak.
async fn speaks(reception: Reception, dial: impl Fn(String) -> TcpDial) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let mut caller = opened(dial(at.clone())).await;
    for round in 0..2 {
        caller.dial("").await;
        let (stream, source) = listener.accept_stream().await;
        let line = reception.receive(stream, Some(source)).await.unwrap();
        let mut called = opened(line).await;
        assert_eq!(called.hear().await, Heard::Ring(Some("127.0.0.1".into())));
        if round == 0 {
            call(&mut caller, &mut called).await;
            continue;
        }
        assert_eq!(caller.hear().await, Heard::Connected);
        assert_eq!(called.hear().await, Heard::Connected);
        let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n * 7 / 3) as u8).collect();
        called.write(bytes.clone()).await;
        assert!(caller.hear_bytes(bytes.len()).await == bytes);
        caller.write(bytes.clone()).await;
        assert!(called.hear_bytes(bytes.len()).await == bytes);
        // this time the called end hangs up, behind its last octets
        called.write(b"bye".as_slice()).await;
        called.op(LineOp::HangUp).await;
        assert_eq!(caller.hear_bytes(3).await, b"bye");
        assert_eq!(caller.hear().await, Heard::Disconnected);
        assert_eq!(called.hear().await, Heard::Disconnected);
    }
}

#[tokio::test]
async fn a_call_in_telnet() {
    speaks(Reception::Telnet, TcpDial::telnet).await;
}

#[tokio::test]
async fn a_call_of_octets_where_telnet_would_be_understood() {
    // a frame of PPP says that this is no telnet
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = opened(TcpDial::new(listener.local_addr().unwrap().to_string())).await;
    caller.dial("").await;
    let (stream, source) = listener.accept_stream().await;
    let mut called = opened(Reception::Plain.receive(stream, Some(source)).await.unwrap()).await;
    assert!(matches!(called.hear().await, Heard::Ring(_)));
    assert_eq!(caller.hear().await, Heard::Connected);
    assert_eq!(called.hear().await, Heard::Connected);
    let frame = [&[0x7e, 0xff, 0x7d, 0x23][..], &[0xff; 5000], b"\r\0\xff\xfb\x01"].concat();
    caller.write(frame.clone()).await;
    assert_eq!(called.hear_bytes(frame.len()).await, frame);
    called.write(frame.clone()).await;
    assert_eq!(caller.hear_bytes(frame.len()).await, frame);
}

#[tokio::test]
async fn a_modem_emulator_that_greets_in_telnet_is_answered_and_its_greeting_is_no_data() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, source) = listener.accept_stream().await;
    let mut called = opened(Reception::Plain.receive(stream, Some(source)).await.unwrap()).await;
    assert!(matches!(called.hear().await, Heard::Ring(_)));
    assert_eq!(called.hear().await, Heard::Connected);
    // DO SGA, WILL BINARY, DO BINARY
    caller.write_all(b"\xff\xfd\x03\xff\xfb\x00\xff\xfd\x00").await.unwrap();
    let mut answer = [0; 9];
    caller.read_exact(&mut answer).await.unwrap();
    assert!(answer.chunks(3).all(|verb| verb[0] == 0xff && matches!(verb[1], 0xfb..=0xfe)), "{answer:x?}");
    // and goes on raw
    caller.write_all(b"\x7e\xff\x03\xc0\x21").await.unwrap();
    assert_eq!(called.hear_bytes(5).await, b"\x7e\xff\x03\xc0\x21");
}

/// What the other end of RFC 2217 reads, until it has what it looks for.
async fn until(stream: &mut TcpStream, wanted: &[u8]) {
    let mut read = Vec::new();
    while !read.windows(wanted.len()).any(|window| window == wanted) {
        let octet = stream.read_u8().await;
        read.push(octet.unwrap_or_else(|error| panic!("{error}: {read:x?}")));
    }
}

#[tokio::test]
async fn a_serial_port_of_rfc_2217_takes_its_settings_and_dtr_is_its_hook() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, source) = listener.accept_stream().await;
    let mut called = opened(Reception::SerialPort.receive(stream, Some(source)).await.unwrap()).await;
    assert!(matches!(called.hear().await, Heard::Ring(_)));
    assert_eq!(called.hear().await, Heard::Connected);
    // WILL COM-PORT, which is agreed to, and carrier, ready and clear to send are told
    caller.write_all(b"\xff\xfb\x2c").await.unwrap();
    until(&mut caller, b"\xff\xfd\x2c").await;
    until(&mut caller, b"\xff\xfa\x2c\x6b\xb0\xff\xf0").await;
    // 9600 bits, parity even: as a port would
    caller.write_all(b"\xff\xfa\x2c\x01\x00\x00\x25\x80\xff\xf0\xff\xfa\x2c\x03\x03\xff\xf0").await.unwrap();
    until(&mut caller, b"\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0").await;
    until(&mut caller, b"\xff\xfa\x2c\x67\x03\xff\xf0").await;
    // XOFF for this end: nothing comes until it may again
    caller.write_all(b"\xff\xfa\x2c\x08\xff\xf0\xff\xfb\x00\xff\xfd\x00x").await.unwrap();
    assert_eq!(called.hear_bytes(1).await, b"x");
    called.write(b"late".as_slice()).await;
    let mut memory = [0; 16];
    let nothing = tokio::time::timeout(Duration::from_millis(100), caller.read(&mut memory)).await;
    assert!(nothing.is_err() || !memory.windows(4).any(|w| w == b"late"), "{memory:x?}");
    caller.write_all(b"\xff\xfa\x2c\x09\xff\xf0").await.unwrap();
    until(&mut caller, b"late").await;
    // DTR off, which is answered; carrier goes, and the call is over
    caller.write_all(b"\xff\xfa\x2c\x05\x09\xff\xf0").await.unwrap();
    until(&mut caller, b"\xff\xfa\x2c\x69\x09\xff\xf0").await;
    until(&mut caller, b"\xff\xfa\x2c\x6b\x38\xff\xf0").await;
    assert_eq!(called.hear().await, Heard::Disconnected);
    assert_eq!(caller.read(&mut memory).await.unwrap(), 0);
}

#[tokio::test]
async fn a_call_in_tls_with_a_certificate_of_the_caller() {
    let files = certificates(&["127.0.0.1"]);
    speaks(Reception::Tls(files.server(false)), |at| TcpDial::tls(at, files.client(false))).await;
    speaks(Reception::Tls(files.server(true)), |at| TcpDial::tls(at, files.client(true))).await;
}

/// Why a dial in TLS failed, and what the port made of it.
async fn no_call(server: TlsServer, client: TlsClient) -> (Option<RasError>, bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = opened(TcpDial::tls(listener.local_addr().unwrap().to_string(), client)).await;
    caller.dial("").await;
    let (stream, source) = listener.accept_stream().await;
    let refused = Reception::Tls(server).receive(stream, Some(source)).await.is_err();
    let number = match caller.hear().await {
        Heard::Failed(number) => Some(number),
        // TLS 1.3 tells a client only afterwards that its certificate is wanted
        Heard::Connected => {
            assert_eq!(caller.hear().await, Heard::Disconnected);
            None
        }
        other => panic!("{other:?}"),
    };
    (number, refused)
}

#[tokio::test]
async fn a_certificate_of_another_name_or_another_authority_is_refused() {
    let (ours, others) = (certificates(&["127.0.0.1"]), certificates(&["127.0.0.1"]));
    let elsewhere = certificates(&["modem.example"]);
    let name = no_call(elsewhere.server(false), elsewhere.client(false)).await;
    assert_eq!(name, (Some(RasError(835)), true));
    assert_eq!(no_call(ours.server(false), others.client(false)).await, (Some(RasError(801)), true));
    assert_eq!(no_call(ours.server(true), ours.client(false)).await, (None, true));
    // signed by somebody else
    let stolen = TlsClientFiles { ca: Some(ours.ca.clone()), own: Some(others.caller.clone()) };
    assert_eq!(no_call(ours.server(true), TlsClient::new(&stolen).unwrap()).await, (None, true));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let files = certificates(&["x"]);
    let load = |certificate: &str, key: &str| {
        TlsServer::load(&files.file(certificate), &files.file(key), None).err().map(|error| error.what)
    };
    let said = |what: Option<String>, text: &str| {
        let what = what.expect("it was taken");
        assert!(what.contains(text), "{what}");
    };
    assert_eq!(load("port.pem", "port.key"), None);
    said(load("none.pem", "port.key"), "none.pem cannot be read");
    said(load("port.key", "port.key"), "port.key has no certificate");
    said(load("port.pem", "none.key"), "none.key cannot be read");
    for (mode, readable) in [(0o640, true), (0o604, true), (0o400, false)] {
        std::fs::set_permissions(files.file("port.key"), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(load("port.pem", "port.key").is_some(), readable, "{mode:o}");
    }
    let ca = TlsClientFiles { ca: Some("no pem".into()), own: None };
    assert!(TlsClient::new(&ca).is_err());
    assert!(!format!("{:?}", files.client(true)).contains("PRIVATE"));
}

#[tokio::test]
async fn a_call_in_websocket_and_in_websocket_over_tls() {
    let origins = Arc::new(Origins::default());
    let ws = Reception::WebSocket(origins.clone(), None);
    speaks(ws, |at| TcpDial::websocket(at, "/", None)).await;
    let files = certificates(&["127.0.0.1"]);
    let wss = Reception::WebSocket(origins, Some(files.server(true)));
    speaks(wss, |at| TcpDial::websocket(at, "/modem?x=1", Some(files.client(true)))).await;
}

/// What a WebSocket port answers to a request with these headers.
async fn asked(host: &str, headers: &str) -> (String, Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept_stream().await;
    let request = format!(
        "GET /any HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    caller.write_all(request.as_bytes()).await.unwrap();
    let origins = Origins(vec!["https://retro.example".into()]);
    let received = Reception::WebSocket(Arc::new(origins), None).receive(stream, None).await;
    let mut answer = vec![0; 4096];
    let n = caller.read(&mut answer).await.unwrap();
    answer.truncate(n);
    (String::from_utf8(answer).unwrap().to_lowercase(), received.err().map(|error| error.to_string()))
}

#[tokio::test]
async fn a_page_of_elsewhere_may_not_call_and_binary_is_agreed_to() {
    for (host, headers, ok) in [
        ("modem.example:7001", "", true),
        ("127.0.0.1:7001", "Origin: http://127.0.0.1:8080\r\n", true),
        ("localhost:7001", "Origin: http://localhost\r\n", true),
        ("modem.example:7001", "Origin: https://retro.example\r\n", true),
        ("modem.example:7001", "Origin: https://evil.example\r\n", false),
        ("modem.example:7001", "Origin: null\r\n", false),
        // its owner lets the name lead to 127.0.0.1, and the browser takes the page for one of the same host
        ("evil.example:7001", "Origin: http://evil.example:7001\r\n", false),
    ] {
        let (answer, error) = asked(host, headers).await;
        assert_eq!(answer.starts_with("http/1.1 101"), ok, "{headers}{answer}");
        assert_eq!(answer.starts_with("http/1.1 403"), !ok, "{headers}{answer}");
        let told = error.as_deref().unwrap_or_default();
        assert_eq!(told.contains("a page of"), !ok, "{headers}{told}");
    }
    let (answer, _) = asked("x", "Sec-WebSocket-Protocol: chat, binary\r\n").await;
    assert!(answer.contains("sec-websocket-protocol: binary\r\n"), "{answer}");
    let (answer, _) = asked("x", "").await;
    assert!(!answer.contains("sec-websocket-protocol"), "{answer}");
}

/// A page whose Close is not answered is told that its call broke (1006).
#[tokio::test]
async fn a_close_is_answered_before_the_line_is_let_go() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    caller.write_all(request.as_bytes()).await.unwrap();
    let (stream, _) = listener.accept_stream().await;
    let reception = Reception::WebSocket(Arc::new(Origins::default()), None);
    let mut called = opened(reception.receive(stream, None).await.unwrap()).await;
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    until(&mut caller, b"\r\n\r\n").await;
    // an octet in two fragments with a ping between them, all masked with zeros; then Close with 1000
    caller.write_all(b"\x02\x81\0\0\0\0a\x89\x80\0\0\0\0\x80\x81\0\0\0\0b").await.unwrap();
    assert_eq!(called.hear_bytes(2).await, b"ab");
    until(&mut caller, b"\x8a\0").await;
    caller.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.unwrap();
    assert_eq!(called.hear().await, Heard::Disconnected);
    until(&mut caller, b"\x88\x02\x03\xe8").await;
    assert_eq!(caller.read(&mut [0; 1]).await.unwrap(), 0);
}

/// What the other end sees of ours when it ends in TLS: by close_notify as one should, or cut off.
#[tokio::test]
async fn an_end_in_tls_is_answered_and_a_cut_is_a_drop() {
    let files = certificates(&["127.0.0.1"]);
    let connector = files.client(false);
    for cut in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let calling = async {
            let stream = TcpStream::connect(at).await.unwrap();
            connector.connect(stream, "127.0.0.1").await.unwrap()
        };
        let answering = async {
            let (stream, _) = listener.accept_stream().await;
            Reception::Tls(files.server(false)).receive(stream, None).await.unwrap()
        };
        let (mut caller, line) = tokio::join!(calling, answering);
        let mut called = opened(line).await;
        assert_eq!(called.hear().await, Heard::Ring(None));
        assert_eq!(called.hear().await, Heard::Connected);
        caller.write_all(b"last").await.unwrap();
        if cut {
            caller.get_mut().0.shutdown().await.unwrap();
        } else {
            caller.shutdown().await.unwrap();
        }
        assert_eq!(called.hear_bytes(4).await, b"last");
        assert_eq!(called.hear().await, Heard::Disconnected);
        // a clean end is one to both; what was cut off ends without a word
        let end = caller.read(&mut [0; 1]).await;
        assert_eq!(end.map_err(|error| error.kind()).ok(), (!cut).then_some(0));
    }
}

/// Else a terminal server that has lost its power is found when somebody speaks to it, and that may be never.
#[tokio::test]
async fn connections_both_ways_are_asked_for_while_they_are_silent() {
    use rustix::net::sockopt;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let (called, calling) = tokio::join!(listener.accept_stream(), tcp::connect(&at));
    for stream in [called.0, calling.unwrap()] {
        assert!(sockopt::socket_keepalive(&stream).unwrap() && sockopt::tcp_nodelay(&stream).unwrap());
        let silent = sockopt::tcp_keepidle(&stream).unwrap();
        let asked = sockopt::tcp_keepintvl(&stream).unwrap() * sockopt::tcp_keepcnt(&stream).unwrap();
        assert!(silent + asked <= Duration::from_secs(150), "{silent:?} {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_shakes_no_hands_is_closed_after_a_while() {
    let files = certificates(&["x"]);
    let origins = Arc::new(Origins::default());
    for reception in [Reception::Tls(files.server(false)), Reception::WebSocket(origins, None)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept_stream().await;
        let error = reception.receive(stream, None).await.err().unwrap();
        assert_eq!((error.word, error.why.as_str()), (reception.word(), "not within 15 seconds"));
        assert_eq!(caller.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
