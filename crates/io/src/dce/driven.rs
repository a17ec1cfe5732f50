//! The played modem, driven by our own driver: what a computer of ours at a terminal server of ours meets.

use std::time::Duration;

use openras_engine::modem::{Identity, Settings};
use openras_engine::rfc2217::Format;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::line::{Accepted, ExchangeHandle, ModemLine, NetDevice, Paced, Speaks};
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

struct Desk {
    exchange: ExchangeHandle,
    far: Phone,
    near: Phone,
    gauge: Arc<DceGauge>,
    modem: JoinHandle<Over>,
}

/// A modem with the number 55 on a TCP port, a driver that is connected to it, and a phone with the number 100.
async fn desk(speaks: Speaks) -> Desk {
    let exchange = ExchangeHandle::start(openras_engine::exchange::Settings::default());
    let mut far = Phone::start(exchange.phone(Some("100")), NoIp);
    assert_eq!(far.hear().await, Heard::Opened);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let device = NetDevice::new(listener.local_addr().unwrap().to_string(), speaks);
    let near = Phone::start(ModemLine::new(device, Settings::default(), |_| {}), NoIp);
    let (stream, _) = listener.accept().await.unwrap();
    let identity = Identity { speed: 33_600, model: "OpenRAS modem".into(), version: "1".into() };
    let modem = Dce::new(identity, Instant::now().into_std());
    let network = Paced::new(exchange.phone(Some("55")), None);
    let gauge = Arc::new(DceGauge::default());
    let modem = tokio::spawn(run(
        modem,
        computer(stream, speaks),
        network,
        None,
        gauge.clone(),
        CancellationToken::new(),
    ));
    let mut near = near;
    assert_eq!(near.hear().await, Heard::Opened);
    Desk { exchange, far, near, gauge, modem }
}

fn computer(stream: TcpStream, speaks: Speaks) -> Box<dyn Computer> {
    match speaks {
        Speaks::Octets => Box::new(Plain(Accepted::new(stream, None))),
        Speaks::Telnet | Speaks::ComPort(_) => Box::new(SerialPort::new(stream, None)),
    }
}

/// What is heard until the call is over.
async fn ended(phone: &mut Phone) -> Vec<u8> {
    let mut said = Vec::new();
    loop {
        match phone.hear().await {
            Heard::Bytes(bytes) => said.extend(bytes),
            Heard::Disconnected => return said,
            other => panic!("{other:?} behind {said:?}"),
        }
    }
}

/// Dials, talks, hangs up, is hung up on, is called: all over one connection.
async fn all_kinds_of_calls(speaks: Speaks) {
    let Desk { exchange, mut far, mut near, gauge, modem } = desk(speaks).await;
    near.dial("100").await;
    assert_eq!(far.hear().await, Heard::Ring(Some("55".into())));
    assert_eq!((far.hear().await, near.hear().await), (Heard::Connected, Heard::Connected));
    far.write(*b"\x7e\xff\xfflogin: ").await;
    assert_eq!(near.hear_bytes(10).await, b"\x7e\xff\xfflogin: ");
    near.write(*b"\xff\r\0~").await;
    assert_eq!(far.hear_bytes(4).await, b"\xff\r\0~");
    // we hang up
    near.op(LineOp::HangUp).await;
    assert_eq!(near.hear().await, Heard::Disconnected);
    // the escape goes to the other end as well
    assert!(ended(&mut far).await.iter().all(|octet| *octet == b'+'));
    // the other end hangs up
    near.dial("100").await;
    assert_eq!(far.hear().await, Heard::Ring(Some("55".into())));
    assert_eq!((far.hear().await, near.hear().await), (Heard::Connected, Heard::Connected));
    far.op(LineOp::HangUp).await;
    assert_eq!(far.hear().await, Heard::Disconnected);
    // without signals the end is a word among the data
    let said = ended(&mut near).await;
    assert!([&b""[..], b"\r\nNO CARRIER\r\n"].contains(&said.as_slice()), "{said:?}");
    // nobody has the number
    near.dial("404").await;
    assert_eq!(near.hear().await, Heard::Failed(RasError(679)));
    // it is called
    let mut caller = Phone::start(exchange.phone(None), NoIp);
    assert_eq!(caller.hear().await, Heard::Opened);
    caller.dial("55").await;
    // a phone of the tests answers at the first ring
    assert!(matches!(near.hear().await, Heard::Ring(_)));
    assert_eq!((near.hear().await, caller.hear().await), (Heard::Connected, Heard::Connected));
    assert_eq!((gauge.read().dials, gauge.read().calls), (3, 3));
    assert!(!modem.is_finished(), "the connection is the first one still");
    let _ = near.end().await;
    assert_eq!(modem.await.unwrap(), Over::Left);
    // a driver that gives up its line without signals has escaped first
    assert!(ended(&mut caller).await.iter().all(|octet| *octet == b'+'));
}

