//! A phone-book entry that is connected is not dialled again: it counts.

use serde_json::{Value, json};

use crate::lab::Lab;

fn entry(phonebook: &str, name: &str) -> Value {
    json!({
        "line": "exchange:100", "user": "alice", "password": "secret", "terminal": "never",
        "phonebook": phonebook, "name": name,
    })
}

async fn references(lab: &Lab, path: &str) -> (u16, Value) {
    let (status, connection) = lab.ask("GET", path, None).await;
    (status, connection["references"].clone())
}

#[tokio::test(start_paused = true)]
async fn an_entry_counts_its_dials_and_the_last_release_hangs_up() {
    let lab = Lab::start().await;
    let dial = |phonebook: &str, name: &str| Some(entry(phonebook, name));
    let (status, first) = lab.ask("POST", "/v1/connections", dial("/b", "Office")).await;
    assert_eq!((status, &first["joined"]), (201, &json!(false)), "{first}");
    let path = format!("/v1/connections/{}", first["id"]);
    let mut events = lab.hold(&path, first["notifier"].as_str().unwrap()).await;
    events.until_state("RASCS_Connected").await;

    let (status, second) = lab.ask("POST", "/v1/connections", dial("/b", "Office")).await;
    assert_eq!((status, &second["joined"], &second["id"]), (201, &json!(true), &first["id"]), "{second}");
    assert_eq!(second["notifier"], "", "whoever joins a call cannot resume it");
    assert_eq!(references(&lab, &path).await, (200, json!(2)));
    // another entry of the name, and a dial that is none, are calls of their own
    for other in [dial("/c", "Office"), dial("/b", "Home"), dial("", "Office")] {
        let (_, answer) = lab.ask("POST", "/v1/connections", other).await;
        assert_eq!(answer["joined"], json!(false));
        assert_ne!(answer["id"], first["id"]);
    }

    assert_eq!(lab.ask("POST", &format!("{path}/release"), None).await.0, 204);
    assert_eq!(references(&lab, &path).await, (200, json!(1)));
    assert_eq!(lab.ask("POST", &format!("{path}/release"), None).await.0, 204);
    events.ended().await;
    let (_, again) = lab.ask("POST", "/v1/connections", dial("/b", "Office")).await;
    assert_eq!(again["joined"], json!(false), "{again}");
}

#[tokio::test(start_paused = true)]
async fn hanging_up_ends_a_connection_whoever_uses_it() {
    let lab = Lab::start().await;
    let wanted = || Some(entry("/b", "Office"));
    let (_, first) = lab.ask("POST", "/v1/connections", wanted()).await;
    let path = format!("/v1/connections/{}", first["id"]);
    let mut events = lab.hold(&path, first["notifier"].as_str().unwrap()).await;
    events.until_state("RASCS_Connected").await;
    lab.ask("POST", "/v1/connections", wanted()).await;
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
    events.ended().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_being_dialled_is_busy() {
    let lab = Lab::start().await;
    // nobody says that its first state was seen, so it goes no further
    let mut wanted = entry("/b", "Office");
    wanted["wait_seen"] = json!(true);
    let ask = || lab.ask("POST", "/v1/connections", Some(wanted.clone()));
    let answers = tokio::join!(ask(), ask(), ask(), ask());
    let answers = [answers.0, answers.1, answers.2, answers.3];
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1);
    for (_, refused) in answers.iter().filter(|(status, _)| *status != 201) {
        assert_eq!(refused["error"], json!(756), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_offer_to_say_a_number_is_no_number() {
    let lab = Lab::start().await;
    let dial = |number: &str| Some(json!({ "line": "tcp:127.0.0.1:9", "callback_number": number }));
    assert_eq!(lab.ask("POST", "/v1/connections", dial("*")).await.0, 201);
    let (status, refused) = lab.ask("POST", "/v1/connections", dial("555")).await;
    assert_eq!((status, &refused["error"]), (422, &json!(704)), "{refused}");
}
