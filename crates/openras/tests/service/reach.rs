//! Where callers may go holds for calls that run, too: a reload, the API and `openras user` end what is closed now, count it and
//! say it, and leave the rest alone.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::lab::{Api, Lab, PATIENCE, until};

/// A host of this machine that says back what it hears; its port.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut heard = [0; 64];
                while let Ok(n @ 1..) = stream.read(&mut heard) {
                    let _ = stream.write_all(&heard[..n]);
                }
            });
        }
    });
    port
}

/// A connection through the call to a port of the service's machine.
struct Through {
    stream: TcpStream,
}

impl Through {
    fn open(api: &Api, call: u64, port: u16) -> Self {
        let wanted = json!({ "listen": "127.0.0.1:0", "to": format!("10.64.0.1:{port}") });
        let opened = api.post(&format!("/v1/connections/{call}/forwards"), &wanted).good();
        let at: SocketAddr = opened["listen"].as_str().unwrap().parse().unwrap();
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream }
    }

    /// Whether something said comes back; the end of the connection is none.
    fn answers(&mut self) -> bool {
        let mut heard = [0; 4];
        self.stream.write_all(b"ping").is_ok()
            && self.stream.read_exact(&mut heard).is_ok()
            && heard == *b"ping"
    }

    /// Waits for the other end to be gone.
    fn ends(&mut self) {
        match self.stream.read(&mut [0; 4]) {
            Ok(0) => {}
            Ok(_) => panic!("nobody asked for anything"),
            Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "it goes on"),
        }
    }
}

/// The answered call of this user that runs.
fn answered(api: &Api, user: &str) -> u64 {
    let calls = api.get("/v1/calls").good();
    let mut calls = calls.as_array().unwrap().iter();
    let mine =
        |call: &&Value| call["direction"] == "answered" && call["over"].is_null() && call["name"] == user;
    calls.find(mine).unwrap()["id"].as_u64().unwrap()
}

/// What the story of a call tells of this kind.
fn told(api: &Api, call: u64, kind: &str) -> Vec<String> {
    let story = api.get(&format!("/v1/calls/{call}")).good();
    let events = story["events"].as_array().unwrap().iter().filter(|event| event["kind"] == kind);
    events.map(|event| event["text"].as_str().unwrap().to_owned()).collect()
}

fn config(lab: &Lab, reach: &str, groups: &str) {
    lab.config(&format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\ncalls = 4\nreach = [{reach}]\n{groups}"
    ));
}

