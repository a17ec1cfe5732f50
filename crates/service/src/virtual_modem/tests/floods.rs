//! Computers that type for ever, at a modem and at a prompt behind it: a cap with a reason, and the others do not notice.

use tokio::io::{ReadHalf, WriteHalf};

use super::*;

const TWO: &str = "[[virtual_modem]]\nname = \"m\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 3\n
    [[virtual_modem]]\nname = \"other\"\nline = \"listen:tcp:127.0.0.1:0\"\n
    [[port]]\nname = \"isp\"\nline = \"exchange:100\"\nlogin = \"prompt\"\ncalls = 2\n";

/// Types without reading; reads beside it and gives the last that came when it ended or `until` did.
async fn floods(computer: Computer, octet: u8, count: usize, until: &'static str) -> String {
    let (mut reading, mut writing): (ReadHalf<TcpStream>, WriteHalf<TcpStream>) =
        tokio::io::split(computer.0);
    let typing = tokio::spawn(async move {
        // a modem that hangs up does not close its line
        let _ = writing.write_all(&vec![octet; count]).await;
        let _ = writing.write_all(b"\r").await;
        writing
    });
    let mut last = String::new();
    let heard = async {
        let mut memory = [0; 4096];
        while !last.contains(until) {
            match reading.read(&mut memory).await {
                Ok(count @ 1..) => last.push_str(&String::from_utf8_lossy(&memory[..count])),
                _ => return,
            }
            let keep = last.len().saturating_sub(200);
            last = last.split_off((keep..=last.len()).find(|at| last.is_char_boundary(*at)).unwrap());
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), heard).await;
    assert!(in_time.is_ok(), "no {until:?} in {last:?}");
    drop(typing.await);
    last
}

#[tokio::test]
async fn who_types_for_ever_meets_a_cap_and_another_computer_does_not_notice() {
    let bbs = bbs("Welcome\r\n").await;
    let (service, _folder) =
        service(&format!("{TWO}[directory]\n1 = \"tcp:127.0.0.1:{bbs}\"\n2 = \"port:isp\"")).await;
    // a command line that does not end
    let endless = tokio::spawn(floods(Computer::at(&service, "m").await, b'A', 2_000_000, "ERROR\r\n"));
    // at the prompt of a port
    let mut caller = Computer::at(&service, "m").await;
    assert_eq!(caller.dials("2").await, "\r\nCONNECT 115200\r\n");
    caller.reads("login: ").await;
    let at_prompt = tokio::spawn(floods(caller, b'x', 100_000, "NO CARRIER\r\n"));
    // meanwhile
    let mut other = Computer::at(&service, "other").await;
    assert_eq!(other.dials("1").await, "\r\nCONNECT 115200\r\n");
    other.reads("Welcome\r\n").await;
    assert!(endless.await.unwrap().contains("ERROR"));
    assert!(at_prompt.await.unwrap().contains("NO CARRIER"));
    let metrics = service.metrics();
    let counted =
        metrics.lines().find(|line| line.starts_with("openras_calls_ended_total") && line.contains("699"));
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    // both lines of the port are free again
    let mut next = Computer::at(&service, "m").await;
    assert_eq!(next.dials("2").await, "\r\nCONNECT 115200\r\n");
    next.reads("login: ").await;
    service.stop().await;
}

/// A page of another origin gets no modem unless `origins` names it, and a reload changes that.
#[tokio::test]
async fn pages_of_other_origins_get_a_modem_where_origins_says_so() {
    let text = |origins: &str| {
        format!("[[virtual_modem]]\nname = \"m\"\nline = \"listen:ws:127.0.0.1:0\"\ncalls = 2\n{origins}\n")
    };
    let (service, folder) = service(&text("")).await;
    let (_, address) = service.addresses().remove(0);
    let asks = async || {
        let mut page = TcpStream::connect(address).await.unwrap();
        let asked = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://retro.example\r\n\r\n"
        );
        page.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        page.read_exact(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(asks().await, "HTTP/1.1 403");
    let told = service.reload(config(&folder, &text("origins = [\"https://retro.example\"]"))).await.unwrap();
    assert_eq!(told.changed, ["m"]);
    assert_eq!(asks().await, "HTTP/1.1 101");
    service.stop().await;
}
