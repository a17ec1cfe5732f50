//! Computers that dial through the modems of a whole service, over loopback.

mod floods;
mod lines;
mod origins;
mod source;

use std::future::poll_fn;
use std::time::Duration;

use openras_engine::{LineEvent, LineOp};
use openras_io::Line;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::{Config, Service};

/// A service with this configuration, its `state` folder beside it.
async fn service(text: &str) -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder, text);
    (Service::start(config).await.unwrap(), folder)
}

fn config(folder: &tempfile::TempDir, text: &str) -> Config {
    let state = folder.path().join("state");
    let text = text.replace("FOLDER", &folder.path().display().to_string());
    Config::parse(&format!("state = {:?}\n{text}", state.display().to_string()), "t.toml").unwrap()
}

/// A computer at a modem.
struct Computer(TcpStream);

impl Computer {
    async fn at(service: &Service, modem: &str) -> Self {
        let (_, address) = service.addresses().into_iter().find(|(name, _)| name == modem).unwrap();
        let mut computer = Self(TcpStream::connect(address).await.unwrap());
        computer.types("ATE0").await;
        computer.reads("OK\r\n").await;
        computer
    }

    async fn types(&mut self, line: &str) {
        self.0.write_all(format!("{line}\r").as_bytes()).await.unwrap();
    }

    /// Reads until this has come, and no further.
    async fn reads(&mut self, until: &str) -> String {
        let mut seen = Vec::new();
        let reading = async {
            while !seen.ends_with(until.as_bytes()) {
                seen.push(self.0.read_u8().await.expect("the modem is there"));
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), reading).await;
        let seen = String::from_utf8_lossy(&seen).into_owned();
        assert!(in_time.is_ok(), "no {until:?} behind {seen:?}");
        seen
    }

    /// Types a character into the dialling until the modem gives up: what comes in the first 125 ms ends nothing.
    async fn gives_up(&mut self) {
        let (mut reading, mut writing) = self.0.split();
        let mut seen = Vec::new();
        let gives_up = async {
            while !seen.ends_with(b"NO CARRIER\r\n") {
                tokio::select! {
                    octet = reading.read_u8() => seen.push(octet.expect("the modem is there")),
                    () = tokio::time::sleep(Duration::from_millis(200)) => writing.write_all(b"\r").await.unwrap(),
                }
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), gives_up).await.is_ok(), "it dials on");
    }

    async fn dials(&mut self, number: &str) -> String {
        self.types(&format!("ATDT{number}")).await;
        let before = self.reads("\r\n").await;
        before + &self.reads("\r\n").await
    }
}

/// A host that greets each caller with a word of its own, as telnet does.
async fn bbs(word: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                caller.write_all(word.as_bytes()).await.unwrap();
                let mut memory = [0; 64];
                while let Ok(1..) = caller.read(&mut memory).await {}
            });
        }
    });
    port
}

/// Opens a device, types into it, and gives what comes until this has.
async fn says(line: &mut impl Line, text: &[u8], until: &str) -> String {
    line.op(LineOp::Open);
    line.op(LineOp::Dial(String::new()));
    let mut seen = Vec::new();
    while !seen.ends_with(until.as_bytes()) {
        let mut memory = [0; 256];
        let mut buf = ReadBuf::new(&mut memory);
        let read = poll_fn(|cx| {
            buf.clear();
            line.poll_event(cx, &mut buf).map(|event| match event {
                LineEvent::Bytes(bytes) => Some(bytes.to_vec()),
                LineEvent::Connected { .. } => None,
                LineEvent::Opened => Some(Vec::new()),
                other => panic!("{other:?} behind {:?}", String::from_utf8_lossy(&seen)),
            })
        });
        match tokio::time::timeout(Duration::from_secs(20), read).await.expect("nothing for 20 s") {
            Some(bytes) => seen.extend(bytes),
            None => line.op(LineOp::Write(text.to_vec())),
        }
    }
    String::from_utf8(seen).unwrap()
}

const MODEM: &str = "[[virtual_modem]]\nname = \"m\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 3\n";

