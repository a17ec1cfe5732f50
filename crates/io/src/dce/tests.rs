//! A computer on one end of a stream, the modem on the other, phones behind it; time is tokio's, and paused.

use std::time::Duration;

use openras_engine::modem::Identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::*;
use crate::line::{Accepted, ExchangeHandle, Paced};
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

struct Played {
    computer: DuplexStream,
    gauge: Arc<DceGauge>,
    cancel: CancellationToken,
    task: JoinHandle<Over>,
}

fn play(exchange: &ExchangeHandle, number: Option<&str>, speed: Option<u32>) -> Played {
    let (computer, line) = tokio::io::duplex(1024);
    let identity =
        Identity { speed: speed.unwrap_or(115_200), model: "OpenRAS modem".into(), version: "1.0".into() };
    let modem = Dce::new(identity, Instant::now().into_std());
    let network = Paced::new(exchange.phone(number), speed);
    let (gauge, cancel) = (Arc::new(DceGauge::default()), CancellationToken::new());
    let line = Plain(Accepted::new(line, Some("192.0.2.7".into())));
    let idle = Some(Duration::from_secs(1800));
    let task = tokio::spawn(run(modem, line, network, idle, gauge.clone(), cancel.clone()));
    Played { computer, gauge, cancel, task }
}

