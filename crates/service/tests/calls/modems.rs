//! Ports and dials over modems. The modems are played by the engine, on pseudo-terminals and over TCP, with an exchange of the
//! test's own between them; and they misbehave.

mod desk;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openras_engine::users::CallbackRight;
use openras_io::line::{ExchangeHandle, PtyMade};
use openras_service::config::{Config, DialLine};
use openras_service::connections::DialRequest;
use openras_service::modems::{LineTest, Step, test_line};

use crate::lab::{Lab, over, request};
use desk::{Desk, Fault};

/// The port and the modems of a file, with this `line` and these keys.
fn configured(line: &str, keys: &str) -> Config {
    let text = format!(
        "[[port]]\nname = \"line1\"\nline = \"{line}\"\n{keys}\n\
         [modem.ringing]\nlike = \"generic\"\ninit = [\"AT\", \"AT&F\", \"ATE0V1Q0X4+VCID=1\"]\nrings = 2\n\
         [modem.numbers]\nlike = \"generic\"\ninit = [\"AT\", \"AT&F\", \"ATE0V0Q0X4\"]\nnumeric = true\n"
    );
    Config::parse(&text, "test").unwrap_or_else(|error| panic!("{error}"))
}

async fn lab(line: &str, keys: &str) -> Lab {
    let config = configured(line, keys);
    let lab = Lab::start_with(|base| Config { ports: config.ports, modems: config.modems, ..base }).await;
    lab.add("frank", CallbackRight::Preset("100".into()));
    lab
}

fn through(line: &str, modem: &str, user: &str) -> DialRequest {
    DialRequest {
        modem: Some(modem.into()),
        number: "200".into(),
        line: line.parse::<DialLine>().unwrap(),
        ..request("exchange:1", user)
    }
}

/// What the only port shows: its condition, and what is wrong.
fn shown(lab: &Lab) -> (String, Option<String>) {
    let port = lab.service.ports().remove(0);
    (port.condition, port.problem.map(|problem| problem.message))
}

/// Waits until the port shows it.
async fn until(lab: &Lab, wanted: impl Fn(&(String, Option<String>)) -> bool) {
    let mut last = shown(lab);
    // an hour and more on the paused clock
    for _ in 0..40_000 {
        if wanted(&last) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        last = shown(lab);
    }
    panic!("never seen: {last:?}");
}

async fn listening(lab: &Lab) {
    until(lab, |(condition, problem)| condition == "listening" && problem.is_none()).await;
}

