//! Rules of defence (docs/security.md) that show only where port, store, exchange and record are together.

use openras_engine::RasError;
use openras_engine::users::CallbackRight;
use openras_ppp::{AuthMethod, Secret};
use openras_service::config::CallbackLine;
use openras_service::connections::DialRequest;

use crate::lab::{Lab, exchange, over, request};

fn called_back(user: &str, number: &str) -> DialRequest {
    let mut request = request("exchange:100", user);
    request.own_number = Some("5550101".into());
    request.params.callback_number = number.into();
    request
}

fn number(error: Option<RasError>) -> u32 {
    error.map_or(0, |error| error.0)
}

async fn with_callback() -> Lab {
    let port = openras_service::config::PortConfig {
        callback_line: Some(CallbackLine::Exchange),
        ..exchange("line1", "100", 2)
    };
    let lab = Lab::start(vec![port]).await;
    lab.add("erin", CallbackRight::Caller { allow: vec!["555".into()] });
    lab.add("nobody", CallbackRight::Caller { allow: vec![] });
    lab.add("frank", CallbackRight::Preset("5550101".into()));
    lab
}

/// Rules 2 and 3: what may be called back is, once, at a number from the list.
#[tokio::test(start_paused = true)]
async fn a_callback_goes_only_to_a_number_the_list_allows() {
    let lab = with_callback().await;
    let end = over(lab.dial(called_back("erin", "5550101"))).await;
    assert_eq!((end.was_connected, number(end.error)), (true, 0), "{end:?}");
    for wanted in ["4711", "+5550101"] {
        let end = over(lab.dial(called_back("erin", wanted))).await;
        assert!(!end.was_connected, "{wanted}: {end:?}");
    }
    // an empty list offers no callback; who comes in without one may
    over(lab.dial(called_back("nobody", "5550101"))).await;
    let record = lab.record();
    let backs: Vec<&str> = record.lines().filter(|line| line.contains("\"calling-back\"")).collect();
    assert_eq!(backs.len(), 1, "{backs:#?}");
    assert!(backs[0].contains("\"5550101\""));
}

/// Rule 3: no text of a caller's is ever dialled.
#[tokio::test(start_paused = true)]
async fn a_dialled_string_is_digits_or_it_is_refused() {
    let lab = with_callback().await;
    for wanted in ["ATDT555", "555;reboot", "555\r\nATH", "tcp:192.0.2.1:22", "5550101234567890123456789"] {
        let end = over(lab.dial(called_back("erin", wanted))).await;
        assert_eq!((end.was_connected, number(end.error)), (false, 704), "{wanted:?}: {end:?}");
    }
    assert!(!lab.record().contains("\"calling-back\""), "{}", lab.record());
}

/// Rule 2: a preset user whose own end cannot be called back reaches no network.
#[tokio::test(start_paused = true)]
async fn a_preset_callback_cannot_be_talked_away() {
    let lab = with_callback().await;
    let mut direct = called_back("frank", "");
    direct.own_number = None;
    let end = over(lab.dial(direct)).await;
    assert!(!end.was_connected && end.error.is_some(), "{end:?}");
    assert!(!lab.record().contains("\"up\""), "{}", lab.record());
    let end = over(lab.dial(called_back("frank", ""))).await;
    assert_eq!((end.was_connected, number(end.error)), (true, 0), "{end:?}");
}

/// Rule 4: whatever either side would rather have, nothing outside both lists is used.
#[tokio::test(start_paused = true)]
async fn nothing_outside_both_lists_is_agreed() {
    use AuthMethod::{ChapMd5, MsChapV1, MsChapV2, Pap};
    let sets: [&[AuthMethod]; 6] =
        [&[MsChapV2], &[MsChapV1], &[Pap], &[ChapMd5], &[MsChapV2, Pap], &[ChapMd5, MsChapV1]];
    for port in sets {
        let port_config =
            openras_service::config::PortConfig { auth: port.to_vec(), ..exchange("line1", "100", 1) };
        let lab = Lab::start(vec![port_config]).await;
        for ours in sets {
            let asked = DialRequest { auth: ours.to_vec(), trace: true, ..request("exchange:100", "alice") };
            let end = over(lab.dial(asked)).await;
            // alice has no secret for CHAP-MD5 (rule 13)
            let expected = match port.iter().find(|method| ours.contains(method)) {
                None => 812,
                Some(ChapMd5) => 691,
                Some(_) => 0,
            };
            assert_eq!(number(end.error), expected, "port {port:?}, dialler {ours:?}: {end:?}");
        }
        lab.service.stop().await;
    }
}

/// Rule 6: wrong tries slow their source, not others, and the port goes on.
#[tokio::test(start_paused = true)]
async fn wrong_tries_slow_only_their_own_source() {
    let lab = Lab::start(vec![exchange("line1", "100", 2)]).await;
    let wrong = |own: &str| DialRequest {
        own_number: Some(own.into()),
        params: openras_engine::client::dial::DialParams {
            user: "alice".into(),
            password: Secret::from("wrong"),
            ..Default::default()
        },
        ..request("exchange:100", "alice")
    };
    let mut times = Vec::new();
    for _ in 0..4 {
        let begun = tokio::time::Instant::now();
        assert_eq!(number(over(lab.dial(wrong("4711"))).await.error), 691);
        times.push(begun.elapsed().as_secs());
    }
    assert!(times[3] >= times[0] + 3, "{times:?}");
    let begun = tokio::time::Instant::now();
    let right = DialRequest { own_number: Some("5550101".into()), ..request("exchange:100", "alice") };
    let end = over(lab.dial(right)).await;
    assert_eq!(number(end.error), 0, "{end:?}");
    assert!(begun.elapsed().as_secs() <= times[0] + 1, "another number is not slowed: {:?}", begun.elapsed());
}