#[tokio::test]
async fn a_number_leads_to_a_port_a_host_or_a_modem_and_no_other_text_anywhere() {
    let bbs = bbs("Welcome\r\n").await;
    let (service, folder) = service(&format!(
        "{MODEM}number = \"77\"\nspeed = 33600\n
        [[port]]\nname = \"direct\"\nline = \"listen:unix:FOLDER/p\"\npool = \"10.66.0.0/24\"
        [[port]]\nname = \"phone\"\nline = \"exchange:100\"
        [directory]\n5551000 = \"port:direct\"\n5551001 = \"port:phone\"\n9 = \"modem:m\"
        5551002 = {{ to = \"tcp:127.0.0.1:{bbs}\", speed = 2400 }}\n5551003 = \"exchange:404\""
    ))
    .await;
    let mut computer = Computer::at(&service, "m").await;
    for unknown in ["5551004", "127.0.0.1:1", "localhost", "/bin/sh", "port:direct", "5551003"] {
        assert_eq!(computer.dials(unknown).await, "\r\nNO CARRIER\r\n", "{unknown}");
    }
    for port in ["5551000", "5551001"] {
        assert_eq!(computer.dials(port).await, "\r\nCONNECT 33600\r\n");
        // it begins PPP
        computer.reads("~").await;
        drop(computer);
        computer = Computer::at(&service, "m").await;
    }
    assert_eq!(computer.dials("5551002").await, "\r\nCONNECT 2400\r\n");
    computer.reads("Welcome\r\n").await;
    let shown = service.virtual_modems().into_iter().find(|modem| modem.state == "connected").unwrap();
    assert_eq!((shown.dialled.as_deref(), shown.calls), (Some("5551002"), 1));
    assert_eq!(shown.computer.as_deref(), Some("127.0.0.1"));
    // the phone is busy meanwhile, and the next modem of the number rings
    let mut second = Computer::at(&service, "m").await;
    let mut third = Computer::at(&service, "m").await;
    second.types("ATD9").await;
    third.reads("RING\r\n").await;
    third.types("ATA").await;
    third.reads("CONNECT 33600\r\n").await;
    second.reads("CONNECT 33600\r\n").await;
    second.types("hello").await;
    third.reads("hello\r").await;
    drop(third);
    second.reads("NO CARRIER\r\n").await;
    assert_eq!(service.shared().virtual_modems.refused(), [("directory", 5)]);
    service.stop().await;
    drop(folder);
}

#[tokio::test]
async fn a_group_is_hunted_in_order_or_in_turns_and_is_busy_when_all_are() {
    let (one, two) = (bbs("one\r\n").await, bbs("two\r\n").await);
    let (service, _folder) = service(&format!(
        "{MODEM}[[port]]\nname = \"p\"\nline = \"listen:unix:FOLDER/p\"
        [directory]\n1 = [\"tcp:127.0.0.1:1\", \"tcp:127.0.0.1:{one}\"]
        2 = {{ to = [\"tcp:127.0.0.1:{one}\", \"tcp:127.0.0.1:{two}\"], hunt = \"turns\" }}
        3 = [\"port:p\", \"tcp:127.0.0.1:1\"]\n4 = [\"port:p\", \"tcp:127.0.0.1:{two}\"]"
    ))
    .await;
    for (number, word) in [("1", "one"), ("1", "one"), ("2", "one"), ("2", "two"), ("2", "one"), ("3", "~")] {
        let mut computer = Computer::at(&service, "m").await;
        assert_eq!(computer.dials(number).await, "\r\nCONNECT 115200\r\n", "{number}");
        computer.reads(word).await;
    }
    // the one call of the port
    let mut first = Computer::at(&service, "m").await;
    assert_eq!(first.dials("3").await, "\r\nCONNECT 115200\r\n");
    let mut second = Computer::at(&service, "m").await;
    assert_eq!(second.dials("3").await, "\r\nBUSY\r\n");
    assert_eq!(second.dials("4").await, "\r\nCONNECT 115200\r\n");
    second.reads("two\r\n").await;
}

#[tokio::test]
async fn free_dialling_goes_where_reach_leads_and_nowhere_else() {
    let bbs = bbs("Welcome\r\n").await;
    let (service, _folder) = service(&format!(
        "{MODEM}free_dial = true\nreach = [\"127.0.0.1:{bbs}\"]
        [[virtual_modem]]\nname = \"open\"\nline = \"listen:tcp:127.0.0.1:0\"\nfree_dial = true"
    ))
    .await;
    let mut computer = Computer::at(&service, "m").await;
    assert_eq!(computer.dials(&format!("127.0.0.1:{}", bbs.wrapping_add(1))).await, "\r\nNO CARRIER\r\n");
    assert_eq!(computer.dials("0.0.0.0:1").await, "\r\nNO CARRIER\r\n");
    assert_eq!(computer.dials(&format!("127.0.0.1:{bbs}")).await, "\r\nCONNECT 115200\r\n");
    computer.reads("Welcome\r\n").await;
    // `internet` has no loopback, by whatever name
    let mut computer = Computer::at(&service, "open").await;
    for closed in
        [format!("localhost:{bbs}"), format!("127.0.0.1:{bbs}"), format!("[::ffff:127.0.0.1]:{bbs}")]
    {
        assert_eq!(computer.dials(&closed).await, "\r\nNO CARRIER\r\n", "{closed}");
    }
}

/// The first of the group has nobody at it; the second is a host.
#[tokio::test(start_paused = true)]
async fn a_group_goes_on_behind_a_target_that_does_not_answer() {
    let two = bbs("two\r\n").await;
    let (service, _folder) = service(&format!(
        "{MODEM}[[virtual_modem]]\nname = \"away\"\nline = \"listen:tcp:127.0.0.1:0\"\nnumber = \"77\"
        [directory]\n1 = [\"modem:away\", \"tcp:127.0.0.1:{two}\"]\n2 = \"modem:away\""
    ))
    .await;
    let mut computer = Computer::at(&service, "m").await;
    assert_eq!(computer.dials("1").await, "\r\nCONNECT 115200\r\n");
    computer.reads("two\r\n").await;
    // the phone that rang rings no more
    let mut second = Computer::at(&service, "m").await;
    second.types("ATS7=10D2").await;
    assert_eq!(second.reads("R\r\n").await, "\r\nNO CARRIER\r\n", "it rings, and is not busy");
}

/// A caller that dials 10,000 numbers meets a cap with a reason, and another does not notice.
#[tokio::test]
async fn who_dials_for_ever_is_stopped_alone() {
    let bbs = bbs("Welcome\r\n").await;
    let (service, folder) = service(&format!(
        "{MODEM}dials = 30\n[[virtual_modem]]\nname = \"tty\"\nline = \"pty:FOLDER/tty\"
        [directory]\n1 = \"tcp:127.0.0.1:{bbs}\""
    ))
    .await;
    let mut computer = Computer::at(&service, "m").await;
    let mut answer = *b"\r\nNO CARRIER\r\n";
    for _ in 0..10_000 {
        computer.types("ATDT99").await;
        computer.0.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"\r\nNO CARRIER\r\n");
    }
    let refused = service.shared().virtual_modems.refused();
    assert!(refused[0].1 >= 30 && refused[0].1 < 60, "{refused:?}");
    assert!(refused[1].0 == "dials" && refused[1].1 > 9_900, "{refused:?}");
    assert_eq!(computer.dials("1").await, "\r\nNO CARRIER\r\n");
    // the pseudo-terminal's computer is another source
    let mut tty = openras_io::line::PtyDevice::new(folder.path().join("tty"));
    let heard = says(&mut tty, b"ATE0D1\r", "Welcome\r\n").await;
    assert!(heard.contains("CONNECT 115200\r\nWelcome"), "{heard}");
    drop(tty);
    // a pseudo-terminal that waits for its next computer holds nothing up
    let stopped = tokio::time::timeout(Duration::from_secs(15), service.stop()).await;
    assert!(stopped.is_ok() && !folder.path().join("tty").exists());
}

#[tokio::test]
async fn computers_without_a_place_are_turned_away_and_counted() {
    let (service, _folder) = service(&MODEM.replace("calls = 3", "calls = 2\nper_source = 1")).await;
    let _first = Computer::at(&service, "m").await;
    let (_, address) = service.addresses().remove(0);
    let mut second = TcpStream::connect(address).await.unwrap();
    assert_eq!(second.read(&mut [0; 8]).await.unwrap(), 0, "no place from the same source");
    let metrics = service.metrics();
    assert!(metrics.contains("limit=\"modem_per_source\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_reload_keeps_the_computers_that_are_there_and_changes_what_numbers_mean() {
    let (one, two) = (bbs("one\r\n").await, bbs("two\r\n").await);
    let directory = |port| format!("{MODEM}[directory]\n1 = \"tcp:127.0.0.1:{port}\"");
    let (service, folder) = service(&directory(one)).await;
    let mut first = Computer::at(&service, "m").await;
    assert_eq!(first.dials("1").await, "\r\nCONNECT 115200\r\n");
    first.reads("one\r\n").await;
    let told = service.reload(config(&folder, &directory(two))).await.unwrap();
    assert_eq!(told.unchanged, ["m"]);
    let mut second = Computer::at(&service, "m").await;
    second.dials("1").await;
    second.reads("two\r\n").await;
    let slower = directory(two).replace("calls = 3", "calls = 3\nspeed = 9600");
    assert_eq!(service.reload(config(&folder, &slower)).await.unwrap().changed, ["m"]);
    let mut third = Computer::at(&service, "m").await;
    assert_eq!(third.dials("1").await, "\r\nCONNECT 9600\r\n");
    let told = service.reload(config(&folder, "")).await.unwrap();
    assert_eq!((told.removed, service.addresses()), (vec!["m".to_owned()], vec![]));
    let leaving = service.virtual_modems();
    assert!(leaving.iter().all(|modem| modem.leaving && modem.state == "connected"), "{leaving:?}");
    assert_eq!(leaving.len(), 3);
    first.types("still there").await;
}

/// Windows' cable between two computers, both roles: our guest and our host through the whole service.
#[tokio::test]
async fn our_guest_calls_our_host_over_a_null_modem() {
    use openras_engine::ConnState;
    use openras_engine::client::dial::Notice;

    let (service, folder) = service(
        "[[port]]\nname = \"cable\"\nline = \"listen:unix:FOLDER/cable\"\nauth = [\"none\"]\nnull_modem = true\nip = \"loopback\"",
    )
    .await;
    let request = crate::connections::DialRequest {
        line: format!("unix:{}/cable", folder.path().display()).parse().unwrap(),
        null_modem: true,
        ..Default::default()
    };
    let mut dialled = service.dial(request).unwrap();
    let connected = async {
        loop {
            match dialled.notice().await.expect("it connects") {
                Notice::State { state: ConnState::CONNECTED, error: None, .. } => return,
                Notice::Ended(end) => panic!("{end:?}"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), connected).await.unwrap();
}