/// The whole of it on real time: dialled over one serial port, answered on another.
#[tokio::test]
async fn a_call_goes_from_a_serial_port_through_two_modems_to_a_serial_port() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = ExchangeHandle::start(Default::default());
    let (near, far) = (folder.path().join("near"), folder.path().join("far"));
    Desk::start(PtyMade::new(&near), &exchange, "100");
    Desk::start(PtyMade::new(&far), &exchange, "200");
    // their links are made as soon as they run
    while !(near.exists() && far.exists()) {
        tokio::task::yield_now().await;
    }
    let lab = lab(&format!("serial:{},57600", far.display()), "modem = \"generic\"\nflow = \"none\"").await;
    listening(&lab).await;
    for _ in 0..2 {
        let end = over(lab.dial(through(&format!("serial:{}", near.display()), "generic", "alice"))).await;
        assert!(end.was_connected && end.error.is_none(), "{end:?}");
        listening(&lab).await;
    }
    assert!(lab.record().matches("\"what\":\"up\"").count() == 2, "{}", lab.record());
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_dies_is_found_and_comes_back_by_itself_with_a_reason_meanwhile() {
    let exchange = ExchangeHandle::start(Default::default());
    let (caller, _) = desk::over_tcp(&exchange, "100").await;
    let (called, fault) = desk::over_tcp(&exchange, "200").await;
    fault.set(Fault::Silent);
    let lab = lab(&called, "modem = \"tcpser\"").await;
    let dead = "The modem does not answer AT: see that it is switched on, the cable whole and the speed one it knows.";
    until(&lab, |(condition, problem)| condition == "non_operational" && problem.as_deref() == Some(dead))
        .await;
    let note = lab.service.server().notes.into_iter().find(|note| note.text.contains(dead));
    assert!(note.is_some(), "status says so");
    fault.set(Fault::None);
    listening(&lab).await;
    let call = through(&caller, "tcpser", "alice");
    let end = over(lab.dial(call.clone())).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}");
    listening(&lab).await;
    // it dies while it waits: found when it is looked at, within the hour
    fault.set(Fault::Silent);
    until(&lab, |(_, problem)| problem.as_deref() == Some(dead)).await;
    fault.set(Fault::Garbled);
    listening(&lab).await;
    let end = over(lab.dial(call)).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_unplugged_in_calls_and_between_them_is_back_when_it_is() {
    let exchange = ExchangeHandle::start(Default::default());
    let (caller, _) = desk::over_tcp(&exchange, "100").await;
    let (called, fault) = desk::over_tcp(&exchange, "200").await;
    let lab = lab(&called, "modem = \"tcpser\"").await;
    listening(&lab).await;
    for turn in 0..20 {
        let mut call = lab.dial(through(&caller, "tcpser", "alice"));
        if turn % 2 == 0 {
            desk::connected(&mut call).await;
        }
        fault.set(Fault::Unplugged);
        let gone = |(condition, problem): &(String, Option<String>)| {
            condition == "non_operational" && problem.as_ref().is_some_and(|text| text.contains("device"))
        };
        until(&lab, gone).await;
        drop(call);
        fault.set(Fault::None);
        let begun = tokio::time::Instant::now();
        listening(&lab).await;
        assert!(begun.elapsed() < Duration::from_secs(12), "{turn}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_cannot_be_hung_up_or_says_things_out_of_order_does_not_end_its_port() {
    let exchange = ExchangeHandle::start(Default::default());
    let (caller, _) = desk::over_tcp(&exchange, "100").await;
    let (called, fault) = desk::over_tcp(&exchange, "200").await;
    let lab = lab(&called, "modem = \"tcpser\"").await;
    for bad in [Fault::NeverHangsUp, Fault::Babbles] {
        listening(&lab).await;
        fault.set(bad);
        // whatever becomes of it, it ends
        over(lab.dial(through(&caller, "tcpser", "alice"))).await;
        fault.set(Fault::None);
        listening(&lab).await;
        let end = over(lab.dial(through(&caller, "tcpser", "alice"))).await;
        assert!(end.was_connected && end.error.is_none(), "{bad:?}: {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_calls_and_how_fast_is_told() {
    let exchange = ExchangeHandle::start(Default::default());
    let (caller, _) = desk::over_tcp(&exchange, "5550101").await;
    let (called, _) = desk::over_tcp(&exchange, "200").await;
    let lab = lab(&called, "modem = \"ringing\"").await;
    listening(&lab).await;
    let mut events = lab.service.events();
    let end = over(lab.dial(through(&caller, "numbers", "alice"))).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}");
    let mut told = String::new();
    while let Ok(event) = events.try_recv() {
        told.push_str(&format!("{event:?}\n"));
    }
    assert!(told.contains("it rings: 5550101"), "{told}");
    assert!(told.contains("answered: CONNECT 33600"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_port_calls_back_over_its_own_modem() {
    let exchange = ExchangeHandle::start(Default::default());
    let (caller, _) = desk::over_tcp(&exchange, "100").await;
    let (called, _) = desk::over_tcp(&exchange, "200").await;
    let lab = lab(&called, "modem = \"tcpser\"\ncallback_line = \"modem\"").await;
    listening(&lab).await;
    let end = over(lab.dial(through(&caller, "tcpser", "frank"))).await;
    assert!(end.was_connected && end.error.is_none(), "{end:?}");
    let record = lab.record();
    assert!(
        record.lines().any(|line| line.contains("\"calling-back\"") && line.contains("\"100\"")),
        "{record}"
    );
    listening(&lab).await;
}

async fn tested(line: &str, dial: Option<&str>) -> (Vec<Step>, Result<(), u32>) {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    let test = LineTest {
        line: line.parse().unwrap(),
        frame: Default::default(),
        trust: None,
        settings: Default::default(),
        dial: dial.map(str::to_owned),
    };
    let result = test_line(test, move |step| seen.lock().unwrap().push(step)).await.map_err(|error| error.0);
    let steps = steps.lock().unwrap().clone();
    (steps, result)
}

#[tokio::test(start_paused = true)]
async fn a_line_test_tells_the_dialogue_and_what_failed() {
    let exchange = ExchangeHandle::start(Default::default());
    let (near, fault) = desk::over_tcp(&exchange, "100").await;
    let (far, _) = desk::over_tcp(&exchange, "200").await;
    let (steps, result) = tested(&near, None).await;
    assert_eq!(result, Ok(()), "{steps:?}");
    let has = |step: Step| assert!(steps.contains(&step), "{step:?} of {steps:#?}");
    has(Step::Opened(None));
    has(Step::Us("AT&F".into()));
    has(Step::Modem("desk".into()));
    has(Step::Ready);
    let lab = lab(&far, "modem = \"tcpser\"").await;
    listening(&lab).await;
    let (steps, result) = tested(&near, Some("200")).await;
    assert_eq!(result, Ok(()), "{steps:?}");
    assert!(
        steps.contains(&Step::Connected("CONNECT 33600".into())) && steps.last() == Some(&Step::HungUp),
        "{steps:#?}"
    );
    let (steps, result) = tested(&near, Some("999")).await;
    assert_eq!(result, Err(679), "{steps:?}");
    fault.set(Fault::Silent);
    let (steps, result) = tested(&near, None).await;
    assert_eq!(result, Err(666));
    assert!(
        matches!(steps.last(), Some(Step::Failed(_, text)) if text.starts_with("The modem does not answer AT:"))
    );
}