#[test]
fn another_reach_ends_what_it_closes_in_calls_that_run_and_nothing_else() {
    let (first, second) = (echo(), echo());
    let both = format!("\"127.0.0.1:{first}\", \"127.0.0.1:{second}\"");
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\n");
    config(&lab, &both, "");
    lab.add("bob", &[]);
    let server = lab.serve(&[]);
    let api = lab.api();
    let [alice, bob] = ["alice", "bob"].map(|user| {
        let mut dial = api.dial(&lab.line("line1"), user, &json!({})).unwrap();
        dial.connected().unwrap_or_else(|end| panic!("{end}"));
        dial
    });
    let mut of_alice = [first, second].map(|port| Through::open(&api, alice.id, port));
    let mut of_bob = Through::open(&api, bob.id, second);
    assert!(of_alice.iter_mut().all(Through::answers) && of_bob.answers());
    let call = answered(&api, "alice");
    let open = || api.get(&format!("/v1/calls/{call}")).good()["nat"]["open"]["tcp"].as_u64().unwrap();
    until("both are counted", || (open() == 2).then_some(()));

    // a group that a reload brings
    let group = format!("[group.office]\nusers = [\"alice\"]\nreach = [\"127.0.0.1:{first}\"]\n");
    config(&lab, &both, &group);
    lab.told(&["reload"]);
    of_alice[1].ends();
    assert!(of_alice[0].answers(), "what is open stays");
    assert!(of_bob.answers(), "bob is in no group");
    let changed = "where the caller may go has changed: `reach` of [group.office] holds; it ended 1 of the caller's flows";
    assert_eq!(told(&api, call, "reach_changed"), [changed]);
    assert!(told(&api, answered(&api, "bob"), "reach_changed").is_empty());

    // words of her own, by the API
    let own = json!({ "reach": [format!("127.0.0.1:{second}")] });
    let user = api.request("PATCH", "/v1/users/alice", Some(&own)).unwrap().good();
    assert_eq!(user["reach"], own["reach"]);
    of_alice[0].ends();
    let mut again = Through::open(&api, alice.id, second);
    assert!(again.answers(), "what is open now is reached by the call of before");

    // by the program, which tells the service nothing
    let done = lab.run(&["user", "set", "alice", "--reach", "none", "--config", "openras.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    again.ends();
    let last = told(&api, call, "reach_changed").pop().unwrap();
    assert!(last.contains("`reach` of the user alice holds; it ended 1"), "{last}");
    until("what was ended is counted", || {
        let nat = &api.get(&format!("/v1/calls/{call}")).good()["nat"];
        (nat["dropped"]["reach"].as_u64() == Some(3) && nat["open"]["tcp"] == 0).then_some(())
    });

    // the port's own words, for who has no others
    config(&lab, &format!("\"127.0.0.1:{first}\""), &group);
    lab.told(&["reload"]);
    of_bob.ends();
    let last = told(&api, answered(&api, "bob"), "reach_changed").pop().unwrap();
    assert!(last.contains("`reach` of the port line1 holds"), "{last}");
    counted_by_port(&lab, &api);
    lab.told(&["hangup", "all"]);
    server.stop();
}

/// The same in what a port, the service and Prometheus are told.
fn counted_by_port(lab: &Lab, api: &Api) {
    let ports = api.get("/v1/ports").good();
    let reach: u64 =
        ports.as_array().unwrap().iter().filter_map(|port| port["nat"]["dropped"]["reach"].as_u64()).sum();
    assert_eq!(reach, 4, "{ports}");
    let status: Value = serde_json::from_str(&lab.told(&["status", "--json"])).unwrap();
    let nat = &status["nat"]["line1"];
    assert_eq!((&nat["dropped"]["reach"], &nat["begun"]["tcp"]), (&json!(4), &json!(4)), "{status}");
    assert_eq!(nat["open"], json!({ "tcp": 0, "udp": 0, "ping": 0, "question": 0 }));
    let metrics = api.get("/metrics").text;
    for line in [
        "openras_nat_open_flows{port=\"line1\",kind=\"tcp\"} 0",
        "openras_nat_port_dropped_total{port=\"line1\",reason=\"reach\"} 4",
        "openras_nat_dropped_total{reason=\"reach\"} 4",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}

#[test]
fn who_is_removed_gets_no_further_than_before() {
    let page = echo();
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\n");
    config(&lab, &format!("\"127.0.0.1:{page}\""), "");
    let done = lab.run(&["user", "set", "alice", "--reach", "none", "--config", "openras.toml"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let server = lab.serve(&[]);
    let api = lab.api();
    let mut dial = api.dial(&lab.line("line1"), "alice", &json!({})).unwrap();
    dial.connected().unwrap_or_else(|end| panic!("{end}"));
    assert_eq!(api.request("DELETE", "/v1/users/alice", None).unwrap().status, 204);
    lab.told(&["reload"]);
    assert!(!Through::open(&api, dial.id, page).answers(), "the port's words do not count for her");
    let closed = told(&api, answered(&api, "alice"), "closed_by_reach");
    assert!(closed.len() == 1 && closed[0].ends_with("(`reach` of the user alice)"), "{closed:?}");
    lab.told(&["hangup", "all"]);
    server.stop();
}

#[test]
fn the_api_makes_shows_and_changes_a_users_place_and_a_user_s_own_time_ends_the_call() {
    let lab = Lab::with(
        "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\nsession_limit = \"1h\"\n",
    );
    let server = lab.serve(&[]);
    let api = lab.api();
    let rights =
        json!({ "reach": ["internet"], "address": "10.64.0.77", "idle_limit": 600, "session_limit": 10 });
    let new = json!({ "name": "eve", "password": "secret", "rights": rights });
    let eve = api.post("/v1/users", &new).good();
    let place =
        |user: &Value| ["reach", "address", "idle_limit", "session_limit"].map(|key| user[key].clone());
    assert_eq!(place(&eve), place(&rights), "{eve}");
    assert_eq!(place(&api.get("/v1/users/eve").good()), place(&rights));
    let patch = |body: Value| api.request("PATCH", "/v1/users/eve", Some(&body)).unwrap();
    // what is not named stays; null and 0 take back what was given
    let changed = patch(json!({ "reach": null, "idle_limit": 0 })).good();
    assert_eq!(place(&changed), [Value::Null, json!("10.64.0.77"), json!(0), json!(10)]);
    for wrong in [
        json!({ "reach": ["10.0.0.1/8"] }),
        json!({ "address": "127.0.0.1" }),
        json!({ "session_limit": 9 }),
        json!({ "disabled": true, "idle_limit": 4_000_000 }),
    ] {
        let refused = patch(wrong.clone());
        assert_eq!((refused.status / 100, refused.error()), (4, 87), "{wrong}: {refused:?}");
    }
    assert_eq!(api.get("/v1/users/eve").good(), changed, "nothing of them was taken");

    let mut dial = api.dial(&lab.line("line1"), "eve", &json!({})).unwrap();
    dial.connected().unwrap_or_else(|end| panic!("{end}"));
    let call = answered(&api, "eve");
    let ended = until("her time is over, not the port's", || api.over(call));
    assert_eq!(ended["error"]["error"], 812, "{ended}");
    assert!(ended["why"].as_str().unwrap().contains("10 s it may (session_limit)"), "{ended}");
    let said = lab.told(&["why", &format!("c{call}")]);
    assert!(said.contains("openras user set NAME --session"), "{said}");
    server.stop();
}