impl Played {
    async fn types(&mut self, text: &str) {
        self.computer.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until this has come, and no further.
    async fn reads(&mut self, until: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(until.as_bytes()) {
            match self.computer.read_u8().await {
                Ok(octet) => seen.push(octet),
                Err(_) => panic!("ended behind {:?}", String::from_utf8_lossy(&seen)),
            }
        }
        String::from_utf8(seen).unwrap()
    }
}

fn exchange() -> ExchangeHandle {
    ExchangeHandle::start(openras_engine::exchange::Settings::default())
}

#[tokio::test(start_paused = true)]
async fn a_computer_dials_talks_escapes_and_hangs_up() {
    let exchange = exchange();
    let mut phone = Phone::start(exchange.phone(Some("100")), NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    let mut played = play(&exchange, Some("55"), None);
    played.types("ATE0\r").await;
    played.reads("OK\r\n").await;
    played.types("ATDT100\r").await;
    assert_eq!(phone.hear().await, Heard::Ring(Some("55".into())));
    assert_eq!(phone.hear().await, Heard::Connected);
    assert_eq!(played.reads("\n").await + &played.reads("\n").await, "\r\nCONNECT 115200\r\n");
    assert_eq!(played.gauge.read().state, Some(DceState::Data));
    phone.write(*b"login: ").await;
    played.reads("login: ").await;
    played.types("me\r").await;
    assert_eq!(phone.hear().await, Heard::Bytes(b"me\r".to_vec()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    played.types("+++").await;
    played.reads("OK\r\n").await;
    assert_eq!(played.gauge.read().state, Some(DceState::Online));
    played.types("ATH\r").await;
    played.reads("OK\r\n").await;
    assert_eq!(phone.hear().await, Heard::Bytes(b"+++".to_vec()));
    assert_eq!(phone.hear().await, Heard::Disconnected);
    // and once more: the end of the last call is not taken for that of this one
    played.types("ATDL\r").await;
    played.reads("CONNECT 115200\r\n").await;
    phone.op(LineOp::HangUp).await;
    played.reads("NO CARRIER\r\n").await;
    let reading = played.gauge.read();
    assert_eq!((reading.dials, reading.calls, reading.sent, reading.received), (2, 2, 6, 7));
    assert_eq!(reading.computer.as_deref(), Some("192.0.2.7"));
}

#[tokio::test(start_paused = true)]
async fn a_computer_that_goes_ends_its_call() {
    let exchange = exchange();
    let mut phone = Phone::start(exchange.phone(Some("100")), NoIp);
    phone.hear().await;
    let mut played = play(&exchange, None, None);
    played.types("ATDT100\r").await;
    played.reads("CONNECT 115200\r\n").await;
    drop(played.computer);
    assert_eq!(played.task.await.unwrap(), Over::Left);
    assert_eq!(phone.hear().await, Heard::Ring(None));
    assert_eq!(phone.hear().await, Heard::Connected);
    assert_eq!(phone.hear().await, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn one_modem_calls_another() {
    let exchange = exchange();
    let mut one = play(&exchange, Some("1"), Some(33_600));
    let mut two = play(&exchange, Some("2"), Some(33_600));
    one.types("ATE0\r").await;
    one.reads("OK\r\n").await;
    two.types("ATE0+VCID=1\r").await;
    two.reads("OK\r\n").await;
    one.types("ATD2\r").await;
    assert_eq!(two.reads("NMBR = 1\r\n").await, "\r\nRING\r\n\r\nNMBR = 1\r\n");
    two.types("ATA\r").await;
    two.reads("CONNECT 33600\r\n").await;
    one.reads("CONNECT 33600\r\n").await;
    // busy for a third
    let mut three = play(&exchange, None, None);
    three.types("ATE0D1\r").await;
    assert_eq!(three.reads("BUSY\r\n").await, "ATE0D1\r\r\nBUSY\r\n");
    // 33600 bits a second are 4200 octets
    let begun = Instant::now();
    let data = vec![b'x'; 42_000];
    let (sent, got) = tokio::join!(one.computer.write_all(&data), async {
        let mut got = vec![0; data.len()];
        two.computer.read_exact(&mut got).await.unwrap();
        got
    });
    sent.unwrap();
    assert_eq!(got, data);
    let took = begun.elapsed().as_secs_f64();
    assert!((9.8..10.2).contains(&took), "{took}");
    // the caller hangs up
    drop(one.computer);
    two.reads("NO CARRIER\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_ring_ends_when_its_caller_gives_up_and_nobody_answers() {
    let exchange = exchange();
    let mut two = play(&exchange, Some("2"), None);
    two.types("ATE0\r").await;
    two.reads("OK\r\n").await;
    let mut one = play(&exchange, None, None);
    one.types("ATE0S7=20\r").await;
    one.reads("OK\r\n").await;
    one.types("ATD2\r").await;
    one.reads("NO CARRIER\r\n").await;
    for _ in 0..4 {
        assert_eq!(two.reads("G\r\n").await, "\r\nRING\r\n");
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    two.types("ATA\r").await;
    assert_eq!(two.reads("R\r\n").await, "\r\nNO CARRIER\r\n");
    one.types("ATS7=255D2\r").await;
    assert_eq!(one.reads("R\r\n").await, "\r\nNO ANSWER\r\n");
}

#[tokio::test(start_paused = true)]
async fn typing_for_ever_fills_nothing_and_silence_ends_it() {
    let exchange = exchange();
    let mut played = play(&exchange, None, None);
    // nobody reads the echo: the typist waits before the modem holds more than its lines do
    let flood = vec![b'A'; 4 * 1024 * 1024];
    let writing = tokio::time::timeout(Duration::from_secs(60), played.computer.write_all(&flood));
    assert!(writing.await.is_err(), "the computer is held back");
    let drain = async {
        let mut memory = [0; 4096];
        while tokio::time::timeout(Duration::from_secs(5), played.computer.read(&mut memory)).await.is_ok() {}
    };
    drain.await;
    played.types("\rATE0\r").await;
    played.reads("OK\r\n").await;
    assert_eq!(played.task.await.unwrap(), Over::Idle);
}

/// A reader of the echo that types on and on is no computer that wants a modem.
#[tokio::test(start_paused = true)]
async fn typing_for_ever_without_a_command_ends_it() {
    let exchange = exchange();
    let played = play(&exchange, None, None);
    let (mut reading, mut writing) = tokio::io::split(played.computer);
    let typing = tokio::spawn(async move { writing.write_all(&vec![b'A'; 4 * 1024 * 1024]).await });
    let (mut memory, mut echoed) = ([0; 4096], 0);
    while let Ok(count @ 1..) = reading.read(&mut memory).await {
        echoed += count;
    }
    assert_eq!(played.task.await.unwrap(), Over::Noise);
    assert!((NOISE..NOISE + READ).contains(&echoed), "{echoed}");
    drop(reading);
    assert!(typing.await.unwrap().is_err(), "the line is closed");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_takes_the_modem_with_it() {
    let exchange = exchange();
    let mut played = play(&exchange, None, None);
    played.types("AT\r").await;
    played.reads("OK\r\n").await;
    played.cancel.cancel();
    assert_eq!(played.task.await.unwrap(), Over::Cancelled);
    assert_eq!(played.computer.read(&mut [0; 8]).await.unwrap(), 0);
}

/// `A/` says a line again with two octets, and a line may ask for all that is set as often as it fits.
#[tokio::test(start_paused = true)]
async fn a_computer_that_asks_for_everything_again_and_again_gets_it_as_fast_as_it_reads() {
    let exchange = exchange();
    let mut played = play(&exchange, None, None);
    played.types("ATE0\r").await;
    played.reads("OK\r\n").await;
    let asks = format!("AT{}\r{}", "&V".repeat(127), "A/".repeat(2048));
    let (mut reading, mut writing) = tokio::io::split(played.computer);
    let writer = tokio::spawn(async move { writing.write_all(asks.as_bytes()).await.map(|()| writing) });
    // it takes its time before it reads
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut memory = [0; 4096];
    let mut said = 0;
    while let Ok(read) = tokio::time::timeout(Duration::from_secs(5), reading.read(&mut memory)).await {
        said += read.unwrap();
        assert!(!played.task.is_finished(), "the modem stays");
    }
    let mut writing = writer.await.unwrap().unwrap();
    assert!((100_000..8_000_000).contains(&said), "{said}");
    writing.write_all(b"AT\r").await.unwrap();
    assert_eq!(reading.read(&mut memory).await.unwrap(), 6);
}

/// The network's line takes all that waits at once, and says nothing.
#[tokio::test]
async fn a_file_sent_one_way_does_not_stand_still_behind_a_network_that_was_full() {
    const FILE: usize = 24 * 1024 * 1024;
    let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let network = crate::line::TcpDial::new(host.local_addr().unwrap().to_string());
    let (mut computer, line) = tokio::io::duplex(64 * 1024);
    let identity = Identity { speed: 115_200, model: "m".into(), version: "1".into() };
    let modem = Dce::new(identity, Instant::now().into_std());
    let gauge = Arc::new(DceGauge::default());
    let line = Plain(Accepted::new(line, None));
    tokio::spawn(run(modem, line, network, None, gauge.clone(), CancellationToken::new()));
    computer.write_all(b"ATE0D1\r").await.unwrap();
    let (mut host, _) = host.accept().await.unwrap();
    while gauge.read().calls == 0 {
        tokio::task::yield_now().await;
    }
    let (mut answers, mut computer) = tokio::io::split(computer);
    let taking = async {
        let mut taken = 0;
        let mut memory = vec![0; 256 * 1024];
        // the modem's buffers and the system's are full
        let mut before = 1;
        while before != gauge.read().sent {
            before = gauge.read().sent;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while taken < FILE {
            taken += host.read(&mut memory).await.unwrap();
        }
    };
    let file = vec![b'x'; FILE];
    let both = async { tokio::join!(computer.write_all(&file), taking).0 };
    let in_time = tokio::time::timeout(Duration::from_secs(30), both).await;
    in_time.expect("it does not stand still").unwrap();
    drop(answers.read(&mut [0; 64]).await);
}

/// What waits in a slow modem is a second of the call or so: else every answer over it waits behind that.
#[tokio::test(start_paused = true)]
async fn a_slow_modem_holds_the_computer_back_instead_of_its_octets() {
    let exchange = exchange();
    let mut phone = Phone::start(exchange.phone(Some("100")), NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    let mut played = play(&exchange, None, Some(9600));
    played.types("ATDT100\r").await;
    played.reads("CONNECT 9600\r\n").await;
    let file = [b'x'; 64 * 1024];
    let sending = played.computer.write_all(&file);
    assert!(tokio::time::timeout(Duration::from_secs(2), sending).await.is_err());
    let inside = played.gauge.read().sent;
    assert!((2_400..2_400 + 4_096 + 1_200).contains(&inside), "{inside} octets taken in 2 seconds");
}

/// The same the other way: what a port sends waits at the port, which can put an answer before it, and not on its way.
#[tokio::test(start_paused = true)]
async fn a_slow_modem_holds_its_port_back_instead_of_the_ports_octets() {
    let exchange = exchange();
    let mut port = exchange.phone(Some("100"));
    port.op(LineOp::Open);
    let mut played = play(&exchange, None, Some(9600));
    played.types("ATE0DT100\r").await;
    let mut stands = false;
    while !stands {
        let mut memory = [0; 16];
        let mut buf = tokio::io::ReadBuf::new(&mut memory);
        match std::future::poll_fn(|cx| port.poll_event(cx, &mut buf).map(|event| format!("{event:?}"))).await
        {
            event if event.starts_with("Ring") => port.op(LineOp::Answer),
            event => stands = event.starts_with("Connected"),
        }
    }
    played.reads("CONNECT 9600\r\n").await;
    let (mut written, mut read) = (0, 0);
    let writing = std::future::poll_fn(|cx| {
        loop {
            let mut nothing = tokio::io::ReadBuf::new(&mut []);
            assert!(port.poll_event(cx, &mut nothing).is_pending());
            if port.unsent() >= crate::driver::HIGH_WATER {
                return std::task::Poll::<()>::Pending;
            }
            // as many at once as the driver takes from NAT
            while port.unsent() < crate::driver::HIGH_WATER {
                port.op(LineOp::Write(vec![b'x'; 100]));
                written += 100;
            }
        }
    });
    let reading = async {
        let mut memory = [0; 4096];
        loop {
            read += played.computer.read(&mut memory).await.unwrap();
        }
    };
    let both = async {
        tokio::select! { () = writing => {}, () = reading => {} }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), both).await.is_err());
    assert!((11_500..12_500).contains(&read), "{read} octets in 10 seconds");
    assert!(written - read < 1_200, "{} octets are on their way", written - read);
    // full as it is, it hears what the computer said last, and that it has gone
    played.types("bye").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    port.op(LineOp::Write(vec![b'x'; 2_000]));
    drop(played.computer);
    let mut heard = String::new();
    let ends = async {
        while !heard.ends_with("Disconnected") {
            let mut memory = [0; 16];
            let room = |line: &crate::line::ExchangeLine| {
                if line.unsent() < crate::driver::HIGH_WATER { 16 } else { 0 }
            };
            let event = std::future::poll_fn(|cx| {
                let before = room(&port);
                let mut buf = tokio::io::ReadBuf::new(&mut memory[..before]);
                match port.poll_event(cx, &mut buf).map(|event| format!("{event:?}")) {
                    std::task::Poll::Pending if room(&port) > before => {
                        cx.waker().wake_by_ref();
                        std::task::Poll::Pending
                    }
                    event => event,
                }
            });
            heard += &event.await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ends).await.expect("the end is heard");
}
