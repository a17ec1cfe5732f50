//! A user store that fails under a service: callers hear 645 and not that their password is wrong, the record says why,
//! `status` says so as long as it lasts, and a mended store is in use at once.

use openras_api::types::server::Level;
use openras_engine::client::dial::DialEnd;
use openras_ppp::AuthMethod;
use openras_service::config::PortConfig;

use crate::lab::{Lab, exchange, over, request};

/// A dial by this method alone.
async fn dial(lab: &Lab, line: &str, method: AuthMethod) -> DialEnd {
    let mut request = request(line, "alice");
    request.auth = vec![method];
    over(lab.dial(request)).await
}

fn bad(lab: &Lab) -> Vec<String> {
    let notes = lab.service.server().notes.into_iter();
    notes.filter(|note| note.level == Level::Bad).map(|note| note.text).collect()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_645_for_every_method_and_goes_on_when_it_is_back() {
    let methods = [AuthMethod::MsChapV2, AuthMethod::MsChapV1, AuthMethod::ChapMd5, AuthMethod::Pap];
    let port = |(n, method): (usize, &AuthMethod)| PortConfig {
        auth: vec![*method],
        pool: format!("10.7{n}.0.0/24").parse().unwrap(),
        address: [10, 80, 0, u8::try_from(n).unwrap() + 1].into(),
        ..exchange(&format!("line{n}"), &format!("10{n}"), 1)
    };
    let lab = Lab::start(methods.iter().enumerate().map(port).collect()).await;
    let users = lab.service.users().unwrap();
    let keep = openras_service::users::Keep { clear: true, ..Default::default() };
    users.passwd("alice", &"secret".into(), Some(keep)).unwrap();
    assert!(bad(&lab).iter().all(|note| !note.contains("user store")), "{:?}", bad(&lab));

    let store = lab.state.path().join("state/users.db");
    let away = store.with_extension("away");
    std::fs::rename(&store, &away).unwrap();
    for (n, method) in methods.iter().enumerate() {
        let end = dial(&lab, &format!("exchange:10{n}"), *method).await;
        let number = end.error.unwrap().0;
        let text = format!("{} {}", end.why, end.remedy);
        match method {
            AuthMethod::MsChapV2 | AuthMethod::MsChapV1 => {
                assert_eq!(number, 645, "{end:?}");
                assert!(end.remedy.contains("user store"), "{end:?}");
            }
            // these have no numbers on the wire, only the sentence
            _ => {
                assert_eq!(number, 691, "{end:?}");
                assert!(text.contains("The server cannot check passwords now"), "{end:?}");
            }
        }
    }
    let notes = bad(&lab);
    let said = |note: &String| note.contains("user store") && note.contains("users.db");
    assert!(notes.iter().any(said), "{notes:?}");
    let record = lab.record();
    let tried: Vec<&str> = record.lines().filter(|line| line.contains("\"tried\"")).collect();
    assert_eq!(tried.len(), 4, "{record}");
    for line in tried {
        assert!(line.contains("\"error\":645") && line.contains("the store failed: "), "{line}");
        assert!(line.contains("users.db"), "{line}");
    }

    std::fs::rename(&away, &store).unwrap();
    assert_eq!(users.get("alice").unwrap().unwrap().wrong_passwords, 0, "nobody's try was counted");
    for (n, method) in methods.iter().enumerate() {
        let end = dial(&lab, &format!("exchange:10{n}"), *method).await;
        assert!(end.was_connected && end.error.is_none(), "{end:?}");
    }
    let notes = bad(&lab);
    assert!(notes.iter().all(|note| !note.contains("user store")), "{notes:?}");
}

/// Rule 20: every attempt with its reason.
#[tokio::test(start_paused = true)]
async fn the_record_says_why_a_claim_was_refused_and_the_caller_hears_one_and_the_same() {
    let lab = Lab::start(vec![exchange("line1", "100", 1)]).await;
    let mut ends = Vec::new();
    for name in ["alice", "ghost"] {
        let mut request = request("exchange:100", name);
        request.params.password = "wrong".into();
        let end = over(lab.dial(request)).await;
        let said = end.why.split(" The packet").next().unwrap().to_owned();
        ends.push((end.error, said, end.remedy));
    }
    assert_eq!(ends[0], ends[1]);
    let record = lab.record();
    assert!(record.contains("\"reason\":\"wrong password\""), "{record}");
    assert!(record.contains("\"reason\":\"no such user\""), "{record}");
}
