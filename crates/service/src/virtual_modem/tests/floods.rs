//! Computers that type for ever, at a modem and at a prompt behind it: a cap with a reason, and the others do not notice.

use tokio::io::split;

use super::*;

const TWO: &str = "[[virtual_modem]]\nname = \"m\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 3\n
    [[virtual_modem]]\nname = \"other\"\nline = \"listen:tcp:127.0.0.1:0\"\n
    [[port]]\nname = \"isp\"\nline = \"exchange:100\"\nlogin = \"prompt\"\ncalls = 2\n";

/// Types this without reading, as long as the modem is there; reads beside it, until the modem goes or `until` has come. The end of
/// what it heard.
async fn floods(computer: Computer, typed: Vec<u8>, until: &'static str) -> String {
    let (mut reading, mut writing) = split(computer.0);
    // a line that is closed takes no more
    let typing = tokio::spawn(async move {
        let _ = writing.write_all(&typed).await;
        writing
    });
    let mut heard = Vec::new();
    let hears = async {
        let mut memory = [0; 4096];
        while let Ok(count @ 1..) = reading.read(&mut memory).await {
            heard.extend_from_slice(&memory[..count]);
            heard.drain(..heard.len().saturating_sub(200));
            if !until.is_empty() && String::from_utf8_lossy(&heard).contains(until) {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(120), hears).await;
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(in_time.is_ok(), "no {until:?} in {heard:?}");
    drop((reading, typing.await));
    heard
}

fn line(begin: &str, octet: u8, count: usize) -> Vec<u8> {
    [begin.as_bytes(), &vec![octet; count], b"\r"].concat()
}

/// Looks until it is so: the end of a call is counted behind its last octet.
async fn soon(what: &str, mut so: impl FnMut() -> bool) {
    let looking = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), looking).await.is_ok(), "never: {what}");
}

/// Until this metric with that in its labels has this value.
async fn counts(service: &Service, metric: &str, label: &str, value: &str) {
    let end = format!(" {value}");
    let is = |line: &str| line.starts_with(metric) && line.contains(label) && line.ends_with(&end);
    soon(&format!("{metric} with {label}{end}"), || service.metrics().lines().any(is)).await;
}

#[tokio::test]
async fn who_types_for_ever_meets_a_cap_and_another_computer_does_not_notice() {
    let bbs = bbs("Welcome\r\n").await;
    let (service, _folder) =
        service(&format!("{TWO}[directory]\n1 = \"tcp:127.0.0.1:{bbs}\"\n2 = \"port:isp\"")).await;
    let mut other = Computer::at(&service, "other").await;
    assert_eq!(other.dials("1").await, "\r\nCONNECT 115200\r\n");
    other.reads("Welcome\r\n").await;
    // two million octets behind one AT, and behind none
    let endless = [line("AT", b'A', 2_000_000), line("", b'A', 2_000_000)];
    let mut typists = Vec::new();
    for typed in endless {
        let computer = Computer::at(&service, "m").await;
        typists.push(tokio::spawn(floods(computer, typed, "")));
    }
    // at the prompt of a port
    let mut caller = Computer::at(&service, "m").await;
    assert_eq!(caller.dials("2").await, "\r\nCONNECT 115200\r\n");
    caller.reads("login: ").await;
    let at_prompt = tokio::spawn(floods(caller, line("", b'x', 100_000), "NO CARRIER\r\n"));
    for typist in typists {
        assert_eq!(typist.await.unwrap(), "", "an end without a word, and nothing is echoed behind E0");
    }
    assert!(at_prompt.await.unwrap().contains("NO CARRIER"));
    counts(&service, "openras_calls_turned_away_total", "modem_noise", "2").await;
    counts(&service, "openras_calls_ended_total", "699", "1").await;
    // the other's call stands, and all places are free again
    other.types("still there").await;
    assert!(service.virtual_modems().iter().any(|one| one.name == "other" && one.state == "connected"));
    let is_free = |one: &openras_api::types::modem::Modem| one.name == "other" || one.state == "waiting";
    soon("all places are free", || service.virtual_modems().iter().all(is_free)).await;
    let mut next = Computer::at(&service, "m").await;
    assert_eq!(next.dials("2").await, "\r\nCONNECT 115200\r\n");
    next.reads("login: ").await;
    service.stop().await;
}

/// Below the cap a line that is too long costs its typist an ERROR, and nothing else.
#[tokio::test]
async fn a_line_that_is_too_long_is_an_error_and_the_next_one_is_carried_out() {
    let (service, _folder) = service(MODEM).await;
    let mut computer = Computer::at(&service, "m").await;
    for _ in 0..4 {
        computer.0.write_all(&line("AT", b'A', 100_000)).await.unwrap();
        computer.reads("ERROR\r\n").await;
        computer.types("AT").await;
        computer.reads("OK\r\n").await;
    }
    service.stop().await;
}