#[tokio::test]
async fn over_tcp_by_words_and_the_escape() {
    all_kinds_of_calls(Speaks::Octets).await;
}

#[tokio::test]
async fn over_telnet_by_words_and_the_escape() {
    all_kinds_of_calls(Speaks::Telnet).await;
}

#[tokio::test]
async fn over_rfc2217_by_its_signals() {
    all_kinds_of_calls(Speaks::ComPort(Format::default())).await;
}

/// DTR ends the call and not the connection; the signals say what the modem does before and after.
#[tokio::test]
async fn a_computer_at_rfc2217_sees_carrier_and_ring_and_hangs_up_by_dtr() {
    use crate::line::{Device, Told};
    use openras_engine::modem::DeviceOp;

    let exchange = ExchangeHandle::start(openras_engine::exchange::Settings::default());
    let mut far = Phone::start(exchange.phone(Some("100")), NoIp);
    far.hear().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut device = NetDevice::new(address, Speaks::ComPort(Format::default()));
    device.op(DeviceOp::Open);
    let identity = Identity { speed: 33_600, model: "m".into(), version: "1".into() };
    let modem = Dce::new(identity, Instant::now().into_std());
    let network = exchange.phone(Some("55"));
    tokio::spawn(async move {
        let computer = SerialPort::new(listener.accept().await.unwrap().0, None);
        run(modem, computer, network, None, Arc::default(), CancellationToken::new()).await
    });
    async fn signals(device: &mut NetDevice, is: impl Fn(Signals) -> bool) {
        let found = poll_fn(|cx| {
            loop {
                let mut memory = [0; 256];
                match std::task::ready!(device.poll_event(cx, &mut ReadBuf::new(&mut memory))) {
                    Told::Opened(Some(now)) | Told::Signals(now) if is(now) => return Poll::Ready(true),
                    Told::Gone | Told::Failed(_) | Told::Closed => return Poll::Ready(false),
                    _ => {}
                }
            }
        });
        let in_time = tokio::time::timeout(Duration::from_secs(20), found).await;
        assert!(in_time.expect("the signals change"), "the device stays");
    }
    let at_rest = |now: Signals| !now.dcd && now.dsr && !now.ri;
    signals(&mut device, at_rest).await;
    device.op(DeviceOp::Write(b"ATD100\r".to_vec()));
    signals(&mut device, |now| now.dcd).await;
    device.op(DeviceOp::Dtr(false));
    signals(&mut device, at_rest).await;
    assert!(matches!(far.hear().await, Heard::Ring(_)));
    assert_eq!((far.hear().await, far.hear().await), (Heard::Connected, Heard::Disconnected));
    device.op(DeviceOp::Dtr(true));
    far.dial("55").await;
    signals(&mut device, |now| now.ri && !now.dcd).await;
    // &C0: always on
    device.op(DeviceOp::Write(b"AT&C0\r".to_vec()));
    signals(&mut device, |now| now.dcd).await;
}
